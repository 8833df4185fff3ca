// SPDX-License-Identifier: MIT
// provider/carrier/call.hpp - one HTTP call of an adapter: limits, headers, the answer's head, the bookkeeping.
#ifndef AIKIT_SRC_PROVIDER_CARRIER_CALL_HPP
#define AIKIT_SRC_PROVIDER_CARRIER_CALL_HPP

#include "provider/carrier/exchange.hpp"

#include <aikit/core/runtime.hpp>
#include <aikit/core/secret.hpp>
#include <aikit/model/call.hpp>

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace aikit::inline v0::provider::carrier {

/// What all calls to one endpoint share. Never changed after it was made.
struct Endpoint {
    Endpoint() = default;

    std::string name;      ///< The provider's, as configured.
    std::string base_url;  ///< Without a slash at its end.

    /// Sent with every request: the caller's, and what put_header() adds.
    std::vector<std::pair<std::string, std::string>> headers;

    Secret key;
    std::string key_header = "Authorization";
    std::string key_prefix = "Bearer ";

    /// Asked for each call, in the place of `key`: for tokens that expire. Null: there is none.
    std::function<Task<Secret>()> token;

    /// Told of a token that was answered with 401, before anything else was; true: `token` gives another, and the
    /// request is sent once more. Null: 401 stays 401.
    std::function<bool(Secret const& token)> token_refused;

    /// Why nothing can be sent without a key; empty: it can.
    std::string key_missing;

    std::string id_header;           ///< Where the caller's id of the operation is told; empty: nowhere.
    std::string idempotency_header;  ///< Where an idempotency key goes; empty: nowhere.

    CallLimits limits;
    std::int64_t max_reply_bytes = 0;

    Runtime runtime;
    std::shared_ptr<net::HttpTransport> transport;
};

/// Puts a header of the dialect's own in the place of whatever the caller gave under that name.
void put_header(Endpoint& endpoint, std::string_view name, std::string_view value);

/// What one call is asked to do.
struct Call {
    Call() = default;

    std::string method = "POST";
    std::string path;  ///< After the base URL: "/chat/completions".
    std::string body;
    std::string content_type;  ///< Empty: application/json.
    std::string accept;        ///< Empty: an event stream or JSON.
    std::string root;          ///< In the place of the base URL: another address of the same service.
    std::string url;           ///< Whole, in the place of base URL and path: told by the provider, and gets no key.

    /// Sent in the place of the endpoint's own of those names.
    std::vector<std::pair<std::string, std::string>> headers;

    CallOptions options;
    Secret token;  ///< Set by send() and fetch() where Endpoint::token is.
    bool streaming = false;
    bool reasoning = false;  ///< The model may think for minutes between two pieces.
};

/// What is known once a 2xx answer has begun.
struct Head {
    Head() = default;

    Exchange exchange;
    net::Headers headers;    ///< Of the answer.
    std::string request_id;  ///< The caller's, or made.
    SystemTime started;
    SteadyTime sent;
    Secret token;  ///< What it was sent with, where Endpoint::token is.
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

/// Sends it and reads the body, at most Endpoint::max_reply_bytes of it.
Task<Whole> fetch(std::shared_ptr<Endpoint const> endpoint, Call call);

/// How the call went, for a reply. `model` as the provider named it.
CallInfo describe(Endpoint const& endpoint, Head const& head, std::string const& model, Usage const& usage);

/// Fills in a reply's CallInfo: how the call went, and the warnings of both directions.
template <class Reply>
void tell(Reply& reply, Endpoint const& endpoint, Head const& head, std::string const& model, Usage const& usage,
          std::vector<std::string> request_warnings) {
    std::vector<std::string> warnings = std::move(request_warnings);
    warnings.insert(warnings.end(), reply.info.warnings.begin(), reply.info.warnings.end());
    reply.info = describe(endpoint, head, model, usage);
    reply.info.warnings = std::move(warnings);
}

/// Takes the key out of whatever the provider wrote.
Error without_key(Error error, Endpoint const& endpoint, Head const& head);

/// An error of ours, with the provider's name.
Error named(Error error, Endpoint const& endpoint);

/// ok, or why the fields that every adapter has make no sense; `what` is "The OpenAI configuration".
Result<void> check(Endpoint const& endpoint, std::string_view what);

/// invalid_argument: "The OpenAI configuration is wrong: base_url must be ...".
Error wrong_field(std::string_view what, std::string_view field, std::string_view why);

/// Does it hold what no header may?
bool has_control(std::string_view text) noexcept;

}  // namespace aikit::inline v0::provider::carrier

#endif  // AIKIT_SRC_PROVIDER_CARRIER_CALL_HPP
