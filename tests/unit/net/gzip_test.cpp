// SPDX-License-Identifier: MIT
// Covers src/net/inflate.cpp and response_decoder.cpp: compressed bodies.
#include "net/response_decoder.hpp"
#include "support/loopback_server.hpp"

#include <doctest/doctest.h>

namespace aikit::inline v0::net {
namespace {

using aikit_test::gzip;

std::string response(std::string const& body) {
    return "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nX-Other: 1\r\nContent-Length: " + std::to_string(body.size()) +
           "\r\n\r\n" + body;
}

/// Decodes a response that comes in pieces of `size`.
Result<std::string> decode(std::string_view bytes, std::size_t size, DecoderLimits limits = DecoderLimits()) {
    ResponseDecoder decoder("POST", limits);
    std::string body;
    for (std::size_t at = 0; at < bytes.size(); at += size) {
        if (Result<void> fed = decoder.feed(bytes.substr(at, size)); !fed) return fed.error();
        for (;;) {
            Result<std::string> const piece = decoder.next();
            if (!piece) return piece.error();
            if (piece->empty()) break;
            CHECK(piece->size() <= 64 * 1024);
            body += *piece;
        }
    }
    Result<bool> const over = decoder.over();
    if (!over) return over.error();
    if (!*over) return fail(Errc::internal, "more is awaited");
    return body;
}

std::string text_of(std::size_t size) {
    std::string text;
    for (std::size_t i = 0; text.size() < size; ++i) text += "line " + std::to_string(i * i % 10007) + "\n";
    text.resize(size);
    return text;
}

}  // namespace

TEST_CASE("a gzip body is undone whatever its size and however it is cut") {
    for (std::size_t const size : {std::size_t{0}, std::size_t{1}, std::size_t{1000}, std::size_t{65'535},
                                   std::size_t{65'536}, std::size_t{65'537}, std::size_t{1'000'000}}) {
        CAPTURE(size);
        std::string const text = text_of(size);
        std::string const bytes = response(gzip(text));
        for (std::size_t const piece : {bytes.size(), std::size_t{1'000}, std::size_t{7}}) {
            CAPTURE(piece);
            Result<std::string> const body = decode(bytes, piece);
            REQUIRE(body.has_value());
            CHECK((*body == text));
        }
    }
}

TEST_CASE("the head of a gzip response says nothing more of the compression") {
    ResponseDecoder decoder("POST", DecoderLimits());
    REQUIRE(decoder.feed(response(gzip("hi"))).has_value());
    CHECK_FALSE(decoder.head().headers.find("content-encoding").has_value());
    CHECK_FALSE(decoder.head().headers.find("content-length").has_value());
    CHECK(decoder.head().headers.find("x-other") == "1");
}

TEST_CASE("without gzip in the configuration a compressed body is left as it is") {
    DecoderLimits limits;
    limits.gzip = false;
    std::string const packed = gzip("hello");
    CHECK(decode(response(packed), 10'000, limits).value() == packed);
}

TEST_CASE("gzip members one after the other are one body") {
    std::string const bytes = response(gzip("Hello ") + gzip("") + gzip("world"));
    for (std::size_t piece = 1; piece <= bytes.size(); ++piece) CHECK(decode(bytes, piece).value() == "Hello world");
}

TEST_CASE("a gzip body cut at any byte is incomplete") {
    std::string const packed = gzip(text_of(3'000));
    for (std::size_t cut = 1; cut < packed.size(); ++cut) {
        CAPTURE(cut);
        CHECK(decode(response(packed.substr(0, cut)), 10'000).error().code == Errc::incomplete);
    }
}

TEST_CASE("a gzip body with something behind it is refused") {
    std::string const packed = gzip(text_of(3'000));
    for (std::string const& tail :
         {std::string("X"), std::string(1, '\0'), std::string("\r\n"), std::string(100, ' ')}) {
        for (std::size_t const piece : {std::size_t{10'000}, std::size_t{1}}) {
            Result<std::string> const body = decode(response(packed + tail), piece);
            REQUIRE(body.has_error());
            // A single byte may be the beginning of another member.
            bool const beginning = body.error().code == Errc::incomplete && tail.size() == 1;
            CHECK((body.error().code == Errc::protocol || beginning));
        }
    }
}

TEST_CASE("a damaged gzip body never passes for whole") {
    std::string const text = text_of(3'000);
    std::string const packed = gzip(text);
    for (std::size_t at = 10; at < packed.size(); ++at) {  // after the header, whose fields may hold anything
        CAPTURE(at);
        std::string damaged = packed;
        damaged[at] = static_cast<char>(damaged[at] ^ 0x10);
        CHECK(decode(response(damaged), 10'000).has_error());
    }
    CHECK(decode(response("this is no gzip"), 10'000).error().code == Errc::protocol);
}

TEST_CASE("a gzip bomb ends at the cap") {
    DecoderLimits limits;
    limits.body = 1'000'000;
    std::string const bomb = gzip(std::string(100'000'000, '\0'));
    CHECK(bomb.size() < 200'000);
    CHECK(decode(response(bomb), 16'384, limits).error().code == Errc::protocol);
}

}  // namespace aikit::inline v0::net
