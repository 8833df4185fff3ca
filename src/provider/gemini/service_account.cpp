// SPDX-License-Identifier: MIT
// provider/gemini/service_account.cpp - key files in, signed requests for access tokens out.
#include "provider/gemini/service_account.hpp"

#include "core/json.hpp"
#include "model/base64.hpp"
#include "net/url.hpp"
#include "provider/carrier/call.hpp"

#include <algorithm>

namespace aikit::inline v0::provider::gemini {

namespace {

constexpr std::string_view scope = "https://www.googleapis.com/auth/cloud-platform";
constexpr std::string_view grant = "urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer";
constexpr std::string_view usual_token_url = "https://oauth2.googleapis.com/token";
constexpr std::int64_t hour = 3'600;  // the longest that Google takes

Error bad_file(std::string_view why) {
    std::string sentence("The service account's credentials are wrong: ");
    sentence.append(why).append(".");
    return fail(Errc::invalid_argument, std::move(sentence));
}

/// RFC 7515, appendix C.
std::string base64url(std::string_view bytes) {
    std::string text = to_base64(bytes);
    std::replace(text.begin(), text.end(), '+', '-');
    std::replace(text.begin(), text.end(), '/', '_');
    text.resize(std::min(text.size(), text.find('=')));
    return text;
}

bool is_this_machine(std::string_view host) noexcept {
    return host == "localhost" || host == "::1" || host.starts_with("127.");
}

/// Whoever may change the file could name an address of his own, but what he gets is worth nothing at Google: the
/// address is signed. Over plain http the token itself would be read on the way.
Result<void> check_token_url(std::string const& text) {
    Result<net::Url> const url = net::parse_url(text);
    if (!url) return bad_file("token_uri is no URL");
    bool const address = is_this_machine(url->host) && (url->is_address || url->host == "localhost");
    if (!url->https && !address) return bad_file("token_uri must be https");
    return ok();
}

}  // namespace

Result<ServiceAccount> read_service_account(Secret const& file) {
    Result<json::value> const document = json::parse(file.reveal(), "credentials");
    if (!document || !document->is_object()) return bad_file("they are no JSON object, the key file that Google gives");
    auto const text = [&](std::string_view key) { return std::string(json::text(*document, key).value_or("")); };
    std::string const type = text("type");
    if (type != "service_account") {
        bool const word = !type.empty() && type.size() <= 64 &&
                          type.find_first_not_of("abcdefghijklmnopqrstuvwxyz_0123456789") == std::string::npos;
        return bad_file("type is " + (word ? "\"" + type + "\"" : std::string("none that is known")) +
                        ", and only \"service_account\" is understood; give a token instead");
    }
    Secret const pem(json::text(*document, "private_key").value_or(""));
    if (pem.empty()) return bad_file("private_key is missing");
    Result<Rs256Key> key = Rs256Key::from_pem(pem);
    if (!key) return bad_file("private_key " + key.error().message);
    ServiceAccount account(std::move(*key));
    account.email = text("client_email");
    account.key_id = text("private_key_id");
    account.project = text("project_id");
    account.token_url = text("token_uri");
    if (account.token_url.empty()) account.token_url = usual_token_url;
    if (account.email.empty()) return bad_file("client_email is missing");
    if (Result<void> const good = check_token_url(account.token_url); !good) return good.error();
    return account;
}

Result<Secret> token_request(ServiceAccount const& account, SystemTime now) {
    json::object head;
    head["alg"] = "RS256";
    head["typ"] = "JWT";
    if (!account.key_id.empty()) head["kid"] = account.key_id;
    std::int64_t const issued = std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count();
    json::object claims;
    claims["iss"] = account.email;
    claims["scope"] = scope;
    claims["aud"] = account.token_url;
    claims["iat"] = issued;
    claims["exp"] = issued + hour;
    std::string token = base64url(json::serialize(head)) + "." + base64url(json::serialize(claims));
    Result<std::string> const signature = account.key.sign(token);
    if (!signature) return signature.error();
    token.append(".").append(base64url(*signature));
    std::string body("grant_type=");
    body.append(grant).append("&assertion=").append(token);
    return Secret(body);
}

Result<AccessToken> read_access_token(carrier::Exchange const& exchange, std::string_view body) {
    // What came may hold a token, so that nothing of it is told.
    auto const wrong = [&exchange](std::string_view what) {
        return carrier::reply_error(exchange, Errc::protocol,
                                    "The token endpoint of the provider " + exchange.provider + " gave no token: " +
                                        std::string(what) + "; check token_uri in the service account's file.");
    };
    Result<json::value> const document = json::parse(body, "reply");
    if (!document || !document->is_object()) return wrong("its answer is no JSON object");
    Result<AccessToken> read;
    read->token = Secret(json::text(*document, "access_token").value_or(""));
    if (read->token.empty()) return wrong("access_token is missing");
    if (carrier::has_control(read->token.reveal())) return wrong("access_token holds a control character");
    std::int64_t const told = json::integer(*document, "expires_in").value_or(hour);
    read->lifetime = std::chrono::seconds(std::clamp<std::int64_t>(told, 0, 24 * hour));
    return read;
}

std::chrono::seconds renewal_margin(std::chrono::seconds lifetime) noexcept {
    return std::min(std::chrono::seconds(225), lifetime / 4);
}

}  // namespace aikit::inline v0::provider::gemini
