// SPDX-License-Identifier: MIT
// aikit/provider/azure.hpp - Azure OpenAI: deployments and the v1 surface; Azure AI model inference.
#ifndef AIKIT_PROVIDER_AZURE_HPP
#define AIKIT_PROVIDER_AZURE_HPP

#include <aikit/core/runtime.hpp>
#include <aikit/core/secret.hpp>
#include <aikit/model/provider.hpp>
#include <aikit/net/transport.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace aikit::inline v0::provider {

struct AzureConfig {
    AzureConfig() = default;

    // What it does

    /// What requests, ledgers and errors call it. Letters, digits, "-" and "_".
    std::string name = "azure";

    /// The resource: "https://NAME.openai.azure.com" (with "/openai/v1": its v1 surface, whatever the version), or
    /// "https://NAME.services.ai.azure.com/models" for Azure AI model inference. Has to be given.
    std::string base_url;

    /// "2024-10-21": the surface where a request's model is the name of a deployment and stands in the URL. Empty, "v1"
    /// or "preview": the v1 surface, where it stands in the body. Model inference always needs one.
    std::string api_version;

    /// Which API chats go by, as OpenAiConfig::api. Model inference has no Responses API.
    enum class Api { chat, responses };
    Api api = Api::chat;

    /// Sent as "api-key".
    Secret api_key;

    /// Gives the Microsoft Entra token of each call, sent as "Authorization: Bearer"; used where there is no api_key.
    /// Called on the executor of the call, by several calls at once; keep the token until it expires. Its errors are
    /// the call's.
    std::function<Task<Secret>()> token;

    /// Sent with every request. Not for credentials: these values may reach a log.
    std::vector<std::pair<std::string, std::string>> headers;

    // How much

    std::int64_t max_embed_inputs = 2'048;            ///< Embedding inputs per request, 1 or more.
    std::int64_t max_embed_bytes = 600'000;           ///< Their bytes per request, 1 or more.
    std::int64_t max_reply_bytes = 64 * 1024 * 1024;  ///< Of a reply that is no stream, 1 or more.

    // How long

    /// Where CallOptions say nothing. Missing ones: the defaults of CallLimits.
    CallLimits limits;
};

/// A provider of chat, streamed chat, embeddings and a list of models, in OpenAI's dialect; Azure moderates elsewhere.
/// What its content filter says of a request or a choice stands in the extra of the reply or of the choice.
///
/// One call is one request (embeddings: one per batch, in order); nothing is retried here.
/// Errors: invalid_argument (a field, named), invalid_state (the runtime is closed).
AIKIT_EXPORT Result<std::shared_ptr<AIProvider>> make_azure(AzureConfig config, Runtime runtime,
                                                            std::shared_ptr<net::HttpTransport> transport);

/// AZURE_OPENAI_API_KEY, AZURE_OPENAI_AD_TOKEN (which does not renew itself), AZURE_OPENAI_ENDPOINT, and
/// OPENAI_API_VERSION or AZURE_OPENAI_API_VERSION; the only place that reads them.
AIKIT_EXPORT AzureConfig azure_config_from_env();

/// A token that never changes, as AzureConfig::token wants it.
AIKIT_EXPORT std::function<Task<Secret>()> fixed_token(Secret token);

}  // namespace aikit::inline v0::provider

#endif  // AIKIT_PROVIDER_AZURE_HPP
