// SPDX-License-Identifier: MIT
// cost/worst_case.hpp - what a request may come to at most, without a tokenizer: quick, and never too low.
#ifndef AIKIT_SRC_COST_WORST_CASE_HPP
#define AIKIT_SRC_COST_WORST_CASE_HPP

#include <aikit/cost/catalog.hpp>
#include <aikit/model/chat.hpp>
#include <aikit/model/embedding.hpp>

namespace aikit::inline v0::cost {

struct WorstCase {
    WorstCase() = default;

    Money cost;
    std::int64_t input_tokens = 0;
    std::int64_t output_tokens = 0;
    std::optional<Price> output_price;  ///< Of one more token written, at its dearest.
};

/// `output`, where it is given, is held against instead of what the request allows, if it is less. A null entry leaves
/// the cost at nothing. Errors: invalid_argument.
Result<WorstCase> worst_case(PriceEntry const* entry, std::string const& provider, ChatRequest const& request,
                             std::optional<std::int64_t> output);
Result<WorstCase> worst_case(PriceEntry const* entry, std::string const& provider, EmbedRequest const& request);

}  // namespace aikit::inline v0::cost

#endif  // AIKIT_SRC_COST_WORST_CASE_HPP
