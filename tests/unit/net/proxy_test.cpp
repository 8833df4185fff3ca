// SPDX-License-Identifier: MIT
// Covers src/net/proxy.cpp: which hosts go through a proxy, and what a proxy's URL means.
#include "net/proxy.hpp"

#include <aikit/net/http_client.hpp>

#include <doctest/doctest.h>

#include <cstdlib>

namespace aikit::inline v0::net {
namespace {

struct Row {
    std::string list;
    std::string host;
    std::uint16_t port;
    bool direct;
};

std::vector<Row> const& table() {
    static std::vector<Row> const rows = {
        {"", "example.com", 443, false},
        {"*", "example.com", 443, true},
        {"*", "10.0.0.1", 80, true},
        {"*:80", "example.com", 443, false},
        {"*:80", "example.com", 80, true},
        {"example.com", "example.com", 443, true},
        {"Example.COM", "example.com", 443, true},
        {"example.com", "api.example.com", 443, true},
        {"example.com", "notexample.com", 443, false},
        {"example.com", "example.com.evil.org", 443, false},
        {"example.com", "example.org", 443, false},
        {"example.com", "com", 443, false},
        {"example.com", "example.com.", 443, true},
        {".example.com", "api.example.com", 443, true},
        {".example.com", "a.b.example.com", 443, true},
        {".example.com", "example.com", 443, false},
        {".example.com", "notexample.com", 443, false},
        {"*.example.com", "api.example.com", 443, true},
        {"*.example.com", "example.com", 443, false},
        {"example.com:443", "example.com", 443, true},
        {"example.com:443", "api.example.com", 443, true},
        {"example.com:443", "example.com", 8443, false},
        {".example.com:80", "a.example.com", 80, true},
        {".example.com:80", "a.example.com", 81, false},
        {"other.org, example.com ,\tx.y", "example.com", 443, true},
        {"other.org, example.com ,\tx.y", "x.y", 443, true},
        {",,example.com,,", "example.com", 443, true},
        {"localhost", "localhost", 11434, true},
        {"localhost", "127.0.0.1", 11434, false},
        {"127.0.0.1", "127.0.0.1", 11434, true},
        {"127.0.0.1", "127.0.0.2", 11434, false},
        {"127.0.0.1:80", "127.0.0.1", 80, true},
        {"127.0.0.1:80", "127.0.0.1", 81, false},
        {"127.0.0.0/8", "127.1.2.3", 80, true},
        {"127.0.0.0/8", "128.0.0.1", 80, false},
        {"10.0.0.0/8", "10.255.255.255", 80, true},
        {"10.1.2.3/8", "10.9.9.9", 80, true},
        {"10.0.0.0/8:3000", "10.0.0.1", 3000, true},
        {"10.0.0.0/8:3000", "10.0.0.1", 3001, false},
        {"192.168.1.0/24", "192.168.1.255", 80, true},
        {"192.168.1.0/24", "192.168.2.0", 80, false},
        {"192.168.1.128/25", "192.168.1.127", 80, false},
        {"192.168.1.128/25", "192.168.1.128", 80, true},
        {"10.0.0.1/32", "10.0.0.1", 80, true},
        {"10.0.0.1/32", "10.0.0.0", 80, false},
        {"0.0.0.0/0", "8.8.8.8", 80, true},
        {"0.0.0.0/0", "::1", 80, false},
        {"0.0.0.0/0", "example.com", 80, false},
        {"10.0.0.0/33", "10.0.0.1", 80, false},
        {"10.0.0.0/-1", "10.0.0.1", 80, false},
        {"10.0.0.0/", "10.0.0.1", 80, false},
        {"10.0.0.0/8x", "10.0.0.1", 80, false},
        {"10.0.0.1", "10.0.0.1.example.com", 80, false},
        {"0.1", "10.0.0.1", 80, false},
        {".0.1", "10.0.0.1", 80, false},
        {"::1", "::1", 80, true},
        {"::1", "::2", 80, false},
        {"[::1]", "::1", 80, true},
        {"[::1]:8080", "::1", 8080, true},
        {"[::1]:8080", "::1", 8081, false},
        {"0:0:0:0:0:0:0:1", "::1", 80, true},
        {"fd00::/8", "fd12:3456::1", 80, true},
        {"fd00::/8", "fe80::1", 80, false},
        {"[fd00::]/8", "fd00::1", 80, false},
        {"2001:db8::/33", "2001:db8:7fff::1", 80, true},
        {"2001:db8::/33", "2001:db8:8000::1", 80, false},
        {"127.0.0.0/8", "::ffff:127.0.0.1", 80, true},
        {"example.com:0", "example.com", 80, false},
        {"example.com:x", "example.com", 80, false},
        {"example.com:65536", "example.com", 80, false},
        {"example.com/8", "example.com", 80, false},
        {"*/8", "example.com", 80, false},
        {".", "example.com", 80, false},
    };
    return rows;
}

struct GoodProxy {
    std::string text;
    std::string key;
    std::string authorization;
};

}  // namespace

TEST_CASE("NO_PROXY is read entry by entry") {
    for (Row const& row : table()) {
        CAPTURE(row.list);
        CAPTURE(row.host);
        CAPTURE(row.port);
        CHECK(NoProxy(row.list).matches(row.host, row.port) == row.direct);
    }
}

TEST_CASE("a proxy is host and port, with the user and password it may ask for") {
    std::vector<GoodProxy> const rows = {
        {"http://proxy:3128", "proxy:3128", ""},
        {"http://proxy:3128/", "proxy:3128", ""},
        {"proxy:3128", "proxy:3128", ""},
        {"HTTP://Proxy", "proxy:80", ""},
        {"http://[::1]:3128", "[::1]:3128", ""},
        {"http://user:password@proxy:3128", "proxy:3128", "Basic dXNlcjpwYXNzd29yZA=="},
        {"user:password@proxy:3128", "proxy:3128", "Basic dXNlcjpwYXNzd29yZA=="},
        {"http://user@proxy:3128", "proxy:3128", "Basic dXNlcg=="},
        {"http://us%65r:p%40ss%3Aword@proxy:3128", "proxy:3128", "Basic dXNlcjpwQHNzOndvcmQ="},
        {"http://a:b@c@proxy:3128", "proxy:3128", "Basic YTpiQGM="},
    };
    for (GoodProxy const& row : rows) {
        CAPTURE(row.text);
        Result<Proxy> const proxy = parse_proxy(row.text, "https_proxy");
        REQUIRE(proxy.has_value());
        CHECK(proxy->key == row.key);
        CHECK(proxy->authorization.reveal() == row.authorization);
    }
}

TEST_CASE("what is no proxy is refused by name, and nothing of it is repeated") {
    for (std::string const& text :
         {std::string("https://canary@proxy:3128"), std::string("socks5://canary:1080"), std::string("http://"),
          std::string("http://canary:99999"), std::string("http://us%6:canary@proxy"),
          std::string("http://proxy/canary"), std::string("http://proxy?canary"), std::string("http://can ary:3128"),
          std::string("http://user:canary@")}) {
        CAPTURE(text);
        Result<Proxy> const proxy = parse_proxy(text, "https_proxy");
        REQUIRE(proxy.has_error());
        CHECK(proxy.error().code == Errc::invalid_argument);
        CHECK(proxy.error().message.find("https_proxy") != std::string::npos);
        CHECK(proxy.error().message.find("canary") == std::string::npos);
    }
}

TEST_CASE("proxies come from the environment, lower case first, and HTTP_PROXY is never read") {
    char const* const names[] = {"https_proxy", "HTTPS_PROXY", "http_proxy", "HTTP_PROXY", "no_proxy", "NO_PROXY"};
    for (char const* const name : names) ::unsetenv(name);

    ::setenv("HTTPS_PROXY", "upper:1", 1);
    ::setenv("HTTP_PROXY", "forged:1", 1);
    ::setenv("NO_PROXY", "upper.example", 1);
    HttpClientConfig upper;
    proxies_from_env(upper);
    CHECK(upper.https_proxy == "upper:1");
    CHECK(upper.http_proxy.empty());
    CHECK(upper.no_proxy == "upper.example");

    ::setenv("https_proxy", "lower:1", 1);
    ::setenv("http_proxy", "lower:2", 1);
    ::setenv("no_proxy", "lower.example", 1);
    HttpClientConfig lower;
    proxies_from_env(lower);
    CHECK(lower.https_proxy == "lower:1");
    CHECK(lower.http_proxy == "lower:2");
    CHECK(lower.no_proxy == "lower.example");

    for (char const* const name : names) ::unsetenv(name);
    HttpClientConfig kept;
    kept.https_proxy = "configured:1";
    proxies_from_env(kept);
    CHECK(kept.https_proxy == "configured:1");
}

}  // namespace aikit::inline v0::net
