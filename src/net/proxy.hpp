// SPDX-License-Identifier: MIT
// net/proxy.hpp - which way a request goes: straight to its origin, or through a proxy.
#ifndef AIKIT_SRC_NET_PROXY_HPP
#define AIKIT_SRC_NET_PROXY_HPP

#include "net/url.hpp"

#include <aikit/core/secret.hpp>

#include <boost/asio/ip/address.hpp>

#include <memory>
#include <vector>

namespace aikit::inline v0::net {

/// The hosts that are reached directly.
class NoProxy {
public:
    /// Reads a comma-separated list. Each entry may end in ":port" (an IPv6 address then in brackets):
    ///   *               every host
    ///   example.com     that name and every name under it
    ///   .example.com    every name under it
    ///   10.1.2.3 ::1    that address, when the URL holds it; names are not looked up
    ///   10.0.0.0/8      every address of that block
    /// Entries that are none of these match nothing.
    explicit NoProxy(std::string_view list);

    /// `host` as in Url: lower case, without brackets.
    bool matches(std::string_view host, std::uint16_t port) const;

private:
    struct Rule {
        enum class Kind { everything, name, below, block };
        Kind kind = Kind::name;
        std::string name;                  // with a leading dot for Kind::below
        boost::asio::ip::address address;  // Kind::block
        int bits = 0;                      // Kind::block: how many must agree
        std::uint16_t port = 0;            // 0: any
    };

    static bool read_rule(std::string_view entry, Rule& rule);

    std::vector<Rule> rules_;
};

/// A proxy that speaks HTTP.
struct Proxy {
    Proxy() = default;

    std::string host;
    bool is_address = false;
    std::uint16_t port = 0;
    Secret authorization;  ///< The value of Proxy-Authorization; empty: none.
    std::string key;       ///< Tells proxies apart, and holds no password.
};

/// Reads "http://user:password@host:port" (the scheme may be missing, user and password may be percent-encoded).
/// Errors: invalid_argument; `field` is named, nothing of the text is repeated.
Result<Proxy> parse_proxy(std::string_view text, std::string_view field);

}  // namespace aikit::inline v0::net

#endif  // AIKIT_SRC_NET_PROXY_HPP
