// SPDX-License-Identifier: MIT
// provider/openai_wire/stream.cpp - chunks, and the end of a streamed reply.
#include "provider/openai_wire/stream.hpp"

#include "model/openai_form/form.hpp"

#include <algorithm>
#include <array>

namespace aikit::inline v0::provider::openai_wire {

namespace {

constexpr std::string_view done_marker = "[DONE]";

std::string_view trimmed(std::string_view text) noexcept {
    while (!text.empty() && static_cast<unsigned char>(text.front()) <= ' ') text.remove_prefix(1);
    while (!text.empty() && static_cast<unsigned char>(text.back()) <= ' ') text.remove_suffix(1);
    return text;
}

}  // namespace

StreamDecoder::StreamDecoder(Exchange exchange, Quirks quirks, int choices)
    : ReplyDecoder(std::move(exchange)), quirks_(quirks), choices_(std::max(choices, 1)) {}

void StreamDecoder::ended_without_marker() {
    if (!quirks_.done_marker_required && all_ended()) return complete_reply();
    cut();
}

bool StreamDecoder::all_ended() const {
    return !states_.empty() &&
           std::all_of(states_.begin(), states_.end(), [](ChoiceState const& state) { return state.ended; });
}

// ---- events ----

void StreamDecoder::take(net::SseEvent const& event) {
    bool const marked = event.type == "error";
    std::string_view const data = trimmed(event.data);
    if (data.empty() && !marked) return;
    if (data == done_marker) return complete_reply();

    json::value const* const document = parse(data, marked);
    if (document == nullptr) return;
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
        std::optional<Error> told = carrier::in_band_error(exchange(), *document, marked);
        if (told) fail_with(std::move(*told));
    }
    if (chunk == nullptr) return wrong("an event is no JSON object");
    if (!has_failed() || started_) take_chunk(*chunk, choices);  // what came together with an error has come
}

void StreamDecoder::take_chunk(json::object const& chunk, json::value const* choices) {
    json::array const* list = choices == nullptr ? nullptr : choices->if_array();
    if (choices != nullptr && list == nullptr && !choices->is_null()) return wrong("choices is no list");
    if (!started_) start(chunk, list != nullptr && !list->empty());

    json::object changed(storage());
    json::value const* counts = nullptr;
    for (auto const& member : chunk) take_reply_member(member.key(), member.value(), changed, counts);
    push_extra(-1, changed, false);
    if (list != nullptr) {
        for (json::value const& choice : *list) take_choice(choice, list->size());
    }
    if (counts != nullptr) take_counts(*counts);  // behind the pieces that they count
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

void StreamDecoder::take_reply_member(std::string_view key, json::value const& value, json::object& changed,
                                      json::value const*& counts) {
    if (value.is_null()) return;
    if (key == "id" || key == "object" || key == "created" || key == "model" || key == "choices" || key == "error" ||
        key == "obfuscation") {
        return;
    }
    if (key == "usage") {
        counts = &value;
        return;
    }
    if (key == "x_groq" && usage_.raw.empty() && counts == nullptr) {  // older Groq tells the usage here only
        counts = json::find(value, "usage");
    }
    if (changes(reply_extra_, key, value)) changed[key] = value;
}

void StreamDecoder::take_counts(json::value const& given) {
    if (given.is_null()) return;
    std::vector<std::string> warnings;
    Usage usage = openai_form::read_usage(given, warnings);
    bool const complete = all_ended() && states_.size() >= static_cast<std::size_t>(choices_);
    take_usage(std::move(usage), std::move(warnings), complete);
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
    finish();
}

bool StreamDecoder::complete_calls(ChoiceState& state, std::vector<ToolCallReady>& ready) {
    bool const cut = state.reason == FinishReason::length || state.reason == FinishReason::content_filter;
    int dropped = 0;
    Result<std::vector<ToolCall>> calls = state.calls.finish(cut, &dropped);
    if (!calls) {
        Error error = carrier::complete(calls.error(), exchange());
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
