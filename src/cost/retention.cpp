// SPDX-License-Identifier: MIT
// cost/retention.cpp - old rows become sums, a slice in each transaction.
#include "cost/retention.hpp"

#include "cost/ledger_rows.hpp"
#include "cost/ledger_scan.hpp"

#include <algorithm>
#include <map>
#include <utility>

namespace aikit::inline v0::cost {
namespace {

using storage::Connection;
using storage::Statement;

// Rows of one transaction: some 10 ms.
constexpr std::int64_t slice = 1'000;

struct Slice {
    Slice() = default;

    std::int64_t rows = 0;
    Money cost;
};

using DayKey = std::pair<std::int64_t, std::int64_t>;  // midnight in microseconds, label

Result<void> add_to_day(ScannedDay& day, ScannedRow const& row) {
    day.calls += 1;
    day.failed += row.failed() ? 1 : 0;
    day.estimated += row.estimated ? 1 : 0;
    day.unpriced += row.cost ? 0 : 1;
    day.input += row.input;
    day.cache_read += row.cache_read;
    day.cache_write_5m += row.cache_write_5m;
    day.cache_write_1h += row.cache_write_1h;
    day.output += row.output;
    day.reasoning += row.reasoning;
    Result<Money> const sum = Money::add(Money::nanos(day.cost), Money::nanos(row.cost.value_or(0)));
    if (!sum) return sum.error();
    day.cost = sum->nanos();
    return ok();
}

Result<void> write_days(Connection& db, std::map<DayKey, ScannedDay> const& days) {
    Statement add(db,
                  "INSERT INTO ledger_day (day, label, calls, failed, estimated, unpriced, input, cache_read, "
                  "cache_write_5m, cache_write_1h, output, reasoning, cost) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, "
                  "$9, $10, $11, $12, $13) ON CONFLICT (day, label) DO UPDATE SET calls = calls + excluded.calls, "
                  "failed = failed + excluded.failed, estimated = estimated + excluded.estimated, "
                  "unpriced = unpriced + excluded.unpriced, input = input + excluded.input, "
                  "cache_read = cache_read + excluded.cache_read, "
                  "cache_write_5m = cache_write_5m + excluded.cache_write_5m, "
                  "cache_write_1h = cache_write_1h + excluded.cache_write_1h, output = output + excluded.output, "
                  "reasoning = reasoning + excluded.reasoning, cost = cost + excluded.cost");
    for (auto const& [key, day] : days) {
        add.bind(1, key.first).bind(2, key.second);
        int column = 3;
        for (std::int64_t const count : {day.calls, day.failed, day.estimated, day.unpriced, day.input, day.cache_read,
                                         day.cache_write_5m, day.cache_write_1h, day.output, day.reasoning, day.cost}) {
            add.bind(column++, count);
        }
        if (Result<void> const added = add.run(); !added) return added;
        add.reset();
    }
    return ok();
}

/// Turns the oldest rows into sums; none are left when it gives no rows.
Result<Slice> prune_slice(Connection& db, SystemTime before) {
    RowFilter filter;
    filter.until = before;
    std::map<DayKey, ScannedDay> days;
    Slice done;
    std::int64_t first = 0, last = 0;
    Result<void> const read = scan_rows(db, filter, std::nullopt, [&](ScannedRow const& row) -> Result<bool> {
        if (done.rows == slice) return false;
        SystemTime const midnight = std::chrono::floor<std::chrono::days>(row.started);
        ScannedDay& day = days[{storage::to_micros(midnight), row.label->number}];
        if (Result<void> const added = add_to_day(day, row); !added) return added.error();
        Result<Money> const cost = Money::add(done.cost, Money::nanos(row.cost.value_or(0)));
        if (!cost) return cost.error();
        done.cost = *cost;
        if (done.rows++ == 0) first = row.id;
        last = row.id;
        return true;
    });
    if (!read) return read.error();
    if (done.rows == 0) return done;
    if (Result<void> const written = write_days(db, days); !written) return written.error();
    Statement remove(db, "DELETE FROM ledger_row WHERE id >= $1 AND id <= $2 AND started < $3");
    remove.bind(1, first).bind(2, last).bind(3, storage::to_micros(before));
    if (Result<void> const removed = remove.run(); !removed) return removed.error();
    return done;
}

}  // namespace

Task<PruneReport> prune_rows(storage::Database database, SystemTime before) {
    PruneReport report;
    report.before = std::chrono::floor<std::chrono::days>(before);
    SystemTime const bound = report.before;
    for (;;) {
        std::function<Result<Slice>(Connection&)> work = [bound](Connection& db) { return prune_slice(db, bound); };
        Task<Slice> pending = database.write<Slice>(std::move(work));
        Result<Slice> const done = co_await std::move(pending);
        if (!done) co_return done.error();
        if (done->rows == 0) co_return report;
        report.rows += done->rows;
        Result<Money> const cost = Money::add(report.cost, done->cost);
        if (!cost) co_return cost.error();
        report.cost = *cost;
    }
}

}  // namespace aikit::inline v0::cost
