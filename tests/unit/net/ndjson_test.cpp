// SPDX-License-Identifier: MIT
// Covers src/net/sse.cpp: one JSON document a line.
#include "net/sse.hpp"

#include <doctest/doctest.h>

namespace aikit::inline v0::net {
namespace {

using Lines = std::vector<std::string>;

Lines decode(std::vector<std::string_view> const& pieces) {
    NdjsonDecoder decoder;
    Lines lines;
    for (std::string_view const piece : pieces) {
        REQUIRE(decoder.feed(piece).has_value());
        while (std::optional<std::string> line = decoder.next()) lines.push_back(std::move(*line));
    }
    REQUIRE(decoder.finish().has_value());
    while (std::optional<std::string> line = decoder.next()) lines.push_back(std::move(*line));
    return lines;
}

struct Row {
    std::string bytes;
    Lines lines;
};

std::vector<Row> const& table() {
    static std::vector<Row> const rows = {
        {"", {}},
        {"{\"a\":1}\n{\"b\":2}\n", {"{\"a\":1}", "{\"b\":2}"}},
        {"{\"a\":1}\r\n{\"b\":2}\r\n", {"{\"a\":1}", "{\"b\":2}"}},
        {"{\"a\":1}\n{\"b\":2}", {"{\"a\":1}", "{\"b\":2}"}},
        {"\n\n{\"a\":1}\n \t\r\n\n{\"b\":2}\n\n", {"{\"a\":1}", "{\"b\":2}"}},
        {"\xEF\xBB\xBF{\"a\":1}\n", {"{\"a\":1}"}},
        {"{\"a\":\r1}\n", {"{\"a\":\r1}"}},
        {"{\"a\":\"\xF0\x9F\x98\x80\"}\n", {"{\"a\":\"\xF0\x9F\x98\x80\"}"}},
        {"\xEF\xBB", {"\xEF\xBB"}},
    };
    return rows;
}

}  // namespace

TEST_CASE("JSON lines come whole however they are cut in two or three") {
    for (Row const& row : table()) {
        CAPTURE(row.bytes);
        std::string_view const bytes = row.bytes;
        for (std::size_t first = 0; first <= bytes.size(); ++first) {
            for (std::size_t second = first; second <= bytes.size(); ++second) {
                CAPTURE(first);
                CAPTURE(second);
                std::vector<std::string_view> const pieces = {
                    bytes.substr(0, first), bytes.substr(first, second - first), bytes.substr(second)};
                CHECK(decode(pieces) == row.lines);
            }
        }
    }
}

TEST_CASE("a JSON line over the cap is a protocol error, for good") {
    std::string const line(max_line, '1');
    NdjsonDecoder decoder;
    REQUIRE(decoder.feed(line).has_value());
    REQUIRE(decoder.feed("\n").has_value());
    std::optional<std::string> const got = decoder.next();
    REQUIRE(got.has_value());
    CHECK(got->size() == max_line);
    REQUIRE(decoder.feed(line).has_value());
    CHECK(decoder.feed("1").error().code == Errc::protocol);
    CHECK(decoder.feed("\n").error().code == Errc::protocol);
    CHECK(decoder.finish().error().code == Errc::protocol);
}

TEST_CASE("JSON lines fed after the end are refused") {
    NdjsonDecoder decoder;
    REQUIRE(decoder.finish().has_value());
    CHECK(decoder.feed("{}\n").error().code == Errc::invalid_state);
}

}  // namespace aikit::inline v0::net
