// SPDX-License-Identifier: MIT
// Covers src/net/sse.cpp and lines.hpp: Server-Sent Events by the tables of the standard, however the bytes are cut.
#include "net/sse.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <ctime>
#include <ostream>
#include <string>
#include <vector>

namespace aikit::inline v0::net {

bool operator==(SseEvent const& a, SseEvent const& b) {
    return a.type == b.type && a.data == b.data;
}

std::ostream& operator<<(std::ostream& out, SseEvent const& event) {
    return out << '[' << event.type << '|' << event.data << ']';
}

namespace {

SseEvent event(std::string data, std::string type = {}) {
    SseEvent made;
    made.type = std::move(type);
    made.data = std::move(data);
    return made;
}

void drain(SseDecoder& decoder, std::vector<SseEvent>& events) {
    while (std::optional<SseEvent> next = decoder.next()) events.push_back(std::move(*next));
}

std::vector<SseEvent> decode(std::vector<std::string_view> const& pieces) {
    SseDecoder decoder;
    std::vector<SseEvent> events;
    for (std::string_view const piece : pieces) {
        REQUIRE(decoder.feed(piece).has_value());
        drain(decoder, events);
    }
    REQUIRE(decoder.finish().has_value());
    drain(decoder, events);
    return events;
}

struct Row {
    std::string name;
    std::string bytes;
    std::vector<SseEvent> events;
};

/// The examples of the standard (9.2.6, 9.2.7) and what real servers were seen to send.
std::vector<Row> const& table() {
    static std::vector<Row> const rows = {
        {"one line", "data: hi\n\n", {event("hi")}},
        {"no space after the colon", "data:hi\n\n", {event("hi")}},
        {"only one space is dropped", "data:  hi\n\n", {event(" hi")}},
        {"a tab is no space", "data:\thi\n\n", {event("\thi")}},
        {"a colon in the value", "data: a:b\n\n", {event("a:b")}},
        {"stock ticks", "data: YHOO\ndata: +2\ndata: 10\n\n", {event("YHOO\n+2\n10")}},
        {"comments and ids",
         ": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n\n",
         {event("first event"), event("second event"), event(" third event")}},
        {"empty data", "data\n\ndata\ndata\n\ndata:", {event(""), event("\n"), event("")}},
        {"space or none is the same", "data:test\n\ndata: test\n\n", {event("test"), event("test")}},
        {"named event", "event: add\ndata: 73857293\n\n", {event("73857293", "add")}},
        {"name after the data", "data: 1\nevent: add\n\n", {event("1", "add")}},
        {"the name is for one event", "event: add\ndata: 1\n\ndata: 2\n\n", {event("1", "add"), event("2")}},
        {"a name without data is nothing", "event: ping\n\ndata: 1\n\n", {event("1")}},
        {"the last name counts", "event: a\nevent: b\ndata: 1\n\n", {event("1", "b")}},
        {"an empty name", "event\ndata: 1\n\n", {event("1")}},
        {"CRLF", "event: a\r\ndata: 1\r\n\r\ndata: 2\r\n\r\n", {event("1", "a"), event("2")}},
        {"CR", "event: a\rdata: 1\r\rdata: 2\r\r", {event("1", "a"), event("2")}},
        {"all kinds of ends",
         "data: 1\r\n\ndata: 2\n\r\ndata: 3\r\r\ndata: 4\n\rdata: 5\r\n\r\n",
         {event("1"), event("2"), event("3"), event("4"), event("5")}},
        {"byte order mark",
         "\xEF\xBB\xBF"
         "data: 1\n\n",
         {event("1")}},
        {"two byte order marks",
         "\xEF\xBB\xBF\xEF\xBB\xBF"
         "data: 1\n\ndata: 2\n\n",
         {event("2")}},
        {"half a byte order mark",
         "\xEF\xBB"
         "data: 1\n\ndata: 2\n\n",
         {event("2")}},
        {"a byte order mark later is text",
         "data: 1\n\n\xEF\xBB\xBF"
         "data: 2\n\n",
         {event("1")}},
        {"only a byte order mark", "\xEF\xBB\xBF", {}},
        {"comments only", ": OPENROUTER PROCESSING\n\n:\n\n: ping - 2026\n\n", {}},
        {"comment inside an event", "data: 1\n: keep-alive\ndata: 2\n\n", {event("1\n2")}},
        {"unknown fields", "foo: bar\nDATA: 1\ndatas: 2\n data: 3\ndata: 4\n\n", {event("4")}},
        {"retry and id", "retry: 1000\nid: 7\ndata: 1\n\n", {event("1")}},
        {"no blank line at the end", "data: 1\n\ndata: 2\n", {event("1"), event("2")}},
        {"no line end at the end", "data: 1\n\ndata: 2", {event("1"), event("2")}},
        {"CR at the end", "data: 1\r", {event("1")}},
        {"nothing", "", {}},
        {"blank lines", "\n\r\n\r\r\n\n", {}},
        {"UTF-8 is passed on", "data: \xE4\xBD\xA0\xF0\x9F\x98\x80\n\n", {event("\xE4\xBD\xA0\xF0\x9F\x98\x80")}},
        {"NUL and broken UTF-8 are passed on",
         std::string("data: a\0\xFF\n\n", 10),
         {event(std::string("a\0\xFF", 3))}},
        {"chat chunks and the marker", "data: {\"a\":1}\n\ndata: [DONE]\n\n", {event("{\"a\":1}"), event("[DONE]")}},
        {"bare JSON", "{\"error\":{\"code\":1}}", {event("{\"error\":{\"code\":1}}", "raw")}},
        {"bare JSON after chunks",
         "data: 1\n\n{\n  \"error\": {\n    \"code\": 499\n  }\n}\n",
         {event("1"), event("{\n  \"error\": {\n    \"code\": 499\n  }\n}", "raw")}},
        {"bare JSON before chunks", "{\"error\":1}\ndata: 1\n\n", {event("{\"error\":1}", "raw"), event("1")}},
        {"bare JSON ends at a blank line",
         "{\"error\":1}\n\n}\ndata: 1\n\n",
         {event("{\"error\":1}", "raw"), event("1")}},
        {"bare JSON right after data", "data: 1\n{\"error\":1}\n", {event("1"), event("{\"error\":1}", "raw")}},
        {"bare JSON and a comment", "{\"a\":1}\n: ping\n\n", {event("{\"a\":1}", "raw")}},
        {"a name before bare JSON", "event: error\n{\"a\":1}\n\n", {event("{\"a\":1}", "raw")}},
    };
    return rows;
}

}  // namespace

TEST_CASE("each row of the SSE table gives its events in one piece") {
    for (Row const& row : table()) {
        CAPTURE(row.name);
        CHECK(decode({row.bytes}) == row.events);
    }
}

TEST_CASE("each row of the SSE table gives its events however it is cut in two or three") {
    for (Row const& row : table()) {
        CAPTURE(row.name);
        std::string_view const bytes = row.bytes;
        for (std::size_t first = 0; first <= bytes.size(); ++first) {
            for (std::size_t second = first; second <= bytes.size(); ++second) {
                std::vector<std::string_view> const pieces = {
                    bytes.substr(0, first), bytes.substr(first, second - first), bytes.substr(second)};
                if (decode(pieces) == row.events) continue;
                CAPTURE(first);
                CAPTURE(second);
                CHECK(decode(pieces) == row.events);
            }
        }
    }
}

TEST_CASE("each row of the SSE table gives its events byte by byte") {
    for (Row const& row : table()) {
        CAPTURE(row.name);
        std::vector<std::string_view> pieces;
        for (std::size_t i = 0; i < row.bytes.size(); ++i) pieces.push_back(std::string_view(row.bytes).substr(i, 1));
        CHECK(decode(pieces) == row.events);
    }
}

TEST_CASE("an event is handed over with its blank line, not with the byte after it") {
    for (std::string const end : {"\n\n", "\r\n\r\n", "\r\r"}) {
        SseDecoder decoder;
        REQUIRE(decoder.feed("data: 1" + end).has_value());
        std::optional<SseEvent> const first = decoder.next();
        REQUIRE(first.has_value());
        CHECK(first->data == "1");
        CHECK_FALSE(decoder.next().has_value());
    }
}

TEST_CASE("long lines pass up to the cap, whole or cut, and one byte more is a protocol error") {
    for (std::size_t const size : {std::size_t{64 * 1024 - 1}, std::size_t{64 * 1024}, std::size_t{1024 * 1024},
                                   std::size_t{8 * 1024 * 1024}, max_line - 6}) {
        CAPTURE(size);
        std::string const bytes = "data: " + std::string(size, 'x') + "\n\n";
        for (std::size_t const piece : {bytes.size(), std::size_t{65'536}, std::size_t{1'447}}) {
            std::vector<std::string_view> pieces;
            for (std::size_t at = 0; at < bytes.size(); at += piece) {
                pieces.push_back(std::string_view(bytes).substr(at, piece));
            }
            std::vector<SseEvent> const events = decode(pieces);
            REQUIRE(events.size() == 1);
            CHECK(events[0].data.size() == size);
        }
    }
    std::string const whole = "data: " + std::string(max_line - 5, 'x') + "\n\n";
    SseDecoder at_once;
    CHECK(at_once.feed(whole).error().code == Errc::protocol);
    SseDecoder in_pieces;
    std::size_t refused_at = 0;
    for (std::size_t at = 0; at < whole.size() && refused_at == 0; at += 4096) {
        if (!in_pieces.feed(std::string_view(whole).substr(at, 4096))) refused_at = at + 4096;
    }
    CHECK(refused_at > max_line);
    CHECK(in_pieces.feed("data: 1\n\n").error().code == Errc::protocol);
    CHECK(in_pieces.finish().error().code == Errc::protocol);
}

TEST_CASE("a long line costs time in proportion to its length, however small its pieces") {
    auto const cost = [](std::size_t size, std::size_t piece) {
        std::string const bytes = "data: " + std::string(size, 'x') + "\n\n";
        std::clock_t best = 0;
        for (int i = 0; i < 3; ++i) {
            SseDecoder decoder;
            std::clock_t const before = std::clock();
            for (std::size_t at = 0; at < bytes.size(); at += piece) {
                REQUIRE(decoder.feed(std::string_view(bytes).substr(at, piece)).has_value());
            }
            REQUIRE(decoder.next().has_value());
            std::clock_t const took = std::clock() - before;
            best = i == 0 ? took : std::min(best, took);
        }
        return static_cast<double>(best) / CLOCKS_PER_SEC;
    };
    for (std::size_t const piece : {std::size_t{256}, std::size_t{1'447}, std::size_t{65'536}}) {
        CAPTURE(piece);
        double const one = cost(1 << 20, piece);
        double const eight = cost(8 << 20, piece);
        MESSAGE("CPU seconds for 1 MiB and 8 MiB in one line: " << one << " and " << eight);
        CHECK(eight < 24 * std::max(one, 0.0005));  // quadratic would be 64 times
#if defined(NDEBUG) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
        CHECK(eight < 0.05);
#endif
    }
}

TEST_CASE("an event of many lines is capped like a line, and events before it are kept") {
    SseDecoder decoder;
    REQUIRE(decoder.feed("data: first\n\n").has_value());
    std::string const line = "data: " + std::string(1024 * 1024 - 1, 'x') + "\n";
    for (int i = 0; i < 16; ++i) REQUIRE(decoder.feed(line).has_value());
    CHECK(decoder.feed(line).error().code == Errc::protocol);
    std::optional<SseEvent> const first = decoder.next();
    REQUIRE(first.has_value());
    CHECK(first->data == "first");
    CHECK_FALSE(decoder.next().has_value());
}

TEST_CASE("feeding after the end is refused") {
    SseDecoder decoder;
    REQUIRE(decoder.finish().has_value());
    CHECK(decoder.finish().has_value());
    CHECK(decoder.feed("data: 1\n\n").error().code == Errc::invalid_state);
}

TEST_CASE("a stream of carriage returns alone is read in linear time") {
    auto const cost = [](std::size_t size) {
        std::string const bytes(size, '\r');
        SseDecoder decoder;
        std::clock_t const before = std::clock();
        REQUIRE(decoder.feed(bytes).has_value());
        return static_cast<double>(std::clock() - before) / CLOCKS_PER_SEC;
    };
    double const small = cost(1 << 20);
    double const large = cost(8 << 20);
    MESSAGE("CPU seconds for 1 MiB and 8 MiB of CR: " << small << " and " << large);
    CHECK(large < 60);  // quadratic would be hours
}

}  // namespace aikit::inline v0::net
