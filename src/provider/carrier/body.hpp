// SPDX-License-Identifier: MIT
// provider/carrier/body.hpp - the JSON of whole answers.
#ifndef AIKIT_SRC_PROVIDER_CARRIER_BODY_HPP
#define AIKIT_SRC_PROVIDER_CARRIER_BODY_HPP

#include "model/json_exact.hpp"
#include "provider/carrier/exchange.hpp"

namespace aikit::inline v0::provider::carrier {

/// The object that the body of a 2xx answer is, made in `arena`. White space in front, which some servers send to keep
/// a connection alive, is skipped. Errors: what the body says went wrong, protocol (no JSON, or no object).
Result<json::object> read_object(Exchange const& exchange, std::string_view body, json_exact::Arena& arena);

/// An error about what the body holds, with what is known of the exchange.
Error unreadable(Error error, Exchange const& exchange);

}  // namespace aikit::inline v0::provider::carrier

#endif  // AIKIT_SRC_PROVIDER_CARRIER_BODY_HPP
