// SPDX-License-Identifier: MIT
#include "model/json_scan.hpp"

#include "model/json_exact.hpp"

#include <doctest/doctest.h>

using namespace aikit;

namespace {

bool passes(std::string_view text) {
    JsonScan scan(text);
    return scan.skip() && scan.finished();
}

/// The parser's reading; nothing where it finds no JSON.
std::optional<json::value> parsed(std::string_view text) {
    Result<json::value> value = json_exact::parse(text, "test");
    return value ? std::optional<json::value>(std::move(*value)) : std::nullopt;
}

std::string const document =
    "{ \"a\" : [ 1, -0.5e3,\t2.25, true, false, null ],\r\n \"b\" : { \"c d\" : \"x \\\" \\\\ \\/ "
    "\\u00e9\\ud83d\\ude00 "
    "\xC3\xA9\xF0\x9F\x98\x80\" }, \"long enough for eight bytes at a time\" : [ ], \"e\" : { } }";

}  // namespace

TEST_CASE("what a scan lets pass is what the parser lets pass, for each byte cut or changed") {
    REQUIRE(passes(document));
    int passed = 0;
    for (std::size_t at = 0; at < document.size(); ++at) {
        CAPTURE(at);
        CHECK(!passes(std::string_view(document).substr(0, at)));
        for (int byte = 0; byte < 256; ++byte) {
            std::string changed = document;
            changed[at] = static_cast<char>(byte);
            if (!passes(changed)) continue;
            ++passed;
            CAPTURE(byte);
            CHECK(parsed(changed).has_value());
        }
        std::string shorter = document;
        shorter.erase(at, 1);
        if (passes(shorter)) CHECK(parsed(shorter).has_value());
    }
    CHECK(passed > 1000);
}

TEST_CASE("a scan lets ordinary JSON pass and nothing else") {
    for (char const* fine :
         {"0", "-1", "1.5", "1e5", "1E-5", "1e+05", "\"\"", "[]", "{}", " [1 , 2] ", "\"\\u0000\""}) {
        CAPTURE(fine);
        CHECK(passes(fine));
    }
    for (char const* wrong : {"",
                              " ",
                              "-",
                              "01",
                              "+1",
                              ".5",
                              "1.",
                              "1e",
                              "1e+",
                              "0x1",
                              "nul",
                              "nulll",
                              "True",
                              "\"",
                              "\"\n\"",
                              "\"\\x\"",
                              "\"\\u12\"",
                              "\"\\ud800\"",
                              "\"\\udc00\"",
                              "\"\\ud800\\u0041\"",
                              "\"\xFF\"",
                              "\"\xC0\x80\"",
                              "\"\xED\xA0\x80\"",
                              "[1,]",
                              "[,1]",
                              "[1 2]",
                              "{\"a\"}",
                              "{\"a\":}",
                              "{\"a\":1,}",
                              "{a:1}",
                              "[1]]",
                              "1 2",
                              "[",
                              "{",
                              "'a'",
                              "//",
                              "[1]x"}) {
        CAPTURE(wrong);
        CHECK(!passes(wrong));
        CHECK(!parsed(wrong).has_value());
    }
    CHECK(!passes(std::string(100'000, '[')));
    CHECK(!passes(std::string_view("[1]\0", 4)));
}

TEST_CASE("a copy says what the text says, without the space between its tokens") {
    JsonScan scan(document);
    std::string copy;
    REQUIRE(scan.copy(copy));
    CHECK(parsed(copy) == parsed(document));
    CHECK(copy.find_first_of("\t\r\n") == std::string::npos);
    CHECK(copy.starts_with("{\"a\":[1,-0.5e3,2.25,"));
    JsonScan again(copy);
    std::string same;
    REQUIRE(again.copy(same));
    CHECK(same == copy);
}

TEST_CASE("a string is what the parser reads, however it is written") {
    for (char const* text :
         {R"("")", R"("plain")", R"("a\nb\t\"\\\/\b\f\r")", R"("\u0041\u00e9\u20ac\ud83d\ude00\u0000!")",
          "\"\xE2\x82\xAC and more than eight bytes of it\"", R"("ends in an escape\n")"}) {
        CAPTURE(text);
        JsonScan scan(text);
        std::string read = "old";
        REQUIRE(scan.string(read));
        CHECK(scan.finished());
        CHECK(json::value(read) == *parsed(text));
    }
    std::string out;
    CHECK(!JsonScan("1").string(out));
    CHECK(!JsonScan("\"cut").string(out));
}

TEST_CASE("a count is digits and nothing else") {
    std::int64_t count = -1;
    CHECK(JsonScan("0").count(count));
    CHECK(count == 0);
    CHECK(JsonScan("123456789012345,").count(count));
    CHECK(count == 123456789012345);
    for (char const* other : {"", "-1", "01", "1.0", "1e3", "1234567890123456", "null", "\"1\""}) {
        CAPTURE(other);
        CHECK(!JsonScan(other).count(count));
    }
}

TEST_CASE("what is left of an object is kept once, member by member") {
    std::string rest;
    JsonRest keep(rest);
    JsonScan scan(R"({"a":1, "b" : [ 2 ], "c":3})");
    CHECK(scan.object([&](std::string_view key) { return key == "a" ? scan.skip() : keep.keep(key, scan); }));
    keep.close();
    CHECK(rest == R"({"b":[2],"c":3})");

    std::string none;
    JsonRest nothing(none);
    nothing.close();
    CHECK(none.empty());

    std::string twice;
    JsonRest refuses(twice);
    JsonScan doubled(R"({"a":1,"a":2})");
    CHECK(!doubled.object([&](std::string_view key) { return refuses.keep(key, doubled); }));
}
