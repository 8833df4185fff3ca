// SPDX-License-Identifier: MIT
// aikit/provider/gemini.hpp - Google's Gemini, by its own API and by Vertex AI.
#ifndef AIKIT_PROVIDER_GEMINI_HPP
#define AIKIT_PROVIDER_GEMINI_HPP

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

struct GeminiConfig {
    GeminiConfig() = default;

    // What it does

    /// What requests, ledgers and errors call it. Letters, digits, "-" and "_".
    std::string name = "gemini";

    /// Absolute, http or https. Empty: "https://generativelanguage.googleapis.com/v1beta", and for Vertex AI the root
    /// of the location's own host.
    std::string base_url;

    /// Sent as "x-goog-api-key".
    Secret api_key;

    /// Vertex AI. A project says the same; without one, an api_key belongs to it ("express mode").
    bool vertex = false;

    /// Vertex AI: the Google Cloud project. Empty: the service account's.
    std::string project;

    /// Vertex AI: "us-central1", "europe-west4", "global".
    std::string location = "global";

    /// Gives the access token of each call (scope cloud-platform), sent as "Authorization: Bearer"; used where there is
    /// no api_key. Called on the executor of the call, by several calls at once; keep the token until it expires. Its
    /// errors are the call's.
    std::function<Task<Secret>()> token;

    /// The key file of a service account, as Google gives it (its JSON, not its path); used where there is no api_key.
    /// Access tokens are asked for at its token_uri over the transport, which has to be https (or this machine), kept
    /// until shortly before they end, and renewed once when the provider refuses one.
    Secret service_account;

    /// Sent with every request. Not for credentials: these values may reach a log.
    std::vector<std::pair<std::string, std::string>> headers;

    // How much

    std::int64_t max_embed_inputs = 100;              ///< Embedding inputs per request, 1 to 100, where several fit.
    std::int64_t max_reply_bytes = 64 * 1024 * 1024;  ///< Of a reply that is no stream, 1 or more.

    // How long

    /// Where CallOptions say nothing. Missing ones: the defaults of CallLimits.
    CallLimits limits;
};

/// A provider of chat, streamed chat, embeddings and a list of models.
///
/// One call is one request (embeddings: one per batch, in order); nothing is retried here. What a reply's content holds
/// beyond text and tool calls (thoughts and their signatures, code that ran) stands in the message's extra as
/// "native_content", and goes back to Gemini as it came when the message is part of a later request. Members of a
/// request's extra that Gemini knows (safetySettings, generationConfig, cachedContent, ...) are sent.
/// Errors: invalid_argument (a field, named; a service account's file that is none), invalid_state (the runtime is
/// closed).
AIKIT_EXPORT Result<std::shared_ptr<AIProvider>> make_gemini(GeminiConfig config, Runtime runtime,
                                                             std::shared_ptr<net::HttpTransport> transport);

/// GOOGLE_API_KEY, else GEMINI_API_KEY; the only place that reads them.
AIKIT_EXPORT GeminiConfig gemini_config_from_env();

}  // namespace aikit::inline v0::provider

#endif  // AIKIT_PROVIDER_GEMINI_HPP
