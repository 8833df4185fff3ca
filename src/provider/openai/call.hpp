// SPDX-License-Identifier: MIT
// provider/openai/call.hpp - one HTTP call of the OpenAI adapter: limits, headers, the answer's head, the bookkeeping.
#ifndef AIKIT_SRC_PROVIDER_OPENAI_CALL_HPP
#define AIKIT_SRC_PROVIDER_OPENAI_CALL_HPP

#include "provider/openai_wire/wire.hpp"

#include <aikit/provider/openai.hpp>

#include <memory>
#include <string>

namespace aikit::inline v0::provider::openai {

/// What all calls share. Never changed after it was made.
struct Endpoint {
    OpenAiConfig config;
    openai_wire::Quirks quirks;
    Runtime runtime;
    std::shared_ptr<net::HttpTransport> transport;
    bool at_openai = false;  ///< It is OpenAI's own.
};

/// What one call is asked to do.
struct Call {
    Call() = default;

    std::string method = "POST";
    std::string path;  ///< After the base URL: "/chat/completions".
    std::string body;
    std::string model;
    CallOptions options;
    bool streaming = false;
};

/// What is known once a 2xx answer has begun.
struct Head {
    Head() = default;

    openai_wire::Exchange exchange;
    std::string request_id;  ///< The caller's, or made.
    SystemTime started;
    SteadyTime sent;
};

/// A 2xx answer whose body has not been read.
struct Answer {
    Answer() = default;

    Head head;
    std::unique_ptr<net::HttpBody> body;
};

/// A 2xx answer with all of its body.
struct Whole {
    Whole() = default;

    Head head;
    std::string body;
};

/// Sends it. Errors: those of the transport, and what a status that is not 2xx means.
Task<Answer> send(std::shared_ptr<Endpoint const> endpoint, Call call);

/// Sends it and reads the body, at most OpenAiConfig::max_reply_bytes of it.
Task<Whole> fetch(std::shared_ptr<Endpoint const> endpoint, Call call);

/// How the call went, for a reply. `model` as the provider named it.
CallInfo describe(Endpoint const& endpoint, Head const& head, std::string const& model, Usage const& usage);

/// Takes the key out of whatever the provider wrote.
Error without_key(Error error, Endpoint const& endpoint);

/// OpenAI's own host?
bool is_openai_host(std::string_view base_url) noexcept;

}  // namespace aikit::inline v0::provider::openai

#endif  // AIKIT_SRC_PROVIDER_OPENAI_CALL_HPP
