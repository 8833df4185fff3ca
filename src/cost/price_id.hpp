// SPDX-License-Identifier: MIT
// cost/price_id.hpp - what the id of a price entry says of how it was found; see PriceEntry::id.
#ifndef AIKIT_SRC_COST_PRICE_ID_HPP
#define AIKIT_SRC_COST_PRICE_ID_HPP

#include <string>
#include <string_view>

namespace aikit::inline v0::cost {

/// The service tier of the price; empty: the standard one.
std::string tier_of_price(std::string_view price_id);

/// The region whose own price it was; empty: none's.
std::string region_of_price(std::string_view price_id);

}  // namespace aikit::inline v0::cost

#endif  // AIKIT_SRC_COST_PRICE_ID_HPP
