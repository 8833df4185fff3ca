// SPDX-License-Identifier: MIT
// aikit/provider/openai.hpp - OpenAI's Chat Completions and Responses APIs, and every endpoint that speaks them.
#ifndef AIKIT_PROVIDER_OPENAI_HPP
#define AIKIT_PROVIDER_OPENAI_HPP

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

struct OpenAiConfig {
    OpenAiConfig() = default;

    // What it does

    /// What requests, ledgers and errors call it. Letters, digits, "-" and "_".
    std::string name = "openai";

    /// Absolute, http or https, with the version path.
    std::string base_url = "https://api.openai.com/v1";

    /// Sent as "Authorization: Bearer". Empty: no such header, which OpenAI's own endpoint does not accept.
    Secret api_key;

    std::string organization;  ///< OpenAI-Organization. Empty: not sent.
    std::string project;       ///< OpenAI-Project. Empty: not sent.

    /// Sent with every request. Not for credentials: these values may reach a log.
    std::vector<std::pair<std::string, std::string>> headers;

    /// Which API chats go by; requests and replies look the same.
    enum class Api {
        chat,       ///< Chat Completions, which compatible servers speak too.
        responses,  ///< Responses: the provider's own tools, and reasoning that goes back to it sealed.
    };
    Api api = Api::chat;

    // In what compatible servers differ

    /// Which parts a message may have, and other facts of OpenAI's own endpoint that others do not share.
    enum class Dialect {
        automatic,   ///< openai for hosts under openai.com, else compatible.
        openai,      ///< What OpenAI does not take is `unsupported`, before anything is sent.
        compatible,  ///< Everything the dialect has a form for is sent.
    };
    Dialect dialect = Dialect::automatic;

    /// Ask streams for usage. Turn it off for servers that refuse stream_options.
    bool stream_usage = true;

    /// A stream is complete only with "data: [DONE]". Turn it off for servers that never send it: a finish_reason on
    /// every choice and the proper end of the body are then enough.
    bool done_marker_required = true;

    /// Ask for embeddings as base64 (exact, and smaller). Turn it off for servers that refuse encoding_format.
    bool embed_base64 = true;

    /// It has batches, files and trainings, and counts tokens. Without, those are `unsupported`.
    bool jobs = true;

    // How much

    std::int64_t max_embed_inputs = 2'048;            ///< Embedding inputs per request, 1 or more.
    std::int64_t max_embed_bytes = 600'000;           ///< Their bytes per request, 1 or more.
    std::int64_t max_reply_bytes = 64 * 1024 * 1024;  ///< Of a reply that is no stream, 1 or more.

    // How long

    /// Where CallOptions say nothing. Missing ones: the defaults of CallLimits.
    CallLimits limits;
};

/// A provider of chat, streamed chat, embeddings, moderation, a list of models, batches, files and fine-tuning.
///
/// By the Responses API one choice is given, and `stop`, `seed` and the penalties are left out with a warning. What has
/// no place in a chat (searches, sealed reasoning) stands under "native_content" in the message's extra, and goes back
/// as it came with that message. A response that runs in the background (extra: {"background": true}) is a reply that
/// is not complete.
///
/// One call is one request (embeddings: one per batch, in order); nothing is retried here. Every reply carries the
/// provider's x-request-id. A request with an idempotency key may be repeated by the transport on a dead connection.
/// Errors: invalid_argument (a field, named), invalid_state (the runtime is closed).
AIKIT_EXPORT Result<std::shared_ptr<AIProvider>> make_openai(OpenAiConfig config, Runtime runtime,
                                                             std::shared_ptr<net::HttpTransport> transport);

/// OPENAI_API_KEY, OPENAI_BASE_URL, OPENAI_ORG_ID and OPENAI_PROJECT_ID; the only place that reads them.
AIKIT_EXPORT OpenAiConfig openai_config_from_env();

}  // namespace aikit::inline v0::provider

#endif  // AIKIT_PROVIDER_OPENAI_HPP
