// SPDX-License-Identifier: MIT
// net/http_client.cpp - the client: its configuration checked, its requests sent, its bodies handed out.
#include "core/async.hpp"
#include "net/ascii.hpp"
#include "net/client_core.hpp"
#include "net/exchange.hpp"
#include "net/request.hpp"

#include <aikit/net/http_client.hpp>

#include <utility>

namespace aikit::inline v0::net {
namespace {

/// URLs whose reading is remembered: a provider has a handful.
constexpr std::size_t most_targets = 32;

constexpr char const* default_user_agent =
    "aikit/" AIKIT_STRINGIZE(AIKIT_VERSION_MAJOR) "." AIKIT_STRINGIZE(AIKIT_VERSION_MINOR) " (c++)";

Error wrong(char const* field, char const* what) {
    return fail(Errc::invalid_argument, std::string("net: HttpClientConfig.") + field + " " + what);
}

Result<void> check(HttpClientConfig const& config) {
    if (!is_value(config.user_agent)) return wrong("user_agent", "holds a line break or another control character");
    if (config.max_connections_per_origin < 1) return wrong("max_connections_per_origin", "must be 1 or more");
    if (config.max_idle_per_origin < 0) return wrong("max_idle_per_origin", "must be 0 or more");
    if (config.max_head < 1'024) return wrong("max_head", "must be 1,024 or more");
    if (config.max_body < 0) return wrong("max_body", "must be 0 (no limit) or more");
    if (config.max_idle_time.count() < 0) return wrong("max_idle_time", "must be 0 or more");
    if (config.max_life.count() < 0) return wrong("max_life", "must be 0 or more");
    if (config.next_address_after.count() < 1) return wrong("next_address_after", "must be 1 ms or more");
    if (config.tcp_user_timeout.count() < 0 || config.tcp_user_timeout > std::chrono::hours(24)) {
        return wrong("tcp_user_timeout", "must be between 0 (the system's) and one day");
    }
    return ok();
}

class ResponseBody final : public HttpBody {
public:
    explicit ResponseBody(std::shared_ptr<Exchange> exchange) : exchange_(std::move(exchange)) {}
    ResponseBody(ResponseBody const&) = delete;
    ResponseBody& operator=(ResponseBody const&) = delete;

    ~ResponseBody() override {
        Runtime const runtime = exchange_->core().runtime;
        try {
            if (exchange_->core().pool->forked()) {
                // The loop's locks may be held by threads that are not here: what it knows of is left alone.
                static_cast<void>(new std::shared_ptr<Exchange>(std::move(exchange_)));
                return;
            }
            // The timer of the exchange may be at work on its own thread.
            if (!exchange_->bound_to_home() || runtime.on_own_thread()) return;
            boost::asio::any_io_executor const home = exchange_->core().home->executor;
            runtime.post(home, [last = std::move(exchange_)] {});
        } catch (...) {
            // No memory for that: it dies here, which is safe but for a timer that fires in this very moment.
        }
    }

    Task<std::string> read() override { return Exchange::read(exchange_); }

    bool take_ready(std::string& piece) override { return exchange_->take_ready(piece); }

private:
    std::shared_ptr<Exchange> exchange_;
};

Result<std::shared_ptr<Exchange>> make_exchange(std::shared_ptr<ClientCore> const& core, HttpRequest& request) {
    if (!core->runtime.alive()) return fail(Errc::invalid_state, "net: the runtime is closed");
    if (Result<void> fine = check_fields(request); !fine) return fine.error();
    Result<std::shared_ptr<Target const>> target = core->target_of(request.url);
    if (!target) return target.error();
    return std::make_shared<Exchange>(core, std::move(request), std::move(*target));
}

Task<HttpResponse> refuse(Error error) {
    co_return error;
}

class PooledClient final : public HttpClient {
public:
    explicit PooledClient(std::shared_ptr<ClientCore> core) : core_(std::move(core)) {}

    Task<HttpResponse> send(HttpRequest request) override {
        Result<std::shared_ptr<Exchange>> exchange = guarded([&] { return make_exchange(core_, request); });
        return exchange ? Exchange::run(std::move(*exchange)) : refuse(std::move(exchange).error());
    }

    PoolCounts counts() const override { return core_->pool->forked() ? PoolCounts() : core_->pool->counts(); }

    void close() noexcept override {
        if (!core_->runtime.alive()) return;
        core_->pool->close();
        core_->live->end_all();
    }

private:
    std::shared_ptr<ClientCore> const core_;
};

}  // namespace

std::unique_ptr<HttpBody> body_of(std::shared_ptr<Exchange> exchange) {
    return std::make_unique<ResponseBody>(std::move(exchange));
}

ClientCore::ClientCore(Runtime runtime_, HttpClientConfig config_, Lookup lookup)
    : runtime(std::move(runtime_)),
      config(std::move(config_)),
      home(std::make_shared<Home const>(Home{runtime, runtime.executor(), !runtime.adopted()})),
      live(std::make_shared<LiveSockets>()),
      pool(std::make_shared<Pool>(config, runtime.clock())),
      no_proxy(config.no_proxy) {
    auto made = std::make_shared<Dialer>();
    made->runtime = runtime;
    made->home = home->executor;
    made->resolver = std::make_shared<Resolver>(runtime, std::move(lookup));
    made->live = live;
    made->next_address_after = config.next_address_after;
    made->user_timeout = config.tcp_user_timeout;
    dialer = std::move(made);
}

Proxy const* ClientCore::proxy_for(Url const& url) const {
    std::optional<Proxy> const& proxy = url.https ? https_proxy : http_proxy;
    if (!proxy || no_proxy.matches(url.host, url.port)) return nullptr;
    return &*proxy;
}

Result<std::shared_ptr<Target const>> ClientCore::target_of(std::string const& url) {
    {
        std::lock_guard const lock(targets_mutex);
        for (auto& known : targets) {
            if (known->text != url) continue;
            std::swap(known, targets.front());
            return targets.front();
        }
    }
    Result<Url> parsed = parse_url(url);
    if (!parsed) return parsed.error();
    auto made = std::make_shared<Target>();
    made->url = std::move(*parsed);
    made->text = url;
    made->host_field = made->url.host_field();
    made->proxy = proxy_for(made->url);
    made->key = made->url.origin();
    if (made->proxy != nullptr) made->key += " by " + made->proxy->key;
    std::lock_guard const lock(targets_mutex);
    if (targets.size() == most_targets) targets.pop_back();
    targets.insert(targets.begin(), made);
    return std::shared_ptr<Target const>(std::move(made));
}

Task<std::shared_ptr<TlsContext const>> ClientCore::tls(std::shared_ptr<ClientCore> self, SteadyTime until) {
    using Context = std::shared_ptr<TlsContext const>;
    {
        std::lock_guard const lock(self->tls_mutex);
        if (self->tls_context) co_return self->tls_context;
    }
    auto waiter = std::make_shared<Waiter<Context>>();
    auto load = [self, weak = std::weak_ptr<Waiter<Context>>(waiter)] {
        Result<Context> loaded = guarded([&]() -> Result<Context> {
            std::lock_guard const lock(self->tls_mutex);
            if (self->tls_context) return self->tls_context;
            Result<Context> made = TlsContext::create(self->config.ca_file);
            if (made) self->tls_context = *made;
            return made;
        });
        if (std::shared_ptr<Waiter<Context>> const waiting = weak.lock()) waiting->give(loaded);
    };
    if (!self->runtime.post(self->runtime.resolver(), std::move(load))) {
        co_return fail(Errc::invalid_state, "net: the runtime is closed");
    }
    co_return co_await Waiter<Context>::wait(std::move(waiter), self->runtime.clock(), until);
}

Result<std::shared_ptr<HttpClient>> make_http_client(Runtime runtime, HttpClientConfig config, Lookup lookup) {
    return guarded([&]() -> Result<std::shared_ptr<HttpClient>> {
        if (!runtime.alive()) return fail(Errc::invalid_state, "net: the runtime is closed");
        if (Result<void> fine = check(config); !fine) return fine.error();
        if (config.user_agent.empty()) config.user_agent = default_user_agent;
        auto const core = std::make_shared<ClientCore>(std::move(runtime), std::move(config), std::move(lookup));
        auto const read_proxy = [](std::string const& text, char const* field, std::optional<Proxy>& out) {
            if (text.empty()) return ok();
            Result<Proxy> proxy = parse_proxy(text, field);
            if (!proxy) return Result<void>(proxy.error());
            out = std::move(*proxy);
            return ok();
        };
        Result<void> const https = read_proxy(core->config.https_proxy, "https_proxy", core->https_proxy);
        if (!https) return https.error();
        Result<void> const http = read_proxy(core->config.http_proxy, "http_proxy", core->http_proxy);
        if (!http) return http.error();
        if (!core->config.ca_file.empty()) {
            Result<std::shared_ptr<TlsContext const>> context = TlsContext::create(core->config.ca_file);
            if (!context) return context.error();
            core->tls_context = std::move(*context);
        }
        return std::shared_ptr<HttpClient>(std::make_shared<PooledClient>(core));
    });
}

Result<std::shared_ptr<HttpClient>> HttpClient::create(Runtime runtime, HttpClientConfig config) {
    return make_http_client(std::move(runtime), std::move(config), look_up);
}

}  // namespace aikit::inline v0::net
