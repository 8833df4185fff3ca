// SPDX-License-Identifier: MIT
// tests/unit/storage/database_test.cpp - writing, reading, grouping, closing.
#include "faulty_vfs.hpp"
#include "support.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <sqlite3.h>

#include <atomic>
#include <condition_variable>
#include <future>
#include <latch>
#include <mutex>
#include <sys/wait.h>
#include <unistd.h>

namespace aikit::inline v0::storage {
namespace {

struct Fixture {
    Scratch folder{"database"};
    Runtime runtime = Runtime::create().value();
    Database db = open(runtime, at(folder / "store.db"));

    Fixture() { REQUIRE(write(db, make_table())); }
    ~Fixture() {
        db.close();
        runtime.close();
    }
};

/// Writes that all wait at once.
std::vector<Result<void>> write_all(Database const& db, std::vector<Work> works) {
    std::vector<Result<void>> outcomes(works.size(), Error());
    std::latch left(static_cast<std::ptrdiff_t>(works.size()));
    for (std::size_t i = 0; i < works.size(); ++i) {
        db.post_write(std::move(works[i]), [&, i](Result<void> outcome) {
            outcomes[i] = std::move(outcome);
            left.count_down();
        });
    }
    left.wait();
    return outcomes;
}

/// Occupies the storage thread until released.
class Blocker {
public:
    explicit Blocker(Database const& db) {
        db.post_write(
            [this](Connection&) -> Result<void> {
                started_.count_down();
                released_.wait();
                return ok();
            },
            [this](Result<void>) { finished_.count_down(); });
        started_.wait();
    }
    ~Blocker() {
        release();
        finished_.wait();
    }
    void release() {
        if (!done_) released_.count_down();
        done_ = true;
    }

private:
    bool done_ = false;
    std::latch started_{1}, released_{1}, finished_{1};
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "values of every kind come back as they were written") {
    std::string const text("caf\xc3\xa9 \0 after a zero byte", 26);
    std::string const bytes("\xff\x00\x01", 3);
    Work store = [&](Connection& c) -> Result<void> {
        if (Result<void> made = c.script("CREATE TABLE kinds (a, b, c, d, e, f, g)"); !made) return made;
        Statement add(c, "INSERT INTO kinds VALUES ($1, $2, $3, $4, $5, $6, $7)");
        add.bind(1, std::int64_t{-9223372036854775807}).bind(2, 0.1).bind(3, text).bind(4, std::string_view());
        add.bind_blob(5, std::as_bytes(std::span(bytes))).bind_null(6).bind(7, std::optional<std::int64_t>());
        return add.run();
    };
    REQUIRE(write(db, store));

    Work check = [&](Connection& c) -> Result<void> {
        Statement row(c, "SELECT a, b, c, d, e, f, g FROM kinds");
        REQUIRE(row.step());
        CHECK(row.integer(0) == -9223372036854775807);
        CHECK(row.real(1) == 0.1);
        CHECK(row.text(2) == text);
        CHECK(row.text(3).empty());
        CHECK_FALSE(row.is_null(3));
        CHECK(std::string(reinterpret_cast<char const*>(row.blob(4).data()), row.blob(4).size()) == bytes);
        CHECK(row.is_null(5));
        CHECK(row.is_null(6));
        CHECK_FALSE(row.step());
        return row.done();
    };
    CHECK(testing::run(db.read<void>(check)));
}

TEST_CASE_FIXTURE(Fixture, "parameters are found by their number, in whatever order the statement names them") {
    Work check = [](Connection& c) -> Result<void> {
        Statement row(c, "SELECT $3, $1, $2, $1");
        row.bind(1, "one").bind(2, "two").bind(3, "three");
        REQUIRE(row.step());
        CHECK(row.text(0) == "three");
        CHECK(row.text(1) == "one");
        CHECK(row.text(2) == "two");
        CHECK(row.text(3) == "one");
        return ok();
    };
    CHECK(testing::run(db.read<void>(check)));
}

TEST_CASE_FIXTURE(Fixture, "a wrong parameter or statement is told at the end and crashes nothing") {
    Work wrong_number = [](Connection& c) -> Result<void> {
        Statement row(c, "SELECT $1");
        row.bind(2, "no such parameter");
        CHECK_FALSE(row.step());
        CHECK(row.integer(0) == 0);
        return row.done();
    };
    Work wrong_text = [](Connection& c) -> Result<void> {
        Statement row(c, "SELEC nothing");
        row.bind(1, 1).bind_null(2);
        CHECK_FALSE(row.step());
        CHECK(row.text(0).empty());
        CHECK(row.is_null(0));
        row.reset();
        return row.run();
    };
    CHECK(testing::run(db.read<void>(wrong_number)).error().code == Errc::internal);
    CHECK_FALSE(testing::run(db.read<void>(wrong_text)).has_value());
}

TEST_CASE_FIXTURE(Fixture, "one statement may run while another of the same text is being read") {
    for (std::int64_t id = 1; id <= 3; ++id) REQUIRE(write(db, insert(id)));
    Work nested = [](Connection& c) -> Result<void> {
        int pairs = 0;
        Statement outer(c, "SELECT id FROM note");
        while (outer.step()) {
            Statement inner(c, "SELECT id FROM note");
            while (inner.step()) ++pairs;
            REQUIRE(inner.done());
        }
        CHECK(pairs == 9);
        return outer.done();
    };
    CHECK(testing::run(db.read<void>(nested)));
}

TEST_CASE_FIXTURE(Fixture, "a change that fails is undone and its neighbours in the group stand") {
    std::vector<Work> works;
    for (std::int64_t id = 0; id < 60; ++id) {
        works.push_back([id](Connection& c) -> Result<void> {
            if (Result<void> added = insert(id)(c); !added) return added;
            if (id % 3 == 1) return fail(Errc::invalid_argument, "a refusal of the work itself");
            if (id % 3 == 2) throw std::bad_alloc();
            return ok();
        });
    }
    std::vector<Result<void>> const outcomes = write_all(db, std::move(works));

    std::set<std::int64_t> expected;
    for (std::int64_t id = 0; id < 60; ++id) {
        Result<void> const& outcome = outcomes[static_cast<std::size_t>(id)];
        if (id % 3 == 0) {
            CHECK(outcome);
            expected.insert(id);
        } else {
            CHECK(outcome.error().code == (id % 3 == 1 ? Errc::invalid_argument : Errc::out_of_memory));
        }
    }
    CHECK(ids(db).value() == expected);
}

TEST_CASE("waiting writes share their commits") {
    FaultyDisk disk;
    Fixture f;
    disk.fail(Fault::none, 0);
    {
        Blocker hold(f.db);
        std::vector<Work> works;
        for (std::int64_t id = 0; id < 400; ++id) works.push_back(insert(id));
        std::promise<void> queued;
        std::thread release([&] {
            queued.get_future().wait();
            hold.release();
        });
        std::atomic<int> good{0};
        std::latch left(400);
        for (Work& work : works) {
            f.db.post_write(std::move(work), [&](Result<void> outcome) {
                if (outcome) ++good;
                left.count_down();
            });
        }
        queued.set_value();
        left.wait();
        release.join();
        CHECK(good == 400);
    }
    CHECK(disk.syncs() >= 1);
    CHECK(disk.syncs() <= 40);
    CHECK(ids(f.db).value().size() == 400);
}

TEST_CASE("no transaction is held longer than its limit while others wait") {
    FaultyDisk disk;
    Scratch folder("slices");
    Runtime runtime = Runtime::create().value();
    DatabaseConfig config = at(folder / "store.db");
    config.max_transaction = std::chrono::milliseconds(1);
    Database db = open(runtime, config);
    REQUIRE(write(db, make_table()));
    disk.fail(Fault::none, 0);
    std::vector<Work> works;
    for (std::int64_t id = 0; id < 20; ++id) {
        works.push_back([id](Connection& c) -> Result<void> {
            auto const until = std::chrono::steady_clock::now() + std::chrono::milliseconds(2);
            while (std::chrono::steady_clock::now() < until) {
            }
            return insert(id)(c);
        });
    }
    for (Result<void> const& outcome : write_all(db, std::move(works))) CHECK(outcome);
    CHECK(disk.syncs() >= 20);
    db.close();
}

TEST_CASE_FIXTURE(Fixture, "a read sees one state of the store however long it takes") {
    REQUIRE(write(db, insert(1)));
    Work work = [this](Connection& c) -> Result<void> {
        auto const count = [&c] {
            Statement ask(c, "SELECT count(*) FROM note");
            return ask.step() ? ask.integer(0) : -1;
        };
        CHECK(count() == 1);
        std::vector<Work> more;
        more.push_back(insert(2));
        REQUIRE(write_all(db, std::move(more)).front());
        CHECK(count() == 1);
        return ok();
    };
    REQUIRE(testing::run(db.read<void>(work)));
    CHECK(ids(db).value().size() == 2);
}

TEST_CASE_FIXTURE(Fixture, "a read cannot change the store") {
    CHECK_FALSE(testing::run(db.read<void>(insert(1))).has_value());
    CHECK(ids(db).value().empty());
}

TEST_CASE("no more reads run at once than there are connections, and all are answered") {
    Scratch folder("readers");
    RuntimeConfig threads;
    threads.cpu = 8;
    Runtime runtime = Runtime::create(threads).value();
    DatabaseConfig config = at(folder / "store.db");
    config.readers = 2;
    Database db = open(runtime, config);
    std::atomic<int> inside{0}, most{0}, answered{0};
    Work work = [&](Connection& c) -> Result<void> {
        int const now = ++inside;
        int seen = most;
        while (seen < now && !most.compare_exchange_weak(seen, now)) {
        }
        Statement ask(c, "SELECT count(*) FROM item");
        Result<void> const done = ask.run();
        --inside;
        return done;
    };
    boost::asio::io_context loop;
    for (int i = 0; i < 200; ++i) {
        boost::asio::co_spawn(loop, db.read<void>(work), [&](std::exception_ptr, Result<void> outcome) {
            if (outcome) ++answered;
        });
    }
    loop.run();
    CHECK(answered == 200);
    CHECK(most <= 2);
    db.close();
}

TEST_CASE_FIXTURE(Fixture, "a write cancelled while it waits is not made") {
    boost::asio::io_context loop;
    boost::asio::cancellation_signal signal;
    Result<void> outcome = ok();
    {
        Blocker hold(db);
        boost::asio::co_spawn(loop, db.write<void>(insert(7)),
                              boost::asio::bind_cancellation_slot(
                                  signal.slot(), [&](std::exception_ptr, Result<void> r) { outcome = std::move(r); }));
        loop.poll();
        signal.emit(boost::asio::cancellation_type::terminal);
        loop.run();
    }
    REQUIRE_FALSE(outcome.has_value());
    CHECK(outcome.error().code == Errc::cancelled);
    REQUIRE(testing::run(db.flush()));
    CHECK(ids(db).value().empty());
}

TEST_CASE_FIXTURE(Fixture, "closing commits what is pending, and later calls say that it is closed") {
    std::atomic<int> good{0};
    for (std::int64_t id = 0; id < 100; ++id) {
        db.post_write(insert(id), [&](Result<void> outcome) {
            if (outcome) ++good;
        });
    }
    db.close();
    CHECK(good == 100);

    CHECK(write(db, insert(1000)).error().code == Errc::invalid_state);
    CHECK(ids(db).error().code == Errc::invalid_state);
    CHECK(testing::run(db.flush()).error().code == Errc::invalid_state);
    bool told = false;
    db.post_write(insert(1001),
                  [&](Result<void> outcome) { told = !outcome && outcome.error().code == Errc::invalid_state; });
    CHECK(told);
    db.close();
    CHECK(ids(open(runtime, at(folder / "store.db"))).value().size() == 100);
}

TEST_CASE("dropping the last handle loses nothing that was handed over") {
    Scratch folder("dropped");
    for (int round = 0; round < 20; ++round) {
        Runtime runtime = Runtime::create().value();
        std::atomic<int> good{0};
        {
            Database db = open(runtime, at(folder / "store.db"));
            REQUIRE(write(db, make_table()));
            for (std::int64_t id = 0; id < 20; ++id) {
                db.post_write(insert(round * 100 + id), [&](Result<void> outcome) {
                    if (outcome) ++good;
                });
            }
        }
        runtime.close();
        CHECK(good == 20);
        Runtime again = Runtime::create().value();
        Database db = open(again, at(folder / "store.db"));
        CHECK(ids(db).value().size() == static_cast<std::size_t>(20 * (round + 1)));
        db.close();
    }
}

TEST_CASE("a store in memory works like a file and is its handle's own") {
    Runtime runtime = Runtime::create().value();
    Database first = open(runtime, DatabaseConfig());
    Database second = open(runtime, DatabaseConfig());
    REQUIRE(write(first, make_table()));
    REQUIRE(write(second, make_table()));
    REQUIRE(write(first, insert(1)));
    CHECK(ids(first).value().size() == 1);
    CHECK(ids(second).value().empty());
    CHECK(first.path().empty());
    first.close();
    CHECK(ids(first).error().code == Errc::invalid_state);
}

TEST_CASE("a database that was never opened says so") {
    Database const none;
    CHECK_FALSE(none);
    CHECK(write(none, insert(1)).error().code == Errc::invalid_state);
    CHECK(ids(none).error().code == Errc::invalid_state);
    CHECK(none.path().empty());
}

TEST_CASE("work also runs without threads of its own") {
    Scratch folder("threadless");
    RuntimeConfig threads;
    threads.cpu = 0;
    threads.storage = 0;
    Runtime runtime = Runtime::create(threads).value();
    Database db = open(runtime, at(folder / "store.db"));
    REQUIRE(write(db, make_table()));
    REQUIRE(write(db, insert(1)));
    CHECK(ids(db).value().size() == 1);
    db.close();
}

TEST_CASE_FIXTURE(Fixture, "a forked child cannot use its parent's store, and the parent's goes on") {
    REQUIRE(write(db, insert(1)));
    pid_t const child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        Result<void> const written = testing::run(db.write<void>(insert(2)));
        Result<void> const flushed = testing::run(db.flush());
        bool const refused = !written && written.error().code == Errc::invalid_state && !flushed &&
                             flushed.error().code == Errc::invalid_state;
        db.close();
        db = Database();
        ::_exit(refused ? 0 : 1);
    }
    int status = -1;
    REQUIRE(::waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == 0);
    REQUIRE(write(db, insert(3)));
    CHECK(ids(db).value() == std::set<std::int64_t>{1, 3});
}

namespace {

/// Counts the warnings of a log that cannot be emptied.
class LargeLogs final : public LogSink {
public:
    bool wants(LogLevel level) const noexcept override { return level >= LogLevel::warning; }
    void write(LogRecord const& record) noexcept override {
        if (record.event == "storage.log_large") ++warnings;
    }
    std::atomic<int> warnings = 0;
};

}  // namespace

TEST_CASE("under four writers a reader that never ends is told of, and once it ends the log is small again") {
    Scratch const folder{"pinned"};
    auto const sink = std::make_shared<LargeLogs>();
    RuntimeConfig config;
    config.log = sink;
    Runtime runtime = Runtime::create(std::move(config)).value();
    std::vector<Database> writers;
    for (int i = 0; i < 4; ++i) writers.push_back(open(runtime, at(folder / "store.db")));
    REQUIRE(write(writers[0], make_table()));
    std::string const log = folder / "store.db-wal";
    sqlite3* other = nullptr;
    REQUIRE(sqlite3_open((folder / "store.db").c_str(), &other) == SQLITE_OK);
    REQUIRE(sqlite3_exec(other, "BEGIN; SELECT count(*) FROM note;", nullptr, nullptr, nullptr) == SQLITE_OK);
    std::string const page(60'000, 'p');
    for (std::int64_t id = 0; id < 1'300; ++id) {
        REQUIRE(write(writers[static_cast<std::size_t>(id % 4)], insert(id, page)));
    }
    CHECK(std::filesystem::file_size(log) > 64u << 20);
    CHECK(sink->warnings > 0);
    CHECK(sink->warnings <= 4 * 3);  // each writer again only when it has doubled
    REQUIRE(sqlite3_exec(other, "COMMIT", nullptr, nullptr, nullptr) == SQLITE_OK);
    sqlite3_close(other);
    for (std::int64_t id = 2'000; id < 2'010; ++id) REQUIRE(write(writers[0], insert(id, page)));
    CHECK(std::filesystem::file_size(log) <= 64u << 20);
    for (Database& writer : writers) writer.close();
    runtime.close();
}

}  // namespace aikit::inline v0::storage
