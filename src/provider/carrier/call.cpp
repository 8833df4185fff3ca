// SPDX-License-Identifier: MIT
// provider/carrier/call.cpp - one HTTP call: limits, headers, the answer's head, the bookkeeping.
#include "provider/carrier/call.hpp"

#include "core/async.hpp"
#include "net/ascii.hpp"

#include <aikit/core/id.hpp>
#include <aikit/core/trace.hpp>

#include <algorithm>

namespace aikit::inline v0::provider::carrier {

namespace {

using std::chrono::milliseconds;

constexpr milliseconds default_connect{5'000};
constexpr milliseconds default_first_byte{600'000};
constexpr milliseconds default_idle{120'000};
constexpr milliseconds default_idle_reasoning{300'000};  // they think between two pieces
constexpr milliseconds default_total{600'000};
constexpr std::size_t largest_error_body = 64 * 1024;
constexpr std::size_t longest_client_id = 512;

net::TimeLimits limits_of(Endpoint const& endpoint, Call const& call) {
    CallLimits const& asked = call.options.limits;
    CallLimits const& own = endpoint.limits;
    auto const pick = [](std::optional<milliseconds> first, std::optional<milliseconds> second, milliseconds rest) {
        return first ? *first : second.value_or(rest);
    };
    net::TimeLimits limits;
    limits.connect = pick(asked.connect, own.connect, default_connect);
    limits.first_byte = pick(asked.first_byte, own.first_byte, default_first_byte);
    limits.idle = pick(asked.idle, own.idle, call.reasoning ? default_idle_reasoning : default_idle);
    milliseconds const total = pick(asked.total, own.total, call.streaming ? milliseconds::zero() : default_total);
    limits.total = call.options.deadline.sooner(Deadline::after(*endpoint.runtime.clock(), total));
    return limits;
}

bool is_header_text(std::string_view text) noexcept {
    return std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

net::HttpRequest request_of(Endpoint const& endpoint, Call& call) {
    net::HttpRequest request;
    request.method = call.method;
    bool const elsewhere = !call.url.empty();
    std::string const& root = call.root.empty() ? endpoint.base_url : call.root;
    request.url = elsewhere ? std::move(call.url) : root + call.path;
    for (auto const& [name, value] : endpoint.headers) {
        if (!elsewhere) request.headers.add(name, value);
    }
    for (auto const& [name, value] : call.headers) request.headers.set(name, value);
    std::string_view const usual = call.streaming ? "text/event-stream" : "application/json";
    request.headers.set("Accept", call.accept.empty() ? usual : std::string_view(call.accept));
    Secret const& key = call.token.empty() ? endpoint.key : call.token;
    if (!key.empty() && !elsewhere) {
        request.credential_header = endpoint.key_header;
        request.credential =
            endpoint.key_prefix.empty() ? key : Secret(endpoint.key_prefix + std::string(key.reveal()));
    }
    std::string const& id = call.options.request_id;
    bool const tell_id =
        !endpoint.id_header.empty() && !id.empty() && id.size() <= longest_client_id && is_header_text(id);
    if (tell_id) request.headers.set(endpoint.id_header, id);
    bool const tell_trace = call.options.send_trace && !elsewhere && TraceContext::parse(call.options.trace);
    if (tell_trace) request.headers.set("traceparent", call.options.trace);
    request.repeatable = call.method == "GET";
    if (call.method != "GET") {
        request.headers.set("Content-Type", call.content_type.empty() ? "application/json" : call.content_type);
        request.body = std::make_shared<std::string const>(std::move(call.body));
        std::string const& once = call.options.idempotency_key;
        request.repeatable = !endpoint.idempotency_header.empty() && !once.empty();
        if (request.repeatable) request.headers.set(endpoint.idempotency_header, once);
    }
    request.limits = limits_of(endpoint, call);
    return request;
}

void replace_all(std::string& text, std::string_view what) {
    constexpr std::string_view mask = "***";
    for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + mask.size())) {
        text.replace(at, what.size(), mask);
    }
}

/// What an error's body says; as much of it as came.
Task<std::string> read_error_body(std::unique_ptr<net::HttpBody> body) {
    std::string text;
    while (text.size() < largest_error_body) {
        Result<std::string> const piece = co_await body->read();
        if (!piece || piece->empty()) break;
        text += *piece;
    }
    text.resize(std::min(text.size(), largest_error_body));
    co_return text;
}

void mask_key(Error& error, std::string_view key) {
    constexpr std::size_t shortest = 4;
    constexpr std::size_t tail = 8;
    if (key.size() < shortest) return;
    for (std::string* text : {&error.remote_detail, &error.provider_code, &error.request_id, &error.message}) {
        replace_all(*text, key);
        if (key.size() > 2 * tail) replace_all(*text, key.substr(key.size() - tail));  // some show its end only
    }
}

/// The call, with the token that it is to be sent with.
Task<Call> ask_token(std::shared_ptr<Endpoint const> endpoint, Call call) {
    Deadline const until = limits_of(*endpoint, call).total;
    Task<Secret> asking = with_timeout(endpoint->runtime.clock(), until, "request for a token", endpoint->token());
    Result<Secret> token = co_await std::move(asking);
    if (!token) co_return named(token.error(), *endpoint);
    if (token->empty() || has_control(token->reveal())) {
        co_return named(fail(Errc::authentication, "The token for the provider " + endpoint->name +
                                                       " is empty or holds a control character."),
                        *endpoint);
    }
    call.token = std::move(*token);
    call.options.deadline = until;
    co_return call;
}

/// A request that is about to be sent.
struct Started {
    Started() = default;

    Head head;
    net::HttpRequest request;
};

Result<Started> start(Endpoint const& endpoint, Call& call) {
    Runtime const& runtime = endpoint.runtime;
    if (!runtime.alive()) {
        return fail(Errc::invalid_state, "The runtime of the provider " + endpoint.name + " is closed.");
    }
    if (endpoint.key.empty() && call.token.empty() && !endpoint.key_missing.empty()) {
        return named(fail(Errc::authentication, endpoint.key_missing), endpoint);
    }
    Result<Started> started;
    started->request = request_of(endpoint, call);
    started->head.token = std::move(call.token);
    started->head.started = runtime.clock()->system_now();
    started->head.sent = runtime.clock()->now();
    started->head.request_id =
        call.options.request_id.empty() ? new_id(*runtime.clock()) : std::move(call.options.request_id);
    return started;
}

/// The answer that began, whatever its status; or the error of the transport.
Result<Answer> answer_of(Endpoint const& endpoint, Started& started, Result<net::HttpResponse>& response) {
    if (!response) {
        Error error = std::move(response).error();
        error.provider = endpoint.name;
        return without_key(std::move(error), endpoint, started.head);
    }
    Result<Answer> answer;
    answer->head = std::move(started.head);
    answer->head.exchange =
        Exchange(endpoint.name, response->status, response->headers, endpoint.runtime.clock()->system_now());
    answer->head.headers = std::move(response->headers);
    answer->body = std::move(response->body);
    return answer;
}

bool is_success(Answer const& answer) noexcept {
    return answer.head.exchange.status / 100 == 2;
}

/// The answer, or the one to the same request with a new token where this one was refused for its old token.
Task<Answer> with_new_token(std::shared_ptr<Endpoint const> endpoint, net::HttpRequest request, Answer answer) {
    constexpr int unauthorized = 401;
    bool const refused = answer.head.exchange.status == unauthorized;
    if (!refused || !endpoint->token_refused(answer.head.token)) co_return answer;
    Call asking;
    asking.options.deadline = request.limits.total;
    Result<Call> call = co_await ask_token(endpoint, std::move(asking));
    if (!call) co_return call.error();
    answer.body.reset();
    Result<Started> started;
    started->head = std::move(answer.head);
    started->head.token = std::move(call->token);
    request.credential = Secret(endpoint->key_prefix + std::string(started->head.token.reveal()));
    Result<net::HttpResponse> response = co_await endpoint->transport->send(std::move(request));
    co_return answer_of(*endpoint, *started, response);
}

/// What an answer that is no success means.
Task<Answer> refused(std::shared_ptr<Endpoint const> endpoint, Answer answer) {
    Result<std::string> const body = co_await read_error_body(std::move(answer.body));
    std::string const text = body ? *body : std::string();
    co_return without_key(http_error(answer.head.exchange, text), *endpoint, answer.head);
}

Task<Answer> send_plain(std::shared_ptr<Endpoint const> endpoint, Call call) {
    Result<Started> started = start(*endpoint, call);
    if (!started) co_return started.error();
    Task<net::HttpResponse> sending = endpoint->transport->send(std::move(started->request));
    Result<net::HttpResponse> response = co_await std::move(sending);
    Result<Answer> answer = answer_of(*endpoint, *started, response);
    if (!answer || is_success(*answer)) co_return answer;
    Task<Answer> explaining = refused(endpoint, std::move(*answer));
    co_return co_await std::move(explaining);
}

/// As send_plain, with a token that was asked for, and once more with a new one where it was refused.
Task<Answer> send_with_token(std::shared_ptr<Endpoint const> endpoint, Call call) {
    Task<Call> asking = ask_token(endpoint, std::move(call));
    Result<Call> with_token = co_await std::move(asking);
    if (!with_token) co_return with_token.error();
    Result<Started> started = start(*endpoint, *with_token);
    if (!started) co_return started.error();
    std::optional<net::HttpRequest> again;  // its body is shared
    if (endpoint->token_refused) again = started->request;
    Task<net::HttpResponse> sending = endpoint->transport->send(std::move(started->request));
    Result<net::HttpResponse> response = co_await std::move(sending);
    Result<Answer> answer = answer_of(*endpoint, *started, response);
    if (answer && again) {
        Task<Answer> repeating = with_new_token(endpoint, std::move(*again), std::move(*answer));
        answer = co_await std::move(repeating);
    }
    if (!answer || is_success(*answer)) co_return answer;
    Task<Answer> explaining = refused(endpoint, std::move(*answer));
    co_return co_await std::move(explaining);
}

std::size_t reply_limit(Endpoint const& endpoint) noexcept {
    return static_cast<std::size_t>(endpoint.max_reply_bytes);
}

Result<Whole> whole_of(Endpoint const& endpoint, Answer& answer, Result<std::string>& body) {
    if (!body) {
        Error error = complete(std::move(body).error(), answer.head.exchange);
        error.maybe_executed = true;
        return without_key(std::move(error), endpoint, answer.head);
    }
    Result<Whole> whole;
    whole->head = std::move(answer.head);
    whole->body = std::move(*body);
    return whole;
}

Task<Whole> fetch_plain(std::shared_ptr<Endpoint const> endpoint, Call call) {
    Result<Started> started = start(*endpoint, call);
    if (!started) co_return started.error();
    Task<net::HttpResponse> sending = endpoint->transport->send(std::move(started->request));
    Result<net::HttpResponse> response = co_await std::move(sending);
    Result<Answer> answer = answer_of(*endpoint, *started, response);
    if (answer && !is_success(*answer)) {
        Task<Answer> explaining = refused(endpoint, std::move(*answer));
        answer = co_await std::move(explaining);
    }
    if (!answer) co_return answer.error();
    // Most bodies came with their heads.
    Result<std::string> body;
    if (!net::read_ready(*answer->body, reply_limit(*endpoint), *body)) {
        Task<std::string> reading = net::read_rest(*answer->body, std::move(*body), reply_limit(*endpoint));
        body = co_await std::move(reading);
    }
    co_return whole_of(*endpoint, *answer, body);
}

Task<Whole> fetch_with_token(std::shared_ptr<Endpoint const> endpoint, Call call) {
    Task<Answer> sending = send_with_token(endpoint, std::move(call));
    Result<Answer> answer = co_await std::move(sending);
    if (!answer) co_return answer.error();
    Task<std::string> reading = net::read_all(*answer->body, reply_limit(*endpoint));
    Result<std::string> body = co_await std::move(reading);
    co_return whole_of(*endpoint, *answer, body);
}

}  // namespace

Error without_key(Error error, Endpoint const& endpoint, Head const& head) {
    mask_key(error, endpoint.key.reveal());
    mask_key(error, head.token.reveal());
    return error;
}

Task<Answer> send(std::shared_ptr<Endpoint const> endpoint, Call call) {
    if (endpoint->token) return send_with_token(std::move(endpoint), std::move(call));
    return send_plain(std::move(endpoint), std::move(call));
}

Task<Whole> fetch(std::shared_ptr<Endpoint const> endpoint, Call call) {
    if (endpoint->token) return fetch_with_token(std::move(endpoint), std::move(call));
    return fetch_plain(std::move(endpoint), std::move(call));
}

CallInfo describe(Endpoint const& endpoint, Head const& head, std::string const& model, Usage const& usage) {
    CallInfo info;
    info.request_id = head.request_id;
    info.provider = endpoint.name;
    info.model = model;
    info.usage = usage.without_raw();
    Attempt& attempt = info.attempts.emplace_back();
    attempt.provider = endpoint.name;
    attempt.model = model;
    attempt.outcome = "ok";
    attempt.http_status = head.exchange.status;
    attempt.provider_request_id = head.exchange.request_id;
    attempt.started = head.started;
    attempt.latency =
        std::chrono::duration_cast<std::chrono::microseconds>(endpoint.runtime.clock()->now() - head.sent);
    attempt.usage = info.usage;
    attempt.rate_limits = head.exchange.rate_limits;
    return info;
}

void put_header(Endpoint& endpoint, std::string_view name, std::string_view value) {
    std::erase_if(endpoint.headers, [&](auto const& field) { return net::equals_ignoring_case(field.first, name); });
    endpoint.headers.emplace_back(name, value);
}

Error named(Error error, Endpoint const& endpoint) {
    error.provider = endpoint.name;
    return error;
}

bool has_control(std::string_view text) noexcept {
    return std::any_of(text.begin(), text.end(),
                       [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
}

Error wrong_field(std::string_view what, std::string_view field, std::string_view why) {
    std::string sentence(what);
    sentence.append(" is wrong: ").append(field).append(" ").append(why).append(".");
    return fail(Errc::invalid_argument, std::move(sentence));
}

Result<void> check(Endpoint const& endpoint, std::string_view what) {
    auto const wrong = [what](std::string_view field, std::string_view why) { return wrong_field(what, field, why); };
    bool const plain_name =
        !endpoint.name.empty() && std::all_of(endpoint.name.begin(), endpoint.name.end(), [](char c) {
            return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
        });
    if (!plain_name) return wrong("name", "must be letters, digits, - and _");
    std::string_view const url = endpoint.base_url;
    bool const http = url.starts_with("http://") || url.starts_with("https://");
    std::string_view const rest = http ? url.substr(url.find("://") + 3) : std::string_view();
    if (rest.empty() || rest.front() == '/') return wrong("base_url", "must be an absolute http or https URL");
    if (url.find_first_of("?# ") != std::string_view::npos || has_control(url)) {
        return wrong("base_url", "must have no query, fragment or space");
    }
    if (rest.substr(0, rest.find('/')).find('@') != std::string_view::npos) {
        return wrong("base_url", "must have no user in it; give the key as api_key");
    }
    if (has_control(endpoint.key.reveal())) return wrong("api_key", "holds a control character");
    for (auto const& [name, value] : endpoint.headers) {
        bool const bad_name = name.empty() || has_control(name) || name.find_first_of(": ") != std::string::npos;
        if (bad_name || has_control(value)) return wrong("headers", "holds what is no header field");
    }
    if (endpoint.max_reply_bytes < 1) return wrong("max_reply_bytes", "must be 1 or more");
    if (!endpoint.transport) return wrong("transport", "is missing");
    if (!endpoint.runtime || !endpoint.runtime.alive()) {
        return fail(Errc::invalid_state, "The runtime is closed; make a new one.");
    }
    return ok();
}

}  // namespace aikit::inline v0::provider::carrier
