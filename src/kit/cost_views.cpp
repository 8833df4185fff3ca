// SPDX-License-Identifier: MIT
// kit/cost_views.cpp - what the past of a ledger says, as JSON.
#include "kit/cost_views.hpp"

#include <aikit/core/clock.hpp>

namespace aikit::inline v0::json_form {
namespace {

json::object saving_view(cost::Saving const& saving) {
    json::object out;
    out["change"] = cost::name(saving.change);
    out["provider"] = saving.provider;
    out["model"] = saving.model;
    out["to"] = saving.to;
    out["what"] = saving.what;
    out["risk"] = saving.risk;
    out["risk_level"] = saving.risk_level;
    out["calls"] = saving.calls;
    out["per_month_usd"] = saving.per_month.usd();
    return out;
}

json::object offer_view(cost::ProviderOffer const& offer) {
    json::object out;
    out["provider"] = offer.provider;
    out["model"] = offer.model;
    out["input_tokens"] = offer.estimate.input_tokens;
    out["expected_usd"] = offer.estimate.expected.usd();
    out["at_most_usd"] = offer.estimate.at_most.usd();
    out["exact_tokens"] = offer.estimate.exact_tokens;
    out["reasoning"] = offer.reasoning;
    out["context_window"] = offer.context_window ? json::value(*offer.context_window) : json::value(nullptr);
    out["price_id"] = offer.estimate.price_id;
    return out;
}

}  // namespace

json::object view(cost::CostForecast const& forecast) {
    json::array weekdays;
    for (double const factor : forecast.month.weekdays) weekdays.push_back(factor);
    json::object out;
    out["from"] = to_rfc3339(forecast.from);
    out["until"] = to_rfc3339(forecast.until);
    out["spent_usd"] = forecast.spent.usd();
    out["expected_usd"] = forecast.month.expected.usd();
    out["low_usd"] = forecast.month.low.usd();
    out["high_usd"] = forecast.month.high.usd();
    out["confidence"] = forecast.confidence;
    out["history_days"] = forecast.history_days;
    out["weekdays"] = std::move(weekdays);
    return out;
}

json::object view(cost::AnomalyReport const& report) {
    json::array list;
    for (cost::CostAnomaly const& anomaly : report.anomalies) {
        list.push_back(json::object{{"key", anomaly.key},
                                    {"day", to_rfc3339(anomaly.day)},
                                    {"cost_usd", anomaly.cost.usd()},
                                    {"expected_usd", anomaly.expected.usd()},
                                    {"score", anomaly.score}});
    }
    json::object out;
    out["anomalies"] = std::move(list);
    out["days_checked"] = report.days_checked;
    return out;
}

json::object view(cost::SavingsPlan const& plan) {
    json::array list;
    for (cost::Saving const& saving : plan.savings) list.push_back(saving_view(saving));
    json::object out;
    out["savings"] = std::move(list);
    out["cost_per_month_usd"] = plan.cost_per_month.usd();
    out["cost_after_usd"] = plan.cost_after.usd();
    if (plan.enough) out["enough"] = *plan.enough;
    return out;
}

json::object view(std::vector<cost::ProviderOffer> const& offers) {
    json::array list;
    for (cost::ProviderOffer const& offer : offers) list.push_back(offer_view(offer));
    json::object out;
    out["offers"] = std::move(list);
    return out;
}

json::object view(cost::VolumeQuote const& quote) {
    json::object out;
    out["list_usd"] = quote.list.usd();
    out["discounted_usd"] = quote.discounted.usd();
    out["batch_usd"] = quote.batch.usd();
    out["next_from_usd"] = quote.next_from ? json::value(quote.next_from->usd()) : json::value(nullptr);
    out["next_basis_points"] = quote.next_basis_points;
    out["price_id"] = quote.price_id;
    return out;
}

json::object view(cost::PricedUsage const& priced) {
    json::object out;
    out["input_price"] = priced.input_usd;
    out["output_price"] = priced.output_usd;
    out["cost_usd"] = priced.cost.usd();
    out["price_id"] = priced.price_id;
    return out;
}

}  // namespace aikit::inline v0::json_form
