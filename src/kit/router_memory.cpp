// SPDX-License-Identifier: MIT
// kit/router_memory.cpp - a row for each router.
#include "kit/router_memory.hpp"

#include "core/async.hpp"
#include "storage/connection.hpp"

#include <aikit/storage/database.hpp>

#include <boost/asio/co_spawn.hpp>

#include <utility>

namespace aikit::inline v0 {
namespace {

using storage::Connection;
using storage::Statement;

constexpr std::chrono::seconds keep_every{10};

using Learned = std::map<std::string, std::string>;

Result<Learned> read_rows(Connection& db) {
    Statement all(db, "SELECT router, learned FROM router_memory");
    Result<Learned> learned;
    while (all.step()) (*learned)[std::string(all.text(0))] = std::string(all.text(1));
    if (Result<void> const done = all.done(); !done) return done.error();
    return learned;
}

Result<void> put_rows(Connection& db, Learned const& learned) {
    for (auto const& [router, what] : learned) {
        Statement put(db, R"(
            INSERT INTO router_memory (router, learned) VALUES ($1, $2)
            ON CONFLICT (router) DO UPDATE SET learned = $2)");
        put.bind(1, router);
        put.bind(2, what);
        if (Result<void> const done = put.run(); !done) return done;
    }
    return ok();
}

/// Holds no kit while it waits.
Task<void> watch_routers(std::weak_ptr<Kit::State> weak, std::shared_ptr<Clock> clock) {
    for (;;) {
        Task<void> waiting = sleep_until(clock, clock->now() + keep_every);
        Result<void> const waited = co_await std::move(waiting);
        std::shared_ptr<Kit::State> const state = weak.lock();
        if (!waited || !state || state->closed) co_return ok();
        // What cannot be written now is written the next time.
        Task<void> keeping = guard(keep_routers(*state));
        Result<void> const kept = co_await std::move(keeping);
        (void)kept;
    }
}

}  // namespace

Task<void> recall_routers(storage::Database database, std::vector<RouterSetup>& routers) {
    if (routers.empty()) co_return ok();
    Task<Learned> reading = database.read<Learned>(read_rows);
    Result<Learned> learned = co_await std::move(reading);
    if (!learned) co_return learned.error();
    for (RouterSetup& setup : routers) {
        auto const found = learned->find(setup.rules.name);
        if (found != learned->end() && setup.rules.learned.empty()) setup.rules.learned = std::move(found->second);
    }
    co_return ok();
}

Task<void> keep_routers(Kit::State& state) {
    Learned learned;
    std::map<std::string, std::uint64_t> operations;
    for (std::shared_ptr<ProviderEntry const> const& entry : state.providers.entries()) {
        if (!entry->router) continue;
        std::uint64_t const now = entry->router->operations();
        auto const before = state.kept_routers.find(entry->config.name);
        if (now == (before == state.kept_routers.end() ? 0 : before->second)) continue;
        learned[entry->config.name] = entry->router->learned();
        operations[entry->config.name] = now;
    }
    if (learned.empty()) co_return ok();
    std::function<Result<void>(Connection&)> put = [learned = std::move(learned)](Connection& db) {
        return put_rows(db, learned);
    };
    Task<void> writing = state.database.write<void>(std::move(put));
    Result<void> const written = co_await std::move(writing);
    if (!written) co_return written.error();
    for (auto const& [name, count] : operations) state.kept_routers[name] = count;
    co_return ok();
}

Task<void> follow_routers(std::shared_ptr<Kit::State> state) {
    if (state->config.routers.empty()) co_return ok();
    boost::asio::co_spawn(state->runtime.executor(), watch_routers(state, state->runtime.clock()),
                          [](std::exception_ptr const&, Result<void> const&) {});
    co_return ok();
}

}  // namespace aikit::inline v0
