// SPDX-License-Identifier: MIT
// net/url.cpp - URLs by the grammar of RFC 3986, narrowed to what http needs.
//
// Written by hand: Boost.URL 1.81 takes "http://host:8a/" for port 8 and path "a/", and "http://1.2.3.4.example/" for
// the address 1.2.3.4, so a host check on its result can be led astray.
#include "net/url.hpp"

#include "net/ascii.hpp"

#include <boost/asio/ip/address.hpp>

#include <charconv>

namespace aikit::inline v0::net {
namespace {

bool is_host_name(std::string_view host) noexcept {
    for (char const c : host) {
        if (!is_alpha(c) && !is_digit(c) && c != '-' && c != '.' && c != '_') return false;
    }
    return !host.empty() && host.size() <= 253 && host.front() != '.';
}

bool is_hex(char c) noexcept {
    return is_digit(c) || (to_lower(c) >= 'a' && to_lower(c) <= 'f');
}

/// Path and query of RFC 3986: pchar, '/', '?', and escapes.
bool is_target(std::string_view text) noexcept {
    for (std::size_t i = 0; i < text.size(); ++i) {
        char const c = text[i];
        if (c == '%') {
            if (i + 2 >= text.size() || !is_hex(text[i + 1]) || !is_hex(text[i + 2])) return false;
            i += 2;
            continue;
        }
        bool const allowed =
            is_alpha(c) || is_digit(c) || std::string_view("-._~!$&'()*+,;=:@/?").find(c) != std::string_view::npos;
        if (!allowed) return false;
    }
    return true;
}

/// Takes the host off the front of `authority`.
Result<void> take_host(std::string_view& authority, Url& url) {
    boost::system::error_code failed;
    if (authority.starts_with('[')) {
        std::size_t const end = authority.find(']');
        if (end == std::string_view::npos) {
            return fail(Errc::invalid_argument, "net: the URL's IPv6 address has no closing bracket");
        }
        url.host = lower(authority.substr(1, end - 1));
        url.is_address = true;
        authority.remove_prefix(end + 1);
        boost::asio::ip::make_address_v6(url.host, failed);
        if (failed || url.host.find('%') != std::string::npos) {
            return fail(Errc::invalid_argument, "net: the URL's host in brackets is no IPv6 address");
        }
        return ok();
    }
    std::string_view const host = authority.substr(0, authority.find(':'));
    authority.remove_prefix(host.size());
    if (!is_host_name(host)) {
        return fail(Errc::invalid_argument,
                    "net: the URL's host is no name of letters, digits, '-', '.' and '_'; write other names in their "
                    "ASCII form");
    }
    url.host = lower(host);
    boost::asio::ip::make_address_v4(url.host, failed);
    url.is_address = !failed;
    return ok();
}

/// Reads what follows the host: nothing, or ":port".
Result<void> read_port(std::string_view text, Url& url) {
    url.port = url.https ? 443 : 80;
    if (text.empty() || text == ":") return ok();
    std::string_view const digits = text.substr(1);
    auto const [end, failed] = std::from_chars(digits.data(), digits.data() + digits.size(), url.port);
    if (text.front() != ':' || failed != std::errc() || end != digits.data() + digits.size() || url.port == 0) {
        return fail(Errc::invalid_argument, "net: the URL's port is not in 1..65535");
    }
    return ok();
}

}  // namespace

std::string Url::host_and_port() const {
    std::string const number = std::to_string(port);
    if (host.find(':') == std::string::npos) return host + ':' + number;
    return '[' + host + "]:" + number;
}

std::string Url::host_field() const {
    if (port != (https ? 443 : 80)) return host_and_port();
    return host.find(':') == std::string::npos ? host : '[' + host + ']';
}

std::string Url::origin() const {
    return (https ? "https://" : "http://") + host_and_port();
}

Result<Url> parse_url(std::string_view text) {
    Url url;
    if (std::size_t const colon = text.find("://"); colon != std::string_view::npos) {
        url.https = equals_ignoring_case(text.substr(0, colon), "https");
        if (!url.https && !equals_ignoring_case(text.substr(0, colon), "http")) {
            return fail(Errc::invalid_argument, "net: the URL's scheme is neither http nor https");
        }
        text.remove_prefix(colon + 3);
    } else {
        return fail(Errc::invalid_argument, "net: the URL is not absolute; write https://host/path");
    }
    text = text.substr(0, text.find('#'));
    std::string_view authority = text.substr(0, text.find_first_of("/?"));
    std::string_view const target = text.substr(authority.size());
    if (authority.find('@') != std::string_view::npos) {
        return fail(Errc::invalid_argument,
                    "net: the URL holds a user name or password; give credentials apart from the URL");
    }
    if (Result<void> host = take_host(authority, url); !host) return host.error();
    if (Result<void> port = read_port(authority, url); !port) return port.error();
    if (!is_target(target)) {
        return fail(Errc::invalid_argument,
                    "net: the URL's path or query holds a character that has to be escaped as %XX");
    }
    if (!target.starts_with('/')) url.target = '/';
    url.target += target;
    return url;
}

}  // namespace aikit::inline v0::net
