// SPDX-License-Identifier: MIT
// provider/anthropic/messages.cpp - a conversation as turns of content blocks.
#include "model/json_exact.hpp"
#include "model/openai_form/form.hpp"
#include "provider/anthropic/wire.hpp"
#include "provider/carrier/media.hpp"

#include <algorithm>

namespace aikit::inline v0::provider::anthropic {

namespace {

using openai_form::Extra;
using openai_form::wrong;

/// Up to here the prompt is worth keeping; on a block.
constexpr std::string_view cache_mark = "cache_control";

/// What one side says at a stretch: the API wants the sides to take turns, and the results of tools in front.
struct Turn {
    Role role = Role::user;
    std::vector<std::string> results;
    std::vector<std::string> blocks;
};

/// An id that the API takes: other dialects' may hold more than letters, digits, "-" and "_".
std::string tool_id(std::string const& id) {
    std::string plain = id;
    for (char& c : plain) {
        bool const fits = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
        if (!fits) c = '_';
    }
    return plain;
}

/// Makes the turns of one conversation.
class Writer {
public:
    explicit Writer(std::vector<std::string>& warnings) : warnings_(warnings) {}

    Result<void> take(Message const& message, std::string const& path) {
        path_ = path;
        if (message.role == Role::system) return take_system(message);
        Turn& turn = turn_of(message.role == Role::assistant ? Role::assistant : Role::user);
        if (turn.role == Role::assistant) {
            Result<bool> native = take_native(message, turn);
            if (!native) return native.error();
            if (*native) return ok();
        }
        for (Part const& part : message.parts) {
            if (Result<void> taken = take_part(part, turn); !taken) return taken;
        }
        return take_mark(message, turn);
    }

    /// The members "system" and "messages".
    Result<void> write(JsonWriter& out) {
        std::erase_if(turns_, [](Turn const& turn) { return turn.results.empty() && turn.blocks.empty(); });
        if (turns_.empty() || turns_.front().role != Role::user) {
            return wrong("messages", "must begin with the user's for this provider");
        }
        if (!valid_) return wrong("messages", "hold text that is not valid UTF-8");
        if (!system_.empty()) {
            out.key("system");
            write_list(out, system_, {});
        }
        out.key("messages").begin_array();
        for (Turn const& turn : turns_) {
            out.begin_object();
            out.key("role").text(turn.role == Role::user ? "user" : "assistant");
            out.key("content");
            write_list(out, turn.results, turn.blocks);
            out.end_object();
        }
        out.end_array();
        return ok();
    }

private:
    static void write_list(JsonWriter& out, std::vector<std::string> const& first,
                           std::vector<std::string> const& second) {
        out.begin_array();
        for (std::string const& block : first) out.raw(block);
        for (std::string const& block : second) out.raw(block);
        out.end_array();
    }

    void warn(std::string sentence) {
        if (std::find(warnings_.begin(), warnings_.end(), sentence) == warnings_.end()) {
            warnings_.push_back(std::move(sentence));
        }
    }

    Turn& turn_of(Role role) {
        if (turns_.empty() || turns_.back().role != role) turns_.emplace_back().role = role;
        return turns_.back();
    }

    Result<void> take_system(Message const& message) {
        if (!turns_.empty()) {
            warn("This provider has one place for the system's words; those in the middle were put in front.");
        }
        for (Part const& part : message.parts) {
            auto const* text = std::get_if<TextPart>(&part);
            if (text == nullptr) return wrong(path_, "must hold only text");
            if (Result<void> taken = take_text(*text, system_); !taken) return taken;
        }
        return ok();
    }

    /// "cache_control" beside a message means the end of it.
    Result<void> take_mark(Message const& message, Turn& turn) {
        if (message.extra.empty()) return ok();
        Extra const extra(message.extra);
        if (!extra.valid()) return wrong(path_ + ".extra", "must be a JSON object");
        std::vector<std::string>& blocks = message.role == Role::tool ? turn.results : turn.blocks;
        json::value const* mark = extra.find(cache_mark);
        if (mark == nullptr || blocks.empty() || blocks.back().find(cache_mark) != std::string::npos) return ok();
        std::string& last = blocks.back();
        last.pop_back();
        last.append(",\"").append(cache_mark).append("\":").append(json_exact::write(*mark)).append("}");
        return ok();
    }

    /// A turn of this dialect's own goes back as it came.
    Result<bool> take_native(Message const& message, Turn& turn) {
        if (message.extra.empty()) return false;
        Extra const extra(message.extra);
        if (!extra.valid()) return wrong(path_ + ".extra", "must be a JSON object");
        json::value const* native = extra.find(openai_form::native_content);
        json::array const* blocks = native == nullptr ? nullptr : json::member_array(*native, dialect);
        if (blocks == nullptr) return false;
        for (json::value const& block : *blocks) turn.blocks.push_back(json_exact::write(block));
        return true;
    }

    Result<void> take_part(Part const& part, Turn& turn) {
        if (auto const* text = std::get_if<TextPart>(&part)) return take_text(*text, turn.blocks);
        if (auto const* media = std::get_if<MediaPart>(&part)) return take_media(*media, turn.blocks);
        if (auto const* call = std::get_if<ToolCall>(&part)) return take_call(*call, turn);
        if (auto const* result = std::get_if<ToolResult>(&part)) return take_result(*result, turn);
        if (auto const* reasoning = std::get_if<ReasoningPart>(&part)) return take_reasoning(*reasoning, turn);
        auto const& refusal = std::get<RefusalPart>(part);
        return take_text(TextPart(refusal.text), turn.blocks);
    }

    /// Empty texts are refused by the API, and say nothing.
    Result<void> take_text(TextPart const& part, std::vector<std::string>& blocks) {
        Extra extra(part.extra);
        if (!extra.valid()) return wrong(path_ + ".extra", "must be a JSON object");
        if (extra.find("type") != nullptr && part.text.empty()) {  // a kind of block that has no part
            blocks.push_back(json_exact::write(extra.members()));
            return ok();
        }
        if (part.text.empty()) return ok();
        std::string block;
        JsonWriter out(block);
        out.begin_object();
        out.key("type").text("text");
        out.key("text").text(part.text);
        for (std::string_view const name : {"type", "text"}) extra.drop(name);
        extra.write(out);
        out.end_object();
        return push(blocks, std::move(block), out.valid());
    }

    Result<void> take_media(MediaPart const& part, std::vector<std::string>& blocks) {
        if (part.kind == MediaPart::Kind::audio) {
            return fail(Errc::unsupported,
                        "The request holds a sound (" + path_ + "), which this provider cannot hear.");
        }
        Extra const extra(part.extra);
        if (!extra.valid()) return wrong(path_ + ".extra", "must be a JSON object");
        std::string block;
        JsonWriter out(block);
        out.begin_object();
        out.key("type").text(part.kind == MediaPart::Kind::image ? "image" : "document");
        out.key("source").begin_object();
        if (part.bytes && part.media_type == "text/plain") {
            out.key("type").text("text");
            out.key("media_type").text("text/plain");
            out.key("data").text(*part.bytes);
        } else if (std::optional<carrier::InlineMedia> const media = carrier::inline_media(part)) {
            out.key("type").text("base64");
            out.key("media_type").text(media->media_type);
            out.key("data").text(media->base64);
        } else if (!part.url.empty()) {
            out.key("type").text("url");
            out.key("url").text(part.url);
        } else if (!part.file_id.empty()) {
            out.key("type").text("file");
            out.key("file_id").text(part.file_id);
        } else {
            return wrong(path_, "must have exactly one of bytes, url and file_id");
        }
        out.end_object();
        if (part.kind == MediaPart::Kind::document && !part.name.empty()) out.key("title").text(part.name);
        for (std::string_view const name : {cache_mark, std::string_view("citations"), std::string_view("context")}) {
            if (json::value const* given = extra.find(name)) out.key(name).value(*given);
        }
        out.end_object();
        return push(blocks, std::move(block), out.valid());
    }

    Result<void> take_call(ToolCall const& call, Turn& turn) {
        if (call.custom) {
            return fail(Errc::unsupported,
                        "The request holds a call of a tool with free-form input (" + path_ +
                            "), which this provider does not have; describe the tool's input by a schema.");
        }
        Result<json::value> input = json_exact::parse(call.arguments, "arguments", Errc::invalid_argument);
        if (!input || !input->is_object()) return wrong(path_ + ".tool_calls", "must have a JSON object as arguments");
        Extra const extra(call.extra);
        std::string block;
        JsonWriter out(block);
        out.begin_object();
        out.key("type").text("tool_use");
        out.key("id").text(tool_id(call.id));
        out.key("name").text(call.name);
        out.key("input").value(*input);
        if (json::value const* mark = extra.find(cache_mark)) out.key(cache_mark).value(*mark);
        out.end_object();
        return push(turn.blocks, std::move(block), out.valid());
    }

    Result<void> take_result(ToolResult const& result, Turn& turn) {
        std::vector<std::string> content;
        for (auto const& part : result.content) {
            auto const* text = std::get_if<TextPart>(&part);
            Result<void> taken =
                text != nullptr ? take_text(*text, content) : take_media(std::get<MediaPart>(part), content);
            if (!taken) return taken;
        }
        std::string block;
        JsonWriter out(block);
        out.begin_object();
        out.key("type").text("tool_result");
        out.key("tool_use_id").text(tool_id(result.call_id));
        if (!content.empty()) {
            out.key("content");
            write_list(out, content, {});
        }
        if (result.failed) out.key("is_error").boolean(true);
        out.end_object();
        return push(turn.results, std::move(block), out.valid());
    }

    /// Only what this provider signed may go back to it.
    Result<void> take_reasoning(ReasoningPart const& part, Turn& turn) {
        if (part.signature.empty() || !part.source.empty()) {
            warn("Reasoning of another dialect has no place in a request to this provider; left out.");
            return ok();
        }
        std::string block;
        JsonWriter out(block);
        out.begin_object();
        out.key("type").text(part.redacted ? "redacted_thinking" : "thinking");
        if (part.redacted) {
            out.key("data").text(part.signature);
        } else {
            out.key("thinking").text(part.text);
            out.key("signature").text(part.signature);
        }
        out.end_object();
        return push(turn.blocks, std::move(block), out.valid());
    }

    Result<void> push(std::vector<std::string>& blocks, std::string block, bool valid) {
        blocks.push_back(std::move(block));
        valid_ = valid_ && valid;
        return ok();
    }

    std::vector<std::string>& warnings_;
    std::string path_;
    std::vector<std::string> system_;
    std::vector<Turn> turns_;
    bool valid_ = true;
};

/// The reply goes on where the last message ends, if that is the assistant's; blanks at its end are refused by the API.
Message without_trailing_blanks(Message message) {
    auto* last = message.parts.empty() ? nullptr : std::get_if<TextPart>(&message.parts.back());
    if (last == nullptr) return message;
    std::size_t const end = last->text.find_last_not_of(" \t\r\n");
    last->text.resize(end == std::string::npos ? 0 : end + 1);
    return message;
}

}  // namespace

Result<void> write_messages(JsonWriter& out, std::vector<Message> const& messages, std::vector<std::string>& warnings) {
    if (messages.empty()) return wrong("messages", "must not be empty");
    Writer writer(warnings);
    for (std::size_t i = 0; i < messages.size(); ++i) {
        std::string const path = "messages[" + std::to_string(i) + "]";
        bool const prefill = i + 1 == messages.size() && messages[i].role == Role::assistant;
        Result<void> taken =
            prefill ? writer.take(without_trailing_blanks(messages[i]), path) : writer.take(messages[i], path);
        if (!taken) return taken;
    }
    return writer.write(out);
}

}  // namespace aikit::inline v0::provider::anthropic
