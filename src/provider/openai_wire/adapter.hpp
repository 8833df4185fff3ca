// SPDX-License-Identifier: MIT
// provider/openai_wire/adapter.hpp - the provider behind an endpoint that speaks OpenAI's dialect.
#ifndef AIKIT_SRC_PROVIDER_OPENAI_WIRE_ADAPTER_HPP
#define AIKIT_SRC_PROVIDER_OPENAI_WIRE_ADAPTER_HPP

#include "provider/carrier/call.hpp"
#include "provider/openai_wire/wire.hpp"

#include <memory>
#include <string>
#include <string_view>

namespace aikit::inline v0::provider::openai_wire {

/// OpenAI's, or one that speaks its dialect.
struct Endpoint : carrier::Endpoint {
    virtual ~Endpoint() = default;

    /// Where an operation ("/chat/completions") on a model is found, after the base URL.
    virtual std::string path(std::string_view operation, std::string_view) const { return std::string(operation); }

    Quirks quirks;
    bool moderates = true;
    bool jobs = true;  ///< Has batches, files and trainings.
};

/// Chats, streams, embeds, moderates and lists its models. One call is one request (embeddings: one per batch).
std::shared_ptr<AIProvider> make_adapter(std::shared_ptr<Endpoint const> endpoint);

}  // namespace aikit::inline v0::provider::openai_wire

#endif  // AIKIT_SRC_PROVIDER_OPENAI_WIRE_ADAPTER_HPP
