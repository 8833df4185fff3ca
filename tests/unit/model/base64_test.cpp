// SPDX-License-Identifier: MIT
#include "model/base64.hpp"

#include <doctest/doctest.h>

#include <random>

using namespace aikit;

TEST_CASE("base64 is that of RFC 4648") {
    std::vector<std::pair<std::string, std::string>> const vectors{{"", ""},
                                                                   {"f", "Zg=="},
                                                                   {"fo", "Zm8="},
                                                                   {"foo", "Zm9v"},
                                                                   {"foob", "Zm9vYg=="},
                                                                   {"fooba", "Zm9vYmE="},
                                                                   {"foobar", "Zm9vYmFy"},
                                                                   {std::string("\xFB\xFF\xFE", 3), "+//+"}};
    for (auto const& [bytes, text] : vectors) {
        CHECK(to_base64(bytes) == text);
        CHECK(from_base64(text) == bytes);
    }
}

TEST_CASE("only what to_base64 writes is read") {
    for (std::string const text : {"Zg", "Zg=", "Zg===", "Z===", "====", "=Zg=", "Zm9v\n", "Zm 9",
                                   "Zh==", "Zm9=", "Zm-_", "Zm9vYg==Zm9v", "\xC3\xA9==", "Zg==Zg=="}) {
        CAPTURE(text);
        CHECK(!from_base64(text).has_value());
    }
}

TEST_CASE("any bytes come back") {
    std::mt19937 draw(1);
    for (int round = 0; round < 2'000; ++round) {
        std::string bytes(draw() % 70, '\0');
        for (char& c : bytes) c = static_cast<char>(draw() & 0xFF);
        REQUIRE(from_base64(to_base64(bytes)) == bytes);
    }
}
