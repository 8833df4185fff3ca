// SPDX-License-Identifier: MIT
// kit/config_fields.hpp - how durations stand in a configuration, and its parts on limits and prices.
#ifndef AIKIT_SRC_KIT_CONFIG_FIELDS_HPP
#define AIKIT_SRC_KIT_CONFIG_FIELDS_HPP

#include "core/json.hpp"

#include <aikit/kit.hpp>

#include <chrono>
#include <optional>
#include <string_view>
#include <vector>

namespace aikit::inline v0 {

/// Durations stand in JSON as seconds, fractions allowed.
void read_seconds(json::Fields& fields, std::string_view key, std::optional<std::chrono::milliseconds>& out);
void read_seconds(json::Fields& fields, std::string_view key, std::chrono::milliseconds& out);
json::value seconds(std::chrono::milliseconds value);

/// "call_limits", where it is there.
Result<void> read_call_limits(json::Fields& parent, std::optional<policy::LimitsConfig>& out);
json::value write_call_limits(policy::LimitsConfig const& config);

/// "budgets", where it is there.
Result<void> read_budgets(json::Fields& parent, std::optional<policy::BudgetsConfig>& out);
json::value write_budgets(policy::BudgetsConfig const& config);

/// "price_discounts".
Result<void> read_price_discounts(json::Fields& parent, std::vector<cost::PriceDiscount>& out);
json::value write_price_discounts(std::vector<cost::PriceDiscount> const& discounts);

}  // namespace aikit::inline v0

#endif  // AIKIT_SRC_KIT_CONFIG_FIELDS_HPP
