// SPDX-License-Identifier: MIT
// cost/ledger.cpp - rows are gathered while one write is under way, and go in together with the next.
#include "core/json.hpp"
#include "storage/connection.hpp"

#include <aikit/cost/ledger.hpp>

#include <algorithm>
#include <mutex>

namespace aikit::inline v0::cost {
namespace {

using storage::Connection;
using storage::Statement;

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

/// The same columns for every grouping. The texts are whole, so that no statement is put together from parts.
std::string_view report_sql(ReportBy by) {
    switch (by) {
        case ReportBy::model:
            return "SELECT model, count(*), sum(outcome <> 'ok'), sum(input + cache_read + cache_write_5m + "
                   "cache_write_1h), "
                   "sum(output), coalesce(sum(cost), 0), sum(estimated), sum(cost IS NULL) FROM ledger "
                   "WHERE started >= $1 AND started < $2 GROUP BY model ORDER BY coalesce(sum(cost), 0) DESC, model";
        case ReportBy::user:
            return "SELECT user, count(*), sum(outcome <> 'ok'), sum(input + cache_read + cache_write_5m + "
                   "cache_write_1h), "
                   "sum(output), coalesce(sum(cost), 0), sum(estimated), sum(cost IS NULL) FROM ledger "
                   "WHERE started >= $1 AND started < $2 GROUP BY user ORDER BY coalesce(sum(cost), 0) DESC, user";
        case ReportBy::provider:
            return "SELECT provider, count(*), sum(outcome <> 'ok'), sum(input + cache_read + cache_write_5m + "
                   "cache_write_1h), sum(output), coalesce(sum(cost), 0), sum(estimated), sum(cost IS NULL) FROM "
                   "ledger "
                   "WHERE started >= $1 AND started < $2 GROUP BY provider "
                   "ORDER BY coalesce(sum(cost), 0) DESC, provider";
        case ReportBy::day:
            return "SELECT started / 86400000000, count(*), sum(outcome <> 'ok'), sum(input + cache_read + "
                   "cache_write_5m + "
                   "cache_write_1h), sum(output), coalesce(sum(cost), 0), sum(estimated), sum(cost IS NULL) FROM "
                   "ledger "
                   "WHERE started >= $1 AND started < $2 GROUP BY started / 86400000000 ORDER BY started / 86400000000";
    }
    return {};
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

Result<Report> read_report(Connection& db, ReportQuery const& query) {
    Statement find(db, report_sql(query.by));
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

struct Ledger::State : std::enable_shared_from_this<Ledger::State> {
    explicit State(storage::Database database_) : database(std::move(database_)) {}

    /// Hands what has gathered to the writer, unless a write is under way: its end does so.
    void write_next() {
        auto batch = std::make_shared<std::vector<LedgerRow>>();
        {
            std::lock_guard const lock(mutex);
            if (writing || rows.empty()) return;
            writing = true;
            batch->swap(rows);
        }
        std::function<Result<void>(Connection&)> work = [batch](Connection& db) -> Result<void> {
            for (LedgerRow const& row : *batch) {
                if (Result<void> added = insert(db, row); !added) return added;
            }
            return ok();
        };
        database.post_write(std::move(work), [self = shared_from_this(), batch](Result<void> result) {
            self->written(*batch, std::move(result));
        });
    }

    void written(std::vector<LedgerRow>& batch, Result<void> result) {
        {
            std::lock_guard const lock(mutex);
            writing = false;
            if (result) {
                durable += static_cast<std::int64_t>(batch.size());
                failure.reset();
            } else {
                // Kept in their order for the next try, which the next row or flush makes.
                batch.insert(batch.end(), std::make_move_iterator(rows.begin()), std::make_move_iterator(rows.end()));
                rows.swap(batch);
                failure = result.error();
                return;
            }
        }
        write_next();
    }

    storage::Database const database;
    mutable std::mutex mutex;  // guards what follows; never held across a suspension
    std::vector<LedgerRow> rows;
    std::int64_t recorded = 0;
    std::int64_t durable = 0;
    bool writing = false;
    std::optional<Error> failure;
};

Ledger::Ledger(storage::Database database) : state_(std::make_shared<State>(std::move(database))) {}

Ledger::~Ledger() = default;

void Ledger::record(LedgerRow row) noexcept {
    try {
        {
            std::lock_guard const lock(state_->mutex);
            state_->rows.push_back(std::move(row));
            ++state_->recorded;
        }
        state_->write_next();
    } catch (...) {
        // Without memory for a row its call cannot be failed after the fact; flush() tells that something is missing.
        std::lock_guard const lock(state_->mutex);
        state_->failure = fail(Errc::out_of_memory, "a row of the ledger could not be kept: out of memory");
    }
}

Task<void> Ledger::flush() {
    return [](std::shared_ptr<State> state) -> Task<void> {
        std::int64_t target = 0;
        {
            std::lock_guard const lock(state->mutex);
            target = state->recorded;
            state->failure.reset();
        }
        for (;;) {
            state->write_next();
            storage::Database database = state->database;
            Task<void> pending = database.flush();
            Result<void> flushed = co_await std::move(pending);
            std::lock_guard const lock(state->mutex);
            if (state->durable >= target) co_return ok();
            if (state->failure) co_return *state->failure;
            if (!flushed) co_return flushed.error();
        }
    }(state_);
}

std::int64_t Ledger::pending() const noexcept {
    std::lock_guard const lock(state_->mutex);
    return state_->recorded - state_->durable;
}

Task<Report> Ledger::report(ReportQuery query) {
    return [](storage::Database database, ReportQuery asked) -> Task<Report> {
        std::function<Result<Report>(Connection&)> work = [asked](Connection& db) { return read_report(db, asked); };
        Task<Report> pending = database.read<Report>(std::move(work));
        co_return co_await std::move(pending);
    }(state_->database, query);
}

}  // namespace aikit::inline v0::cost
