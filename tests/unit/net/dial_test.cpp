// SPDX-License-Identifier: MIT
// Covers src/net/dial.cpp and resolver.cpp: the order of addresses, and where they come from.
#include "net/dial.hpp"

#include <doctest/doctest.h>

namespace aikit::inline v0::net {
namespace {

Addresses list(std::vector<std::string> const& texts) {
    Addresses addresses;
    for (std::string const& text : texts) addresses.push_back(boost::asio::ip::make_address(text));
    return addresses;
}

}  // namespace

TEST_CASE("address families take turns, beginning with the one that came first") {
    CHECK(interleave(list({})) == list({}));
    CHECK(interleave(list({"1.1.1.1"})) == list({"1.1.1.1"}));
    CHECK(interleave(list({"1.1.1.1", "1.1.1.2"})) == list({"1.1.1.1", "1.1.1.2"}));
    CHECK(interleave(list({"::1", "::2", "1.1.1.1", "1.1.1.2"})) == list({"::1", "1.1.1.1", "::2", "1.1.1.2"}));
    CHECK(interleave(list({"1.1.1.1", "1.1.1.2", "1.1.1.3", "::1"})) == list({"1.1.1.1", "::1", "1.1.1.2", "1.1.1.3"}));
}

TEST_CASE("localhost and the names below it are this machine, whatever its files say") {
    for (std::string const name : {"localhost", "LocalHost", "localhost.", "models.localhost", "a.b.LOCALHOST."}) {
        CAPTURE(name);
        Result<Addresses> const here = look_up(name);
        REQUIRE(here.has_value());
        CHECK(*here == list({"127.0.0.1", "::1"}));
    }
    for (std::string const name : {"localhost.invalid", "xlocalhost.invalid", ".invalid"}) {
        CAPTURE(name);
        CHECK(look_up(name).has_error());
    }
}

TEST_CASE("a name's addresses come once each, and a name that has none is a connection error that names it") {
    Result<Addresses> const here = look_up("127.0.0.1");  // the system gives it once for each kind of socket
    REQUIRE(here.has_value());
    CHECK(*here == list({"127.0.0.1"}));
    Result<Addresses> const nowhere = look_up("no-such-host.invalid");
    REQUIRE(nowhere.has_error());
    CHECK(nowhere.error().code == Errc::connection);
    CHECK(nowhere.error().message.find("no-such-host.invalid") != std::string::npos);
}

}  // namespace aikit::inline v0::net
