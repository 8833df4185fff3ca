// SPDX-License-Identifier: MIT
// Covers src/net/url.cpp: which URLs are taken, and what they mean.
#include "net/url.hpp"

#include <doctest/doctest.h>

#include <vector>

namespace aikit::inline v0::net {
namespace {

struct Good {
    std::string text;
    std::string origin;
    std::string host_field;
    std::string target;
};

std::vector<Good> const& good() {
    static std::vector<Good> const rows = {
        {"https://api.example.com/v1/chat", "https://api.example.com:443", "api.example.com", "/v1/chat"},
        {"https://api.example.com", "https://api.example.com:443", "api.example.com", "/"},
        {"https://api.example.com?a=b", "https://api.example.com:443", "api.example.com", "/?a=b"},
        {"HTTPS://API.Example.COM/V1", "https://api.example.com:443", "api.example.com", "/V1"},
        {"http://localhost:11434/api", "http://localhost:11434", "localhost:11434", "/api"},
        {"http://localhost:80/api", "http://localhost:80", "localhost", "/api"},
        {"https://localhost:80/api", "https://localhost:80", "localhost:80", "/api"},
        {"https://localhost:443/api", "https://localhost:443", "localhost", "/api"},
        {"http://localhost:/api", "http://localhost:80", "localhost", "/api"},
        {"http://127.0.0.1:1/", "http://127.0.0.1:1", "127.0.0.1:1", "/"},
        {"http://[::1]:8080/x", "http://[::1]:8080", "[::1]:8080", "/x"},
        {"https://[2001:DB8::1]/x", "https://[2001:db8::1]:443", "[2001:db8::1]", "/x"},
        {"http://a/b?c=d&e=%20f#g?h", "http://a:80", "a", "/b?c=d&e=%20f"},
        {"http://a/#", "http://a:80", "a", "/"},
        {"http://a/b?", "http://a:80", "a", "/b?"},
        {"http://under_score.example.:65535/", "http://under_score.example.:65535", "under_score.example.:65535", "/"},
        {"http://a//b/../c", "http://a:80", "a", "//b/../c"},
    };
    return rows;
}

std::vector<std::string> const& bad() {
    static std::vector<std::string> const rows = {
        "",
        "api.example.com",
        "/v1",
        "//host/",
        "ftp://host/",
        "file:///etc/passwd",
        "https:",
        "https:/host",
        "https://",
        "https:///path",
        "https://:443/",
        "http://user@host/",
        "http://user:pw@host/",
        "http://@host/",
        "http://host:0/",
        "http://host:65536/",
        "http://host:99999999999/",
        "http://host:8a/",
        "http://ho st/",
        "http://host/a b",
        "http://host/a\nb",
        "http://host/\r\nX: y",
        std::string("http://host/\0", 13),
        "http://host/\xC3\xA4",
        "http://h\xC3\xB6st/",
        "http://ho%73t/",
        "http://[::1/",
        "http://[v1.x]/",
        "http://[::g]/",
        "http://.host/",
        "http://host,other/",
        "http://host|/",
        "javascript:alert(1)",
        "http://host/%zz",
    };
    return rows;
}

}  // namespace

TEST_CASE("an http URL gives origin, host field and target") {
    for (Good const& row : good()) {
        CAPTURE(row.text);
        Result<Url> const url = parse_url(row.text);
        REQUIRE(url.has_value());
        CHECK(url->origin() == row.origin);
        CHECK(url->host_field() == row.host_field);
        CHECK(url->target == row.target);
    }
}

TEST_CASE("addresses are told from names") {
    CHECK(parse_url("http://127.0.0.1/")->is_address);
    CHECK(parse_url("http://[::1]/")->is_address);
    CHECK_FALSE(parse_url("http://localhost/")->is_address);
    CHECK_FALSE(parse_url("http://1.2.3.4.example/")->is_address);
    CHECK_FALSE(parse_url("http://0x7f.1/")->is_address);
    CHECK(parse_url("http://1.2.3.4.example/")->host == "1.2.3.4.example");
    CHECK(parse_url("http://[::1]/")->host == "::1");
}

TEST_CASE("what is no plain http URL is refused, and the sentence repeats nothing of it") {
    for (std::string const& text : bad()) {
        CAPTURE(text);
        Result<Url> const url = parse_url(text);
        REQUIRE(url.has_error());
        CHECK(url.error().code == Errc::invalid_argument);
        CHECK(url.error().remote_detail.empty());
        for (char const* const secret : {"pw", "user:", "alert", "passwd"}) {
            CHECK(url.error().message.find(secret) == std::string::npos);
        }
    }
}

}  // namespace aikit::inline v0::net
