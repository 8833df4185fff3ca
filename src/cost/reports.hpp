// SPDX-License-Identifier: MIT
// cost/reports.hpp - what the ledger's tables say when they are read.
#ifndef AIKIT_SRC_COST_REPORTS_HPP
#define AIKIT_SRC_COST_REPORTS_HPP

#include "storage/connection.hpp"

#include <aikit/cost/forecast.hpp>
#include <aikit/cost/ledger.hpp>

#include <map>

namespace aikit::inline v0::cost {

/// Sums up rows and what is left of those that were pruned. Takes memory for its lines, not for the rows.
/// Errors: storage, invalid_argument (as Ledger::report()).
Result<Report> read_report(storage::Connection& db, ReportQuery const& query);

/// Errors: storage, invalid_argument (`limit`).
Result<LedgerPage> read_page(storage::Connection& db, RowsQuery const& query);

/// What each of `days` days from a midnight on cost, for each of `keys`; without `by` of all rows, under the key "".
/// What was pruned is in the day that the middle of its UTC day is in. Errors: storage, invalid_argument (a sum).
Result<std::map<std::string, CostHistory>> read_histories(storage::Connection& db, RowFilter filter, SystemTime from,
                                                          int days, std::optional<ReportBy> by,
                                                          std::vector<std::string> const& keys);

/// How much the latest calls wrote that were answered in full, at most `calls` of them. Errors: storage.
Result<std::vector<std::int64_t>> latest_outputs(storage::Connection& db, RowFilter const& filter, int calls);

}  // namespace aikit::inline v0::cost

#endif  // AIKIT_SRC_COST_REPORTS_HPP
