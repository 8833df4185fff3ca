// SPDX-License-Identifier: MIT
// net/client_core.hpp - what all requests of one HTTP client share.
#ifndef AIKIT_SRC_NET_CLIENT_CORE_HPP
#define AIKIT_SRC_NET_CLIENT_CORE_HPP

#include "net/dial.hpp"
#include "net/pool.hpp"
#include "net/proxy.hpp"
#include "net/tls.hpp"

#include <aikit/net/http_client.hpp>

namespace aikit::inline v0::net {

/// As HttpClient::create, with the look-up of names handed in.
Result<std::shared_ptr<HttpClient>> make_http_client(Runtime runtime, HttpClientConfig config, Lookup lookup);

/// Thread-safety: shared objects: safe.
/// Where a URL leads, and what is made of it for every request.
struct Target {
    Url url;
    std::string text;              ///< The URL.
    std::string host_field;        ///< The value of Host.
    Proxy const* proxy = nullptr;  ///< On the way there; null: straight.
    std::string key;               ///< Of the pool.
};

struct ClientCore {
    ClientCore(Runtime runtime_, HttpClientConfig config_, Lookup lookup);

    /// Which way a URL goes; null: straight.
    Proxy const* proxy_for(Url const& url) const;

    /// Reads a URL, or finds it among those read before. Errors: invalid_argument.
    Result<std::shared_ptr<Target const>> target_of(std::string const& url);

    /// The trusted roots, read when first needed, on a thread that may block.
    ///
    /// Cancellation: terminal. Errors: not_found, internal, timeout (without a sentence), cancelled, invalid_state.
    static Task<std::shared_ptr<TlsContext const>> tls(std::shared_ptr<ClientCore> self, SteadyTime until);

    Runtime const runtime;
    HttpClientConfig const config;
    std::shared_ptr<Home const> const home;
    std::shared_ptr<LiveSockets> const live;
    std::shared_ptr<Pool> const pool;
    std::shared_ptr<Dialer const> dialer;
    NoProxy const no_proxy;
    std::optional<Proxy> https_proxy;
    std::optional<Proxy> http_proxy;

    std::mutex targets_mutex;
    std::vector<std::shared_ptr<Target const>> targets;  ///< Guarded by targets_mutex; the last one used in front.

    std::mutex tls_mutex;
    std::shared_ptr<TlsContext const> tls_context;  ///< Guarded by tls_mutex.
};

}  // namespace aikit::inline v0::net

#endif  // AIKIT_SRC_NET_CLIENT_CORE_HPP
