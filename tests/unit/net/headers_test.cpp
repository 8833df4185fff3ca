// SPDX-License-Identifier: MIT
// Covers src/net/transport.cpp: header fields, and reading a body whole.
#include <aikit/net/transport.hpp>
#include <aikit/testing/fake_transport.hpp>
#include <aikit/testing/run.hpp>

#include <doctest/doctest.h>

namespace aikit::inline v0::net {
namespace {

using Fields = std::vector<std::pair<std::string, std::string>>;

/// Sends a request to a transport that answers `pieces`, and reads the answer whole.
Result<std::string> read_pieces(std::vector<std::string> pieces, std::size_t limit) {
    testing::FakeTransport wire;
    wire.reply(200, std::move(pieces));
    auto const talk = [](HttpTransport& transport, std::size_t most) -> Task<std::string> {
        HttpRequest request;
        request.url = "http://fake/";
        Result<HttpResponse> response = co_await transport.send(std::move(request));
        if (!response) co_return response.error();
        co_return co_await read_all(*response->body, most);
    };
    return testing::run(talk(wire, limit));
}

}  // namespace

TEST_CASE("header fields keep their order and are found in any case") {
    Headers headers;
    headers.add("Content-Type", "a");
    headers.add("x-one", "1");
    headers.add("X-ONE", "2");

    CHECK(headers.find("content-type") == "a");
    CHECK(headers.find("X-One") == "1");
    CHECK_FALSE(headers.find("x-on").has_value());
    CHECK_FALSE(headers.find("").has_value());
    CHECK(headers.fields() == Fields{{"Content-Type", "a"}, {"x-one", "1"}, {"X-ONE", "2"}});
}

TEST_CASE("setting a header field replaces every one of that name") {
    Headers headers;
    headers.add("x-one", "1");
    headers.add("x-two", "2");
    headers.add("X-One", "3");

    headers.set("X-ONE", "4");
    headers.set("x-three", "5");

    CHECK(headers.fields() == Fields{{"x-one", "4"}, {"x-two", "2"}, {"x-three", "5"}});
}

TEST_CASE("a header field may be set from its own views") {
    Headers headers;
    headers.add("x-one", "a value that is too long to live inside its string");
    for (int i = 0; i < 20; ++i) headers.add("x-two", *headers.find("x-one"));
    headers.set(headers.fields()[0].first, *headers.find("x-two"));
    headers.set("x-new", *headers.find("x-one"));

    CHECK(headers.find("x-one") == "a value that is too long to live inside its string");
    CHECK(headers.find("x-new") == "a value that is too long to live inside its string");
}

TEST_CASE("a body is read whole up to the limit and no further") {
    CHECK(read_pieces({"Hel", "", "lo"}, 5).value() == "Hello");
    CHECK(read_pieces({}, 0).value().empty());
    CHECK(read_pieces({"Hel", "lo"}, 4).error().code == Errc::protocol);
    CHECK(read_pieces({"Hello"}, 4).error().code == Errc::protocol);
}

}  // namespace aikit::inline v0::net
