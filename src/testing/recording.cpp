// SPDX-License-Identifier: MIT
// testing/recording.cpp - reads recordings of real traffic.
#include "core/json.hpp"

#include <aikit/testing/fake_transport.hpp>

namespace aikit::inline v0::testing {
namespace {

std::string text_or_empty(json::value const& source, std::string_view key) {
    std::optional<std::string_view> const found = json::text(source, key);
    return found ? std::string(*found) : std::string();
}

Error malformed(char const* what) {
    return fail(Errc::invalid_argument, std::string("testing: the recording's ") + what);
}

Result<void> read_request(json::value const& request, Recording& recording) {
    recording.method = text_or_empty(request, "method");
    recording.path = text_or_empty(request, "path");
    if (recording.method.empty() || recording.path.empty()) return malformed("request has no method or no path");
    json::value const* const body = json::find(request, "body");
    if (body == nullptr || body->is_null()) return ok();
    recording.request_body = body->is_string() ? std::string(body->get_string()) : json::serialize(*body);
    return ok();
}

Result<void> read_response(json::value const& response, Recording& recording) {
    std::optional<std::int64_t> const status = json::integer(response, "status");
    std::optional<std::string_view> const body = json::text(response, "body");
    if (!status || *status < 100 || *status > 599) return malformed("response has no status in 100..599");
    if (!body) return malformed("response has no body of text");
    recording.reply.status = static_cast<int>(*status);
    recording.reply.pieces.emplace_back(*body);
    json::object const* const headers = json::member_object(response, "headers");
    if (headers == nullptr) return ok();
    for (auto const& [name, value] : *headers) {
        if (!value.is_string()) return malformed("response has a header that is no text");
        recording.reply.headers.add(name, value.get_string());
    }
    return ok();
}

}  // namespace

Result<Recording> parse_recording(std::string_view json_text) {
    Result<json::value> const document = json::parse(json_text, "recording", Errc::invalid_argument);
    if (!document) return document.error();
    Recording recording;
    recording.provider = text_or_empty(*document, "provider");
    recording.surface = text_or_empty(*document, "surface");
    recording.kind = text_or_empty(*document, "kind");
    json::value const* const request = json::find(*document, "request");
    json::value const* const response = json::find(*document, "response");
    if (request == nullptr || response == nullptr) return malformed("request or response is missing");
    if (Result<void> fine = read_request(*request, recording); !fine) return fine.error();
    if (Result<void> fine = read_response(*response, recording); !fine) return fine.error();
    return recording;
}

}  // namespace aikit::inline v0::testing
