// SPDX-License-Identifier: MIT
// cost/reports.cpp - sums over the rows of the ledger.
#include "cost/reports.hpp"

#include <limits>
#include <utility>

namespace aikit::inline v0::cost {
namespace {

using storage::Connection;
using storage::Statement;

std::string day_name(std::int64_t days_since_1970) {
    return to_rfc3339(SystemTime(std::chrono::hours(24 * days_since_1970))).substr(0, 10);
}

Result<void> add_to_total(ReportLine& total, ReportLine const& line) {
    total.calls += line.calls;
    total.failed += line.failed;
    total.input_tokens += line.input_tokens;
    total.output_tokens += line.output_tokens;
    total.estimated += line.estimated;
    total.unpriced += line.unpriced;
    Result<Money> const sum = Money::add(total.cost, line.cost);
    if (!sum) return sum.error();
    total.cost = *sum;
    return ok();
}

/// Runs a statement with the columns that read_report() gives all of them.
Result<Report> lines_of(Statement& find, ReportQuery const& query) {
    find.bind(1, query.from ? storage::to_micros(*query.from) : std::numeric_limits<std::int64_t>::min());
    find.bind(2, query.until ? storage::to_micros(*query.until) : std::numeric_limits<std::int64_t>::max());
    Report report;
    while (find.step()) {
        ReportLine line;
        line.key = query.by == ReportBy::day ? day_name(find.integer(0)) : std::string(find.text(0));
        line.calls = find.integer(1);
        line.failed = find.integer(2);
        line.input_tokens = find.integer(3);
        line.output_tokens = find.integer(4);
        line.cost = Money::nanos(find.integer(5));
        line.estimated = find.integer(6);
        line.unpriced = find.integer(7);
        if (Result<void> added = add_to_total(report.total, line); !added) return added.error();
        report.lines.push_back(std::move(line));
    }
    if (Result<void> done = find.done(); !done) return done.error();
    return report;
}

}  // namespace

/// The statements differ in what they group by. Each is whole: none is put together from parts.
Result<Report> read_report(Connection& db, ReportQuery const& query) {
    switch (query.by) {
        case ReportBy::model: {
            Statement find(db,
                           "SELECT model, count(*), sum(CASE WHEN outcome IN ('ok', 'dropped') THEN 0 ELSE 1 END), "
                           "sum(input + cache_read + cache_write_5m + cache_write_1h), sum(output), "
                           "coalesce(sum(cost), 0), sum(estimated), sum(CASE WHEN cost IS NULL THEN 1 ELSE 0 END) "
                           "FROM ledger WHERE started >= $1 AND started < $2 GROUP BY model ORDER BY "
                           "coalesce(sum(cost), 0) DESC, model");
            return lines_of(find, query);
        }
        case ReportBy::user: {
            Statement find(db,
                           "SELECT user, count(*), sum(CASE WHEN outcome IN ('ok', 'dropped') THEN 0 ELSE 1 END), "
                           "sum(input + cache_read + cache_write_5m + cache_write_1h), sum(output), "
                           "coalesce(sum(cost), 0), sum(estimated), sum(CASE WHEN cost IS NULL THEN 1 ELSE 0 END) "
                           "FROM ledger WHERE started >= $1 AND started < $2 GROUP BY user ORDER BY "
                           "coalesce(sum(cost), 0) DESC, user");
            return lines_of(find, query);
        }
        case ReportBy::provider: {
            Statement find(db,
                           "SELECT provider, count(*), sum(CASE WHEN outcome IN ('ok', 'dropped') THEN 0 ELSE 1 END), "
                           "sum(input + cache_read + cache_write_5m + cache_write_1h), sum(output), "
                           "coalesce(sum(cost), 0), sum(estimated), sum(CASE WHEN cost IS NULL THEN 1 ELSE 0 END) "
                           "FROM ledger WHERE started >= $1 AND started < $2 GROUP BY provider ORDER BY "
                           "coalesce(sum(cost), 0) DESC, provider");
            return lines_of(find, query);
        }
        case ReportBy::day: {
            Statement find(db,
                           "SELECT started / 86400000000, count(*), sum(CASE WHEN outcome IN ('ok', 'dropped') THEN 0 "
                           "ELSE 1 END), "
                           "sum(input + cache_read + cache_write_5m + cache_write_1h), sum(output), "
                           "coalesce(sum(cost), 0), sum(estimated), sum(CASE WHEN cost IS NULL THEN 1 ELSE 0 END) "
                           "FROM ledger WHERE started >= $1 AND started < $2 GROUP BY started / 86400000000 ORDER BY "
                           "started / 86400000000");
            return lines_of(find, query);
        }
    }
    return fail(Errc::invalid_argument, "report: 'by' is none of model, user, day, provider");
}

}  // namespace aikit::inline v0::cost
