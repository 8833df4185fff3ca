// SPDX-License-Identifier: MIT
// net/dial.hpp - opening a TCP connection to the best of several addresses.
#ifndef AIKIT_SRC_NET_DIAL_HPP
#define AIKIT_SRC_NET_DIAL_HPP

#include "net/resolver.hpp"
#include "net/tcp.hpp"

namespace aikit::inline v0::net {

/// Addresses in the order they are tried: as the resolver gave them, families alternating (RFC 8305, section 4).
Addresses interleave(Addresses const& addresses);

/// Opens connections. Thread-safety: shared objects: safe (const).
struct Dialer {
    Dialer() = default;

    Runtime runtime;
    boost::asio::any_io_executor home;  ///< Where sockets live.
    std::shared_ptr<Resolver> resolver;
    std::shared_ptr<LiveSockets> live;
    std::chrono::milliseconds next_address_after{250};
    std::chrono::milliseconds user_timeout{60'000};

    /// Connects to `host`, a name or an address: the next address is tried beside the ones under way when those take
    /// longer than next_address_after, and at once when one fails; the first that answers wins.
    ///
    /// Cancellation: terminal. Errors: connection, timeout (without a sentence), cancelled, invalid_state (closed).
    static Task<std::unique_ptr<TcpStream>> connect(std::shared_ptr<Dialer const> self, std::string host,
                                                    bool is_address, std::uint16_t port, SteadyTime until);
};

}  // namespace aikit::inline v0::net

#endif  // AIKIT_SRC_NET_DIAL_HPP
