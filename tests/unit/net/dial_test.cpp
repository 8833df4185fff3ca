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

TEST_CASE("a name of this machine is found, each address once, and another is a connection error that names it") {
    Result<Addresses> const here = look_up("localhost");
    REQUIRE(here.has_value());
    for (std::size_t i = 0; i < here->size(); ++i) {
        CHECK((*here)[i].is_loopback());
        for (std::size_t j = 0; j < i; ++j) CHECK((*here)[i] != (*here)[j]);
    }
    Result<Addresses> const nowhere = look_up("no-such-host.invalid");
    REQUIRE(nowhere.has_error());
    CHECK(nowhere.error().code == Errc::connection);
    CHECK(nowhere.error().message.find("no-such-host.invalid") != std::string::npos);
}

}  // namespace aikit::inline v0::net
