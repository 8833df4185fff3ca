// SPDX-License-Identifier: MIT
// testing/cassette_form.cpp - exchanges to lines and back, without their secrets.
#include "testing/cassette_form.hpp"

#include "core/json.hpp"
#include "model/base64.hpp"
#include "model/json_exact.hpp"
#include "net/ascii.hpp"
#include "net/url.hpp"

#include <aikit/text/unicode.hpp>

#include <algorithm>
#include <array>
#include <numeric>

namespace aikit::inline v0::testing {
namespace {

constexpr std::array<std::string_view, 6> secret_members{"access_token",  "refresh_token", "id_token",
                                                         "client_secret", "private_key",   "assertion"};
constexpr std::array<std::string_view, 5> secret_parameters{"key", "api_key", "api-key", "access_token", "sig"};

/// Fields that shape an answer or are part of it. Others are left out: they name accounts, hosts and people.
constexpr std::array<std::string_view, 19> kept_fields{"accept",
                                                       "anthropic-beta",
                                                       "anthropic-version",
                                                       "apim-request-id",
                                                       "content-type",
                                                       "date",
                                                       "location",
                                                       "openai-beta",
                                                       "request-id",
                                                       "retry-after",
                                                       "retry-after-ms",
                                                       "x-goog-upload-command",
                                                       "x-goog-upload-protocol",
                                                       "x-goog-upload-status",
                                                       "x-ms-region",
                                                       "x-ms-retry-after-ms",
                                                       "x-request-id",
                                                       "x-should-retry",
                                                       "openai-processing-ms"};

constexpr std::array<std::string_view, 2> kept_families{"x-ratelimit-", "anthropic-ratelimit-"};

constexpr std::string_view mask = "***";

bool is_kept(std::string_view name) {
    std::string lower(name);
    std::transform(lower.begin(), lower.end(), lower.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    return std::find(kept_fields.begin(), kept_fields.end(), lower) != kept_fields.end() ||
           std::any_of(kept_families.begin(), kept_families.end(),
                       [&](std::string_view family) { return lower.starts_with(family); });
}

void replace_all(std::string& text, std::string_view what, std::string_view by) {
    for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size())) {
        text.replace(at, what.size(), by);
    }
}

/// Masks the string after `"name":`, wherever it stands, so that pieces of a stream are cleaned as well.
void mask_member(std::string& text, std::string_view name) {
    std::string const key = "\"" + std::string(name) + "\"";
    for (std::size_t at = text.find(key); at != std::string::npos; at = text.find(key, at + 1)) {
        std::size_t from = text.find_first_not_of(" \t\r\n", at + key.size());
        if (from == std::string::npos || text[from] != ':') continue;
        from = text.find_first_not_of(" \t\r\n", from + 1);
        if (from == std::string::npos || text[from] != '"') continue;
        std::size_t to = from + 1;
        while (to < text.size() && text[to] != '"') to += text[to] == '\\' ? 2 : 1;
        if (to < text.size()) text.replace(from + 1, to - from - 1, mask);
    }
}

/// Masks the values of names in `a=b&c=d`, from `begin` on.
template <class Names>
void mask_parameters(std::string& text, std::size_t begin, Names const& names) {
    while (begin < text.size()) {
        std::size_t const end = std::min(text.find('&', begin), text.size());
        std::size_t const equals = text.find('=', begin);
        std::size_t next = end;
        if (equals < end && std::find(names.begin(), names.end(),
                                      std::string_view(text).substr(begin, equals - begin)) != names.end()) {
            text.replace(equals + 1, end - equals - 1, mask);
            next = equals + 1 + mask.size();
        }
        begin = next + 1;
    }
}

bool looks_like_form(std::string_view text) noexcept {
    return !text.empty() && text.front() != '{' && text.front() != '[' && text.find('=') != text.npos &&
           text.find_first_of(" \n\"{") == text.npos;
}

// ---- writing ----

void put_body(json::object& out, std::string const& body) {
    if (body.empty()) {
        out["body"] = nullptr;
    } else if (!text::is_utf8(body)) {
        out["body_base64"] = to_base64(body);
    } else if (Result<json::value> const document = json_exact::parse(body, "body"); document) {
        out["body"] = *document;
    } else {
        out["body"] = body;
    }
}

json::object fields_view(net::Headers const& headers) {
    json::object out;
    for (auto const& [name, value] : headers.fields()) out[name] = value;
    return out;
}

char const* word(Ending ending) noexcept {
    switch (ending) {
        case Ending::cut: return "cut";
        case Ending::reset: return "reset";
        case Ending::stall: return "stall";
        case Ending::whole: break;
    }
    return "whole";
}

json::object response_view(FakeReply const& reply) {
    json::object out;
    out["status"] = reply.status;
    out["headers"] = fields_view(reply.headers);
    std::string const body = std::accumulate(reply.pieces.begin(), reply.pieces.end(), std::string());
    out[text::is_utf8(body) ? "body" : "body_base64"] = text::is_utf8(body) ? body : to_base64(body);
    if (reply.pieces.size() > 1) {
        json::array pieces;
        for (std::string const& piece : reply.pieces) pieces.push_back(piece.size());
        out["pieces"] = std::move(pieces);
    }
    if (reply.ending != Ending::whole) out["ending"] = word(reply.ending);
    return out;
}

// ---- reading ----

Error malformed(std::string const& what) {
    return fail(Errc::invalid_argument, "The cassette is wrong: " + what + ".");
}

Result<void> read_pieces(json::array const& sizes, std::string const& body, std::vector<std::string>& out) {
    std::size_t at = 0;
    out.clear();
    for (json::value const& size : sizes) {
        std::optional<std::int64_t> const count = json::as_integer(size);
        if (!count || *count < 0 || static_cast<std::size_t>(*count) > body.size() - at) {
            return malformed("response.pieces do not make up its body");
        }
        out.push_back(body.substr(at, static_cast<std::size_t>(*count)));
        at += static_cast<std::size_t>(*count);
    }
    return at == body.size() ? ok() : Result<void>(malformed("response.pieces do not make up its body"));
}

Result<void> read_response(json::value const& given, FakeReply& reply) {
    if (!given.is_object()) return malformed("response is no object");
    std::optional<std::int64_t> const status = json::integer(given, "status");
    if (!status || *status < 100 || *status > 599) return malformed("response.status is none");
    reply.status = static_cast<int>(*status);
    std::string body(json::text(given, "body").value_or(std::string_view()));
    if (std::optional<std::string_view> const encoded = json::text(given, "body_base64")) {
        std::optional<std::string> bytes = from_base64(*encoded);
        if (!bytes) return malformed("response.body_base64 is no base64");
        body = std::move(*bytes);
    }
    if (json::object const* const fields = json::member_object(given, "headers")) {
        for (auto const& [name, value] : *fields) {
            if (!value.is_string()) return malformed("response.headers holds what is no text");
            reply.headers.add(name, value.get_string());
        }
    }
    std::string_view const ending = json::text(given, "ending").value_or("whole");
    for (Ending const each : {Ending::whole, Ending::cut, Ending::reset, Ending::stall}) {
        if (ending == word(each)) reply.ending = each;
    }
    if (ending != word(reply.ending)) return malformed("response.ending must be whole, cut, reset or stall");
    reply.pieces = {body};
    if (json::array const* const sizes = json::member_array(given, "pieces")) {
        return read_pieces(*sizes, body, reply.pieces);
    }
    return ok();
}

Result<void> read_failure(json::value const& given, FakeReply& reply) {
    std::optional<Errc> const code = errc_from_name(json::text(given, "code").value_or(std::string_view()));
    if (!code) return malformed("failure.code is no name of an error");
    std::string message(json::text(given, "message").value_or("The recorded call failed."));
    reply.failure = fail(*code, std::move(message));
    reply.failure->maybe_executed = json::boolean(given, "maybe_executed").value_or(false);
    return ok();
}

Result<CassetteExchange> read_exchange(json::value const& given) {
    CassetteExchange exchange;
    json::value const* const request = json::find(given, "request");
    if (request == nullptr) return malformed("an exchange has no request");
    exchange.request.method = json::text(*request, "method").value_or(std::string_view());
    exchange.request.host = json::text(*request, "host").value_or(std::string_view());
    exchange.request.path = json::text(*request, "path").value_or(std::string_view());
    if (exchange.request.method.empty() || !exchange.request.path.starts_with('/')) {
        return malformed("a request has no method, or no path");
    }
    json::value const* const body = json::find(*request, "body");
    if (body != nullptr && body->is_string()) exchange.request.body = body->get_string();
    if (body != nullptr && !body->is_string() && !body->is_null()) exchange.request.body = json_exact::write(*body);
    if (std::optional<std::string_view> const encoded = json::text(*request, "body_base64")) {
        std::optional<std::string> bytes = from_base64(*encoded);
        if (!bytes) return malformed("request.body_base64 is no base64");
        exchange.request.body = std::move(*bytes);
    }
    json::value const* const response = json::find(given, "response");
    json::value const* const failure = json::find(given, "failure");
    if ((response == nullptr) == (failure == nullptr)) return malformed("an exchange has no response, or no failure");
    Result<void> const read =
        response != nullptr ? read_response(*response, exchange.reply) : read_failure(*failure, exchange.reply);
    if (!read) return read.error();
    return exchange;
}

// ---- comparing ----

std::string difference(json::value const& one, json::value const& other, std::string const& path) {
    if (one == other) return {};
    if (one.is_object() && other.is_object()) {
        for (auto const& [key, value] : one.get_object()) {
            json::value const* const twin = json::find(other, key);
            std::string const at = path + "." + std::string(key);
            std::string found = twin == nullptr ? at : difference(value, *twin, at);
            if (!found.empty()) return found;
        }
        for (auto const& [key, value] : other.get_object()) {
            if (json::find(one, key) == nullptr) return path + "." + std::string(key);
        }
    }
    if (one.is_array() && other.is_array()) {
        json::array const& these = one.get_array();
        json::array const& those = other.get_array();
        for (std::size_t i = 0; i < std::min(these.size(), those.size()); ++i) {
            std::string found = difference(these[i], those[i], path + "[" + std::to_string(i) + "]");
            if (!found.empty()) return found;
        }
        return path + "[" + std::to_string(std::min(these.size(), those.size())) + "]";
    }
    return path;
}

}  // namespace

Scrubber::Scrubber(Secret const& credential, std::function<std::string(std::string)> own) : own_(std::move(own)) {
    constexpr std::size_t shortest = 8;
    std::string_view key = credential.reveal();
    if (std::size_t const space = key.find(' '); space != key.npos) key.remove_prefix(space + 1);  // "Bearer "
    if (key.size() >= shortest) key_ = key;
}

std::string Scrubber::clean(std::string body) const {
    if (!key_.empty()) replace_all(body, key_, mask);
    for (std::string_view const name : secret_members) mask_member(body, name);
    if (looks_like_form(body)) mask_parameters(body, 0, secret_members);
    return own_ ? own_(std::move(body)) : body;
}

Result<CassetteRequest> cassette_request(net::HttpRequest const& request, Scrubber const& scrubber) {
    Result<net::Url> const url = net::parse_url(request.url);
    if (!url) return url.error();
    CassetteRequest out;
    out.method = request.method;
    out.host = url->host_field();
    out.path = url->target;
    if (std::size_t const query = out.path.find('?'); query != std::string::npos) {
        mask_parameters(out.path, query + 1, secret_parameters);
    }
    out.headers = cassette_headers(request.headers);
    if (request.body) out.body = scrubber.clean(*request.body);
    return out;
}

net::Headers cassette_headers(net::Headers const& headers) {
    net::Headers out;
    for (auto const& [name, value] : headers.fields()) {
        if (is_kept(name)) out.add(name, value);
    }
    return out;
}

std::string write_exchange(CassetteExchange const& exchange) {
    json::object request;
    request["method"] = exchange.request.method;
    request["host"] = exchange.request.host;
    request["path"] = exchange.request.path;
    request["headers"] = fields_view(exchange.request.headers);
    put_body(request, exchange.request.body);
    json::object out;
    out["request"] = std::move(request);
    if (exchange.reply.failure) {
        json::object failure;
        failure["code"] = name(exchange.reply.failure->code);
        failure["message"] = exchange.reply.failure->message;
        failure["maybe_executed"] = exchange.reply.failure->maybe_executed;
        out["failure"] = std::move(failure);
    } else {
        out["response"] = response_view(exchange.reply);
    }
    return json_exact::write(out) + "\n";
}

Result<std::vector<CassetteExchange>> read_cassette(std::string_view text) {
    std::vector<CassetteExchange> all;
    auto const add = [&all](json::value const& given, std::string const& where) -> Result<void> {
        Result<CassetteExchange> exchange = read_exchange(given);
        if (!exchange) return fail(Errc::invalid_argument, exchange.error().message + " (" + where + ")");
        all.push_back(std::move(*exchange));
        return ok();
    };
    if (Result<json::value> const whole = json_exact::parse(text, "cassette", Errc::invalid_argument)) {
        if (!whole->is_array()) {
            if (Result<void> added = add(*whole, "exchange 1"); !added) return added.error();
            return all;
        }
        for (json::value const& one : whole->get_array()) {
            Result<void> added = add(one, "exchange " + std::to_string(all.size() + 1));
            if (!added) return added.error();
        }
        return all;
    }
    for (std::size_t line = 1; !text.empty(); ++line) {
        std::string_view const one = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(text.size(), one.size() + 1));
        if (one.find_first_not_of(" \t\r") == one.npos) continue;
        std::string const where = "line " + std::to_string(line);
        Result<json::value> const given = json_exact::parse(one, "cassette's " + where, Errc::invalid_argument);
        if (!given) return given.error();
        if (Result<void> added = add(*given, where); !added) return added.error();
    }
    return all;
}

std::string cassette_difference(CassetteRequest const& one, CassetteRequest const& other, bool with_host) {
    if (one.method != other.method) return "method";
    if (with_host && !one.host.empty() && !other.host.empty() && one.host != other.host) return "host";
    if (one.path != other.path) return "path";
    if (one.body == other.body) return {};
    Result<json::value> const these = json_exact::parse(one.body, "body");
    Result<json::value> const those = json_exact::parse(other.body, "body");
    return these && those ? difference(*these, *those, "body") : "body";
}

}  // namespace aikit::inline v0::testing
