// SPDX-License-Identifier: MIT
// aikit/net/http_client.hpp - the transport aikit brings along: HTTP/1.1 over TCP and TLS with a keep-alive pool.
#ifndef AIKIT_NET_HTTP_CLIENT_HPP
#define AIKIT_NET_HTTP_CLIENT_HPP

#include <aikit/core/runtime.hpp>
#include <aikit/net/transport.hpp>

#include <cstdint>

namespace aikit::inline v0::net {

struct HttpClientConfig {
    HttpClientConfig() = default;

    // What it does

    /// The User-Agent, "aikit/X.Y (c++)" and what the host adds; empty: just that.
    std::string user_agent;

    /// PEM file of trusted roots; empty: the system's.
    std::string ca_file;

    /// Proxy of https and of http URLs ("http://host:3128", user:password allowed). Empty: none. *_from_env fills
    /// them from HTTPS_PROXY, HTTP_PROXY (lower case first, http_proxy only in lower case), NO_PROXY.
    std::string https_proxy;
    std::string http_proxy;

    /// Comma-separated hosts that are reached directly: names, ".suffix", "*", addresses, CIDR, each with an
    /// optional ":port".
    std::string no_proxy;

    /// Ask for and decode gzip.
    bool gzip = true;

    // How much

    /// Connections at once per origin, idle ones included; further requests wait their turn, until their deadline and
    /// no longer than TimeLimits::first_byte.
    int max_connections_per_origin = 1'024;

    /// Idle connections kept per origin.
    int max_idle_per_origin = 64;

    /// Bytes of a response's head.
    std::int64_t max_head = 64 * 1024;

    /// Bytes of a body after decoding that one response may hold; streams included. 0: no limit.
    std::int64_t max_body = 0;

    // How long

    /// An idle connection older than this is not used again, and closed when the client is next used; below the 60 s of
    /// common load balancers.
    std::chrono::milliseconds max_idle_time{45'000};

    /// A connection older than this is not used again, so that a changed address takes effect.
    std::chrono::milliseconds max_life{300'000};

    /// With several addresses, the next one is tried in parallel after this long (RFC 8305).
    std::chrono::milliseconds next_address_after{250};

    /// TCP_USER_TIMEOUT: unacknowledged data for this long ends the connection. Keep-alive probes are sent too.
    std::chrono::milliseconds tcp_user_timeout{60'000};
};

/// Copies the proxy settings of the environment into `config`; the only place that reads them.
AIKIT_EXPORT void proxies_from_env(HttpClientConfig& config);

/// What the pool holds, for tests and metrics.
struct PoolCounts {
    PoolCounts() = default;

    std::int64_t open = 0;     ///< Connections alive.
    std::int64_t idle = 0;     ///< Of these, waiting for work.
    std::int64_t waiting = 0;  ///< Requests waiting for a connection.
    std::int64_t opened = 0;   ///< Connections ever opened.
};

/// The client. TLS 1.2 or later, certificate and host name verified, always.
///
/// Ownership: a shared handle; bodies in flight keep their connection. Thread-safety: shared objects: safe.
class AIKIT_EXPORT HttpClient : public HttpTransport {
public:
    /// Errors: invalid_argument (a field, named), not_found (ca_file), invalid_state (runtime closed).
    static Result<std::shared_ptr<HttpClient>> create(Runtime runtime, HttpClientConfig config);

    virtual PoolCounts counts() const = 0;

    /// Closes idle connections and refuses new requests; bodies in flight end with invalid_state.
    virtual void close() noexcept = 0;
};

}  // namespace aikit::inline v0::net

#endif  // AIKIT_NET_HTTP_CLIENT_HPP
