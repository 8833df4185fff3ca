// SPDX-License-Identifier: MIT
// cost/ledger.cpp - rows are gathered for a moment, and while one write is under way, and go in together.
#include "core/async.hpp"
#include "cost/ledger_rows.hpp"
#include "cost/reports.hpp"
#include "cost/retention.hpp"

#include <algorithm>
#include <iterator>
#include <list>
#include <mutex>
#include <utility>

namespace aikit::inline v0::cost {
namespace {

using storage::Connection;

// A write of this many rows takes some milliseconds; others wait no longer for the writer.
constexpr std::int64_t most_at_once = 1'024;

// Rows that wait when they cannot be written: some 30 MB.
constexpr std::int64_t most_pending = 100'000;

// Blocks whose memory is kept for others: for the rows that come within two moments under load, some 1 MB.
constexpr std::size_t most_spare = 8;

// How long a row waits for others to come: commits cost the same for one as for many. With the commit itself it stays
// below the 50 ms that are promised.
constexpr std::chrono::milliseconds linger{25};

}  // namespace

/// Rows wait in blocks, and blocks in lists, so that handing them to the writer, and taking them back, needs no memory
/// that might be short.
struct Ledger::State : std::enable_shared_from_this<Ledger::State> {
    explicit State(storage::Database database_)
        : database(std::move(database_)), executor(database.runtime().executor()) {}

    /// What is to be done now that a row has come.
    enum class Next { nothing, wait, write };

    Next keep(LedgerFacts const& facts) {
        std::lock_guard const lock(mutex);
        if (recorded - durable >= most_pending) {
            failure = fail(Errc::storage, "the ledger cannot be written and holds all the rows it can: rows are lost");
            ++lost;
            return Next::nothing;
        }
        if (waiting.empty() || waiting.back().full()) {
            if (spare.empty()) spare.emplace_back();
            waiting.splice(waiting.end(), spare, spare.begin());
        }
        waiting.back().add(facts);
        ++gathered;
        ++recorded;
        if (gathered >= most_at_once) return Next::write;
        return std::exchange(lingering, true) ? Next::nothing : Next::wait;
    }

    /// Has what gathers written in a moment.
    void write_soon() noexcept {
        Result<bool> const posted = guarded([&]() -> Result<bool> {
            return database.runtime().post(executor, [self = shared_from_this()] {
                Clock& clock = *self->database.runtime().clock();
                if (!self->timer) self->timer = clock.make_timer(self->executor);
                // Not the state itself, which owns the timer: a runtime that is closed first would leave them to each
                // other.
                self->timer->arm(clock.now() + linger, [weak = self->weak_from_this()] {
                    if (std::shared_ptr<State> const state = weak.lock()) state->write_now();
                });
            });
        });
        if (!posted || !*posted) write_now();
    }

    void write_now() noexcept {
        {
            std::lock_guard const lock(mutex);
            lingering = false;
        }
        write_next();
    }

    /// Hands what has gathered to the writer, unless a write is under way: its end does so.
    void write_next(std::int64_t most = most_at_once) noexcept {
        {
            std::lock_guard const lock(mutex);
            due = !writing.empty();
            if (due || waiting.empty()) return;
            std::int64_t rows = 0;
            auto last = waiting.begin();
            while (last != waiting.end() && rows < most) rows += static_cast<std::int64_t>((last++)->rows());
            writing.splice(writing.begin(), waiting, waiting.begin(), last);
            gathered -= rows;
        }
        Result<void> const posted = guarded([&]() -> Result<void> {
            std::function<Result<void>(Connection&)> work = [self = shared_from_this()](Connection& db) {
                return self->inserter.insert(db, self->writing);
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
        if (result) inserter.committed();
        std::list<RowBlock> done;  // destroyed after the lock is released
        {
            std::lock_guard const lock(mutex);
            std::int64_t rows = 0;
            for (RowBlock const& block : writing) rows += static_cast<std::int64_t>(block.rows());
            if (!result) {
                // Kept in their order for the next try, which the next row or flush makes.
                waiting.splice(waiting.begin(), writing);
                gathered += rows;
                failure = std::move(result).error();
                return;
            }
            durable += rows;
            while (!writing.empty() && spare.size() < most_spare) {
                writing.front().clear();
                spare.splice(spare.begin(), writing, writing.begin());
            }
            done.swap(writing);
            // What came meanwhile waits for its moment, or the writer would never rest.
            if (!due && !ending && gathered < most_at_once) return;
        }
        write_next();
    }

    storage::Database const database;
    boost::asio::any_io_executor const executor;
    std::unique_ptr<Timer> timer;  // used on `executor` only
    RowInserter inserter;          // used on the storage thread only
    mutable std::mutex mutex;      // guards what follows; never held across a suspension
    bool lingering = false;        // the timer is armed, or about to be
    bool due = false;              // more is to be written when the write under way has ended
    bool ending = false;           // nobody comes any more: all is to be written
    std::list<RowBlock> waiting;
    std::list<RowBlock> writing;  // read by the storage thread while it is not empty
    std::list<RowBlock> spare;    // empty; their memory serves the next rows
    std::int64_t gathered = 0;    // rows in `waiting`
    std::int64_t recorded = 0;
    std::int64_t durable = 0;
    std::int64_t lost = 0;  // since the last flush
    std::optional<Error> failure;
};

Ledger::Ledger(storage::Database database) : state_(std::make_shared<State>(std::move(database))) {}

Ledger::~Ledger() {
    {
        std::lock_guard const lock(state_->mutex);
        state_->ending = true;
    }
    state_->write_next();
    // The timer is let go where it may be at work. Without memory for that it does so in its time.
    (void)guarded([&]() -> Result<bool> {
        return state_->database.runtime().post(state_->executor, [state = state_] { state->timer.reset(); });
    });
}

void Ledger::record(LedgerRow const& row) noexcept {
    record(LedgerFacts(row.request_id, row.attempt_number, row.operation, row.caller, row.attempt));
}

void Ledger::record(LedgerFacts const& facts) noexcept {
    Result<State::Next> const next = guarded([&]() -> Result<State::Next> { return state_->keep(facts); });
    if (!next) {
        // A call that was made cannot be failed for want of memory for its row: flush() tells.
        std::lock_guard const lock(state_->mutex);
        ++state_->lost;
        return;
    }
    if (*next == State::Next::wait) state_->write_soon();
    if (*next == State::Next::write) state_->write_next();
}

void Ledger::write_now() noexcept {
    state_->write_next(most_pending);
}

Task<void> Ledger::flush() {
    return flush_task(state_);
}

Task<void> Ledger::flush_task(std::shared_ptr<State> state) {
    std::int64_t target = 0, lost = 0;
    bool began_before = false;
    {
        std::lock_guard const lock(state->mutex);
        began_before = !state->writing.empty();
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
        if (state->durable < target && state->failure) {
            // What a write met that was under way may be over: the rows get a try of this flush's own.
            if (!std::exchange(began_before, false)) co_return *state->failure;
            state->failure.reset();
            continue;
        }
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

template <class T>
Task<T> Ledger::read_task(std::shared_ptr<State> state, std::function<Result<T>(Connection&)> work) {
    Task<void> flushing = flush_task(state);
    Result<void> const flushed = co_await std::move(flushing);
    if (!flushed) co_return flushed.error();
    storage::Database const database = state->database;
    Task<T> pending = database.read<T>(std::move(work));
    co_return co_await std::move(pending);
}

Task<PruneReport> Ledger::prune_task(std::shared_ptr<State> state, SystemTime before) {
    Task<void> flushing = flush_task(state);
    Result<void> const flushed = co_await std::move(flushing);
    if (!flushed) co_return flushed.error();
    Task<PruneReport> pending = prune_rows(state->database, before);
    co_return co_await std::move(pending);
}

Task<RecostReport> Ledger::recost_task(std::shared_ptr<State> state, RecostQuery query) {
    Task<void> flushing = flush_task(state);
    Result<void> const flushed = co_await std::move(flushing);
    if (!flushed) co_return flushed.error();
    Task<RecostReport> pending = recost_rows(state->database, std::move(query));
    co_return co_await std::move(pending);
}

Task<Report> Ledger::report(ReportQuery query) {
    std::function<Result<Report>(Connection&)> work = [query = std::move(query)](Connection& db) {
        return read_report(db, query);
    };
    return read_task<Report>(state_, std::move(work));
}

Task<LedgerPage> Ledger::rows(RowsQuery query) {
    std::function<Result<LedgerPage>(Connection&)> work = [query = std::move(query)](Connection& db) {
        return read_page(db, query);
    };
    return read_task<LedgerPage>(state_, std::move(work));
}

Task<PruneReport> Ledger::prune(SystemTime before) {
    return prune_task(state_, before);
}

Task<RecostReport> Ledger::recost(RecostQuery query) {
    return recost_task(state_, std::move(query));
}

storage::Database const& Ledger::database() const noexcept {
    return state_->database;
}

}  // namespace aikit::inline v0::cost
