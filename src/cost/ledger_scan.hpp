// SPDX-License-Identifier: MIT
// cost/ledger_scan.hpp - the rows of the ledger one after the other, in little memory however many there are.
#ifndef AIKIT_SRC_COST_LEDGER_SCAN_HPP
#define AIKIT_SRC_COST_LEDGER_SCAN_HPP

#include "storage/connection.hpp"

#include <aikit/cost/ledger.hpp>

#include <map>

namespace aikit::inline v0::cost {

/// What rows have in common.
struct LedgerLabel {
    std::int64_t number = 0;
    std::string operation, provider, model, tenant, user, key, project;
    std::vector<std::string> tags;
    std::string price_id;
    bool wanted = false;  ///< By the filter of the scan.
};

/// A row under way. Texts live until the next one, the label until the scan's end or the next row.
struct ScannedRow {
    std::int64_t id = 0;
    SystemTime started;
    LedgerLabel const* label = nullptr;
    std::string_view request;
    std::int64_t attempt = 0, latency = 0;
    std::optional<std::int64_t> first_token;
    std::string_view outcome;
    bool estimated = false;
    std::int64_t input = 0, cache_read = 0, cache_write_5m = 0, cache_write_1h = 0, output = 0, reasoning = 0;
    std::string_view usage;  ///< JSON; empty: input and output are all.
    std::optional<std::int64_t> cost;
    std::string_view provider_request;

    std::int64_t total_input() const noexcept { return input + cache_read + cache_write_5m + cache_write_1h; }
    bool failed() const noexcept { return outcome != "ok" && outcome != "dropped"; }
};

/// The sums that are left of a day's rows with one label.
struct ScannedDay {
    SystemTime day;  ///< Its midnight, UTC.
    LedgerLabel const* label = nullptr;
    std::int64_t calls = 0, failed = 0, estimated = 0, unpriced = 0;
    std::int64_t input = 0, cache_read = 0, cache_write_5m = 0, cache_write_1h = 0, output = 0, reasoning = 0, cost = 0;

    std::int64_t total_input() const noexcept { return input + cache_read + cache_write_5m + cache_write_1h; }
};

/// Labels as they are met, so that a row costs no join. Remembers some thousands.
class LabelReader {
public:
    LabelReader(storage::Connection& db, RowFilter const& filter) : db_(db), filter_(filter) {}

    /// Valid until the next call. Errors: storage (damaged: there is no such label).
    Result<LedgerLabel const*> read(std::int64_t number);

private:
    storage::Connection& db_;
    RowFilter const& filter_;
    std::map<std::int64_t, LedgerLabel> known_;
};

/// Calls `row` for each row that the filter wants, in the order of ids, until it answers false. `after`: behind it.
/// Errors: storage, and what `row` gives.
Result<void> scan_rows(storage::Connection& db, RowFilter const& filter, std::optional<std::int64_t> after,
                       std::function<Result<bool>(ScannedRow const&)> const& row);

/// The same for the sums of what was pruned: days that start within the filter's time, in their order.
Result<void> scan_days(storage::Connection& db, RowFilter const& filter,
                       std::function<Result<void>(ScannedDay const&)> const& day);

/// What a row used. Errors: storage (the row's JSON is damaged).
Result<Usage> usage_of(ScannedRow const& row);

/// The whole row as it was handed over.
Result<LedgerRow> whole_row(ScannedRow const& row);

}  // namespace aikit::inline v0::cost

#endif  // AIKIT_SRC_COST_LEDGER_SCAN_HPP
