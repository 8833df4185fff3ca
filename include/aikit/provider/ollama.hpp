// SPDX-License-Identifier: MIT
// aikit/provider/ollama.hpp - models that run beside the program: Ollama's own API.
#ifndef AIKIT_PROVIDER_OLLAMA_HPP
#define AIKIT_PROVIDER_OLLAMA_HPP

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

struct OllamaConfig {
    OllamaConfig() = default;

    // What it does

    /// What requests, ledgers and errors call it. Letters, digits, "-" and "_".
    std::string name = "ollama";

    /// Absolute, http or https, without a path of the API.
    std::string base_url = "http://localhost:11434";

    /// Sent as "Authorization: Bearer", which Ollama's cloud wants. Empty: not sent.
    Secret api_key;

    /// Sent with every request. Not for credentials: these values may reach a log.
    std::vector<std::pair<std::string, std::string>> headers;

    // How much

    std::int64_t max_reply_bytes = 64 * 1024 * 1024;  ///< Of a reply that is no stream, 1 or more.

    // How long

    /// Where CallOptions say nothing. Missing ones: the defaults of CallLimits. A model that has to be loaded first
    /// keeps the first byte waiting.
    CallLimits limits;
};

/// A provider of chat, streamed chat, embeddings and a list of the models that are there.
///
/// One call is one request; nothing is retried here. Members of a request's extra that Ollama knows (options,
/// keep_alive, think, format, truncate, shift) are sent; `options` gives way to the request's own fields.
/// Errors: invalid_argument (a field, named), invalid_state (the runtime is closed).
AIKIT_EXPORT Result<std::shared_ptr<AIProvider>> make_ollama(OllamaConfig config, Runtime runtime,
                                                             std::shared_ptr<net::HttpTransport> transport);

/// OLLAMA_HOST (a host, with or without scheme and port) and OLLAMA_API_KEY; the only place that reads them.
AIKIT_EXPORT OllamaConfig ollama_config_from_env();

/// The base URL that a value of OLLAMA_HOST means: "" and "0.0.0.0" are this machine, the port is 11434 unless it says
/// otherwise.
AIKIT_EXPORT std::string ollama_base_url(std::string const& host);

}  // namespace aikit::inline v0::provider

#endif  // AIKIT_PROVIDER_OLLAMA_HPP
