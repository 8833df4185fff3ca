// SPDX-License-Identifier: MIT
// aikit/provider/huggingface.hpp - Hugging Face: the router of inference providers, and servers of one's own (TGI,
// TEI).
#ifndef AIKIT_PROVIDER_HUGGINGFACE_HPP
#define AIKIT_PROVIDER_HUGGINGFACE_HPP

#include <aikit/core/runtime.hpp>
#include <aikit/core/secret.hpp>
#include <aikit/model/provider.hpp>
#include <aikit/net/transport.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace aikit::inline v0::provider {

struct HuggingFaceConfig {
    HuggingFaceConfig() = default;

    // What it does

    /// What requests, ledgers and errors call it. Letters, digits, "-" and "_".
    std::string name = "huggingface";

    /// Absolute, http or https. Chats go to "/chat/completions" below it, with "/v1" between where it has no path of
    /// its own or is that of one model ("https://HOST/hf-inference/models/ORG/NAME").
    std::string base_url = "https://router.huggingface.co/v1";

    /// Sent as "Authorization: Bearer".
    Secret api_key;

    /// The organisation that pays; sent as "X-HF-Bill-To". Empty: the account of the key.
    std::string bill_to;

    /// How texts become vectors.
    enum class Embeddings {
        feature_extraction,  ///< The inference API: "/hf-inference/models/MODEL/pipeline/feature-extraction".
        tei,                 ///< A text-embeddings-inference server: "/embed", for the one model it serves.
    };
    Embeddings embeddings = Embeddings::feature_extraction;

    /// Sent with every request. Not for credentials: these values may reach a log.
    std::vector<std::pair<std::string, std::string>> headers;

    // How much

    std::int64_t max_embed_inputs = 32;               ///< Embedding inputs per request, 1 or more.
    std::int64_t max_reply_bytes = 64 * 1024 * 1024;  ///< Of a reply that is no stream, 1 or more.

    // How long

    /// Where CallOptions say nothing. Missing ones: the defaults of CallLimits.
    CallLimits limits;
};

/// A provider of chat, streamed chat, embeddings and a list of models. A model is named as the router names it:
/// "ORG/NAME", "ORG/NAME:PROVIDER", "ORG/NAME:cheapest".
///
/// One call is one request (embeddings: one per batch, in order); nothing is retried here. A model that gives a vector
/// for each token instead of one for each text is unsupported. Members of an embedding request's extra that these
/// servers know (normalize, truncate, truncation_direction, prompt_name, options, parameters) are sent.
/// Errors: invalid_argument (a field, named), invalid_state (the runtime is closed).
AIKIT_EXPORT Result<std::shared_ptr<AIProvider>> make_huggingface(HuggingFaceConfig config, Runtime runtime,
                                                                  std::shared_ptr<net::HttpTransport> transport);

/// HF_TOKEN, else HUGGING_FACE_HUB_TOKEN; the only place that reads them.
AIKIT_EXPORT HuggingFaceConfig huggingface_config_from_env();

}  // namespace aikit::inline v0::provider

#endif  // AIKIT_PROVIDER_HUGGINGFACE_HPP
