// SPDX-License-Identifier: MIT
// provider/openai_wire/stream.cpp - framing, chunks, and the end of a streamed reply.
#include "provider/openai_wire/stream.hpp"

#include "model/openai_form/form.hpp"
#include "model/replay.hpp"

#include <algorithm>
#include <array>

namespace aikit::inline v0::provider::openai_wire {

namespace {

constexpr std::size_t largest_document = 64 * 1024 * 1024;
constexpr std::string_view done_marker = "[DONE]";

std::string_view trimmed(std::string_view text) noexcept {
    while (!text.empty() && static_cast<unsigned char>(text.front()) <= ' ') text.remove_prefix(1);
    while (!text.empty() && static_cast<unsigned char>(text.back()) <= ' ') text.remove_suffix(1);
    return text;
}

}  // namespace

StreamDecoder::StreamDecoder(Exchange exchange, Quirks quirks, int choices)
    : exchange_(std::move(exchange)),
      quirks_(quirks),
      choices_(std::max(choices, 1)),
      arena_(std::make_unique<json_exact::Arena>()) {}

StreamDecoder::~StreamDecoder() = default;

void StreamDecoder::fail_with(Error error) {
    done_ = true;
    if (error_) return;
    error.maybe_executed = error.maybe_executed || generating_;
    error_ = std::move(error);
}

void StreamDecoder::wrong(char const* what) {
    Error error = reply_error(exchange_, Errc::protocol,
                              std::string("The provider's stream is not in its own format: ") + what + ".");
    error.maybe_executed = true;
    fail_with(std::move(error));
}

// ---- bytes ----

void StreamDecoder::feed(std::string_view bytes) {
    if (done_ || framing_) return;
    if (mode_ == Mode::events) {
        if (Result<void> fed = sse_.feed(bytes); !fed) framing_ = complete(fed.error(), exchange_);
        return;
    }
    if (bytes.size() > largest_document - document_.size()) return wrong("it is longer than 64 MiB");
    document_ += bytes;
    if (mode_ == Mode::document) return;

    // An event stream begins with a field, a comment or a byte order mark; JSON and HTML do not.
    std::size_t const first = document_.find_first_not_of(" \t\r\n");
    if (first == std::string::npos) return;
    char const c = document_[first];
    mode_ = c == '{' || c == '[' || c == '<' || c == '"' ? Mode::document : Mode::events;
    if (mode_ == Mode::document) return;
    std::string const held = std::exchange(document_, std::string());
    feed(held);
}

void StreamDecoder::end() {
    ended_ = true;
}

Result<std::optional<ChatEvent>> StreamDecoder::next() {
    while (true) {
        if (next_event_ < events_.size()) return std::optional<ChatEvent>(std::move(events_[next_event_++]));
        events_.clear();
        next_event_ = 0;
        if (error_) return *error_;
        if (done_) return std::optional<ChatEvent>();
        if (mode_ == Mode::events) {
            if (std::optional<net::SseEvent> const event = sse_.next()) {
                take(*event);
                continue;
            }
            if (framing_) {
                fail_with(*framing_);
                continue;
            }
        }
        if (!ended_) return std::optional<ChatEvent>();
        end_of_body();
    }
}

void StreamDecoder::end_of_body() {
    if (mode_ == Mode::document) return take_document();
    if (mode_ == Mode::events && !flushed_) {
        flushed_ = true;
        if (Result<void> flushed = sse_.finish(); !flushed) framing_ = complete(flushed.error(), exchange_);
        return;
    }
    bool const all_ended = !states_.empty() && std::all_of(states_.begin(), states_.end(),
                                                           [](ChoiceState const& state) { return state.ended; });
    if (!quirks_.done_marker_required && all_ended) return complete_reply();
    cut();
}

void StreamDecoder::cut() {
    Error error = reply_error(
        exchange_, Errc::incomplete,
        "The stream of " + exchange_.provider + " ended before its end marker; the reply may be cut short.");
    error.maybe_executed = true;
    fail_with(std::move(error));
}

void StreamDecoder::take_document() {
    // A bare error in front of the events made it look like a document.
    if (document_.find("\ndata:") != std::string::npos) {
        mode_ = Mode::events;
        std::string const held = std::exchange(document_, std::string());
        return feed(held);
    }
    Result<ChatReply> reply = decode_chat(exchange_, document_);
    document_ = std::string();
    if (!reply) return fail_with(reply.error());
    started_ = true;
    model_ = reply->model;
    usage_ = reply->usage;
    warnings_ = reply->info.warnings;
    for (ChatEvent& event : replay(*reply, 0)) push(std::move(event));
    done_ = true;
    finished_ = true;
}

// ---- events ----

void StreamDecoder::take(net::SseEvent const& event) {
    bool const marked = event.type == "error";
    std::string_view const data = trimmed(event.data);
    if (data.empty() && !marked) return;
    if (data == done_marker) return complete_reply();

    arena_->renew();
    Result<json::value> const document = parser_.parse(data, "chunk", Errc::protocol, arena_->storage());
    if (!document) {
        if (marked) return fail_with(*in_band_error(exchange_, json::value(data), true));
        if (flushed_) return cut();  // in the middle of the event
        Error error = reply_error(exchange_, Errc::protocol,
                                  "The provider's stream is not in its own format: " + document.error().message, data);
        error.maybe_executed = true;
        return fail_with(std::move(error));
    }
    json::object const* chunk = document->if_object();
    json::value const* choices = nullptr;
    bool suspicious = marked || chunk == nullptr;
    if (chunk != nullptr) {
        for (auto const& member : *chunk) {
            if (member.key() == "choices") choices = &member.value();
            if (member.key() == "error") suspicious = true;
        }
    }
    if (suspicious || choices == nullptr) {
        if (std::optional<Error> told = in_band_error(exchange_, *document, marked)) fail_with(std::move(*told));
    }
    if (chunk == nullptr) return wrong("an event is no JSON object");
    if (!error_ || started_) take_chunk(*chunk, choices);  // what came together with an error has come
}

void StreamDecoder::take_chunk(json::object const& chunk, json::value const* choices) {
    json::array const* list = choices == nullptr ? nullptr : choices->if_array();
    if (choices != nullptr && list == nullptr && !choices->is_null()) return wrong("choices is no list");
    if (!started_) start(chunk, list != nullptr && !list->empty());

    json::object changed(arena_->storage());
    for (auto const& member : chunk) take_reply_member(member.key(), member.value(), changed);
    push_extra(-1, changed, false);
    if (list == nullptr) return;
    for (json::value const& choice : *list) take_choice(choice, list->size());
}

void StreamDecoder::start(json::object const& chunk, bool has_choices) {
    json::value const* id = chunk.if_contains("id");
    bool const named = id != nullptr && id->is_string() && !id->get_string().empty();
    if (!named && !has_choices) return;  // Azure's first chunk tells of the prompt only
    started_ = true;
    ReplyStarted event;
    if (named) event.id = std::string(id->get_string());
    if (json::value const* model = chunk.if_contains("model"); model != nullptr && model->is_string()) {
        event.model = model_ = std::string(model->get_string());
    }
    json::value const* created = chunk.if_contains("created");
    if (created != nullptr) event.created = json::as_integer(*created).value_or(0);
    push(std::move(event));
}

void StreamDecoder::take_reply_member(std::string_view key, json::value const& value, json::object& changed) {
    if (value.is_null()) return;
    if (key == "id" || key == "object" || key == "created" || key == "model" || key == "choices" || key == "error" ||
        key == "obfuscation") {
        return;
    }
    if (key == "usage") return take_usage(value);
    if (key == "x_groq" && usage_.raw.empty()) {  // older Groq tells the usage here only
        if (json::value const* usage = json::find(value, "usage")) take_usage(*usage);
    }
    if (changes(reply_extra_, key, value)) changed[key] = value;
}

void StreamDecoder::take_usage(json::value const& given) {
    if (given.is_null()) return;
    std::vector<std::string> warnings;
    Usage usage = openai_form::read_usage(given, warnings);
    for (std::string& warning : warnings) {
        if (std::find(warnings_.begin(), warnings_.end(), warning) == warnings_.end()) {
            warnings_.push_back(std::move(warning));
        }
    }
    if (usage.raw.empty() || usage.raw == usage_.raw) return;
    usage_ = std::move(usage);
    UsageUpdate update;
    update.usage = usage_;
    push(std::move(update));
}

void StreamDecoder::push_extra(int choice, json::object const& changed, bool beside) {
    if (changed.empty()) return;
    ExtraDelta extra;
    extra.choice = choice;
    extra.json = json_exact::write(changed);
    extra.beside = beside;
    push(std::move(extra));
}

// ---- the end ----

void StreamDecoder::complete_reply() {
    done_ = true;
    if (states_.empty()) return wrong("it ended before it began");
    std::sort(states_.begin(), states_.end(),
              [](ChoiceState const& a, ChoiceState const& b) { return a.index < b.index; });
    std::vector<ToolCallReady> ready;
    for (ChoiceState& state : states_) {
        if (!complete_calls(state, ready)) return;
    }
    for (ChoiceState& state : states_) {
        if (state.has_content && !state.has_text) {
            ExtraDelta empty;
            empty.choice = state.index;
            empty.json = R"({"content":""})";
            push(std::move(empty));
        }
        ChoiceFinished finished;
        finished.choice = state.index;
        finished.reason = state.reason;
        finished.text = state.finish_text;
        push(std::move(finished));
    }
    for (ToolCallReady& one : ready) push(std::move(one));
    Finished end;
    end.usage = usage_;
    push(std::move(end));
    finished_ = true;
}

bool StreamDecoder::complete_calls(ChoiceState& state, std::vector<ToolCallReady>& ready) {
    bool const cut = state.reason == FinishReason::length || state.reason == FinishReason::content_filter;
    int dropped = 0;
    Result<std::vector<ToolCall>> calls = state.calls.finish(cut, &dropped);
    if (!calls) {
        Error error = complete(calls.error(), exchange_);
        error.maybe_executed = true;
        fail_with(std::move(error));
        return false;
    }
    if (dropped > 0) {
        warnings_.push_back("A tool call was cut short (finish_reason " + state.finish_text + ") and left out.");
    }
    // Older models say "stop" when a named tool was forced.
    bool const silent = state.reason == FinishReason::stop || state.finish_text.empty();
    if (!calls->empty() && silent) state.reason = FinishReason::tool_calls;
    for (ToolCall& call : *calls) {
        ToolCallReady& one = ready.emplace_back();
        one.choice = state.index;
        one.call = std::move(call);
    }
    return true;
}

}  // namespace aikit::inline v0::provider::openai_wire
