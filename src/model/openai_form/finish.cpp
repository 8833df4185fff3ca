// SPDX-License-Identifier: MIT
// model/openai_form/finish.cpp - the words for the end of a choice.
#include "model/openai_form/form.hpp"

#include <array>

namespace aikit::inline v0::openai_form {

namespace {

struct Word {
    std::string_view word;
    FinishReason reason;
};

// OpenAI's own, then what servers of the same form have been seen to send: text-generation-inference (eos, eos_token,
// stop_sequence), Mistral (model_length), Anthropic's and Google's words passed through by gateways.
constexpr std::array<Word, 26> words{{
    {"stop", FinishReason::stop},
    {"length", FinishReason::length},
    {"tool_calls", FinishReason::tool_calls},
    {"function_call", FinishReason::tool_calls},
    {"content_filter", FinishReason::content_filter},
    {"eos", FinishReason::stop},
    {"eos_token", FinishReason::stop},
    {"stop_sequence", FinishReason::stop},
    {"end_turn", FinishReason::stop},
    {"complete", FinishReason::stop},
    {"completed", FinishReason::stop},
    {"max_tokens", FinishReason::length},
    {"max_output_tokens", FinishReason::length},
    {"max_length", FinishReason::length},
    {"model_length", FinishReason::length},
    {"model_context_window_exceeded", FinishReason::length},
    {"tool_use", FinishReason::tool_calls},
    {"tool_call", FinishReason::tool_calls},
    {"content_filtered", FinishReason::content_filter},
    {"refusal", FinishReason::content_filter},
    {"safety", FinishReason::content_filter},
    {"recitation", FinishReason::content_filter},
    {"blocklist", FinishReason::content_filter},
    {"prohibited_content", FinishReason::content_filter},
    {"spii", FinishReason::content_filter},
    {"sensitive", FinishReason::content_filter},
}};

constexpr std::size_t openai_words = 5;

bool same_word(std::string_view given, std::string_view word) noexcept {
    if (given.size() != word.size()) return false;
    for (std::size_t i = 0; i < word.size(); ++i) {
        char const c = given[i] >= 'A' && given[i] <= 'Z' ? static_cast<char>(given[i] - 'A' + 'a') : given[i];
        if (c != word[i]) return false;
    }
    return true;
}

}  // namespace

FinishReason finish_reason(std::string_view word) noexcept {
    for (Word const& one : words) {
        if (same_word(word, one.word)) return one.reason;
    }
    return FinishReason::unknown;
}

std::string_view finish_word(FinishReason reason, std::string_view text) noexcept {
    for (std::size_t i = 0; i < openai_words; ++i) {
        if (text == words[i].word) return text;
    }
    return reason == FinishReason::unknown ? text : std::string_view(name(reason));
}

}  // namespace aikit::inline v0::openai_form
