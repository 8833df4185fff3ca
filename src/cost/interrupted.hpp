// SPDX-License-Identifier: MIT
// cost/interrupted.hpp - how much a reply came to that nobody told the end of.
#ifndef AIKIT_SRC_COST_INTERRUPTED_HPP
#define AIKIT_SRC_COST_INTERRUPTED_HPP

#include <aikit/cost/catalog.hpp>
#include <aikit/model/chat.hpp>

#include <cstdint>
#include <string_view>

namespace aikit::inline v0::cost {

/// What is known of a reply whose usage was not told, or not to its end.
struct Interrupted {
    Interrupted() = default;

    std::int64_t counted = 0;    ///< Tokens of what was delivered, as they were counted here.
    bool exact = false;          ///< By the model's own tokenizer.
    std::int64_t told = 0;       ///< Output that the provider had told by then.
    std::int64_t calls = 0;      ///< Calls of tools that were begun.
    std::int64_t other = 0;      ///< Bytes of what the provider sent beside, some of which may have been generated.
    bool reasoned = false;       ///< Some reasoning was delivered, or told.
    bool told_to_here = false;   ///< `told` includes all that was delivered.
    std::string_view provider;   ///< As the catalog calls it.
    ChatRequest const* request;  ///< Null: not known.
    PriceEntry const* price;     ///< Null: not known.
};

/// Puts the output into `usage`: what is likely, and the interval that holds the provider's own count nine times of
/// ten. Marks it as estimated. Reasoning that is not shown widens the interval to what the model may write at most.
void estimate_output(Interrupted const& reply, Usage& usage);

}  // namespace aikit::inline v0::cost

#endif  // AIKIT_SRC_COST_INTERRUPTED_HPP
