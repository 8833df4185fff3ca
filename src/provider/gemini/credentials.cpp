// SPDX-License-Identifier: MIT
// provider/gemini/credentials.cpp - carries requests for access tokens, one at a time.
#include "provider/gemini/credentials.hpp"

#include "core/async.hpp"

#include <boost/asio/detached.hpp>

namespace aikit::inline v0::provider::gemini {

namespace {

using carrier::Exchange;

constexpr std::chrono::milliseconds connect_limit{5'000};
constexpr std::chrono::milliseconds whole_limit{30'000};
constexpr std::chrono::milliseconds longest_wait{35'000};  // a little more than the request that is waited for
constexpr std::size_t largest_answer = 64 * 1024;

/// What an answer means that is no token. Its own words may quote what was sent, so that only its code is kept.
Error refused(Exchange const& exchange, std::string const& body) {
    Error error = carrier::http_error(exchange, body);
    error.remote_detail.clear();
    bool const account = exchange.status >= 400 && exchange.status < 500 && error.code != Errc::rate_limited &&
                         exchange.status != 404 && exchange.status != 408;
    if (account) error.code = Errc::authentication;
    error.message = "The token endpoint of the provider " + exchange.provider + " gave no token (HTTP " +
                    std::to_string(exchange.status) + "); " +
                    (account ? "check that the service account's key is in force, and this machine's clock."
                             : "try again, and check token_uri in the service account's file.");
    Result<json::value> const document = json::parse(body, "reply");
    std::string_view const word = document ? json::text(*document, "error").value_or("") : std::string_view();
    bool const plain =
        !word.empty() && word.size() <= 64 && word.find_first_not_of("abcdefghijklmnopqrstuvwxyz_") == word.npos;
    error.provider_code = plain ? std::string(word) : std::string();
    return error;
}

}  // namespace

/// Ends the asking, however its coroutine ends: also by being destroyed with its executor.
class Credentials::Asking {
public:
    explicit Asking(std::shared_ptr<Credentials> self) : self_(std::move(self)) {}
    Asking(Asking&& other) noexcept = default;
    Asking(Asking const&) = delete;
    Asking& operator=(Asking const&) = delete;
    Asking& operator=(Asking&&) = delete;
    ~Asking() {
        if (self_) finish(fail(Errc::cancelled, "The request for an access token was given up."));
    }

    Credentials const& credentials() const noexcept { return *self_; }
    void finish(Result<AccessToken> outcome) { std::exchange(self_, nullptr)->finish(std::move(outcome)); }

private:
    std::shared_ptr<Credentials> self_;
};

Credentials::Credentials(ServiceAccount account, std::string provider, Runtime runtime,
                         std::shared_ptr<net::HttpTransport> transport)
    : account_(std::move(account)),
      provider_(std::move(provider)),
      runtime_(std::move(runtime)),
      transport_(std::move(transport)) {}

std::optional<Secret> Credentials::kept(SteadyTime now) const {
    if (token_.empty() || now >= renew_at_) return std::nullopt;
    return token_;
}

Task<Secret> Credentials::token(std::shared_ptr<Credentials> self) {
    std::shared_ptr<Clock> const clock = self->runtime_.clock();
    auto waiter = std::make_shared<Waiting>();
    bool first = false;
    {
        std::lock_guard const lock(self->mutex_);
        if (std::optional<Secret> token = self->kept(clock->now())) co_return std::move(*token);
        first = !self->asking_;
        self->asking_ = true;
        self->waiting_.push_back(waiter);
    }
    if (first) {
        boost::asio::any_io_executor const executor = co_await boost::asio::this_coro::executor;
        boost::asio::co_spawn(executor, ask(Asking(self)), boost::asio::detached);
    }
    SteadyTime const until = clock->now() + longest_wait;
    Result<Secret> token = co_await Waiting::wait(std::move(waiter), clock, until);
    if (!token && token.error().code == Errc::timeout && token.error().message.empty()) {
        co_return fail(Errc::timeout, "The token endpoint of the provider " + self->provider_ + " did not answer.");
    }
    co_return token;
}

Task<void> Credentials::ask(Asking asking) {
    Task<AccessToken> requesting = asking.credentials().request();
    Result<AccessToken> outcome = co_await guard(std::move(requesting));
    asking.finish(std::move(outcome));
    co_return ok();
}

Task<AccessToken> Credentials::request() const {
    Result<Secret> const form = token_request(account_, runtime_.clock()->system_now());
    if (!form) co_return form.error();
    net::HttpRequest request;
    request.url = account_.token_url;
    request.headers.add("Accept", "application/json");
    request.headers.add("Content-Type", "application/x-www-form-urlencoded");
    request.body = std::make_shared<std::string const>(form->reveal());
    request.limits.connect = connect_limit;
    request.limits.total = Deadline::after(*runtime_.clock(), whole_limit);
    request.repeatable = true;
    Result<net::HttpResponse> const response = co_await transport_->send(std::move(request));
    if (!response) co_return response.error();
    Exchange const exchange(provider_, response->status, response->headers, runtime_.clock()->system_now());
    Result<std::string> const body = co_await net::read_all(*response->body, largest_answer);
    if (!body) co_return body.error();
    if (response->status / 100 != 2) co_return refused(exchange, *body);
    co_return read_access_token(exchange, *body);
}

void Credentials::finish(Result<AccessToken> outcome) {
    std::vector<std::weak_ptr<Waiting>> waiting;
    Result<Secret> token;
    {
        std::lock_guard const lock(mutex_);
        SteadyTime const now = runtime_.clock()->now();
        waiting.swap(waiting_);
        asking_ = false;
        if (outcome) {
            token_ = std::move(outcome->token);
            ends_at_ = now + outcome->lifetime;
            renew_at_ = ends_at_ - renewal_margin(outcome->lifetime);
            token = token_;
        } else if (!token_.empty() && now < ends_at_) {
            token = token_;  // the old one holds for a little while yet
        } else {
            token = outcome.error();
        }
    }
    for (std::weak_ptr<Waiting> const& weak : waiting) {
        Result<Secret> copy = token;
        if (std::shared_ptr<Waiting> const waiter = weak.lock()) waiter->give(copy);
    }
}

void Credentials::refuse(Secret const& token) noexcept {
    std::lock_guard const lock(mutex_);
    if (!token_.empty() && token_ == token) token_ = Secret();
}

}  // namespace aikit::inline v0::provider::gemini
