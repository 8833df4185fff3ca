// SPDX-License-Identifier: MIT
// kit/cost_actions.hpp - what is known of costs, asked for in JSON; the command and the C ABI do it the same way.
#ifndef AIKIT_SRC_KIT_COST_ACTIONS_HPP
#define AIKIT_SRC_KIT_COST_ACTIONS_HPP

#include "core/json.hpp"

#include <aikit/kit.hpp>

#include <string>

namespace aikit::inline v0::costs {

/// Carries out one action: "estimate", "compare", "volume", "track", "forecast", "anomalies", "savings", "export",
/// "prune", "recost". The request is an object whose members each action knows (capi/schema/cost_request.json); the
/// reply is one. A "provider" may be a configured name, or the catalog's.
/// Errors: invalid_argument (naming the member), and those of what is asked.
Task<std::string> run(Kit kit, std::string action, std::string request);

// ---- members that several requests have ----

/// Which rows of the ledger.
void read_filter(json::Fields& fields, cost::RowFilter& out);
void read_report(json::Fields& fields, cost::ReportQuery& out);
void read_time(json::Fields& fields, char const* key, std::optional<SystemTime>& out);

}  // namespace aikit::inline v0::costs

#endif  // AIKIT_SRC_KIT_COST_ACTIONS_HPP
