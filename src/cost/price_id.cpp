// SPDX-License-Identifier: MIT
// cost/price_id.cpp - ids of price entries: PROVIDER/MODEL@DAY#TIER+REGION-PERCENT%.
#include "cost/price_id.hpp"

#include <algorithm>

namespace aikit::inline v0::cost {
namespace {

/// What stands behind the model: its name may hold any sign but this one's last.
std::string_view marks_of(std::string_view price_id) {
    std::size_t const mark = price_id.rfind('#');
    return mark == std::string_view::npos ? std::string_view() : price_id.substr(mark + 1);
}

}  // namespace

std::string tier_of_price(std::string_view price_id) {
    std::string_view const marks = marks_of(price_id);
    std::string_view const tier = marks.substr(0, std::min(marks.find_first_of("+-"), marks.size()));
    bool const known = tier == "batch" || tier == "flex" || tier == "priority" || tier == "fast";
    return std::string(known ? tier : std::string_view());
}

std::string region_of_price(std::string_view price_id) {
    std::string_view const marks = marks_of(price_id);
    std::size_t const plus = marks.find('+');
    if (plus == std::string_view::npos) return {};
    std::string_view region = marks.substr(plus + 1);
    if (region.ends_with('%')) region = region.substr(0, region.rfind('-'));
    return std::string(region);
}

}  // namespace aikit::inline v0::cost
