// SPDX-License-Identifier: MIT
// cost/request_tokens.hpp - how many tokens a request will be read as.
#ifndef AIKIT_SRC_COST_REQUEST_TOKENS_HPP
#define AIKIT_SRC_COST_REQUEST_TOKENS_HPP

#include <aikit/cost/catalog.hpp>
#include <aikit/model/chat.hpp>
#include <aikit/model/embedding.hpp>
#include <aikit/text/tokenizer.hpp>

#include <memory>
#include <string>

namespace aikit::inline v0::cost {

/// Tokens of an input, as they are counted up.
struct InputTokens {
    InputTokens() = default;

    std::int64_t expected = 0;
    std::int64_t at_most = 0;
    bool exact = true;        ///< Nothing but text, counted by the model's tokenizer.
    bool open_ended = false;  ///< Something is in it whose tokens nobody can bound (documents, sounds, hosted tools).
    bool audio = false;
    bool images = false;
};

/// The tokenizer of an entry's model; null when it is not known or not installed.
std::shared_ptr<text::Tokenizer const> tokenizer_of(PriceEntry const& entry);

/// Counts with a null tokenizer are estimates.
InputTokens count_chat(std::string const& provider, ChatRequest const& request, text::Tokenizer const* tokenizer);
InputTokens count_embed(std::string const& provider, EmbedRequest const& request, text::Tokenizer const* tokenizer);

/// True when a member of OpenAI's form that is passed on as it is mentions `word`.
bool mentions(ChatRequest const& request, std::string_view word);

}  // namespace aikit::inline v0::cost

#endif  // AIKIT_SRC_COST_REQUEST_TOKENS_HPP
