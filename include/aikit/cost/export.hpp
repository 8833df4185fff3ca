// SPDX-License-Identifier: MIT
// aikit/cost/export.hpp - rows and reports as files for others: CSV and lines of JSON.
//
// CSV is that of RFC 4180: lines end in CR LF, the first one names the columns. A text that a spreadsheet would take
// for a formula (it begins with = + - @, a tab or a CR) has an apostrophe before it, as OWASP advises ("CSV
// Injection").
#ifndef AIKIT_COST_EXPORT_HPP
#define AIKIT_COST_EXPORT_HPP

#include <aikit/cost/ledger.hpp>

#include <string>

namespace aikit::inline v0::cost {

enum class ExportFormat { csv, json_lines };

/// What stands before the rows: the names of the columns, or nothing.
AIKIT_EXPORT std::string export_head(ExportFormat format);

/// Appends one row.
AIKIT_EXPORT void export_row(LedgerRow const& row, ExportFormat format, std::string& out);

/// A whole report, head and lines; as JSON, a line each.
AIKIT_EXPORT std::string export_report(Report const& report, ReportBy by, ExportFormat format);

}  // namespace aikit::inline v0::cost

#endif  // AIKIT_COST_EXPORT_HPP
