// SPDX-License-Identifier: MIT
// net/proxy.cpp - proxies and the hosts that need none.
#include "net/proxy.hpp"

#include "core/os/os.hpp"
#include "net/ascii.hpp"

#include <aikit/net/http_client.hpp>

#include <charconv>

namespace aikit::inline v0::net {

namespace ip = boost::asio::ip;

namespace {

template <class Number>
bool read_number(std::string_view text, Number& number) {
    auto const [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
    return failed == std::errc() && end == text.data() + text.size() && !text.empty();
}

/// Takes ":port" off the end of an entry. A bare IPv6 address has colons of its own.
bool take_port(std::string_view& entry, std::uint16_t& port) {
    if (entry.starts_with('[')) {
        std::size_t const end = entry.find(']');
        if (end == std::string_view::npos) return false;
        std::string_view const rest = entry.substr(end + 1);
        entry = entry.substr(1, end - 1);
        if (rest.empty()) return true;
        return rest.front() == ':' && read_number(rest.substr(1), port) && port != 0;
    }
    std::size_t const colon = entry.find(':');
    if (colon == std::string_view::npos || entry.find(':', colon + 1) != std::string_view::npos) return true;
    std::string_view const digits = entry.substr(colon + 1);
    entry = entry.substr(0, colon);
    return read_number(digits, port) && port != 0;
}

/// True when the first `bits` bits agree; an IPv4 address inside an IPv6 one counts as itself.
bool agree(ip::address a, ip::address b, int bits) {
    auto const plain = [](ip::address const& address) {
        if (!address.is_v6() || !address.to_v6().is_v4_mapped()) return address;
        return ip::address(ip::make_address_v4(ip::v4_mapped, address.to_v6()));
    };
    a = plain(a);
    if (a.is_v4() != b.is_v4()) return false;
    auto const same = [bits](auto const& x, auto const& y) {
        for (int bit = 0; bit < bits; ++bit) {
            auto const byte = static_cast<std::size_t>(bit / 8);
            if (((x[byte] ^ y[byte]) >> (7 - bit % 8) & 1) != 0) return false;
        }
        return true;
    };
    if (a.is_v4()) return same(a.to_v4().to_bytes(), b.to_v4().to_bytes());
    return same(a.to_v6().to_bytes(), b.to_v6().to_bytes());
}

std::string base64(std::string_view bytes) {
    static constexpr char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string text;
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        std::size_t const count = std::min<std::size_t>(3, bytes.size() - i);
        std::uint32_t group = 0;
        for (std::size_t j = 0; j < 3; ++j)
            group = group << 8 | (j < count ? static_cast<unsigned char>(bytes[i + j]) : 0u);
        for (std::size_t j = 0; j < 4; ++j) text += j <= count ? digits[group >> (18 - 6 * j) & 63] : '=';
    }
    return text;
}

/// Undoes %XX; false when a '%' is followed by something else.
bool unescape(std::string_view text, std::string& out) {
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            out += text[i];
            continue;
        }
        unsigned char byte = 0;
        auto const [end, failed] =
            std::from_chars(text.data() + i + 1, text.data() + std::min(i + 3, text.size()), byte, 16);
        if (failed != std::errc() || end != text.data() + i + 3) return false;
        out += static_cast<char>(byte);
        i += 2;
    }
    return true;
}

}  // namespace

NoProxy::NoProxy(std::string_view list) {
    while (!list.empty()) {
        std::size_t const comma = list.find(',');
        Rule rule;
        if (read_rule(trim(list.substr(0, comma)), rule)) rules_.push_back(std::move(rule));
        list = comma == std::string_view::npos ? std::string_view() : list.substr(comma + 1);
    }
}

bool NoProxy::read_rule(std::string_view entry, Rule& rule) {
    if (entry.empty()) return false;
    std::size_t const slash = entry.find('/');
    if (slash == std::string_view::npos && !take_port(entry, rule.port)) return false;
    std::string const host = lower(entry.substr(0, slash));
    if (host == "*") {
        rule.kind = Rule::Kind::everything;
        return slash == std::string_view::npos;
    }
    boost::system::error_code failed;
    rule.address = ip::make_address(host, failed);
    if (!failed) {
        rule.kind = Rule::Kind::block;
        int const most = rule.address.is_v4() ? 32 : 128;
        rule.bits = most;
        if (slash == std::string_view::npos) return true;
        // "10.0.0.0/8", and with a port "10.0.0.0/8:3128".
        std::string_view bits = entry.substr(slash + 1);
        return take_port(bits, rule.port) && read_number(bits, rule.bits) && rule.bits >= 0 && rule.bits <= most;
    }
    if (slash != std::string_view::npos) return false;
    rule.name = host.starts_with("*.") ? host.substr(1) : host;
    rule.kind = rule.name.starts_with('.') ? Rule::Kind::below : Rule::Kind::name;
    return rule.name != ".";
}

bool NoProxy::matches(std::string_view host, std::uint16_t port) const {
    if (host.ends_with('.')) host.remove_suffix(1);
    boost::system::error_code no_address;
    ip::address const address = ip::make_address(std::string(host), no_address);
    for (Rule const& rule : rules_) {
        if (rule.port != 0 && rule.port != port) continue;
        switch (rule.kind) {
            case Rule::Kind::everything: return true;
            case Rule::Kind::block:
                if (!no_address && agree(address, rule.address, rule.bits)) return true;
                break;
            case Rule::Kind::below:
                if (no_address && host.size() > rule.name.size() && host.ends_with(rule.name)) return true;
                break;
            case Rule::Kind::name:
                if (host == rule.name || (no_address && host.ends_with('.' + rule.name))) return true;
                break;
        }
    }
    return false;
}

Result<Proxy> parse_proxy(std::string_view text, std::string_view field) {
    auto const refuse = [field](char const* what) {
        return fail(Errc::invalid_argument, "net: " + std::string(field) + " " + what);
    };
    if (std::size_t const scheme = text.find("://"); scheme != std::string_view::npos) {
        if (!equals_ignoring_case(text.substr(0, scheme), "http")) {
            return refuse("has a scheme other than http; only proxies that speak HTTP are supported");
        }
        text.remove_prefix(scheme + 3);
    }
    Proxy proxy;
    if (std::size_t const at = text.rfind('@'); at != std::string_view::npos) {
        std::string user;
        if (!unescape(text.substr(0, at), user)) return refuse("has a user or password with a broken %XX in it");
        proxy.authorization = Secret("Basic " + base64(user));
        os::overwrite(user.data(), user.size());
        text.remove_prefix(at + 1);
    }
    Result<Url> const url = parse_url("http://" + std::string(text));
    if (!url || (url->target != "/")) return refuse("is not of the form http://user:password@host:port");
    proxy.host = url->host;
    proxy.is_address = url->is_address;
    proxy.port = url->port;
    proxy.key = url->host_and_port();
    return proxy;
}

void proxies_from_env(HttpClientConfig& config) {
    auto const take = [](std::string& into, std::initializer_list<char const*> names) {
        for (char const* const name : names) {
            std::optional<std::string> value = os::environment(name);
            if (!value || value->empty()) continue;
            into = std::move(*value);
            return;
        }
    };
    take(config.https_proxy, {"https_proxy", "HTTPS_PROXY"});
    // In a CGI program HTTP_PROXY comes from a request's "Proxy" header (httpoxy, CVE-2016-5385).
    take(config.http_proxy, {"http_proxy"});
    take(config.no_proxy, {"no_proxy", "NO_PROXY"});
}

}  // namespace aikit::inline v0::net
