// SPDX-License-Identifier: MIT
// cost/reports.hpp - what the ledger's tables say when they are read.
#ifndef AIKIT_SRC_COST_REPORTS_HPP
#define AIKIT_SRC_COST_REPORTS_HPP

#include "storage/connection.hpp"

#include <aikit/cost/ledger.hpp>

namespace aikit::inline v0::cost {

/// Sums up rows and what is left of those that were pruned. Takes memory for its lines, not for the rows.
/// Errors: storage, invalid_argument (as Ledger::report()).
Result<Report> read_report(storage::Connection& db, ReportQuery const& query);

/// Errors: storage, invalid_argument (`limit`).
Result<LedgerPage> read_page(storage::Connection& db, RowsQuery const& query);

}  // namespace aikit::inline v0::cost

#endif  // AIKIT_SRC_COST_REPORTS_HPP
