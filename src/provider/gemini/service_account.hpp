// SPDX-License-Identifier: MIT
// provider/gemini/service_account.hpp - Google's service accounts as pure functions: no sockets, no clocks.
//
// Facts: "Using OAuth 2.0 for Server to Server Applications", RFC 7523 (the grant), RFC 7519 (the token that is
// signed).
#ifndef AIKIT_SRC_PROVIDER_GEMINI_SERVICE_ACCOUNT_HPP
#define AIKIT_SRC_PROVIDER_GEMINI_SERVICE_ACCOUNT_HPP

#include "core/rs256.hpp"
#include "provider/carrier/exchange.hpp"

#include <aikit/core/clock.hpp>
#include <aikit/core/secret.hpp>

#include <string>
#include <string_view>

namespace aikit::inline v0::provider::gemini {

/// The key file of a service account, read.
struct ServiceAccount {
    explicit ServiceAccount(Rs256Key key_) : key(std::move(key_)) {}

    std::string email;
    std::string key_id;
    std::string token_url;  ///< https, or http to this machine.
    std::string project;    ///< May be empty.
    Rs256Key key;
};

/// Reads the file's JSON. Errors: invalid_argument, which names the field; nothing of the file is told but its type.
Result<ServiceAccount> read_service_account(Secret const& file);

/// What asks for an access token, as the body of a form: a token of one hour, signed by the account. It is worth one
/// only at the address it is sent to, whose name is a part of it.
Result<Secret> token_request(ServiceAccount const& account, SystemTime now);

/// An access token, and how long it holds.
struct AccessToken {
    AccessToken() = default;

    Secret token;
    std::chrono::seconds lifetime{0};
};

/// The body of a 2xx answer. Errors: protocol.
Result<AccessToken> read_access_token(carrier::Exchange const& exchange, std::string_view body);

/// How long before its end a token is renewed: long enough that no call begins with one that dies on the way.
std::chrono::seconds renewal_margin(std::chrono::seconds lifetime) noexcept;

}  // namespace aikit::inline v0::provider::gemini

#endif  // AIKIT_SRC_PROVIDER_GEMINI_SERVICE_ACCOUNT_HPP
