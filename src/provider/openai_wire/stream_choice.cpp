// SPDX-License-Identifier: MIT
// provider/openai_wire/stream_choice.cpp - what a chunk says of one choice.
#include "model/openai_form/form.hpp"
#include "provider/openai_wire/stream.hpp"

#include <algorithm>

namespace aikit::inline v0::provider::openai_wire {

namespace {

constexpr std::int64_t most_choices = 128;

std::string owned(json::value const& text) {
    return std::string(text.get_string().data(), text.get_string().size());
}

/// Null or an empty list, object or text: says nothing.
bool is_nothing(json::value const& value) noexcept {
    if (json::string const* text = value.if_string()) return text->empty();
    if (json::array const* list = value.if_array()) return list->empty();
    if (json::object const* object = value.if_object()) return object->empty();
    return value.is_null();
}

}  // namespace

bool StreamDecoder::changes(json::object& known, std::string_view key, json::value const& value) {
    constexpr std::size_t most_remembered = 256;  // what a server repeats is not much
    json::value const* before = known.if_contains(key);
    if (before != nullptr && *before == value) return false;
    if (before != nullptr || known.size() < most_remembered) {
        known[key] = json::value(value, boost::json::storage_ptr());
    }
    return true;
}

StreamDecoder::ChoiceState* StreamDecoder::choice_state(json::value const* index, std::size_t beside) {
    std::optional<std::int64_t> number;
    if (index == nullptr || index->is_null()) {
        bool const single = beside == 1 && choices_ == 1 && states_.size() <= 1;
        if (!single) {
            wrong("a choice has no index");
            return nullptr;
        }
        number = states_.empty() ? 0 : states_.front().index;
    } else {
        number = json::as_integer(*index);
    }
    if (!number || *number < 0 || *number >= most_choices) {
        wrong("a choice's index is none");
        return nullptr;
    }
    for (ChoiceState& state : states_) {
        if (state.index == *number) return &state;
    }
    if (states_.size() >= static_cast<std::size_t>(choices_)) {
        wrong("it has more choices than were asked for");
        return nullptr;
    }
    ChoiceState& made = states_.emplace_back();
    made.index = static_cast<int>(*number);
    return &made;
}

void StreamDecoder::take_choice(json::value const& choice, std::size_t beside) {
    json::object const* members = choice.if_object();
    if (members == nullptr) return wrong("a choice is no object");
    json::value const* index = nullptr;
    json::value const* delta = nullptr;
    for (auto const& member : *members) {
        if (member.key() == "index") index = &member.value();
        if (member.key() == "delta") delta = &member.value();
    }
    ChoiceState* state = choice_state(index, beside);
    if (state == nullptr) return;
    if (delta != nullptr && !delta->is_null() && !delta->is_object()) return wrong("a delta is no object");
    if (delta != nullptr && delta->is_object()) take_delta(*state, delta->get_object());
    json::object changed(members->storage());
    for (auto const& member : *members) {
        json::value const& value = member.value();
        std::string_view const key = member.key();
        if (value.is_null() || key == "index" || key == "delta") continue;
        if (key == "finish_reason") {
            take_finish(*state, value);
        } else if (key == "logprobs" && value.is_object()) {
            LogprobsDelta logprobs;
            logprobs.choice = state->index;
            logprobs.json = json_exact::write(value);
            push(std::move(logprobs));
        } else if (key == "message") {
            // Perplexity repeats the whole message beside every delta; where there is no delta, it is all there is.
            if (value.is_object() && !state->has_delta) take_delta(*state, value.get_object());
        } else if (key == "error" && !is_nothing(value)) {
            fail_with(*carrier::in_band_error(exchange(), choice, true));
        } else if (!is_nothing(value) && changes(state->extra, key, value)) {
            changed[key] = value;
        }
    }
    push_extra(state->index, changed, true);
}

void StreamDecoder::take_delta(ChoiceState& state, json::object const& delta) {
    state.has_delta = true;
    json::object changed(delta.storage());
    for (auto const& member : delta) {
        json::value const& value = member.value();
        std::string_view const key = member.key();
        if (value.is_null() || key == "role") continue;
        if (key == "content") {
            take_content(state, value);
        } else if (key == "tool_calls") {
            take_tool_calls(state, value);
        } else if (key == "refusal" && value.is_string()) {
            if (value.get_string().empty()) continue;
            generating_ = true;
            RefusalDelta refusal;
            refusal.choice = state.index;
            refusal.text = owned(value);
            push(std::move(refusal));
        } else if ((key == "reasoning_content" || key == "reasoning") && value.is_string()) {
            json::value const* other = key == "reasoning" ? delta.if_contains("reasoning_content") : nullptr;
            bool const repeated = other != nullptr && !is_nothing(*other);  // some servers send both
            if (!repeated) take_reasoning(state, value.get_string(), key);
        } else if (is_nothing(value)) {
            continue;
        } else if (value.is_structured() || changes(state.message_extra, key, value)) {
            changed[key] = value;  // lists and objects come in pieces, scalars are repeated
        }
    }
    push_extra(state.index, changed, false);
}

void StreamDecoder::take_reasoning(ChoiceState& state, std::string_view text, std::string_view source) {
    if (text.empty()) return;
    generating_ = true;
    ReasoningDelta reasoning;
    reasoning.choice = state.index;
    reasoning.text = std::string(text);
    reasoning.source = std::string(source);
    push(std::move(reasoning));
}

void StreamDecoder::take_content(ChoiceState& state, json::value const& content) {
    state.has_content = true;
    if (json::array const* parts = content.if_array()) {
        for (json::value const& part : *parts) take_content_part(state, part);
        return;
    }
    if (!content.is_string()) return wrong("a content is no text");
    if (content.get_string().empty()) return;
    state.has_text = true;
    push_text(state.index, owned(content));
}

/// Mistral streams reasoning and text as parts.
void StreamDecoder::take_content_part(ChoiceState& state, json::value const& part) {
    std::optional<std::string_view> const type = json::text(part, "type");
    json::value const* text = json::find(part, "text");
    json::array const* thinking = json::member_array(part, "thinking");
    if (type == "text" && text != nullptr && text->is_string()) {
        take_content(state, *text);
    } else if (type == "thinking" && thinking != nullptr) {
        for (json::value const& piece : *thinking) {
            take_reasoning(state, json::text(piece, "text").value_or(std::string_view()), "");
        }
    } else {
        wrong("a content part is of no known kind");
    }
}

void StreamDecoder::take_tool_calls(ChoiceState& state, json::value const& calls) {
    json::array const* list = calls.if_array();
    if (list == nullptr) return wrong("tool_calls is no list");
    for (json::value const& fragment : *list) {
        Result<ToolCallProgress> progress = state.calls.take(fragment);
        if (!progress) {
            Error error = carrier::complete(progress.error(), exchange());
            error.maybe_executed = true;
            return fail_with(std::move(error));
        }
        generating_ = true;
        progress->choice = state.index;
        bool const news = !progress->id.empty() || !progress->name.empty() || !progress->arguments.empty();
        if (news) push(std::move(*progress));
    }
}

void StreamDecoder::take_finish(ChoiceState& state, json::value const& reason) {
    if (!reason.is_string()) return wrong("a finish_reason is no text");
    if (reason.get_string().empty()) return;
    std::string word = owned(reason);
    if (std::optional<Error> failed = finish_error(exchange(), word)) return fail_with(std::move(*failed));
    // What says that the text is cut stands, whatever is said later.
    bool const cut = state.reason == FinishReason::length || state.reason == FinishReason::content_filter;
    state.ended = true;
    if (cut) return;
    state.reason = openai_form::finish_reason(word);
    state.finish_text = std::move(word);
}

}  // namespace aikit::inline v0::provider::openai_wire
