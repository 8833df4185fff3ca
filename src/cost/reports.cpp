// SPDX-License-Identifier: MIT
// cost/reports.cpp - sums over the rows of the ledger, and rows page by page.
#include "cost/reports.hpp"

#include "cost/ledger_rows.hpp"
#include "cost/ledger_scan.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

namespace aikit::inline v0::cost {
namespace {

using storage::Connection;
using storage::Statement;

constexpr std::array<std::pair<std::string_view, ReportBy>, 9> names{{{"model", ReportBy::model},
                                                                      {"user", ReportBy::user},
                                                                      {"day", ReportBy::day},
                                                                      {"provider", ReportBy::provider},
                                                                      {"key", ReportBy::key},
                                                                      {"project", ReportBy::project},
                                                                      {"tag", ReportBy::tag},
                                                                      {"operation", ReportBy::operation},
                                                                      {"tenant", ReportBy::tenant}}};

std::string day_name(SystemTime time, std::chrono::minutes utc_offset) {
    return to_rfc3339(time + utc_offset).substr(0, 10);
}

std::string const& key_of(LedgerLabel const& label, ReportBy by) {
    switch (by) {
        case ReportBy::user: return label.user;
        case ReportBy::provider: return label.provider;
        case ReportBy::key: return label.key;
        case ReportBy::project: return label.project;
        case ReportBy::operation: return label.operation;
        case ReportBy::tenant: return label.tenant;
        case ReportBy::model:
        case ReportBy::day:
        case ReportBy::tag: break;
    }
    return label.model;
}

/// Calls `take` with each line that a row of a label is in.
template <class Take>
Result<void> for_each_key(LedgerLabel const& label, ReportBy by, Take const& take) {
    if (by != ReportBy::tag) return take(key_of(label, by));
    if (label.tags.empty()) return take(std::string());
    for (auto tag = label.tags.begin(); tag != label.tags.end(); ++tag) {
        if (std::find(label.tags.begin(), tag, *tag) != tag) continue;  // said twice
        if (Result<void> const taken = take(*tag); !taken) return taken;
    }
    return ok();
}

/// Adds one row, or the sums of many.
Result<void> add(ReportLine& to, ReportLine const& line) {
    to.calls += line.calls;
    to.failed += line.failed;
    to.input_tokens += line.input_tokens;
    to.output_tokens += line.output_tokens;
    to.estimated += line.estimated;
    to.unpriced += line.unpriced;
    Result<Money> const sum = Money::add(to.cost, line.cost);
    if (!sum) return sum.error();
    to.cost = *sum;
    return ok();
}

ReportLine line_of(ScannedRow const& row) {
    ReportLine line;
    line.calls = 1;
    line.failed = row.failed() ? 1 : 0;
    line.input_tokens = row.total_input();
    line.output_tokens = row.output;
    line.cost = Money::nanos(row.cost.value_or(0));
    line.estimated = row.estimated ? 1 : 0;
    line.unpriced = row.cost ? 0 : 1;
    return line;
}

ReportLine line_of(ScannedDay const& day) {
    ReportLine line;
    line.calls = day.calls;
    line.failed = day.failed;
    line.input_tokens = day.total_input();
    line.output_tokens = day.output;
    line.cost = Money::nanos(day.cost);
    line.estimated = day.estimated;
    line.unpriced = day.unpriced;
    return line;
}

/// The sums of one period, by key.
class Sums {
public:
    explicit Sums(ReportQuery const& query) : query_(query) {}

    Result<void> read(Connection& db) {
        Result<void> const rows = scan_rows(db, query_, std::nullopt, [this](ScannedRow const& row) -> Result<bool> {
            Result<void> const added = take(*row.label, row.started, query_.utc_offset, line_of(row));
            if (!added) return added.error();
            return true;
        });
        if (!rows) return rows;
        return scan_days(db, query_, [this](ScannedDay const& day) {
            return take(*day.label, day.day, std::chrono::minutes(0), line_of(day));
        });
    }

    std::map<std::string, ReportLine> lines;
    ReportLine total;

private:
    Result<void> take(LedgerLabel const& label, SystemTime at, std::chrono::minutes offset, ReportLine const& line) {
        if (Result<void> const added = add(total, line); !added) return added;
        if (query_.by == ReportBy::day) return add(lines[day_name(at, offset)], line);
        return for_each_key(label, query_.by, [&](std::string const& key) { return add(lines[key], line); });
    }

    ReportQuery const& query_;
};

Result<void> check(ReportQuery const& query) {
    if (query.utc_offset > std::chrono::hours(24) || query.utc_offset < std::chrono::hours(-24)) {
        return fail(Errc::invalid_argument, "report: utc_offset is more than a day");
    }
    if (query.trend && (!query.from || !query.until || *query.from >= *query.until)) {
        return fail(Errc::invalid_argument, "report: a trend needs 'from' and a later 'until'");
    }
    return ok();
}

/// The name of the day that is `length` later; an empty text for what is no day.
std::string later_day(std::string const& day, std::chrono::microseconds length) {
    Result<SystemTime> const at = from_rfc3339(day + "T12:00:00Z");
    return at ? day_name(*at + length, std::chrono::minutes(0)) : std::string();
}

void compare(ReportLine& line, ReportLine const& before) {
    line.calls_before = before.calls;
    line.cost_before = before.cost;
}

/// Puts the sums of the period before beside those of this one; what was there before only has a line, too.
Result<void> put_trend(Connection& db, ReportQuery const& query, Sums& sums) {
    ReportQuery earlier = query;
    auto const length = *query.until - *query.from;
    earlier.until = query.from;
    earlier.from = *query.from - length;
    Sums before(earlier);
    if (Result<void> const read = before.read(db); !read) return read;
    for (auto const& [key, line] : before.lines) {
        compare(sums.lines[query.by == ReportBy::day ? later_day(key, length) : key], line);
    }
    for (auto& [key, line] : sums.lines) {
        if (!line.cost_before) compare(line, ReportLine());
    }
    compare(sums.total, before.total);
    return ok();
}

}  // namespace

char const* name(ReportBy by) noexcept {
    for (auto const& [word, value] : names) {
        if (value == by) return word.data();
    }
    return "model";
}

std::optional<ReportBy> report_by(std::string_view name) noexcept {
    for (auto const& [word, value] : names) {
        if (word == name) return value;
    }
    return std::nullopt;
}

Result<Report> read_report(Connection& db, ReportQuery const& query) {
    if (Result<void> const good = check(query); !good) return good.error();
    Sums sums(query);
    if (Result<void> const read = sums.read(db); !read) return read.error();
    if (query.trend) {
        if (Result<void> const put = put_trend(db, query, sums); !put) return put.error();
    }
    Report report;
    report.total = std::move(sums.total);
    for (auto& [key, line] : sums.lines) {
        line.key = key;
        report.lines.push_back(std::move(line));
    }
    if (query.by != ReportBy::day) {
        std::stable_sort(report.lines.begin(), report.lines.end(),
                         [](ReportLine const& a, ReportLine const& b) { return a.cost > b.cost; });
    }
    return report;
}

Result<LedgerPage> read_page(Connection& db, RowsQuery const& query) {
    constexpr int most_rows = 10'000;
    if (query.limit < 1 || query.limit > most_rows) {
        return fail(Errc::invalid_argument, "rows: limit must be 1 to 10,000");
    }
    LedgerPage page;
    page.last = query.after.value_or(0);
    Result<void> const read = scan_rows(db, query, query.after, [&](ScannedRow const& row) -> Result<bool> {
        if (page.rows.size() == static_cast<std::size_t>(query.limit)) {
            page.more = true;
            return false;
        }
        Result<LedgerRow> whole = whole_row(row);
        if (!whole) return whole.error();
        page.rows.push_back(std::move(*whole));
        page.last = row.id;
        return true;
    });
    if (!read) return read.error();
    return page;
}

Result<std::map<std::string, CostHistory>> read_histories(Connection& db, RowFilter filter, SystemTime from, int days,
                                                          std::optional<ReportBy> by,
                                                          std::vector<std::string> const& keys) {
    constexpr std::chrono::hours a_day{24};
    filter.from = from;
    filter.until = from + days * a_day;
    std::map<std::string, CostHistory> histories;
    for (std::string const& key : keys) {
        histories[key].first_day = from;
        histories[key].days.resize(static_cast<std::size_t>(days));
    }
    auto const take = [&](LedgerLabel const& label, SystemTime at, std::int64_t nanos) -> Result<void> {
        auto const day = static_cast<std::size_t>(std::max<std::int64_t>(0, (at - from) / a_day));
        auto const add_to = [&](std::string const& key) -> Result<void> {
            auto const history = histories.find(key);
            if (history == histories.end() || day >= history->second.days.size()) return ok();
            Result<Money> const sum = Money::add(history->second.days[day], Money::nanos(nanos));
            if (!sum) return sum.error();
            history->second.days[day] = *sum;
            return ok();
        };
        return by ? for_each_key(label, *by, add_to) : add_to(std::string());
    };
    Result<void> const rows = scan_rows(db, filter, std::nullopt, [&](ScannedRow const& row) -> Result<bool> {
        Result<void> const taken = take(*row.label, row.started, row.cost.value_or(0));
        if (!taken) return taken.error();
        return true;
    });
    if (!rows) return rows.error();
    Result<void> const pruned = scan_days(db, filter, [&](ScannedDay const& day) {
        return take(*day.label, day.day + std::chrono::hours(12), day.cost);
    });
    if (!pruned) return pruned.error();
    return histories;
}

Result<std::vector<std::int64_t>> latest_outputs(Connection& db, RowFilter const& filter, int calls) {
    // However rare the kind is, it is looked for among so many rows only.
    constexpr int most_rows = 100'000;
    Statement find(db,
                   "SELECT label, output FROM ledger_row WHERE id >= $1 AND id < $2 AND outcome = 'ok' "
                   "ORDER BY id DESC LIMIT $3");
    find.bind(1, filter.from ? least_row_id(*filter.from) : std::numeric_limits<std::int64_t>::min());
    find.bind(2, filter.until ? least_row_id(*filter.until) : std::numeric_limits<std::int64_t>::max());
    find.bind(3, most_rows);
    LabelReader labels(db, filter);
    std::vector<std::int64_t> outputs;
    while (outputs.size() < static_cast<std::size_t>(calls) && find.step()) {
        Result<LedgerLabel const*> const label = labels.read(find.integer(0));
        if (!label) return label.error();
        if ((*label)->wanted) outputs.push_back(find.integer(1));
    }
    if (Result<void> const done = find.done(); !done) return done.error();
    return outputs;
}

}  // namespace aikit::inline v0::cost
