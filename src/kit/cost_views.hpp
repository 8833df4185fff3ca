// SPDX-License-Identifier: MIT
// kit/cost_views.hpp - forecasts, anomalies, savings and offers as JSON, for whoever shows them.
#ifndef AIKIT_SRC_KIT_COST_VIEWS_HPP
#define AIKIT_SRC_KIT_COST_VIEWS_HPP

#include "core/json.hpp"

#include <aikit/cost/analysis.hpp>
#include <aikit/cost/forecast.hpp>
#include <aikit/cost/savings.hpp>

namespace aikit::inline v0::json_form {

/// {"from", "until", "spent_usd", "expected_usd", "low_usd", "high_usd", "confidence", "history_days", "weekdays"}
json::object view(cost::CostForecast const& forecast);

/// {"anomalies": [{"key", "day", "cost_usd", "expected_usd", "score"}], "days_checked"}
json::object view(cost::AnomalyReport const& report);

/// {"savings": [{"change", "provider", "model", "to", "what", "risk", "risk_level", "calls", "per_month_usd"}],
/// "cost_per_month_usd", "cost_after_usd", "enough"}; `enough` where there is a budget.
json::object view(cost::SavingsPlan const& plan);

/// {"offers": [{"provider", "model", "input_tokens", "expected_usd", "at_most_usd", "exact_tokens", "reasoning",
/// "context_window", "price_id"}]}
json::object view(std::vector<cost::ProviderOffer> const& offers);

/// {"list_usd", "discounted_usd", "batch_usd", "next_from_usd", "next_basis_points", "price_id"}
json::object view(cost::VolumeQuote const& quote);

/// {"input_price", "output_price", "cost_usd", "price_id"}
json::object view(cost::PricedUsage const& priced);

}  // namespace aikit::inline v0::json_form

#endif  // AIKIT_SRC_KIT_COST_VIEWS_HPP
