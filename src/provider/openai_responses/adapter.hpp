// SPDX-License-Identifier: MIT
// provider/openai_responses/adapter.hpp - the provider behind an endpoint whose chats go by the Responses API.
#ifndef AIKIT_SRC_PROVIDER_OPENAI_RESPONSES_ADAPTER_HPP
#define AIKIT_SRC_PROVIDER_OPENAI_RESPONSES_ADAPTER_HPP

#include "provider/openai_wire/adapter.hpp"

#include <memory>

namespace aikit::inline v0::provider::openai_responses {

/// Chats and streams by the Responses API; everything else as openai_wire's.
std::shared_ptr<AIProvider> make_adapter(std::shared_ptr<openai_wire::Endpoint const> endpoint);

}  // namespace aikit::inline v0::provider::openai_responses

#endif  // AIKIT_SRC_PROVIDER_OPENAI_RESPONSES_ADAPTER_HPP
