// SPDX-License-Identifier: MIT
// cost/reports.hpp - what the ledger's tables say when they are read.
#ifndef AIKIT_SRC_COST_REPORTS_HPP
#define AIKIT_SRC_COST_REPORTS_HPP

#include "storage/connection.hpp"

#include <aikit/cost/ledger.hpp>

namespace aikit::inline v0::cost {

/// Sums up rows. Errors: storage, invalid_argument (`query.by`, or a sum that is no Money).
Result<Report> read_report(storage::Connection& db, ReportQuery const& query);

}  // namespace aikit::inline v0::cost

#endif  // AIKIT_SRC_COST_REPORTS_HPP
