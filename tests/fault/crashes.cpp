// SPDX-License-Identifier: MIT
// fault/crashes.cpp - kill -9 and SIGTERM in the middle of recording, and writes that fail.
#include "calls.hpp"

#include <aikit/aikit.hpp>

#include <sqlite3.h>

#include <csignal>
#include <poll.h>
#include <random>
#include <stdexcept>
#include <sys/resource.h>
#include <thread>
#include <unistd.h>

namespace lab {
namespace {

using aikit::cost::Ledger;
using aikit::cost::LedgerRow;
using aikit::storage::Database;

constexpr std::int64_t round_micros = 1'000'000'000;  // rounds lie this far apart in time
constexpr std::int64_t first_micros = 1'760'000'000'000'000;

LedgerRow row_of(std::int64_t round, std::int64_t number) {
    LedgerRow row;
    row.request_id = "k" + std::to_string(round) + "-" + std::to_string(number);
    row.operation = "chat";
    row.attempt.provider = "lab";
    row.attempt.model = "lab-small";
    row.attempt.outcome = "ok";
    row.attempt.started =
        aikit::SystemTime(std::chrono::microseconds(first_micros + round * round_micros + number * 10));
    row.attempt.usage.input = number % 100;
    row.attempt.cost = aikit::Money::nanos(number + 1);
    return row;
}

Database open_database(aikit::Runtime const& runtime, std::string const& path) {
    aikit::storage::DatabaseConfig config;
    config.path = path;
    config.busy_timeout = std::chrono::milliseconds(100);
    aikit::Result<Database> database = aikit::sync::wait(runtime, Database::open(runtime, config));
    if (!database) throw std::runtime_error(database.error().message);
    return *database;
}

/// Rows of a round: all, or without what stands there twice, or the sum of their money.
std::int64_t ask(std::string const& path, std::string const& what, std::int64_t round) {
    std::int64_t const from = first_micros + round * round_micros;
    return run_sql(path, "SELECT " + what + " FROM ledger WHERE started >= " + std::to_string(from) +
                             " AND started < " + std::to_string(from + round_micros));
}

/// Lets a process run for a while; one of four may not even have started by then, the others have acknowledged
/// something.
void let_run(Child const& child, unsigned drawn) {
    constexpr int longest_start = 20'000;
    pollfd watched{child.output(), POLLIN, 0};
    if (drawn % 4 != 0) ::poll(&watched, 1, longest_start);
    std::this_thread::sleep_for(std::chrono::microseconds(drawn / 4 % 40'000));
}

/// All of `count` rows of a round stand there once, and their money adds up.
void all_there(std::string const& path, std::int64_t round, std::int64_t count, std::string const& promise,
               Promises& promises) {
    std::int64_t const rows = ask(path, "count(*)", round);
    std::int64_t const sum = ask(path, "coalesce(sum(cost), 0)", round);
    promises.hold(promise, rows == count && sum == count * (count + 1) / 2,
                  std::to_string(rows) + " rows of " + std::to_string(count));
}

void locked(std::string const& sabotage, Promises& promises) {
    Scratch const scratch;
    std::string const path = scratch.file("locked.db");
    aikit::Runtime runtime = aikit::Runtime::create().value();
    Database database = open_database(runtime, path);
    auto ledger = std::make_unique<Ledger>(database);
    sqlite3* other = nullptr;
    sqlite3_open(path.c_str(), &other);
    sqlite3_exec(other, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr);
    constexpr std::int64_t count = 3'000;
    for (std::int64_t i = 0; i < count; ++i) ledger->record(row_of(0, i));
    aikit::Result<void> const refused = aikit::sync::wait(runtime, ledger->flush());
    promises.hold("a flush of a locked ledger says busy", !refused && refused.error().code == aikit::Errc::busy);
    promises.hold("rows that could not be written stay pending", ledger->pending() == count,
                  std::to_string(ledger->pending()));
    if (sabotage == "forget_batch") {
        ledger.reset();
        database.close();
    }
    sqlite3_exec(other, "ROLLBACK", nullptr, nullptr, nullptr);
    sqlite3_close(other);
    if (!ledger) {
        database = open_database(runtime, path);
        ledger = std::make_unique<Ledger>(database);
    }
    promises.hold("a flush works again once the lock is gone", aikit::sync::wait(runtime, ledger->flush()).has_value());
    ledger.reset();
    database.close();
    runtime.close();
    all_there(path, 0, count, "after a lock every row is there once", promises);
}

void full_disk(Promises& promises) {
    Scratch const scratch;
    std::string const path = scratch.file("full.db");
    aikit::Runtime runtime = aikit::Runtime::create().value();
    Database database = open_database(runtime, path);
    Ledger ledger(database);
    ledger.record(row_of(0, 0));
    if (!aikit::sync::wait(runtime, ledger.flush())) throw std::runtime_error("an empty ledger cannot be written");
    std::signal(SIGXFSZ, SIG_IGN);
    rlimit before{};
    ::getrlimit(RLIMIT_FSIZE, &before);
    rlimit tight = before;
    tight.rlim_cur = 400'000;
    ::setrlimit(RLIMIT_FSIZE, &tight);
    constexpr std::int64_t count = 20'000;
    for (std::int64_t i = 1; i < count; ++i) ledger.record(row_of(0, i));
    aikit::Result<void> const refused = aikit::sync::wait(runtime, ledger.flush());
    promises.hold("a flush onto a full disk says storage", !refused && refused.error().code == aikit::Errc::storage,
                  refused ? "it worked" : std::string(aikit::name(refused.error().code)));
    promises.hold("rows wait for a disk that is full", ledger.pending() > 0);
    ::setrlimit(RLIMIT_FSIZE, &before);
    aikit::Result<void> const done = aikit::sync::wait(runtime, ledger.flush());
    promises.hold("a flush works again once there is room", done.has_value(), done ? "" : done.error().message);
    database.close();
    runtime.close();
    all_there(path, 0, count, "after a full disk every row is there once", promises);
}

// Set by SIGTERM, which asks a process to end.
volatile std::sig_atomic_t asked_to_end = 0;

bool say(std::int64_t acknowledged) {
    std::string const line = std::to_string(acknowledged) + "\n";
    return ::write(STDOUT_FILENO, line.data(), line.size()) >= 0;
}

}  // namespace

int record_until_killed(std::string const& path, std::int64_t round, std::string const& sabotage) {
    std::signal(SIGTERM, [](int) { asked_to_end = 1; });
    aikit::Runtime runtime = aikit::Runtime::create().value();
    Database database = open_database(runtime, path);
    auto ledger = std::make_unique<Ledger>(database);
    std::mt19937 random(static_cast<unsigned>(round));
    std::int64_t next = 0;
    while (asked_to_end == 0) {
        std::int64_t const end = next + 1 + static_cast<std::int64_t>(random() % 300);
        for (; next < end && asked_to_end == 0; ++next) {
            LedgerRow row = row_of(round, next);
            ledger->record(row);
            if (sabotage == "replay_doubles") row.attempt.started += std::chrono::microseconds(1);
            if (next % 3 == 0) ledger->record(row);  // what is handed over twice is written once
        }
        if (asked_to_end != 0) break;
        if (sabotage != "forget_flush") {
            aikit::Result<void> const flushed = aikit::sync::wait(runtime, ledger->flush());
            if (!flushed) return 1;
        }
        if (!say(next)) return 1;
    }
    // What was under way is brought to its end.
    for (int i = 0; i < 100; ++i) ledger->record(row_of(round, next++));
    if (sabotage == "end_at_once") std::_Exit(say(next) ? 0 : 1);
    // Whoever ends in order has not flushed the last rows, and loses none.
    ledger.reset();
    database.close();
    runtime.close();
    return say(next) ? 0 : 1;
}

void crash_ledgers(std::int64_t kills, unsigned seed, std::string const& sabotage, Promises& promises) {
    // Behind every four that are killed one is asked to end.
    std::int64_t const rounds = kills + kills / 4;
    Scratch const scratch;
    std::string const path = scratch.file("crashed.db");
    std::mt19937 random(seed);
    std::int64_t acknowledged_rounds = 0;
    for (std::int64_t round = 0; round < rounds; ++round) {
        Child child("fault_ledger", {"--record", path, std::to_string(round), sabotage});
        let_run(child, static_cast<unsigned>(random()));
        bool const asked = round % 5 == 4;
        std::string const printed = child.end(asked ? SIGTERM : SIGKILL);
        std::string const after = asked ? "after SIGTERM " : "after kill -9 ";
        // Only whole lines were said.
        std::size_t const end = printed.rfind('\n');
        std::size_t const begin =
            end == std::string::npos || end == 0 ? std::string::npos : printed.rfind('\n', end - 1);
        std::int64_t const acknowledged =
            end == std::string::npos ? 0 : std::atoll(printed.c_str() + (begin == std::string::npos ? 0 : begin + 1));
        acknowledged_rounds += acknowledged > 0;
        if (!std::filesystem::exists(path) || acknowledged == 0) continue;
        std::int64_t const there =
            ask(path,
                "count(DISTINCT CASE WHEN (started - " + std::to_string(first_micros + round * round_micros) +
                    ") / 10 < " + std::to_string(acknowledged) + " THEN request END)",
                round);
        promises.hold(
            after + "no acknowledged row is missing", there == acknowledged,
            "round " + std::to_string(round) + ": " + std::to_string(there) + " of " + std::to_string(acknowledged));
        std::int64_t const doubled = ask(path, "count(*) - count(DISTINCT request)", round);
        promises.hold(after + "no row is there twice", doubled == 0,
                      "round " + std::to_string(round) + ": " + std::to_string(doubled));
    }
    promises.hold("most processes lived long enough to acknowledge something", acknowledged_rounds * 2 >= rounds,
                  std::to_string(acknowledged_rounds) + " of " + std::to_string(rounds));
}

void fail_writes(std::string const& sabotage, Promises& promises) {
    locked(sabotage, promises);
    full_disk(promises);
}

}  // namespace lab
