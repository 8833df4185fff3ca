// SPDX-License-Identifier: MIT
// cost/ledger.cpp - rows are gathered while one write is under way, and go in together with the next.
#include "core/async.hpp"
#include "core/json.hpp"
#include "storage/connection.hpp"

#include <aikit/cost/ledger.hpp>

#include <algorithm>
#include <iterator>
#include <limits>
#include <list>
#include <mutex>
#include <utility>

namespace aikit::inline v0::cost {
namespace {

using storage::Connection;
using storage::Statement;

// A write of this many rows takes a few milliseconds; others wait no longer for the writer.
constexpr std::size_t most_at_once = 256;

// Rows that wait when they cannot be written: some 100 MB.
constexpr std::size_t most_pending = 100'000;

std::string usage_json(Usage const& usage) {
    json::object out;
    auto const add = [&](char const* key, std::int64_t count) {
        if (count != 0) out[key] = count;
    };
    add("input", usage.input);
    add("cache_read", usage.cache_read);
    add("cache_write_5m", usage.cache_write_5m);
    add("cache_write_1h", usage.cache_write_1h);
    add("output", usage.output);
    add("reasoning", usage.reasoning);
    add("audio_input", usage.audio_input);
    add("audio_cache_read", usage.audio_cache_read);
    add("audio_output", usage.audio_output);
    add("image_input", usage.image_input);
    add("image_output", usage.image_output);
    return json::serialize(out);
}

std::string tags_json(std::vector<std::string> const& tags) {
    json::array out;
    for (std::string const& tag : tags) out.push_back(json::value(tag));
    return json::serialize(out);
}

Result<void> insert(Connection& db, LedgerRow const& row) {
    Attempt const& attempt = row.attempt;
    Usage const& usage = attempt.usage;
    // A row may be handed over twice when its group was repeated; it is the same row.
    Statement add(
        db,
        "INSERT INTO ledger (request, attempt, started, latency, first_token, operation, provider, model, tenant, "
        "user, key, project, tags, outcome, estimated, input, cache_read, cache_write_5m, cache_write_1h, output, "
        "reasoning, usage, cost, price_id, provider_request) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, "
        "$12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25) "
        "ON CONFLICT (request, attempt) DO NOTHING");
    add.bind(1, row.request_id).bind(2, row.attempt_number).bind(3, storage::to_micros(attempt.started));
    add.bind(4, static_cast<std::int64_t>(attempt.latency.count()));
    add.bind(5, attempt.first_token ? std::optional<std::int64_t>(attempt.first_token->count()) : std::nullopt);
    add.bind(6, row.operation).bind(7, attempt.provider).bind(8, attempt.model);
    add.bind(9, row.caller.tenant).bind(10, row.caller.user).bind(11, row.caller.key).bind(12, row.caller.project);
    add.bind(13, tags_json(row.caller.tags)).bind(14, attempt.outcome).bind(15, usage.estimated);
    add.bind(16, usage.input).bind(17, usage.cache_read).bind(18, usage.cache_write_5m).bind(19, usage.cache_write_1h);
    add.bind(20, usage.output).bind(21, usage.reasoning).bind(22, usage_json(usage));
    add.bind(23, attempt.cost ? std::optional<std::int64_t>(attempt.cost->nanos()) : std::nullopt);
    add.bind(24, attempt.price_id).bind(25, attempt.provider_request_id);
    return add.run();
}

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

}  // namespace

/// Rows wait in lists, so that handing them to the writer, and taking them back, needs no memory that might be short.
struct Ledger::State : std::enable_shared_from_this<Ledger::State> {
    explicit State(storage::Database database_) : database(std::move(database_)) {}

    void keep(LedgerRow row) {
        std::list<LedgerRow> one;
        one.push_back(std::move(row));
        std::lock_guard const lock(mutex);
        if (waiting.size() + writing.size() >= most_pending) {
            failure = fail(Errc::storage, "the ledger cannot be written and holds all the rows it can: rows are lost");
            ++lost;
            return;
        }
        waiting.splice(waiting.end(), one);
        ++recorded;
    }

    /// Hands what has gathered to the writer, unless a write is under way: its end does so.
    void write_next() noexcept {
        {
            std::lock_guard const lock(mutex);
            if (!writing.empty() || waiting.empty()) return;
            auto last = waiting.begin();
            std::advance(last, std::min(waiting.size(), most_at_once));
            writing.splice(writing.begin(), waiting, waiting.begin(), last);
        }
        Result<void> const posted = guarded([&]() -> Result<void> {
            std::function<Result<void>(Connection&)> work = [self =
                                                                 shared_from_this()](Connection& db) -> Result<void> {
                for (LedgerRow const& row : self->writing) {
                    if (Result<void> added = insert(db, row); !added) return added;
                }
                return ok();
            };
            std::function<void(Result<void>)> done = [self = shared_from_this()](Result<void> result) {
                self->written(std::move(result));
            };
            database.post_write(std::move(work), std::move(done));
            return ok();
        });
        if (!posted) written(posted.error());
    }

    void written(Result<void> result) noexcept {
        {
            std::lock_guard const lock(mutex);
            if (!result) {
                // Kept in their order for the next try, which the next row or flush makes.
                waiting.splice(waiting.begin(), writing);
                failure = std::move(result).error();
                return;
            }
            durable += static_cast<std::int64_t>(writing.size());
            writing.clear();
        }
        write_next();
    }

    storage::Database const database;
    mutable std::mutex mutex;  // guards what follows; never held across a suspension
    std::list<LedgerRow> waiting;
    std::list<LedgerRow> writing;  // read by the storage thread while it is not empty
    std::int64_t recorded = 0;
    std::int64_t durable = 0;
    std::int64_t lost = 0;  // since the last flush
    std::optional<Error> failure;
};

Ledger::Ledger(storage::Database database) : state_(std::make_shared<State>(std::move(database))) {}

Ledger::~Ledger() = default;

void Ledger::record(LedgerRow row) noexcept {
    Result<void> const kept = guarded([&]() -> Result<void> {
        state_->keep(std::move(row));
        return ok();
    });
    if (!kept) {
        // A call that was made cannot be failed for want of memory for its row: flush() tells.
        std::lock_guard const lock(state_->mutex);
        ++state_->lost;
    }
    state_->write_next();
}

Task<void> Ledger::flush() {
    return flush_task(state_);
}

Task<void> Ledger::flush_task(std::shared_ptr<State> state) {
    std::int64_t target = 0, lost = 0;
    {
        std::lock_guard const lock(state->mutex);
        target = state->recorded;
        lost = std::exchange(state->lost, 0);
        state->failure.reset();
    }
    for (;;) {
        state->write_next();
        storage::Database const database = state->database;
        Task<void> pending = database.flush();
        Result<void> flushed = co_await std::move(pending);
        std::lock_guard const lock(state->mutex);
        if (state->durable < target && state->failure) co_return *state->failure;
        if (!flushed) co_return flushed.error();
        if (state->durable >= target) break;
    }
    if (lost > 0) {
        co_return fail(Errc::storage,
                       std::to_string(lost) + " rows of the ledger were lost: there was no room for them");
    }
    co_return ok();
}

std::int64_t Ledger::pending() const noexcept {
    std::lock_guard const lock(state_->mutex);
    return state_->recorded - state_->durable;
}

Task<Report> Ledger::report(ReportQuery query) {
    return report_task(state_, query);
}

Task<Report> Ledger::report_task(std::shared_ptr<State> state, ReportQuery query) {
    Task<void> flushing = flush_task(state);
    Result<void> const flushed = co_await std::move(flushing);
    if (!flushed) co_return flushed.error();
    std::function<Result<Report>(Connection&)> work = [query](Connection& db) { return read_report(db, query); };
    storage::Database const database = state->database;
    Task<Report> pending = database.read<Report>(std::move(work));
    co_return co_await std::move(pending);
}

}  // namespace aikit::inline v0::cost
