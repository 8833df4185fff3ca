// SPDX-License-Identifier: MIT
// net/url.hpp - the parts of an http or https URL that a request needs.
#ifndef AIKIT_SRC_NET_URL_HPP
#define AIKIT_SRC_NET_URL_HPP

#include <aikit/core/result.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace aikit::inline v0::net {

struct Url {
    Url() = default;

    bool https = false;
    std::string host;         ///< Lower case; an IPv6 address without its brackets.
    bool is_address = false;  ///< The host is an IPv4 or IPv6 address.
    std::uint16_t port = 0;   ///< The scheme's own when none was given.
    std::string target;       ///< Path and query, never empty; no fragment.

    /// "host:port", with brackets around an IPv6 address.
    std::string host_and_port() const;

    /// What the Host field says: without the port when it is the scheme's own.
    std::string host_field() const;

    /// "https://host:port": what a credential is bound to.
    std::string origin() const;
};

/// Reads an absolute URL. The fragment is dropped.
/// Errors: invalid_argument (no URL, another scheme, user information, an odd host or port); the sentence holds nothing
/// of the URL, which may carry secrets.
Result<Url> parse_url(std::string_view text);

}  // namespace aikit::inline v0::net

#endif  // AIKIT_SRC_NET_URL_HPP
