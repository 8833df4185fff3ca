// SPDX-License-Identifier: MIT
// model/openai_form/chunk.cpp - events as "chat.completion.chunk" objects.
#include "model/openai_form/form.hpp"

#include <algorithm>

namespace aikit::inline v0::json_form {

namespace {

class ChunkWriter {
public:
    explicit ChunkWriter(ChatReply const& so_far) : so_far_(so_far), out_(text_) {}

    std::string take() { return std::move(text_); }

    void write(ReplyStarted const&) {
        begin_delta(0);
        out_.key("role").text("assistant");
        out_.key("content").text("");
        end_delta();
    }
    void write(TextDelta const& event) { delta(event.choice, "content", event.text); }
    void write(RefusalDelta const& event) { delta(event.choice, "refusal", event.text); }

    void write(ReasoningDelta const& event) {
        begin_delta(event.choice);
        out_.key(event.source.empty() ? "reasoning_content" : event.source).text(event.text);
        if (!event.signature.empty()) {
            out_.key("aikit").begin_object();
            out_.key("signature").text(event.signature);
            if (event.redacted) out_.key("redacted").boolean(true);
            out_.end_object();
        }
        end_delta();
    }

    void write(ToolCallProgress const& event) {
        begin_delta(event.choice);
        out_.key("tool_calls").begin_array();
        out_.begin_object();
        out_.key("index").number(static_cast<std::int64_t>(event.index));
        if (!event.id.empty()) out_.key("id").text(event.id);
        if (!event.name.empty()) out_.key("type").text(event.custom ? "custom" : "function");
        out_.key(event.custom ? "custom" : "function").begin_object();
        if (!event.name.empty()) out_.key("name").text(event.name);
        out_.key(event.custom ? "input" : "arguments").text(event.arguments);
        out_.end_object();
        out_.end_object();
        out_.end_array();
        end_delta();
    }

    void write(LogprobsDelta const& event) {
        begin_choice(event.choice);
        out_.key("delta").begin_object();
        out_.end_object();
        out_.key("logprobs").raw(event.json);
        out_.key("finish_reason").null();
        end_choice();
    }

    void write(ChoiceFinished const& event) {
        begin_choice(event.choice);
        out_.key("delta").begin_object();
        out_.end_object();
        std::string_view const word = openai_form::finish_word(event.reason, event.text);
        out_.key("finish_reason");
        word.empty() ? out_.null() : out_.text(word);
        end_choice();
    }

    void write(UsageUpdate const& event) {
        if (!openai_form::known(event.usage)) return;
        begin();
        out_.key("choices").begin_array();
        out_.end_array();
        openai_form::write_usage(out_, event.usage);
        out_.end_object();
    }

    void write(ExtraDelta const& event) {
        openai_form::Extra extra(event.json);
        if (event.choice < 0) {
            for (std::string_view const name : {"id", "object", "created", "model", "choices"}) extra.drop(name);
            begin();
            out_.key("choices").begin_array();
            out_.end_array();
            extra.write(out_);
            return out_.end_object();
        }
        if (!event.beside) {
            begin_delta(event.choice);
            extra.write(out_);
            return end_delta();
        }
        for (std::string_view const name : {"index", "delta", "finish_reason"}) extra.drop(name);
        begin_choice(event.choice);
        out_.key("delta").begin_object();
        out_.end_object();
        extra.write(out_);
        out_.key("finish_reason").null();
        end_choice();
    }

    // Progress has said it already; the end is the whole reply's to tell.
    void write(ToolCallReady const&) {}
    void write(Finished const&) {}

private:
    void delta(int choice, std::string_view member, std::string const& text) {
        begin_delta(choice);
        if (choice != 0 && is_first(choice, text)) out_.key("role").text("assistant");
        out_.key(member).text(text);
        end_delta();
    }

    /// Is this all the choice has so far? The first choice's role was told when the reply began.
    bool is_first(int index, std::string const& text) const {
        for (Choice const& choice : so_far_.choices) {
            if (choice.index != index || choice.message.parts.size() != 1) continue;
            auto const* part = std::get_if<TextPart>(&choice.message.parts.front());
            return part != nullptr && part->text.size() == text.size();
        }
        return false;
    }

    void begin() {
        out_.begin_object();
        out_.key("id").text(so_far_.id);
        out_.key("object").text("chat.completion.chunk");
        out_.key("created").number(so_far_.created);
        out_.key("model").text(so_far_.model);
    }
    void begin_choice(int index) {
        begin();
        out_.key("choices").begin_array();
        out_.begin_object();
        out_.key("index").number(static_cast<std::int64_t>(index));
    }
    void end_choice() {
        out_.end_object();
        out_.end_array();
        out_.end_object();
    }
    void begin_delta(int index) {
        begin_choice(index);
        out_.key("delta").begin_object();
    }
    void end_delta() {
        out_.end_object();
        out_.key("finish_reason").null();
        end_choice();
    }

    ChatReply const& so_far_;
    std::string text_;
    JsonWriter out_;
};

}  // namespace

std::string write_chunk(ChatEvent const& event, ChatReply const& so_far) {
    ChunkWriter writer(so_far);
    std::visit([&](auto const& one) { writer.write(one); }, event);
    return writer.take();
}

std::string write_chunk(ChatEvent const& event, ChatReply const& so_far, PartialJson& partial) {
    std::string chunk = write_chunk(event, so_far);
    auto const* const text = std::get_if<TextDelta>(&event);
    if (chunk.empty() || text == nullptr || text->choice != 0) return chunk;
    if (!partial.take(text->text) || partial.text().empty())
        return chunk;  // words that are no JSON have no such member
    chunk.pop_back();
    chunk.append(R"(,"aikit":{"partial":)").append(partial.text()).append("}}");
    return chunk;
}

}  // namespace aikit::inline v0::json_form
