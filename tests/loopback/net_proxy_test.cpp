// SPDX-License-Identifier: MIT
// Covers src/net: requests through proxies, and around them.
#include "net_support.hpp"

#include <doctest/doctest.h>

namespace aikit_test {
namespace {

Reply hello(ServerRequest const&) {
    return Reply::whole(200, "hello");
}

std::string open_tunnel(std::string const&) {
    return "HTTP/1.1 200 Connection established\r\n\r\n";
}

struct Tls {
    TestAuthority authority;
    LoopbackServer server{hello, authority.issue()};

    HttpClientConfig config() const {
        HttpClientConfig made;
        made.ca_file = authority.write(scratch() / "proxy-ca.pem");
        return made;
    }
};

HttpRequest with_key(HttpRequest request) {
    request.credential_header = "Authorization";
    request.credential = aikit::Secret("Bearer canary");
    return request;
}

}  // namespace

TEST_CASE_FIXTURE(Tls, "an https request goes through a tunnel, and the proxy sees nothing of it") {
    TunnelProxy proxy(open_tunnel);
    HttpClientConfig settings = config();
    settings.https_proxy = "http://user:p%40ss@127.0.0.1:" + std::to_string(proxy.port());
    Net net(settings);
    for (int i = 0; i < 3; ++i) CHECK(net.go(with_key(post(server.url("/path"), "x"))).body == "hello");

    REQUIRE(proxy.heads().size() == 1);
    std::string const authority_form = "localhost:" + std::to_string(server.port());
    CHECK(proxy.heads()[0] == "CONNECT " + authority_form + " HTTP/1.1\r\nHost: " + authority_form +
                                  "\r\nUser-Agent: aikit/0.1 (c++)\r\nProxy-Authorization: Basic dXNlcjpwQHNz\r\n\r\n");
    CHECK(server.received()[0].header("authorization") == "Bearer canary");
    CHECK_FALSE(server.received()[0].header("proxy-authorization").has_value());
    CHECK(server.received()[0].target == "/path");
    CHECK(server.connections() == 1);
}

TEST_CASE_FIXTURE(Tls,
                  "a proxy that refuses, talks nonsense or dies is a connection error, and nothing goes around it") {
    struct Row {
        std::string answer;
        Errc code;
        std::string says;
    };
    std::vector<Row> const rows = {
        {"HTTP/1.1 407 Authenticate\r\nContent-Length: 0\r\n\r\n", Errc::connection, "407"},
        {"HTTP/1.1 403 No\r\nContent-Length: 2\r\n\r\nno", Errc::connection, "403"},
        {"HTTP/1.1 502 Bad\r\n\r\n", Errc::connection, "502"},
        {"HTTP/1.1 302 There\r\nLocation: http://evil.example/\r\n\r\n", Errc::connection, "302"},
        {"garbage\r\n\r\n", Errc::protocol, "HTTP"},
        {"HTTP/1.1 abc\r\n\r\n", Errc::protocol, "status"},
        {"HTTP/1.1 40", Errc::connection, "ended"},
    };
    std::string answer;
    TunnelProxy proxy([&](std::string const&) { return answer; });
    HttpClientConfig settings = config();
    settings.https_proxy = "http://user:canary@127.0.0.1:" + std::to_string(proxy.port());
    Net net(settings);
    for (Row const& row : rows) {
        answer = row.answer;
        CAPTURE(answer);
        Outcome const outcome = net.go(with_key(post(server.url(), "x")));
        CHECK(outcome.code() == row.code);
        REQUIRE(outcome.error.has_value());
        CAPTURE(outcome.error->message);
        CHECK(outcome.error->message.find(row.says) != std::string::npos);
        CHECK(outcome.error->message.find("canary") == std::string::npos);
        CHECK(outcome.error->http_status == 0);
        CHECK_FALSE(outcome.error->maybe_executed);
    }
    answer = "HTTP/1.1 200 OK\r\n\r\nand bytes of its own";
    CHECK(net.go(post(server.url(), "x")).code() == Errc::protocol);
    answer.clear();
    HttpRequest hanging = post(server.url(), "x");
    hanging.limits.connect = 150ms;
    CHECK(net.go(hanging).code() == Errc::timeout);
    CHECK(server.requests() == 0);
    CHECK(server.bytes_received() == 0);
    CHECK(net.client->counts().open == 0);
}

TEST_CASE_FIXTURE(Tls, "a proxy that is not there is a connection error, and nothing goes around it") {
    std::uint16_t port = 0;
    {
        TunnelProxy gone(open_tunnel);
        port = gone.port();
    }
    HttpClientConfig settings = config();
    settings.https_proxy = "127.0.0.1:" + std::to_string(port);
    settings.http_proxy = settings.https_proxy;
    Net net(settings);
    LoopbackServer plain(hello);
    CHECK(net.go(post(server.url(), "x")).code() == Errc::connection);
    CHECK(net.go(post(plain.url(), "x")).code() == Errc::connection);
    CHECK(server.connections() == 0);
    CHECK(plain.connections() == 0);
}

TEST_CASE_FIXTURE(Tls, "a proxy that listens in is found out by its certificate") {
    TestAuthority other;
    LoopbackServer impostor(hello, other.issue());
    TunnelProxy proxy([&](std::string const& head) { return open_tunnel(head); });
    // The tunnel leads to the impostor because the port does.
    HttpClientConfig settings = config();
    settings.https_proxy = "127.0.0.1:" + std::to_string(proxy.port());
    Net net(settings);
    Outcome const outcome = net.go(with_key(post(impostor.url(), "x")));
    CHECK(outcome.code() == Errc::connection);
    CHECK(impostor.bytes_received() == 0);
}

TEST_CASE("an http request goes to the proxy in absolute form") {
    LoopbackServer proxy(hello);
    HttpClientConfig settings;
    settings.http_proxy = "http://user:pw@127.0.0.1:" + std::to_string(proxy.port());
    Net net(settings);
    CHECK(net.go(with_key(post("http://api.example/v1?a=b#c", "x"))).body == "hello");
    CHECK(net.go(post("http://api.example:8080/", "x")).body == "hello");

    REQUIRE(proxy.requests() == 2);
    ServerRequest const first = proxy.received()[0];
    CHECK(first.target == "http://api.example/v1?a=b");
    CHECK(first.header("host") == "api.example");
    CHECK(first.header("proxy-authorization") == "Basic dXNlcjpwdw==");
    CHECK(first.header("authorization") == "Bearer canary");
    CHECK(proxy.received()[1].target == "http://api.example:8080/");
    // Requests to different origins do not share a connection, whatever carries them.
    CHECK(proxy.connections() == 2);
}

TEST_CASE_FIXTURE(Tls, "each scheme has its own proxy, and what NO_PROXY names has none") {
    TunnelProxy tunnel(open_tunnel);
    LoopbackServer forwarder([](ServerRequest const&) { return Reply::whole(200, "forwarded"); });
    LoopbackServer plain(hello);
    struct Row {
        std::string no_proxy;
        bool https_direct;
        bool http_direct;
    };
    std::string const tls_port = std::to_string(server.port());
    std::string const plain_port = std::to_string(plain.port());
    std::vector<Row> const rows = {
        {"", false, false},
        {"*", true, true},
        {"localhost", true, false},
        {"127.0.0.1", false, true},
        {"127.0.0.0/8", false, true},
        {"localhost:" + tls_port, true, false},
        {"localhost:1", false, false},
        {"127.0.0.1:" + plain_port, false, true},
        {"example.com, localhost ,127.0.0.0/16", true, true},
        {".localhost", false, false},
    };
    for (Row const& row : rows) {
        CAPTURE(row.no_proxy);
        HttpClientConfig settings = config();
        settings.https_proxy = "127.0.0.1:" + std::to_string(tunnel.port());
        settings.http_proxy = "127.0.0.1:" + std::to_string(forwarder.port());
        settings.no_proxy = row.no_proxy;
        Net net(settings);
        std::size_t const before = tunnel.heads().size();
        CHECK(net.go(post(server.url(), "x")).body == "hello");
        CHECK((tunnel.heads().size() == before) == row.https_direct);
        int const seen = plain.connections();
        CHECK(net.go(post(plain.url(), "x")).body == (row.http_direct ? "hello" : "forwarded"));
        CHECK((plain.connections() > seen) == row.http_direct);
    }
}

}  // namespace aikit_test
