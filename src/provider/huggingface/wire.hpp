// SPDX-License-Identifier: MIT
// provider/huggingface/wire.hpp - what Hugging Face has besides OpenAI's dialect, as pure functions.
//
// Facts: the OpenAPI documents of text-generation-inference and text-embeddings-inference, and huggingface_hub's
// client.
#ifndef AIKIT_SRC_PROVIDER_HUGGINGFACE_WIRE_HPP
#define AIKIT_SRC_PROVIDER_HUGGINGFACE_WIRE_HPP

#include "provider/carrier/exchange.hpp"

#include <aikit/model/provider.hpp>
#include <aikit/provider/huggingface.hpp>

#include <string>
#include <string_view>

namespace aikit::inline v0::provider::huggingface {

using Embeddings = HuggingFaceConfig::Embeddings;

/// Where chats are asked for, made from a base URL without a slash at its end.
std::string chat_base(std::string base_url);

/// Where a model's embeddings are asked for. Errors: invalid_argument (no name of a model), unsupported (a provider of
/// the router that is asked for by the model's name and does not do this).
Result<std::string> embed_url(std::string_view base_url, std::string_view model, Embeddings form);

/// `count` inputs from `first` on. Errors: invalid_argument (an input, named), unsupported.
Result<carrier::Encoded> encode_embed(EmbedRequest const& request, std::size_t first, std::size_t count,
                                      Embeddings form);

/// The body of a 2xx answer: a list of vectors, or for one text the vector alone. Errors: what the body says went
/// wrong, unsupported (vectors of tokens), protocol.
Result<EmbedReply> decode_embeddings(carrier::Exchange const& exchange, std::string_view body, std::size_t expected);

}  // namespace aikit::inline v0::provider::huggingface

#endif  // AIKIT_SRC_PROVIDER_HUGGINGFACE_WIRE_HPP
