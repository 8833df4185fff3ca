// SPDX-License-Identifier: MIT
// provider/carrier/exchange.hpp - an HTTP exchange with a provider, and what went wrong in it, out of whatever a server
// says.
#ifndef AIKIT_SRC_PROVIDER_CARRIER_EXCHANGE_HPP
#define AIKIT_SRC_PROVIDER_CARRIER_EXCHANGE_HPP

#include "core/json.hpp"

#include <aikit/core/rate_limits.hpp>
#include <aikit/net/transport.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace aikit::inline v0::provider::carrier {

/// A request's body, and what could not be asked for.
struct Encoded {
    Encoded() = default;

    std::string body;
    std::vector<std::string> warnings;
};

/// Notes that a parameter was not sent, and why ("this provider has no such parameter").
void left_out(std::vector<std::string>& warnings, std::string_view name, std::string_view why);

/// What is known of the HTTP exchange that a reply or an error belongs to.
struct Exchange {
    Exchange() = default;

    /// Reads the headers that matter. `now` serves for dates where the server gives no date of its own.
    Exchange(std::string provider, int status, net::Headers const& headers, SystemTime now);

    std::string provider;
    int status = 0;
    std::string request_id;
    std::optional<std::chrono::milliseconds> retry_after;
    std::optional<bool> should_retry;
    std::shared_ptr<RateLimits const> rate_limits;  ///< Null: the headers say nothing of limits.
};

/// The error of a reply that is not 2xx. `body` may be JSON of any shape, HTML, or empty.
Error http_error(Exchange const& exchange, std::string_view body);

/// Does this JSON, received with a 2xx, say that the call failed? Every shape seen in the wild: an "error" object or
/// string, a list of such, {"message", "code"} without a reply, {"detail"}, {"errors"}. `marked`: it came as an event
/// named "error", so it does whatever it says.
std::optional<Error> in_band_error(Exchange const& exchange, json::value const& document, bool marked);

/// An error of ours about the reply; `detail` is theirs.
Error reply_error(Exchange const& exchange, Errc code, std::string sentence, std::string_view detail = {});

/// Puts what is known of the exchange into an error that has it not.
Error complete(Error error, Exchange const& exchange);

/// What the headers say of the account's limits; dates in them are seen from `now`.
RateLimits read_rate_limits(net::Headers const& headers, SystemTime now);

/// A duration in Go's form, which OpenAI writes: "12ms", "1.2s", "6m0s", "1h2m3s".
std::optional<std::chrono::milliseconds> parse_go_duration(std::string_view text);

}  // namespace aikit::inline v0::provider::carrier

#endif  // AIKIT_SRC_PROVIDER_CARRIER_EXCHANGE_HPP
