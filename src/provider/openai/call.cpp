// SPDX-License-Identifier: MIT
// provider/openai/call.cpp - one HTTP call: limits, headers, the answer's head, the bookkeeping.
#include "provider/openai/call.hpp"

#include <aikit/core/id.hpp>

#include <algorithm>

namespace aikit::inline v0::provider::openai {

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
    CallLimits const& own = endpoint.config.limits;
    bool const reasoning = openai_wire::is_reasoning_model(call.model);
    auto const pick = [](std::optional<milliseconds> first, std::optional<milliseconds> second, milliseconds rest) {
        return first ? *first : second.value_or(rest);
    };
    net::TimeLimits limits;
    limits.connect = pick(asked.connect, own.connect, default_connect);
    limits.first_byte = pick(asked.first_byte, own.first_byte, default_first_byte);
    limits.idle = pick(asked.idle, own.idle, reasoning ? default_idle_reasoning : default_idle);
    milliseconds const total = pick(asked.total, own.total, call.streaming ? milliseconds::zero() : default_total);
    limits.total = call.options.deadline.sooner(Deadline::after(*endpoint.runtime.clock(), total));
    return limits;
}

bool is_header_text(std::string_view text) noexcept {
    return std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

net::HttpRequest request_of(Endpoint const& endpoint, Call& call) {
    OpenAiConfig const& config = endpoint.config;
    net::HttpRequest request;
    request.method = call.method;
    request.url = config.base_url + call.path;
    for (auto const& [name, value] : config.headers) request.headers.add(name, value);
    if (!config.organization.empty()) request.headers.set("OpenAI-Organization", config.organization);
    if (!config.project.empty()) request.headers.set("OpenAI-Project", config.project);
    request.headers.set("Accept", call.streaming ? "text/event-stream" : "application/json");
    if (!config.api_key.empty()) {
        request.credential_header = "Authorization";
        request.credential = Secret("Bearer " + std::string(config.api_key.reveal()));
    }
    std::string const& id = call.options.request_id;
    bool const tell_id = !id.empty() && id.size() <= longest_client_id && is_header_text(id);
    if (tell_id) request.headers.set("X-Client-Request-Id", id);
    request.repeatable = call.method == "GET";
    if (call.method != "GET") {
        request.headers.set("Content-Type", "application/json");
        request.body = std::make_shared<std::string const>(std::move(call.body));
        std::string const& key = call.options.idempotency_key;
        if (!key.empty()) request.headers.set("Idempotency-Key", key);
        request.repeatable = !key.empty();
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

}  // namespace

Error without_key(Error error, Endpoint const& endpoint) {
    std::string_view const key = endpoint.config.api_key.reveal();
    constexpr std::size_t shortest = 4;
    constexpr std::size_t tail = 8;
    if (key.size() < shortest) return error;
    for (std::string* text : {&error.remote_detail, &error.provider_code, &error.request_id, &error.message}) {
        replace_all(*text, key);
        if (key.size() > 2 * tail) replace_all(*text, key.substr(key.size() - tail));  // some show its end only
    }
    return error;
}

namespace {

/// A request that is about to be sent.
struct Started {
    Started() = default;

    Head head;
    net::HttpRequest request;
};

Result<Started> start(Endpoint const& endpoint, Call& call) {
    Runtime const& runtime = endpoint.runtime;
    OpenAiConfig const& config = endpoint.config;
    if (!runtime.alive()) {
        return fail(Errc::invalid_state, "The runtime of the provider " + config.name + " is closed.");
    }
    if (config.api_key.empty() && endpoint.at_openai) {
        Error error = fail(Errc::authentication,
                           "The provider " + config.name + " has no API key; set OPENAI_API_KEY or its configuration.");
        error.provider = config.name;
        return error;
    }
    Result<Started> started;
    started->request = request_of(endpoint, call);
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
        error.provider = endpoint.config.name;
        return without_key(std::move(error), endpoint);
    }
    Result<Answer> answer;
    answer->head = std::move(started.head);
    answer->head.exchange = openai_wire::Exchange(endpoint.config.name, response->status, response->headers,
                                                  endpoint.runtime.clock()->system_now());
    answer->body = std::move(response->body);
    return answer;
}

bool is_success(Answer const& answer) noexcept {
    return answer.head.exchange.status / 100 == 2;
}

/// What an answer that is no success means.
Task<Answer> refused(std::shared_ptr<Endpoint const> endpoint, Answer answer) {
    Result<std::string> const body = co_await read_error_body(std::move(answer.body));
    std::string const text = body ? *body : std::string();
    co_return without_key(openai_wire::http_error(answer.head.exchange, text), *endpoint);
}

}  // namespace

Task<Answer> send(std::shared_ptr<Endpoint const> endpoint, Call call) {
    Result<Started> started = start(*endpoint, call);
    if (!started) co_return started.error();
    Result<net::HttpResponse> response = co_await endpoint->transport->send(std::move(started->request));
    Result<Answer> answer = answer_of(*endpoint, *started, response);
    if (!answer || is_success(*answer)) co_return answer;
    co_return co_await refused(endpoint, std::move(*answer));
}

Task<Whole> fetch(std::shared_ptr<Endpoint const> endpoint, Call call) {
    Result<Started> started = start(*endpoint, call);
    if (!started) co_return started.error();
    Result<net::HttpResponse> response = co_await endpoint->transport->send(std::move(started->request));
    Result<Answer> answer = answer_of(*endpoint, *started, response);
    if (answer && !is_success(*answer)) answer = co_await refused(endpoint, std::move(*answer));
    if (!answer) co_return answer.error();
    auto const limit = static_cast<std::size_t>(endpoint->config.max_reply_bytes);
    Result<std::string> body = co_await net::read_all(*answer->body, limit);
    if (!body) {
        Error error = openai_wire::complete(body.error(), answer->head.exchange);
        error.maybe_executed = true;
        co_return without_key(std::move(error), *endpoint);
    }
    Result<Whole> whole;
    whole->head = std::move(answer->head);
    whole->body = std::move(*body);
    co_return whole;
}

CallInfo describe(Endpoint const& endpoint, Head const& head, std::string const& model, Usage const& usage) {
    CallInfo info;
    info.request_id = head.request_id;
    info.provider = endpoint.config.name;
    info.model = model;
    info.usage = usage.without_raw();
    Attempt& attempt = info.attempts.emplace_back();
    attempt.provider = endpoint.config.name;
    attempt.model = model;
    attempt.outcome = "ok";
    attempt.http_status = head.exchange.status;
    attempt.provider_request_id = head.exchange.request_id;
    attempt.started = head.started;
    attempt.latency =
        std::chrono::duration_cast<std::chrono::microseconds>(endpoint.runtime.clock()->now() - head.sent);
    attempt.usage = info.usage;
    return info;
}

bool is_openai_host(std::string_view base_url) noexcept {
    std::size_t const scheme = base_url.find("://");
    if (scheme == std::string_view::npos) return false;
    std::string_view host = base_url.substr(scheme + 3);
    host = host.substr(0, host.find_first_of("/?#"));
    host = host.substr(0, host.find(':'));
    constexpr std::string_view domain = "openai.com";
    return host == domain || (host.ends_with(domain) && host[host.size() - domain.size() - 1] == '.');
}

}  // namespace aikit::inline v0::provider::openai
