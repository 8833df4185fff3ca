// SPDX-License-Identifier: MIT
// kit/json_views.hpp - what a Kit finds and reports as JSON; the command and the C ABI say it the same way.
#ifndef AIKIT_SRC_KIT_JSON_VIEWS_HPP
#define AIKIT_SRC_KIT_JSON_VIEWS_HPP

#include "core/json.hpp"

#include <aikit/kit.hpp>

namespace aikit::inline v0::json_form {

json::object view(knowledge::RelevantChunk const& chunk);
json::array view(std::vector<rag::AnswerSource> const& sources);

/// {"answer", "supported", "sources", "citations", "unresolved", "aikit"}; `complete` is false for a part of an answer.
json::object view(rag::AnswerWithSources const& answer, bool complete);

/// {"added", "changed", "unchanged", "chunks", "embedded_from_cache", "failed", "cost_usd"}
json::object view(knowledge::IngestReport const& report);

/// {"by", "lines", "total"}
json::object view(cost::Report const& report, cost::ReportBy by);

/// {"applied", "lines", "total"}
json::object view(cost::RecostReport const& report, bool applied);

/// {"before", "rows", "cost_usd"}
json::object view(cost::PruneReport const& report);

json::object view(cost::CostEstimate const& estimate);

/// {"object": "list", "data": [...]}: each provider, or what came of trying it.
json::object view(std::vector<ProviderStatus> const& providers);
json::object view(std::vector<ProviderCheck> const& checks);

/// {"used": [{"rule", "value", "requests", "tokens", "running"}], "waiting"}
json::object view(policy::LimitsReport const& report);

/// {"content_type", "text"}: metrics as Kit::metrics_text() has them.
json::object metrics_view(std::string const& text);
json::object view(std::vector<policy::BudgetStatus> const& budgets);

/// {"alerts": [{"budget", "value", "percent", "cost_usd", "tokens", "cost_limit_usd", "token_limit", "resets_at"}],
/// "last_alert", "missed"}
json::object view(BudgetAlerts const& alerts);

/// {"member", "tier", "since", "counts": [{"kind", "used", "limit"}], "use": a budget's status}; several stand under
/// "members".
json::object view(policy::TierStatus const& status);
json::object view(std::vector<policy::TierStatus> const& members);

/// What an entry asks and knows: {"price_id", "model", "prices", "steps", "pieces", "facts", ...}.
json::object view(cost::PriceEntry const& entry);

/// {"provider", "model", "service_tier", "aikit_usage", "usage", "input_price", "output_price", "cost_usd", "price_id",
/// "warnings", "entry"}
std::string write_priced(cost::PricedReply const& reply);

}  // namespace aikit::inline v0::json_form

#endif  // AIKIT_SRC_KIT_JSON_VIEWS_HPP
