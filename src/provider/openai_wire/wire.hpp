// SPDX-License-Identifier: MIT
// provider/openai_wire/wire.hpp - OpenAI's Chat Completions dialect as pure functions: no sockets, no clocks.
//
// OpenAI itself and whatever speaks its dialect (compatible endpoints, later Azure and Hugging Face) share it.
#ifndef AIKIT_SRC_PROVIDER_OPENAI_WIRE_WIRE_HPP
#define AIKIT_SRC_PROVIDER_OPENAI_WIRE_WIRE_HPP

#include "provider/carrier/exchange.hpp"

#include <aikit/model/provider.hpp>

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace aikit::inline v0::provider::openai_wire {

using carrier::Encoded;
using carrier::Exchange;

/// In what servers of this dialect differ.
struct Quirks {
    Quirks() = default;

    /// Refuse parts that OpenAI's own endpoint does not take, before anything is sent.
    bool only_openai_parts = true;

    /// Ask streams for their usage (stream_options.include_usage).
    bool include_usage = true;

    /// A stream is whole only with "[DONE]". False: a finish_reason on every choice and a proper end of the body do
    /// too.
    bool done_marker_required = true;

    /// Ask for embeddings as base64, which keeps every bit and is a third of the bytes.
    bool embed_base64 = true;

    /// Embedding inputs per request, and their bytes (OpenAI: 2,048 inputs and 300,000 tokens).
    std::size_t max_embed_inputs = 2048;
    std::size_t max_embed_bytes = 600'000;
};

/// Errors: invalid_argument, unsupported.
Result<Encoded> encode_chat(ChatRequest const& request, Quirks const& quirks, bool streaming);
Result<Encoded> encode_moderation(ModerateRequest const& request);

/// How many inputs from `first` on fit one request; at least one.
std::size_t embed_batch(EmbedRequest const& request, std::size_t first, Quirks const& quirks);
Result<Encoded> encode_embed(EmbedRequest const& request, std::size_t first, std::size_t count, Quirks const& quirks);

/// The bodies of 2xx answers. White space in front, which some servers send to keep a connection alive, is skipped.
/// Errors: whatever the body says went wrong, protocol (no JSON, or not what the API says).
Result<ChatReply> decode_chat(Exchange const& exchange, std::string_view body);
Result<EmbedReply> decode_embeddings(Exchange const& exchange, std::string_view body, std::size_t expected);
Result<ModerateReply> decode_moderation(Exchange const& exchange, std::string_view body);
Result<ModelList> decode_models(Exchange const& exchange, std::string_view body);

/// A choice that ended because the server failed ("error", "insufficient_system_resource"); nothing for other words.
std::optional<Error> finish_error(Exchange const& exchange, std::string_view finish_reason);

/// Is it one of OpenAI's reasoning models, which name the limit of tokens differently and take fewer parameters?
bool is_reasoning_model(std::string_view model) noexcept;

/// The parameters that the request's model is known not to take; none where they were given verbatim. Static storage.
std::span<std::string_view const> left_out(ChatRequest const& request) noexcept;

}  // namespace aikit::inline v0::provider::openai_wire

#endif  // AIKIT_SRC_PROVIDER_OPENAI_WIRE_WIRE_HPP
