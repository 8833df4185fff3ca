// SPDX-License-Identifier: MIT
// provider/openai_responses/count.hpp - tokens of a chat, counted by the Responses API.
#ifndef AIKIT_SRC_PROVIDER_OPENAI_RESPONSES_COUNT_HPP
#define AIKIT_SRC_PROVIDER_OPENAI_RESPONSES_COUNT_HPP

#include "provider/openai_wire/adapter.hpp"

#include <memory>

namespace aikit::inline v0::provider::openai_responses {

/// The same provider, which also counts: there is one service for it, whichever API its chats go by.
std::shared_ptr<AIProvider> with_counts(std::shared_ptr<AIProvider> next,
                                        std::shared_ptr<openai_wire::Endpoint const> endpoint);

/// A request's body for it, which takes only what is read. Errors: as encode_chat's.
Result<carrier::Encoded> encode_count(ChatRequest const& request);

}  // namespace aikit::inline v0::provider::openai_responses

#endif  // AIKIT_SRC_PROVIDER_OPENAI_RESPONSES_COUNT_HPP
