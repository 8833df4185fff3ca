// SPDX-License-Identifier: MIT
// tests/unit/storage/fault_test.cpp - full disks, broken disks and killed processes: nothing acknowledged is lost.
#include "faulty_vfs.hpp"
#include "support.hpp"

#include <csignal>
#include <latch>
#include <random>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace aikit::inline v0::storage {
namespace {

struct Outcome {
    std::set<std::int64_t> acknowledged;
    std::set<std::int64_t> refused;
    std::set<std::int64_t> found;  ///< After a reopen on a sound disk.
};

/// Writes rows in waves, so that groups of several sizes meet the fault.
void write_waves(Database const& db, Outcome& outcome) {
    std::int64_t id = 0;
    for (int wave = 1; wave <= 6; ++wave) {
        std::vector<Result<void>> results(static_cast<std::size_t>(wave * 3), ok());
        std::latch left(static_cast<std::ptrdiff_t>(results.size()));
        std::int64_t const first = id;
        for (Result<void>& result : results) {
            db.post_write(insert(++id, std::string(3'000, 'w')), [&left, &result](Result<void> done) {
                result = std::move(done);
                left.count_down();
            });
        }
        left.wait();
        for (std::size_t i = 0; i < results.size(); ++i) {
            std::int64_t const row = first + 1 + static_cast<std::int64_t>(i);
            (results[i] ? outcome.acknowledged : outcome.refused).insert(row);
            if (results[i]) continue;
            CHECK(results[i].error().code == Errc::storage);
            CHECK_FALSE(results[i].error().message.empty());
        }
    }
}

/// One run with the fault at the n-th change of the disk; false when the run ended before it.
bool run_with_fault(FaultyDisk& disk, std::string const& path, Fault fault, std::int64_t at_change) {
    Runtime runtime = Runtime::create().value();
    Outcome outcome;
    bool happened = false;
    {
        Database db = open(runtime, at(path));
        REQUIRE(write(db, make_table()));
        disk.fail(fault, at_change);
        write_waves(db, outcome);
        happened = disk.happened();
        disk.fail(Fault::none, 0);
        // The disk is sound again, and so is the open store.
        CHECK(write(db, insert(1'000)));
        outcome.acknowledged.insert(1'000);
        CHECK(ids(db).value().count(1'000) == 1);
        db.close();
    }
    Database again = open(runtime, at(path));
    outcome.found = ids(again).value();
    for (std::int64_t id : outcome.acknowledged) CHECK(outcome.found.count(id) == 1);
    for (std::int64_t id : outcome.refused) CHECK(outcome.found.count(id) == 0);
    again.close();
    runtime.close();
    return happened;
}

}  // namespace

TEST_CASE("a disk that fills up or breaks at any write loses nothing acknowledged and keeps nothing refused") {
    Scratch folder("fault");
    FaultyDisk disk;
    int runs = 0;
    for (Fault const fault : {Fault::full, Fault::full_once, Fault::broken, Fault::broken_once}) {
        for (std::int64_t n = 1;; n += n < 12 ? 1 : 7) {
            CAPTURE(static_cast<int>(fault));
            CAPTURE(n);
            std::string const path = folder / ("f" + std::to_string(runs++) + ".db");
            if (!run_with_fault(disk, path, fault, n)) break;
        }
    }
    CHECK(runs > 40);
}

TEST_CASE("a disk that is full while the store is made gives an error, and a sound file later") {
    Scratch folder("making");
    FaultyDisk disk;
    Runtime runtime = Runtime::create().value();
    for (std::int64_t n = 1; n < 400; n += 1 + n / 4) {
        CAPTURE(n);
        std::string const path = folder / ("n" + std::to_string(n) + ".db");
        disk.fail(n % 2 == 0 ? Fault::full : Fault::broken, n);
        Result<Database> made = testing::run(Database::open(runtime, at(path)));
        if (made) made->close();
        if (!made) CHECK(made.error().code == Errc::storage);
        disk.fail(Fault::none, 0);
        Database db = open(runtime, at(path));
        CHECK(write(db, make_table()));
        CHECK(write(db, insert(1)));
        db.close();
    }
}

TEST_CASE("killed at any moment, a process has kept every write that it acknowledged") {
    Scratch folder("killed");
    std::string const path = folder / "store.db";
    std::mt19937 random(20240607);
    std::set<std::int64_t> acknowledged;
    for (int round = 0; round < 25; ++round) {
        int ends[2];
        REQUIRE(::pipe(ends) == 0);
        pid_t const child = ::fork();
        REQUIRE(child >= 0);
        if (child == 0) {
            std::string const first = std::to_string(round * 1'000'000);
            ::dup2(ends[1], 1);
            ::close(ends[0]);
            ::execl(AIKIT_KILLED_WRITER, AIKIT_KILLED_WRITER, path.c_str(), first.c_str(), static_cast<char*>(nullptr));
            ::_exit(127);
        }
        ::close(ends[1]);
        // Killed after a random number of acknowledgements have been seen, wherever it is then.
        std::size_t const enough = 1 + random() % 400;
        std::size_t seen = 0;
        std::int64_t id = 0;
        while (seen < enough && ::read(ends[0], &id, sizeof id) == sizeof id) {
            acknowledged.insert(id);
            ++seen;
        }
        ::kill(child, SIGKILL);
        while (::read(ends[0], &id, sizeof id) == sizeof id) acknowledged.insert(id);
        ::close(ends[0]);
        int status = 0;
        REQUIRE(::waitpid(child, &status, 0) == child);
        REQUIRE(WIFSIGNALED(status));
        REQUIRE(seen == enough);

        Runtime runtime = Runtime::create().value();
        Database db = open(runtime, at(path));
        std::set<std::int64_t> const found = ids(db).value();
        std::size_t lost = 0;
        for (std::int64_t wanted : acknowledged) lost += found.count(wanted) == 0 ? 1 : 0;
        CHECK(lost == 0);
        db.close();
    }
    CHECK(acknowledged.size() > 1'000);
}

}  // namespace aikit::inline v0::storage
