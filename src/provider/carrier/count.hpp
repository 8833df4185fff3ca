// SPDX-License-Identifier: MIT
// provider/carrier/count.hpp - how many tokens a provider counts in a request.
#ifndef AIKIT_SRC_PROVIDER_CARRIER_COUNT_HPP
#define AIKIT_SRC_PROVIDER_CARRIER_COUNT_HPP

#include "provider/carrier/call.hpp"

#include <aikit/model/provider.hpp>

namespace aikit::inline v0::provider::carrier {

/// How a provider counts.
struct Counting {
    Counting() = default;

    Call call;
    std::string model;
    std::string_view member;        ///< Of the answer: where the number stands. A literal.
    bool zero_is_left_out = false;  ///< As the JSON form of protocol buffers has it.
    std::vector<std::string> warnings;
};

/// Errors: those of the call, protocol (no number there, or a negative one).
Task<TokenCount> count_tokens(std::shared_ptr<Endpoint const> endpoint, Counting counting);

/// The same, decoded.
Result<TokenCount> decode_count(Exchange const& exchange, std::string_view body, Counting const& counting);

}  // namespace aikit::inline v0::provider::carrier

#endif  // AIKIT_SRC_PROVIDER_CARRIER_COUNT_HPP
