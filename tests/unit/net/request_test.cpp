// SPDX-License-Identifier: MIT
// Covers src/net/request.cpp: what is refused before a byte is sent.
#include "net/request.hpp"

#include <doctest/doctest.h>

namespace aikit::inline v0::net {
namespace {

HttpRequest plain() {
    HttpRequest request;
    request.url = "https://api.example.com/v1?key=canary";
    request.headers.add("content-type", "application/json");
    request.credential_header = "authorization";
    request.credential = Secret("Bearer canary");
    return request;
}

/// The error of a request that must be refused, checked to hold nothing secret.
Error refusal(HttpRequest const& request) {
    Result<Url> const checked = check_request(request);
    REQUIRE(checked.has_error());
    CHECK(checked.error().code == Errc::invalid_argument);
    CHECK(checked.error().message.find("canary") == std::string::npos);
    CHECK_FALSE(checked.error().maybe_executed);
    return checked.error();
}

}  // namespace

TEST_CASE("a plain request passes") {
    CHECK(check_request(plain()).has_value());
    HttpRequest request = plain();
    request.headers.add("x-tab", "a\tb \xC3\xA4");
    request.headers.add("x-empty", "");
    request.headers.add("!#$%&'*+-.^_`|~09azAZ", "x");
    CHECK(check_request(request).has_value());
}

TEST_CASE("every control character in a header's name, value or credential is refused") {
    for (int c = 0; c < 256; ++c) {
        CAPTURE(c);
        std::string const text = std::string("canary") + static_cast<char>(c) + "x";
        bool const control = (c < 0x20 && c != '\t') || c == 0x7F;

        HttpRequest value = plain();
        value.headers.add("x-value", text);
        if (control) {
            CHECK(refusal(value).message.find("x-value") != std::string::npos);
        } else {
            CHECK(check_request(value).has_value());
        }
        HttpRequest credential = plain();
        credential.credential = Secret(text);
        if (control) {
            CHECK(refusal(credential).message.find("authorization") != std::string::npos);
        } else {
            CHECK(check_request(credential).has_value());
        }
        bool const token = c > 0x20 && c < 0x7F &&
                           std::string_view("\"(),/:;<=>?@[\\]{}").find(static_cast<char>(c)) == std::string_view::npos;
        HttpRequest name = plain();
        name.headers.add(text, "x");
        if (token) {
            CHECK(check_request(name).has_value());
        } else {
            refusal(name);
        }
    }
}

TEST_CASE("a smuggled header or request line is refused wherever it stands") {
    std::string const smuggled = "x\r\nX-Injected: 1";
    HttpRequest method = plain();
    method.method = "POST / HTTP/1.1\r\nHost: evil\r\n\r\nGET";
    refusal(method);
    HttpRequest url = plain();
    url.url = "https://api.example.com/" + smuggled;
    refusal(url);
    HttpRequest header = plain();
    header.credential_header = "authorization: x\r\nx";
    refusal(header);
    HttpRequest empty = plain();
    empty.headers.add("", "x");
    refusal(empty);
    HttpRequest tunnel = plain();
    tunnel.method = "CONNECT";
    refusal(tunnel);
}

TEST_CASE("fields of the transport are not the caller's to set") {
    for (char const* const name :
         {"Host", "content-length", "Accept-Encoding", "CONNECTION", "Transfer-Encoding", "te", "Trailer", "Upgrade",
          "Expect", "Keep-Alive", "Proxy-Connection", "Proxy-Authorization"}) {
        CAPTURE(name);
        HttpRequest request = plain();
        request.headers.add(name, "x");
        CHECK(refusal(request).message.find(name) != std::string::npos);
    }
}

TEST_CASE("a credential is given once") {
    HttpRequest request = plain();
    request.headers.add("Authorization", "Bearer other");
    refusal(request);
}

}  // namespace aikit::inline v0::net
