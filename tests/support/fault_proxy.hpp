// SPDX-License-Identifier: MIT
// support/fault_proxy.hpp - a network between client and server that fails as a test tells it to, in user space.
#ifndef AIKIT_TESTS_SUPPORT_FAULT_PROXY_HPP
#define AIKIT_TESTS_SUPPORT_FAULT_PROXY_HPP

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace aikit_test {

/// What happens to the bytes of a connection that is made from now on.
struct Faults {
    Faults() = default;

    enum class Ending {
        fin,   ///< Both sides are ended properly.
        rst,   ///< Both sides are reset.
        hang,  ///< Nothing passes any more, and nothing is said.
    };

    /// After so many bytes from the server to the client `ending` happens. Unset: never.
    std::optional<std::int64_t> cut_after;
    /// After so many bytes from the client to the server `ending` happens. Unset: never.
    std::optional<std::int64_t> cut_request_after;
    Ending ending = Ending::fin;

    /// Bytes from the server are passed on in pieces of at most this size. 0: as they come.
    std::size_t piece = 0;
    /// Between two pieces, and before the first one.
    std::chrono::milliseconds delay{0};
};

/// Passes bytes between its clients and a server on 127.0.0.1, on a thread of its own. Thread-safety: safe.
class FaultProxy {
public:
    explicit FaultProxy(std::uint16_t server_port);
    ~FaultProxy();
    FaultProxy(FaultProxy const&) = delete;
    FaultProxy& operator=(FaultProxy const&) = delete;

    std::uint16_t port() const noexcept;

    /// "http://127.0.0.1:PORT" and the path, or with another scheme.
    std::string url(std::string_view path = "/", std::string_view scheme = "http") const;

    /// For connections made from now on.
    void set(Faults faults);

    /// For each connection by itself, counted from 0. Called on the proxy's thread.
    void set(std::function<Faults(int connection)> faults);

    int connections() const noexcept;

private:
    struct State;
    std::shared_ptr<State> state_;
};

/// An HTTP proxy that opens tunnels, to 127.0.0.1 whatever the name asked for.
class TunnelProxy {
public:
    /// Gives the bytes to answer a CONNECT with, from its head; when they begin with "HTTP/1.1 2" the tunnel opens,
    /// else the connection ends. Empty: no answer at all. Called on the proxy's thread.
    using Answer = std::function<std::string(std::string const& head)>;

    explicit TunnelProxy(Answer answer);
    ~TunnelProxy();
    TunnelProxy(TunnelProxy const&) = delete;
    TunnelProxy& operator=(TunnelProxy const&) = delete;

    std::uint16_t port() const noexcept;

    /// The heads that came, oldest first.
    std::vector<std::string> heads() const;

private:
    struct State;
    std::shared_ptr<State> state_;
};

/// A port that takes no connection and refuses none: whoever connects waits.
class BlackHole {
public:
    explicit BlackHole(std::uint16_t port = 0, std::string const& address = "127.0.0.1");
    ~BlackHole();
    BlackHole(BlackHole const&) = delete;
    BlackHole& operator=(BlackHole const&) = delete;

    std::uint16_t port() const noexcept;

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace aikit_test

#endif  // AIKIT_TESTS_SUPPORT_FAULT_PROXY_HPP
