// SPDX-License-Identifier: MIT
// policy/budget_batch.cpp - batches in budgets: spent at their worst case when they are taken, corrected by their
// results.
#include "core/async.hpp"
#include "policy/budget_state.hpp"

namespace aikit::inline v0::policy {
namespace {

using storage::Connection;
using storage::Statement;

/// A batch as it stands in the file.
struct NotedBatch {
    BudgetedCall call;
    Amounts booked;
    SystemTime taken;
};

Result<std::optional<NotedBatch>> read_batch(Connection& db, std::string const& provider, std::string const& id) {
    Statement find(db, "SELECT handle, cost, tokens, taken FROM budget_batch WHERE provider = $1 AND batch = $2");
    find.bind(1, provider).bind(2, id);
    std::string handle;
    NotedBatch batch;
    bool const there = find.step();
    if (there) {
        handle = find.text(0);
        batch.booked = {find.integer(1), find.integer(2)};
        batch.taken = storage::from_micros(find.integer(3));
    }
    if (Result<void> const done = find.done(); !done) return done.error();
    if (!there) return std::optional<NotedBatch>();
    Result<JobHandle> job = JobHandle::from_json(handle);
    if (!job) return job.error();
    batch.call.provider = job->provider;
    batch.call.model = std::move(job->model);
    batch.call.caller = std::move(job->caller);
    batch.call.cost = Money();
    return std::optional<NotedBatch>(std::move(batch));
}

/// Whoever removes the row corrects the accounts, in one transaction: so it is done once.
Result<bool> settle_in(Connection& db, std::string const& provider, std::string const& id, BudgetPlaces const& places,
                       Amounts const& more) {
    Statement remove(db, "DELETE FROM budget_batch WHERE provider = $1 AND batch = $2");
    remove.bind(1, provider).bind(2, id);
    if (Result<void> const done = remove.run(); !done) return done.error();
    if (db.changes() == 0) return false;
    for (std::shared_ptr<BudgetAccount> const& place : places) {
        if (Result<void> const done = adjust_account(db, *place, more); !done) return done.error();
    }
    return true;
}

template <class State>
Task<void> note_task(std::shared_ptr<State> state, Task<void> flushing, JobHandle job, Amounts amounts) {
    // A correction must not come before what it corrects.
    Result<void> const flushed = co_await std::move(flushing);
    if (!flushed) co_return flushed.error();
    std::function<Result<bool>(Connection&)> work = [job = std::move(job), amounts,
                                                     now = state->clock->system_now()](Connection& db) -> Result<bool> {
        Statement add(db, R"(
            INSERT INTO budget_batch (provider, batch, handle, cost, tokens, taken) VALUES ($1, $2, $3, $4, $5, $6)
            ON CONFLICT DO NOTHING)");
        add.bind(1, job.provider).bind(2, job.id).bind(3, job.to_json());
        add.bind(4, amounts.cost).bind(5, amounts.tokens).bind(6, storage::to_micros(now));
        if (Result<void> const done = add.run(); !done) return done.error();
        return true;
    };
    Task<bool> writing = state->database.template write<bool>(std::move(work));
    Result<bool> const done = co_await std::move(writing);
    if (!done) co_return done.error();
    co_return ok();
}

template <class State>
Task<bool> settle_task(std::shared_ptr<State> state, std::string provider, std::string id, Amounts came_to) {
    std::function<Result<std::optional<NotedBatch>>(Connection&)> look = [provider, id](Connection& db) {
        return read_batch(db, provider, id);
    };
    Task<std::optional<NotedBatch>> reading = state->database.template read<std::optional<NotedBatch>>(std::move(look));
    Result<std::optional<NotedBatch>> const batch = co_await std::move(reading);
    if (!batch) co_return batch.error();
    if (!*batch) co_return false;
    BudgetPlaces places;
    {
        std::lock_guard const lock(state->mutex);
        places = state->table.places_of((*batch)->call, (*batch)->taken);
    }
    Amounts const more = came_to - (*batch)->booked;
    std::function<Result<bool>(Connection&)> work = [provider, id, places, more](Connection& db) {
        return settle_in(db, provider, id, places, more);
    };
    Task<bool> writing = state->database.template write<bool>(std::move(work));
    co_return co_await std::move(writing);
}

}  // namespace

Task<void> BudgetGuardian::note_batch(JobHandle job, Money cost, std::int64_t tokens) {
    return guard(note_task(state_, flush(), std::move(job), Amounts{cost.nanos(), tokens}));
}

Task<bool> BudgetGuardian::settle_batch(std::string provider, std::string id, Money cost, std::int64_t tokens) {
    return guard(settle_task(state_, std::move(provider), std::move(id), Amounts{cost.nanos(), tokens}));
}

}  // namespace aikit::inline v0::policy
