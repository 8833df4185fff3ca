// SPDX-License-Identifier: MIT
// cost/recost.cpp - rows priced anew, each as of its own start.
#include "cost/ledger_scan.hpp"
#include "cost/price_id.hpp"
#include "cost/retention.hpp"

#include <aikit/cost/catalog.hpp>
#include <aikit/cost/month_spending.hpp>

#include <algorithm>
#include <map>
#include <utility>

namespace aikit::inline v0::cost {
namespace {

using storage::Connection;
using storage::Statement;

// Rows of one transaction: some 10 ms.
constexpr std::int64_t slice = 1'000;

using LineKey = std::pair<std::string, std::string>;  // provider, model

struct Change {
    std::int64_t row = 0, label = 0;
    Money cost;
    std::string price_id;
};

struct Slice {
    Slice() = default;

    std::map<LineKey, RecostLine> lines;
    std::int64_t last = 0;
    std::int64_t rows = 0;
    std::vector<Change> changes;
};

Result<void> add_money(Money& sum, Money more) {
    Result<Money> const added = Money::add(sum, more);
    if (!added) return added.error();
    sum = *added;
    return ok();
}

/// What the catalog asks for a row; nothing when it has no price for it.
Result<std::optional<PricedUsage>> price_of(RecostQuery const& query, MonthSpending& spending, ScannedRow const& row) {
    // Nothing is charged for it, whatever its model costs.
    if (row.label->operation == "moderate" || row.label->operation == "models") return std::optional<PricedUsage>();
    PriceQuery asked;
    asked.provider = row.label->provider;
    asked.model = row.label->model;
    if (query.names) query.names(asked.provider, asked.model);
    asked.at = row.started;
    asked.service_tier = tier_of_price(row.label->price_id);
    asked.region = region_of_price(row.label->price_id);
    std::string const bare = asked.provider.substr(0, asked.provider.find('+'));
    asked.spent = spending.spent(bare, row.started);
    Result<Usage> const usage = usage_of(row);
    if (!usage) return usage.error();
    Result<PriceEntry> const entry = query.catalog->find(asked);
    if (!entry) return std::optional<PricedUsage>();
    Result<PricedUsage> priced = price(*entry, *usage);
    if (priced) spending.add(bare, priced->cost, row.started);
    if (priced) return std::optional<PricedUsage>(std::move(*priced));
    if (priced.error().code == Errc::unknown_price) return std::optional<PricedUsage>();
    return priced.error();
}

/// What nobody has to pay for stays so: a call that was never carried out has no usage, and no price by request.
bool never_ran(ScannedRow const& row) {
    return row.failed() && row.total_input() == 0 && row.output == 0 &&
           row.usage.find("pieces") == std::string_view::npos && row.cost.value_or(0) == 0;
}

Result<void> take(RecostQuery const& query, MonthSpending& spending, ScannedRow const& row, Slice& out) {
    RecostLine& line = out.lines[{row.label->provider, row.label->model}];
    Money const before = Money::nanos(row.cost.value_or(0));
    ++line.rows;
    if (Result<void> const added = add_money(line.before, before); !added) return added;
    if (never_ran(row)) return add_money(line.after, before);
    Result<std::optional<PricedUsage>> const priced = price_of(query, spending, row);
    if (!priced) return priced.error();
    if (!*priced) {
        line.unpriced += row.cost ? 0 : 1;
        return add_money(line.after, before);
    }
    if (!row.cost || (*priced)->cost != before) ++line.changed;
    bool const differs = !row.cost || (*priced)->cost != before || (*priced)->price_id != row.label->price_id;
    if (differs) {
        Change change;
        change.row = row.id;
        change.label = row.label->number;
        change.cost = (*priced)->cost;
        change.price_id = (*priced)->price_id;
        out.changes.push_back(std::move(change));
    }
    return add_money(line.after, (*priced)->cost);
}

/// The number of a label that differs from another in its price only.
Result<std::int64_t> label_with_price(Connection& db, std::int64_t label, std::string const& price_id) {
    Statement add(db,
                  "INSERT INTO ledger_label (operation, provider, model, tenant, user, key, project, tags, price_id) "
                  "SELECT operation, provider, model, tenant, user, key, project, tags, $2 FROM ledger_label "
                  "WHERE id = $1 ON CONFLICT DO NOTHING");
    add.bind(1, label).bind(2, price_id);
    if (Result<void> const added = add.run(); !added) return added.error();
    Statement find(db,
                   "SELECT n.id FROM ledger_label o JOIN ledger_label n ON n.operation = o.operation AND "
                   "n.provider = o.provider AND n.model = o.model AND n.tenant = o.tenant AND n.user = o.user AND "
                   "n.key = o.key AND n.project = o.project AND n.tags = o.tags AND n.price_id = $2 WHERE o.id = $1");
    find.bind(1, label).bind(2, price_id);
    std::int64_t const number = find.step() ? find.integer(0) : 0;
    if (Result<void> const done = find.done(); !done) return done.error();
    if (number == 0) return fail(Errc::internal, "a label of the ledger was not found after it was written");
    return number;
}

Result<void> write_changes(Connection& db, std::vector<Change> const& changes) {
    std::map<std::pair<std::int64_t, std::string>, std::int64_t> labels;
    Statement update(db, "UPDATE ledger_row SET cost = $2, label = $3 WHERE id = $1");
    for (Change const& change : changes) {
        auto const [known, is_new] = labels.try_emplace({change.label, change.price_id}, 0);
        if (is_new) {
            Result<std::int64_t> const number = label_with_price(db, change.label, change.price_id);
            if (!number) return number.error();
            known->second = *number;
        }
        update.bind(1, change.row).bind(2, change.cost.nanos()).bind(3, known->second);
        if (Result<void> const done = update.run(); !done) return done;
        update.reset();
    }
    return ok();
}

Result<Slice> recost_slice(Connection& db, RecostQuery const& query, MonthSpending& spending,
                           std::optional<std::int64_t> after) {
    Slice out;
    Result<void> const read = scan_rows(db, query, after, [&](ScannedRow const& row) -> Result<bool> {
        if (out.rows == slice) return false;
        ++out.rows;
        out.last = row.id;
        if (Result<void> const taken = take(query, spending, row, out); !taken) return taken.error();
        return true;
    });
    if (!read) return read.error();
    if (query.apply) {
        if (Result<void> const written = write_changes(db, out.changes); !written) return written.error();
    }
    out.changes.clear();
    return out;
}

Result<void> add_line(RecostLine& to, RecostLine const& line) {
    to.rows += line.rows;
    to.changed += line.changed;
    to.unpriced += line.unpriced;
    if (Result<void> const added = add_money(to.before, line.before); !added) return added;
    return add_money(to.after, line.after);
}

std::uint64_t difference(RecostLine const& line) noexcept {
    std::int64_t const before = line.before.nanos(), after = line.after.nanos();
    // In unsigned numbers, where nothing overflows.
    return before > after ? static_cast<std::uint64_t>(before) - static_cast<std::uint64_t>(after)
                          : static_cast<std::uint64_t>(after) - static_cast<std::uint64_t>(before);
}

Result<RecostReport> report_of(std::map<LineKey, RecostLine>&& lines) {
    RecostReport report;
    for (auto& [key, line] : lines) {
        line.provider = key.first;
        line.model = key.second;
        if (Result<void> const added = add_line(report.total, line); !added) return added.error();
        report.lines.push_back(std::move(line));
    }
    std::stable_sort(report.lines.begin(), report.lines.end(),
                     [](RecostLine const& a, RecostLine const& b) { return difference(a) > difference(b); });
    return report;
}

/// Reading needs no place among the writers.
Task<Slice> start(storage::Database database, bool writes, std::function<Result<Slice>(Connection&)> work) {
    if (writes) return database.write<Slice>(std::move(work));
    return database.read<Slice>(std::move(work));
}

}  // namespace

Task<RecostReport> recost_rows(storage::Database database, RecostQuery query) {
    if (query.catalog == nullptr) co_return fail(Errc::invalid_argument, "recost: there is no catalog");
    std::map<LineKey, RecostLine> lines;
    std::optional<std::int64_t> after;
    // Work that was handed over may outlive this.
    auto const asked = std::make_shared<RecostQuery const>(std::move(query));
    auto const spending = std::make_shared<MonthSpending>(std::vector<Money>());
    for (;;) {
        std::function<Result<Slice>(Connection&)> work = [asked, spending, after](Connection& db) {
            return recost_slice(db, *asked, *spending, after);
        };
        Task<Slice> pending = start(database, asked->apply, std::move(work));
        Result<Slice> done = co_await std::move(pending);
        if (!done) co_return done.error();
        for (auto const& [key, line] : done->lines) {
            if (Result<void> const added = add_line(lines[key], line); !added) co_return added.error();
        }
        if (done->rows < slice) break;
        after = done->last;
    }
    co_return report_of(std::move(lines));
}

}  // namespace aikit::inline v0::cost
