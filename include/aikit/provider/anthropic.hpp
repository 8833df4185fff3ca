// SPDX-License-Identifier: MIT
// aikit/provider/anthropic.hpp - Anthropic's Messages API.
#ifndef AIKIT_PROVIDER_ANTHROPIC_HPP
#define AIKIT_PROVIDER_ANTHROPIC_HPP

#include <aikit/core/runtime.hpp>
#include <aikit/core/secret.hpp>
#include <aikit/model/provider.hpp>
#include <aikit/net/transport.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace aikit::inline v0::provider {

struct AnthropicConfig {
    AnthropicConfig() = default;

    // What it does

    /// What requests, ledgers and errors call it. Letters, digits, "-" and "_".
    std::string name = "anthropic";

    /// Absolute, http or https, without the version path.
    std::string base_url = "https://api.anthropic.com";

    /// Sent as "x-api-key". Empty: auth_token is sent, or nothing, which Anthropic's own endpoint does not accept.
    Secret api_key;

    /// Sent as "Authorization: Bearer", where there is no api_key.
    Secret auth_token;

    /// The version of the API that is spoken: "anthropic-version".
    std::string version = "2023-06-01";

    /// Features to switch on: "anthropic-beta", joined by commas.
    std::vector<std::string> betas;

    /// Sent with every request. Not for credentials: these values may reach a log.
    std::vector<std::pair<std::string, std::string>> headers;

    // How much

    /// The most tokens a model can write, where a request names no limit, which this API insists on. Called on the
    /// thread of the call. Nothing, or no function: 4,096, which every model takes.
    std::function<std::optional<std::int64_t>(std::string_view model)> max_tokens;

    std::int64_t max_reply_bytes = 64 * 1024 * 1024;  ///< Of a reply that is no stream, 1 or more.

    // How long

    /// Where CallOptions say nothing. Missing ones: the defaults of CallLimits.
    CallLimits limits;
};

/// A provider of chat, streamed chat and a list of models; Anthropic offers no embeddings and no moderation.
///
/// One call is one request; nothing is retried here. What a reply's content holds beyond text, reasoning and tool calls
/// (results of Anthropic's own tools, citations) stands in the message's extra as "native_content", and goes back to
/// Anthropic as it came when the message is part of a later request. Members of a request's extra that Anthropic knows
/// (thinking, top_k, metadata, container, ...) are sent.
/// Errors: invalid_argument (a field, named), invalid_state (the runtime is closed).
AIKIT_EXPORT Result<std::shared_ptr<AIProvider>> make_anthropic(AnthropicConfig config, Runtime runtime,
                                                                std::shared_ptr<net::HttpTransport> transport);

/// ANTHROPIC_API_KEY, ANTHROPIC_AUTH_TOKEN and ANTHROPIC_BASE_URL; the only place that reads them.
AIKIT_EXPORT AnthropicConfig anthropic_config_from_env();

}  // namespace aikit::inline v0::provider

#endif  // AIKIT_PROVIDER_ANTHROPIC_HPP
