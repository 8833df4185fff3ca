// SPDX-License-Identifier: MIT
// Covers src/net/head.cpp, framing.cpp and response_decoder.cpp: which responses are taken, and what they mean.
#include "net/response_decoder.hpp"

#include <doctest/doctest.h>

#include <vector>

namespace aikit::inline v0::net {
namespace {

/// What a decoder made of some bytes.
struct Reading {
    std::optional<Errc> failed;
    bool over = false;
    bool keep_alive = false;
    bool surplus = false;
    int status = 0;
    std::string body;

    bool operator==(Reading const&) const = default;
};

/// Feeds the pieces and, with `close`, the end of the connection.
Reading read(std::string_view method, std::vector<std::string_view> const& pieces, bool close,
             DecoderLimits limits = DecoderLimits()) {
    ResponseDecoder decoder(method, limits);
    Reading reading;
    auto const take = [&](Result<void> const& fed) {
        if (!fed) reading.failed = fed.error().code;
        while (!reading.failed) {
            Result<std::string> const piece = decoder.next();
            if (!piece) reading.failed = piece.error().code;
            if (!piece || piece->empty()) return;
            reading.body += *piece;
        }
    };
    for (std::string_view const piece : pieces) {
        if (!reading.failed) take(decoder.feed(piece));
    }
    if (!reading.failed && close && !decoder.received()) take(decoder.end());
    if (!reading.failed && decoder.has_head()) {
        Result<bool> const over = decoder.over();
        if (over) {
            reading.over = *over;
        } else {
            reading.failed = over.error().code;
        }
        reading.status = decoder.head().status;
        reading.keep_alive = decoder.head().keep_alive;
        reading.surplus = decoder.surplus();
    }
    return reading;
}

/// In one piece, byte by byte, and cut in two everywhere: always the same.
Reading read_all_ways(std::string const& bytes, bool close, std::string_view method = "POST",
                      DecoderLimits limits = DecoderLimits()) {
    std::string_view const all = bytes;
    Reading const whole = read(method, {all}, close, limits);
    std::vector<std::string_view> single;
    for (std::size_t i = 0; i < all.size(); ++i) single.push_back(all.substr(i, 1));
    Reading bytewise = read(method, single, close, limits);
    if (whole.failed) bytewise.body = whole.body;  // how much came before the error depends on the pieces
    CHECK((bytewise == whole));
    for (std::size_t cut = 0; cut <= all.size(); ++cut) {
        Reading halves = read(method, {all.substr(0, cut), all.substr(cut)}, close, limits);
        if (whole.failed) halves.body = whole.body;
        if (halves == whole) continue;
        CAPTURE(cut);
        CHECK((halves == whole));
    }
    return whole;
}

std::string const ok_line = "HTTP/1.1 200 OK\r\n";

struct Good {
    std::string bytes;
    std::string body;
    bool keep_alive = true;
    bool close = false;  // the connection's end is needed
    std::string method = "POST";
    int status = 200;
};

std::vector<Good> const& good() {
    static std::vector<Good> const rows = {
        {ok_line + "Content-Length: 5\r\n\r\nhello", "hello"},
        {ok_line + "content-length:5\r\n\r\nhello", "hello"},
        {ok_line + "Content-Length: \t 5 \t\r\n\r\nhello", "hello"},
        {ok_line + "Content-Length: 0\r\n\r\n", ""},
        {ok_line + "Content-Length: 000\r\n\r\n", ""},
        {ok_line + "Content-Length: 005\r\n\r\nhello", "hello"},
        {"HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n", ""},
        {"HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", ""},
        {"HTTP/1.1 200 A \t reason \xC3\xA4!\r\nContent-Length: 0\r\n\r\n", ""},
        {ok_line + "X-Empty:\r\nX-Odd!#$%&'*+-.^_`|~: \xE4\t,\r\nContent-Length: 0\r\n\r\n", ""},
        {ok_line + "Set-Cookie: a=b\r\nSet-Cookie: c=d\r\nContent-Length: 0\r\n\r\n", ""},
        {ok_line + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", "hello"},
        {ok_line + "transfer-encoding: CHUNKED\r\n\r\n5\r\nhello\r\n0\r\n\r\n", "hello"},
        {ok_line + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", ""},
        {ok_line + "Transfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n", "hello"},
        {ok_line + "Transfer-Encoding: chunked\r\n\r\n005\r\nhello\r\n000\r\n\r\n", "hello"},
        {ok_line + "Transfer-Encoding: chunked\r\n\r\nA\r\n0123456789\r\na\r\n0123456789\r\n0\r\n\r\n",
         "01234567890123456789"},
        {ok_line + "Transfer-Encoding: chunked\r\n\r\n5;a=b;c=\"d\"\r\nhello\r\n0;x\r\n\r\n", "hello"},
        {ok_line + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX-Trailer: 1\r\n\r\n", "hello"},
        {ok_line + "Transfer-Encoding: chunked\r\n\r\n4\r\n\r\n\r\n\r\n0\r\n\r\n", "\r\n\r\n"},
        {ok_line + "\r\nhello", "hello", false, true},
        {ok_line + "\r\n", "", false, true},
        {"HTTP/1.0 200 OK\r\n\r\nhello", "hello", false, true},
        {"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello", "hello", false},
        {"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 5\r\n\r\nhello", "hello", true},
        {ok_line + "Connection: close\r\nContent-Length: 5\r\n\r\nhello", "hello", false},
        {ok_line + "Connection: Close\r\nContent-Length: 0\r\n\r\n", "", false},
        {ok_line + "Connection: x, close ,keep-alive\r\nContent-Length: 0\r\n\r\n", "", false},
        {ok_line + "Connection: x\r\nConnection: close\r\nContent-Length: 0\r\n\r\n", "", false},
        {ok_line + "Connection: closed\r\nContent-Length: 0\r\n\r\n", "", true},
        {"HTTP/1.1 204 No Content\r\n\r\n", "", true, false, "POST", 204},
        {"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n", "", true, false, "POST", 204},
        {"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", "", true, false, "GET", 304},
        {ok_line + "Content-Length: 5\r\n\r\n", "", true, false, "HEAD"},
        {ok_line + "Transfer-Encoding: chunked\r\n\r\n", "", true, false, "HEAD"},
        {ok_line + "\r\n", "", true, false, "CONNECT"},
        {"HTTP/1.1 407 No\r\nContent-Length: 2\r\n\r\nno", "no", true, false, "CONNECT", 407},
        {"HTTP/1.1 100 Continue\r\n\r\n" + ok_line + "Content-Length: 2\r\n\r\nhi", "hi"},
        {"HTTP/1.1 103 Hints\r\nLink: x\r\n\r\nHTTP/1.1 102 P\r\n\r\n" + ok_line + "Content-Length: 2\r\n\r\nhi", "hi"},
        {"HTTP/1.1 599 X\r\nContent-Length: 0\r\n\r\n", "", true, false, "POST", 599},
        {"HTTP/1.1 429 Slow down\r\nRetry-After: 3\r\nContent-Length: 2\r\n\r\n{}", "{}", true, false, "POST", 429},
        {ok_line + "Content-Encoding: identity\r\nContent-Length: 2\r\n\r\nhi", "hi"},
        {ok_line + "Content-Encoding:\r\nContent-Length: 2\r\n\r\nhi", "hi"},
    };
    return rows;
}

/// Refused for what they hold, without waiting for more.
std::vector<std::string> bad() {
    std::string const end = "Content-Length: 5\r\n\r\nhello";
    std::string const chunked = ok_line + "Transfer-Encoding: chunked\r\n\r\n";
    std::vector<std::string> rows = {
        // The status line
        "\r\n" + ok_line + end,
        " " + ok_line + end,
        "\n" + ok_line + end,
        "HTTP/1.1  200 OK\r\n" + end,
        "HTTP/1.1\t200 OK\r\n" + end,
        "HTTP/1.1 2000 OK\r\n" + end,
        "HTTP/1.1 20 OK\r\n" + end,
        "HTTP/1.1 2x0 OK\r\n" + end,
        "HTTP/1.1 OK\r\n" + end,
        "HTTP/1.1 \r\n" + end,
        "HTTP/1.1\r\n" + end,
        "HTTP/1.1 099 OK\r\n" + end,
        "HTTP/1.1 000 OK\r\n" + end,
        "HTTP/1.1 600 OK\r\n" + end,
        "HTTP/1.1 999 OK\r\n" + end,
        "HTTP/1.1 -20 OK\r\n" + end,
        "HTTP/1.1 +200 OK\r\n" + end,
        "HTTP/1.1 200\tOK\r\n" + end,
        "HTTP/1.1 200OK\r\n" + end,
        "HTTP/1.2 200 OK\r\n" + end,
        "HTTP/2 200 OK\r\n" + end,
        "HTTP/2.0 200 OK\r\n" + end,
        "HTTP/0.9 200 OK\r\n" + end,
        "HTTP/1.10 200 OK\r\n" + end,
        "HTTP/1 200 OK\r\n" + end,
        "HTTP/11 200 OK\r\n" + end,
        "http/1.1 200 OK\r\n" + end,
        "ICY 200 OK\r\n" + end,
        "HTTPS/1.1 200 OK\r\n" + end,
        "HTTP 200 OK\r\n" + end,
        "<html>\r\n",
        "220 smtp ready\r\n",
        "SSH-2.0-OpenSSH\r\n",
        "{\"error\":1}\r\n",
        std::string("\x15\x03\x01\x00\x02\x02\x28", 7),
        "GET / HTTP/1.1\r\n",
        // Line ends
        "HTTP/1.1 200 OK\n" + end,
        "HTTP/1.1 200 OK\rX",
        "HTTP/1.1 200 OK\r\r\n" + end,
        ok_line + "A: b\n" + end,
        ok_line + "A: b\rC: d\r\n" + end,
        ok_line + "A: b\r\r\n" + end,
        ok_line + "A: b\r\n\n",
        ok_line + "\n" + end,
        ok_line + "\r\r\n",
        ok_line + "Content-Length: 5\n\nhello",
        ok_line + "A: b\n\r\n" + end,
        ok_line + "A: \nContent-Length: 5\r\n\r\nhello",
        // Folded lines
        ok_line + "A: b\r\n c\r\n" + end,
        ok_line + "A: b\r\n\tc\r\n" + end,
        ok_line + " A: b\r\n" + end,
        ok_line + "Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n",
        ok_line + "Content-Length:\r\n 5\r\n\r\nhello",
        ok_line + "Transfer-Encoding: chunked\r\n , identity\r\n\r\n0\r\n\r\n",
        // Names
        ok_line + "A : b\r\n" + end,
        ok_line + "A\t: b\r\n" + end,
        ok_line + ": b\r\n" + end,
        ok_line + "A B: c\r\n" + end,
        ok_line + "no colon\r\n" + end,
        ok_line + "A(b): c\r\n" + end,
        ok_line + "\"A\": b\r\n" + end,
        ok_line + "A\x80: b\r\n" + end,
        ok_line + "A[]: b\r\n" + end,
        ok_line + "A{}: b\r\n" + end,
        ok_line + "A@: b\r\n" + end,
        ok_line + "A;: b\r\n" + end,
        ok_line + "A,: b\r\n" + end,
        ok_line + "A/: b\r\n" + end,
        ok_line + "A?: b\r\n" + end,
        ok_line + "A=: b\r\n" + end,
        ok_line + "A\\: b\r\n" + end,
        ok_line + "A<>: b\r\n" + end,
        ok_line + "Content-Length : 5\r\n\r\nhello",
        ok_line + "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
        // Content-Length
        ok_line + "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello",
        ok_line + "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
        ok_line + "Content-Length: 5\r\nA: b\r\ncontent-length: 5\r\n\r\nhello",
        ok_line + "Content-Length: 5, 5\r\n\r\nhello",
        ok_line + "Content-Length: 5,6\r\n\r\nhello",
        ok_line + "Content-Length: +5\r\n\r\nhello",
        ok_line + "Content-Length: -5\r\n\r\nhello",
        ok_line + "Content-Length: 0x5\r\n\r\nhello",
        ok_line + "Content-Length: 5 5\r\n\r\nhello",
        ok_line + "Content-Length: 5.0\r\n\r\nhello",
        ok_line + "Content-Length: five\r\n\r\nhello",
        ok_line + "Content-Length:\r\n\r\nhello",
        ok_line + "Content-Length: \r\n\r\nhello",
        ok_line + "Content-Length: 5;\r\n\r\nhello",
        ok_line + "Content-Length: \"5\"\r\n\r\nhello",
        ok_line + "Content-Length: 99999999999999999999\r\n\r\nhello",
        ok_line + "Content-Length: 18446744073709551617\r\n\r\nh",
        ok_line + "Content-Length: 9223372036854775808\r\n\r\nh",
        ok_line + "Content-Length: 1e1\r\n\r\nhello",
        ok_line + "Content-Length: \xEF\xBC\x95\r\n\r\nhello",
        // Transfer-Encoding
        ok_line + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        ok_line + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        ok_line + "Content-Length: 5\r\nTransfer-Encoding: gzip\r\n\r\nhello",
        ok_line + "Content-Length: 5\r\nTransfer-Encoding: identity\r\n\r\nhello",
        ok_line + "Transfer-Encoding: gzip\r\n\r\nhello",
        ok_line + "Transfer-Encoding: identity\r\n\r\nhello",
        ok_line + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        ok_line + "Transfer-Encoding: chunked, gzip\r\n\r\n",
        ok_line + "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
        ok_line + "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
        ok_line + "Transfer-Encoding: identity, chunked\r\n\r\n0\r\n\r\n",
        ok_line + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        ok_line + "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
        ok_line + "Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        ok_line + "Transfer-Encoding: chunked;q=1\r\n\r\n0\r\n\r\n",
        ok_line + "Transfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n",
        ok_line + "Transfer-Encoding: xchunked\r\n\r\n",
        ok_line + "Transfer-Encoding: chunkedx\r\n\r\n",
        ok_line + "Transfer-Encoding: chunked,\r\n\r\n0\r\n\r\n",
        ok_line + "Transfer-Encoding: ,chunked\r\n\r\n0\r\n\r\n",
        ok_line + "Transfer-Encoding:\r\n\r\nhello",
        ok_line + "Transfer-Encoding: chunked x\r\n\r\n0\r\n\r\n",
        ok_line + "Transfer-Encoding: c\x68unke\x64\x0B\r\n\r\n0\r\n\r\n",
        "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\nhello",
        "HTTP/1.1 204 No\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "HTTP/1.1 204 No\r\n" + end,
        "HTTP/1.1 100 Go on\r\n" + end,
        "HTTP/1.1 100 Go on\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\n\r\n",
        // Content-Encoding nobody asked for
        ok_line + "Content-Encoding: br\r\n" + end,
        ok_line + "Content-Encoding: deflate\r\n" + end,
        ok_line + "Content-Encoding: gzip, gzip\r\n" + end,
        ok_line + "Content-Encoding: zstd\r\n" + end,
        ok_line + "Content-Encoding: gzip, br\r\n" + end,
        ok_line + "Content-Encoding: gzip\r\nContent-Encoding: gzip\r\n" + end,
        // Chunks
        chunked + "5\nhello\r\n0\r\n\r\n",
        chunked + "5 \r\nhello\r\n0\r\n\r\n",
        chunked + " 5\r\nhello\r\n0\r\n\r\n",
        chunked + "0x5\r\nhello\r\n0\r\n\r\n",
        chunked + "-5\r\nhello\r\n0\r\n\r\n",
        chunked + "+5\r\nhello\r\n0\r\n\r\n",
        chunked + "g\r\nhello\r\n0\r\n\r\n",
        chunked + "\r\nhello\r\n0\r\n\r\n",
        chunked + "5\r\nhelloX\r\n0\r\n\r\n",
        chunked + "5\r\nhelloXX0\r\n\r\n",
        chunked + "5\r\nhello\n\n0\r\n\r\n",
        chunked + "4\r\nhello\r\n0\r\n\r\n",
        chunked + "10000000000000000\r\nhello\r\n",
        chunked + "fffffffffffffffff\r\nhello\r\n",
        chunked + "5;\r\nhello\r\n0\r\n\r\n",
        chunked + "5;a=\r\nhello\r\n0\r\n\r\n",
        chunked + "5;a=\"b\r\nhello\r\n0\r\n\r\n",
        chunked + "5 x\r\nhello\r\n0\r\n\r\n",
        chunked + "5\rhello\r\n0\r\n\r\n",
        chunked + "five\r\nhello\r\n0\r\n\r\n",
        chunked + "5\r\nhello\r\n0\r\nno colon\r\n\r\n",
        chunked + "5\r\nhello\r\n0\r\nA : b\r\n\r\n",
    };
    for (int c = 0; c < 32; ++c) {
        if (c == '\t' || c == '\r' || c == '\n') continue;
        std::string const text = std::string("a") + static_cast<char>(c) + "b";
        rows.push_back("HTTP/1.1 200 " + text + "\r\n" + end);
        rows.push_back(ok_line + "A: " + text + "\r\n" + end);
        rows.push_back(ok_line + text + ": a\r\n" + end);
    }
    rows.push_back("HTTP/1.1 200 a\x7F\r\n" + end);
    rows.push_back(ok_line + "A: \x7F\r\n" + end);
    return rows;
}

}  // namespace

TEST_CASE("a proper response is read the same however its bytes are cut") {
    for (Good const& row : good()) {
        CAPTURE(row.bytes);
        Reading const reading = read_all_ways(row.bytes, row.close, row.method);
        CHECK_FALSE(reading.failed.has_value());
        CHECK(reading.over);
        CHECK(reading.status == row.status);
        CHECK(reading.body == row.body);
        CHECK(reading.keep_alive == row.keep_alive);
        CHECK_FALSE(reading.surplus);
    }
}

TEST_CASE("every ambiguous or broken response is a protocol error at once, however its bytes are cut") {
    std::vector<std::string> const rows = bad();
    MESSAGE("messages refused: " << rows.size());
    CHECK(rows.size() >= 200);
    for (std::string const& bytes : rows) {
        CAPTURE(bytes);
        Reading const reading = read_all_ways(bytes, false);
        CHECK(reading.failed == Errc::protocol);
        CHECK_FALSE(reading.over);
    }
}

TEST_CASE("a response cut at any byte is incomplete, never over") {
    for (Good const& row : good()) {
        if (row.close) continue;
        CAPTURE(row.bytes);
        for (std::size_t cut = 0; cut < row.bytes.size(); ++cut) {
            CAPTURE(cut);
            Reading const reading = read(row.method, {std::string_view(row.bytes).substr(0, cut)}, true);
            CHECK(reading.failed == Errc::incomplete);
            CHECK_FALSE(reading.over);
        }
    }
}

TEST_CASE("bytes after a response are noticed") {
    for (Good const& row : good()) {
        if (row.close) continue;
        CAPTURE(row.bytes);
        Reading const reading = read_all_ways(row.bytes + "X", false, row.method);
        CHECK_FALSE(reading.failed.has_value());
        CHECK(reading.over);
        CHECK(reading.body == row.body);
        CHECK(reading.surplus);
    }
}

TEST_CASE("a head up to the limit passes and one byte more does not") {
    DecoderLimits limits;
    limits.head = 64 * 1024;
    std::string const tail = "\r\nContent-Length: 0\r\n\r\n";
    std::string const head = ok_line + "A: " + std::string(limits.head - ok_line.size() - 3 - tail.size(), 'x') + tail;
    REQUIRE(head.size() == limits.head);
    CHECK(read("GET", {head}, false, limits).over);
    limits.head -= 1;
    CHECK(read("GET", {head}, false, limits).failed == Errc::protocol);
    // Without an end, in small pieces: refused at the limit, not kept on.
    ResponseDecoder decoder("GET", limits);
    std::size_t fed = 0;
    std::string const piece = "A: " + std::string(1000, 'x') + "\r\n";
    REQUIRE(decoder.feed(ok_line).has_value());
    while (decoder.feed(piece)) fed += piece.size();
    CHECK(fed <= limits.head);
}

TEST_CASE("a head of too many fields is refused") {
    std::string head = ok_line;
    for (int i = 0; i < 1001; ++i) head += "A: b\r\n";
    CHECK(read("GET", {head}, false).failed == Errc::protocol);
}

TEST_CASE("informational responses without end are refused") {
    std::string bytes;
    for (int i = 0; i < 17; ++i) bytes += "HTTP/1.1 100 Go on\r\n\r\n";
    CHECK(read("POST", {bytes}, false).failed == Errc::protocol);
}

TEST_CASE("a chunk header without end is refused") {
    std::string const bytes = ok_line + "Transfer-Encoding: chunked\r\n\r\n5;" + std::string(20'000, 'x');
    CHECK(read("POST", {bytes}, false).failed == Errc::protocol);
    std::string const trailer =
        ok_line + "Transfer-Encoding: chunked\r\n\r\n0\r\nX-Trailer: " + std::string(20'000, 'x');
    CHECK(read("POST", {trailer}, false).failed == Errc::protocol);
}

TEST_CASE("a body up to the limit passes and one byte more does not") {
    DecoderLimits limits;
    limits.body = 5;
    CHECK(read("POST", {ok_line + "Content-Length: 5\r\n\r\nhello"}, false, limits).over);
    CHECK(read("POST", {ok_line + "Content-Length: 6\r\n\r\nhello!"}, false, limits).failed == Errc::protocol);
    CHECK(read("POST", {ok_line + "\r\nhello!"}, false, limits).failed == Errc::protocol);
}

}  // namespace aikit::inline v0::net
