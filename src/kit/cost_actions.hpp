// SPDX-License-Identifier: MIT
// kit/cost_actions.hpp - what is known of costs, asked for in JSON; the command and the C ABI do it the same way.
#ifndef AIKIT_SRC_KIT_COST_ACTIONS_HPP
#define AIKIT_SRC_KIT_COST_ACTIONS_HPP

#include "core/json.hpp"
#include "kit/cost_views.hpp"
#include "kit/json_views.hpp"

#include <aikit/kit.hpp>
#include <aikit/model/json_form.hpp>

#include <span>
#include <string>
#include <string_view>

namespace aikit::inline v0::costs {

/// Carries out one action: "estimate", "compare", "volume", "track", "forecast", "anomalies", "savings", "export",
/// "prune", "recost", "budgets", "adjust_budget", "budget_alerts", "tiers", "tier", "assign_tier", "claim", "release",
/// "check_feature", "explain_route", "routers", "cache", "clear_cache". The request is an object whose members each
/// action knows (capi/schema/cost_request.json); the reply is one. A "provider" may be a configured name, or the
/// catalog's. Errors: invalid_argument (naming the member), and those of what is asked.
Task<std::string> run(Kit kit, std::string action, std::string request);

// ---- what actions are made of ----

/// An action that has read its request.
using Started = Result<Task<std::string>>;

struct Action {
    std::string_view name;
    Started (*start)(Kit& kit, json::Fields& fields);
};

/// Those on budgets and subscription tiers.
std::span<Action const> account_actions() noexcept;

/// Those on routers.
std::span<Action const> route_actions() noexcept;

/// Those on the cache of replies.
std::span<Action const> cache_actions() noexcept;

template <class T>
Task<std::string> written(Task<T> pending) {
    Result<T> const made = co_await std::move(pending);
    if (!made) co_return made.error();
    co_return json::serialize(json_form::view(*made));
}

// ---- members that several requests have ----

/// Whose call it is: an object of that name.
void read_caller(json::Fields& fields, Caller& out);

/// The member "request": a chat.
Result<json_form::ChatCall> read_call(json::Fields& fields);

/// Which rows of the ledger.
void read_filter(json::Fields& fields, cost::RowFilter& out);
void read_report(json::Fields& fields, cost::ReportQuery& out);
void read_time(json::Fields& fields, char const* key, std::optional<SystemTime>& out);

}  // namespace aikit::inline v0::costs

#endif  // AIKIT_SRC_KIT_COST_ACTIONS_HPP
