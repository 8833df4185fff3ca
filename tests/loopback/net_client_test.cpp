// SPDX-License-Identifier: MIT
// Covers src/net: requests and bodies over real connections.
#include "net_support.hpp"

#include <doctest/doctest.h>

namespace aikit_test {
namespace {

Reply hello(ServerRequest const&) {
    return Reply::whole(200, "hello", {{"Content-Type", "text/plain"}, {"X-Two", "2"}});
}

}  // namespace

TEST_CASE("a request arrives as it was given, and the answer as it was sent") {
    LoopbackServer server(hello);
    Net net;
    HttpRequest request = post(server.url("/v1/chat?a=b#fragment"), "{\"x\":1}");
    request.headers.add("Content-Type", "application/json");
    request.credential_header = "Authorization";
    request.credential = aikit::Secret("Bearer canary");

    Outcome const outcome = net.go(request);

    CHECK(outcome.status == 200);
    CHECK(outcome.body == "hello");
    CHECK(outcome.headers.find("x-two") == "2");
    REQUIRE(server.requests() == 1);
    ServerRequest const got = server.received()[0];
    CHECK(got.method == "POST");
    CHECK(got.target == "/v1/chat?a=b");
    CHECK(got.body == "{\"x\":1}");
    CHECK(got.header("host") == "127.0.0.1:" + std::to_string(server.port()));
    CHECK(got.header("content-length") == "7");
    CHECK(got.header("accept-encoding") == "gzip");
    CHECK(got.header("user-agent") == "aikit/0.1 (c++)");
    CHECK(got.header("authorization") == "Bearer canary");
    CHECK(got.headers.size() == 6);
}

TEST_CASE("a thousand requests one after the other share one connection") {
    LoopbackServer server(hello);
    Net net;
    for (int i = 0; i < 1000; ++i) REQUIRE(net.go(post(server.url(), "x")).body == "hello");

    CHECK(server.connections() == 1);
    CHECK(net.client->counts().opened == 1);
    CHECK(net.client->counts().idle == 1);
    CHECK(net.client->counts().open == 1);
}

TEST_CASE("a request may run on a loop that the client knows nothing of, and that ends before the client") {
    LoopbackServer server(hello);
    Net net;
    for (int i = 0; i < 20; ++i) {
        Outcome const outcome = aikit::testing::run(fetch(net.client, post(server.url(), "x"))).value();
        REQUIRE(outcome.body == "hello");
    }
    CHECK(server.connections() == 1);
}

}  // namespace aikit_test
