// SPDX-License-Identifier: MIT
// net/request.cpp - the check in front of every request: nothing that could become a second header or request passes.
#include "net/request.hpp"

#include "net/ascii.hpp"

#include <array>

namespace aikit::inline v0::net {
namespace {

/// Fields that describe the connection and the message's framing; only the transport knows them.
bool belongs_to_transport(std::string_view name) noexcept {
    static constexpr std::array<std::string_view, 12> ours = {
        "host",    "content-length", "accept-encoding", "connection", "transfer-encoding", "te",
        "trailer", "upgrade",        "expect",          "keep-alive", "proxy-connection",  "proxy-authorization"};
    for (std::string_view const owned : ours) {
        if (equals_ignoring_case(owned, name)) return true;
    }
    return false;
}

Result<void> check_field(std::string_view name, std::string_view value) {
    if (!is_token(name)) {
        return fail(Errc::invalid_argument,
                    "net: a header field's name is empty or holds a character no name may hold");
    }
    if (!is_value(value)) {
        return fail(Errc::invalid_argument, "net: the value of header field \"" + std::string(name) +
                                                "\" holds a line break or another control character");
    }
    if (belongs_to_transport(name)) {
        return fail(Errc::invalid_argument,
                    "net: header field \"" + std::string(name) + "\" is set by the transport; leave it out");
    }
    return ok();
}

}  // namespace

Result<void> check_fields(HttpRequest const& request) {
    if (!is_token(request.method) || equals_ignoring_case(request.method, "CONNECT")) {
        return fail(Errc::invalid_argument, "net: the request's method is not one that can be sent");
    }
    for (auto const& [name, value] : request.headers.fields()) {
        if (Result<void> fine = check_field(name, value); !fine) return fine.error();
    }
    if (!request.credential_header.empty()) {
        if (Result<void> fine = check_field(request.credential_header, request.credential.reveal()); !fine) {
            return fine.error();
        }
        if (request.headers.find(request.credential_header)) {
            return fail(Errc::invalid_argument, "net: header field \"" + request.credential_header +
                                                    "\" is given twice, as a header and as the credential");
        }
    }
    return ok();
}

Result<Url> check_request(HttpRequest const& request) {
    if (Result<void> fine = check_fields(request); !fine) return fine.error();
    return parse_url(request.url);
}

}  // namespace aikit::inline v0::net
