// SPDX-License-Identifier: MIT
// tests/unit/storage/open_test.cpp - which files are opened, and what is said about the others.
#include "storage/prepare.hpp"
#include "support.hpp"

#include <sqlite3.h>

#include <fstream>
#include <iterator>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

namespace aikit::inline v0::storage {
namespace {

std::string bytes_of(std::string const& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

void put(std::string const& path, std::string_view bytes) {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

void run_sql(std::string const& path, char const* sql) {
    sqlite3* other = nullptr;
    REQUIRE(sqlite3_open(path.c_str(), &other) == SQLITE_OK);
    REQUIRE(sqlite3_exec(other, sql, nullptr, nullptr, nullptr) == SQLITE_OK);
    sqlite3_close(other);
}

std::int64_t ask(std::string const& path, char const* sql) {
    sqlite3* other = nullptr;
    sqlite3_stmt* statement = nullptr;
    REQUIRE(sqlite3_open(path.c_str(), &other) == SQLITE_OK);
    REQUIRE(sqlite3_prepare_v2(other, sql, -1, &statement, nullptr) == SQLITE_OK);
    REQUIRE(sqlite3_step(statement) == SQLITE_ROW);
    std::int64_t const value = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    sqlite3_close(other);
    return value;
}

/// Names and columns of all tables and indexes.
std::set<std::string> schema_of(std::string const& path) {
    char const* const sql =
        "SELECT s.type || ' ' || s.name || ' ' || coalesce(c.name, '') || ' ' || coalesce(c.type, '') || ' ' ||"
        " coalesce(c.\"notnull\", '') || ' ' || coalesce(c.pk, '')"
        " FROM sqlite_schema s LEFT JOIN pragma_table_info(s.name) c";
    sqlite3* db = nullptr;
    sqlite3_stmt* statement = nullptr;
    REQUIRE(sqlite3_open(path.c_str(), &db) == SQLITE_OK);
    REQUIRE(sqlite3_prepare_v2(db, sql, -1, &statement, nullptr) == SQLITE_OK);
    std::set<std::string> lines;
    while (sqlite3_step(statement) == SQLITE_ROW) {
        lines.insert(reinterpret_cast<char const*>(sqlite3_column_text(statement, 0)));
    }
    sqlite3_finalize(statement);
    sqlite3_close(db);
    return lines;
}

struct Fixture {
    Scratch folder{"open"};
    Runtime runtime = Runtime::create().value();
    std::string const path = folder / "store.db";
    std::string message;

    /// A store with a table of notes, closed.
    void make_store(std::int64_t rows = 1) {
        Database db = open(runtime, at(path));
        REQUIRE(write(db, make_table()));
        for (std::int64_t id = 1; id <= rows; ++id) REQUIRE(write(db, insert(id, std::string(200, 'n'))));
        db.close();
    }
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "a new file is marked as ours and carries the newest schema") {
    make_store();
    CHECK(ask(path, "PRAGMA application_id") == application_id);
    CHECK(ask(path, "PRAGMA user_version") == migrations().back().number);
    CHECK(ask(path, "SELECT count(*) FROM sqlite_schema WHERE name = 'item'") == 1);
    Database db = open(runtime, at(path));
    CHECK(ids(db).value() == std::set<std::int64_t>{1});
}

TEST_CASE_FIXTURE(Fixture, "what cannot be a store is named in the error and left alone") {
    CHECK(open_failure(runtime, at(folder / "missing" + "/store.db"), &message) == Errc::not_found);
    CHECK(message.find("folder") != std::string::npos);

    DatabaseConfig existing = at(path);
    existing.create = false;
    CHECK(open_failure(runtime, existing, &message) == Errc::not_found);
    CHECK(message.find(path) != std::string::npos);
    CHECK_FALSE(std::filesystem::exists(path));

    CHECK(open_failure(runtime, at(folder / ""), &message) == Errc::storage);

    std::string const samples[] = {"not a database", std::string(5000, 'x'), std::string("SQLite format 3\0", 16),
                                   std::string(4096, '\0')};
    for (std::string const& sample : samples) {
        put(path, sample);
        CHECK(open_failure(runtime, at(path), &message) == Errc::storage);
        CHECK(message.find(path) != std::string::npos);
        CHECK(bytes_of(path) == sample);
    }
}

TEST_CASE_FIXTURE(Fixture, "another program's database is refused without a byte changed") {
    char const* const makers[] = {"CREATE TABLE theirs (a)",
                                  "PRAGMA application_id = 252006675; CREATE TABLE theirs (a)",
                                  "PRAGMA application_id = 252006675; PRAGMA user_version = 1",
                                  "PRAGMA journal_mode = WAL; CREATE TABLE theirs (a)"};
    for (char const* maker : makers) {
        CAPTURE(maker);
        std::filesystem::remove(path);
        run_sql(path, maker);
        std::string const before = bytes_of(path);
        CHECK(open_failure(runtime, at(path), &message) == Errc::storage);
        CHECK(message.find("another program") != std::string::npos);
        CHECK(bytes_of(path) == before);
        CHECK_FALSE(std::filesystem::exists(path + "-wal"));
        CHECK_FALSE(std::filesystem::exists(path + "-journal"));
    }
}

TEST_CASE_FIXTURE(Fixture, "an empty file and a database with nothing in it become a store") {
    put(path, "");
    make_store();
    std::filesystem::remove(path);
    run_sql(path, "PRAGMA user_version = 0; CREATE TABLE gone (a); DROP TABLE gone;");
    make_store();
}

TEST_CASE_FIXTURE(Fixture, "a store of a newer aikit is refused and kept") {
    make_store();
    run_sql(path, "PRAGMA user_version = 1000");
    std::string const before = bytes_of(path);
    CHECK(open_failure(runtime, at(path), &message) == Errc::storage);
    CHECK(message.find("newer aikit") != std::string::npos);
    DatabaseConfig reading = at(path);
    reading.read_only = true;
    CHECK(open_failure(runtime, reading, &message) == Errc::storage);
    CHECK(ask(path, "PRAGMA user_version") == 1000);
    CHECK(bytes_of(path).size() == before.size());
}

TEST_CASE_FIXTURE(Fixture, "a store opened for reading only answers and refuses writes") {
    make_store(3);
    DatabaseConfig config = at(path);
    config.read_only = true;
    Database db = open(runtime, config);
    CHECK(ids(db).value().size() == 3);
    CHECK(write(db, insert(9)).error().code == Errc::storage);
    CHECK(testing::run(db.flush()));
    bool told = false;
    db.post_write(insert(9), [&](Result<void> outcome) { told = !outcome.has_value(); });
    CHECK(told);
    db.close();

    run_sql(path, "PRAGMA user_version = 0");
    CHECK(open_failure(runtime, config, &message) == Errc::storage);
    CHECK(message.find("older") != std::string::npos);
}

TEST_CASE_FIXTURE(Fixture, "a store without permissions says permission") {
    if (::geteuid() == 0) {
        MESSAGE("skipped: this user may do everything");
        return;
    }
    make_store();
    REQUIRE(::chmod(path.c_str(), 0) == 0);
    CHECK(open_failure(runtime, at(path), &message) == Errc::permission);
}

TEST_CASE_FIXTURE(Fixture, "each field of the configuration is checked and named") {
    DatabaseConfig config = at(path);
    config.readers = 0;
    CHECK(open_failure(runtime, config, &message) == Errc::invalid_argument);
    CHECK(message.find("readers") != std::string::npos);
    config = at(path);
    config.busy_timeout = std::chrono::milliseconds(-1);
    CHECK(open_failure(runtime, config, &message) == Errc::invalid_argument);
    CHECK(message.find("busy_timeout") != std::string::npos);
    config = at(path);
    config.max_transaction = std::chrono::milliseconds(0);
    CHECK(open_failure(runtime, config, &message) == Errc::invalid_argument);
    CHECK(message.find("max_transaction") != std::string::npos);
    config = at(path + std::string("\0.db", 4));
    CHECK(open_failure(runtime, config, &message) == Errc::invalid_argument);
    CHECK(message.find("path") != std::string::npos);
    config = at("");
    config.read_only = true;
    CHECK(open_failure(runtime, config, &message) == Errc::invalid_argument);
    CHECK(open_failure(Runtime(), at(path), &message) == Errc::invalid_state);
}

TEST_CASE_FIXTURE(Fixture, "a store that another process writes to is busy after the time given, then works") {
    make_store();
    DatabaseConfig config = at(path);
    config.busy_timeout = std::chrono::milliseconds(30);
    Database db = open(runtime, config);
    sqlite3* other = nullptr;
    REQUIRE(sqlite3_open(path.c_str(), &other) == SQLITE_OK);
    REQUIRE(sqlite3_exec(other, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr) == SQLITE_OK);

    Result<void> const refused = write(db, insert(5));
    CHECK(refused.error().code == Errc::busy);
    CHECK(retryable(refused.error()));
    CHECK(ids(db).value().size() == 1);
    REQUIRE(sqlite3_exec(other, "COMMIT", nullptr, nullptr, nullptr) == SQLITE_OK);
    sqlite3_close(other);
    CHECK(write(db, insert(5)));
    db.close();
}

TEST_CASE_FIXTURE(Fixture, "many openers of one new file all get it") {
    for (int round = 0; round < 5; ++round) {
        std::filesystem::remove(path);
        std::atomic<int> opened{0};
        std::vector<std::thread> threads;
        for (int i = 0; i < 6; ++i) {
            threads.emplace_back([&] {
                RuntimeConfig few;
                few.cpu = 1;
                Runtime own = Runtime::create(few).value();
                Result<Database> db = testing::run(Database::open(own, at(path)));
                if (db) ++opened;
                if (db) db->close();
                own.close();
            });
        }
        for (std::thread& thread : threads) thread.join();
        CHECK(opened == 6);
        CHECK(ask(path, "PRAGMA user_version") == migrations().back().number);
    }
}

TEST_CASE_FIXTURE(Fixture, "a migration that fails leaves the version before it, whole, and can be run again") {
    ConnectionConfig config;
    config.path = path;
    config.access = Access::create;
    Migration const bad[] = {{1, "CREATE TABLE a (x); INSERT INTO a VALUES (1);"},
                             {2, "CREATE TABLE b (x); INSERT INTO nowhere VALUES (1);"}};
    Migration const good[] = {bad[0], {2, "CREATE TABLE b (x); INSERT INTO a SELECT 2;"}, {3, "CREATE TABLE c (x);"}};
    std::unique_ptr<Connection> connection = open_connection(config).value();
    CHECK_FALSE(migrate(*connection, bad).has_value());
    CHECK(ask(path, "PRAGMA user_version") == 1);
    CHECK(ask(path, "SELECT count(*) FROM sqlite_schema") == 1);
    REQUIRE(migrate(*connection, good));
    REQUIRE(migrate(*connection, good));
    CHECK(ask(path, "PRAGMA user_version") == 3);
    CHECK(ask(path, "SELECT count(*) FROM a") == 2);
    CHECK(ask(path, "SELECT count(*) FROM sqlite_schema") == 3);
    CHECK(migrate(*connection, bad).error().code == Errc::storage);
}

TEST_CASE_FIXTURE(Fixture, "a store of schema 1 is brought up to date, keeps its rows, and equals a new one") {
    std::string const released = bytes_of(AIKIT_SOURCE_DIR "/tests/golden/schema_1.sql");
    REQUIRE_FALSE(released.empty());
    run_sql(path, released.c_str());
    run_sql(
        path,
        "INSERT INTO collection (name, dimensions, metric, model, created, change, forgotten, items, vectors, texts,"
        " words, image) VALUES ('c', 0, 'cosine', '', 1, 2, 0, 1, 0, 0, 0, 0);"
        "INSERT INTO item (collection, id, change, text, metadata, vector) VALUES (1, 'a', 2, 'text', '{}', x'');"
        "INSERT INTO knowledge_base (name, settings, created) VALUES ('kb', '{}', 1);"
        "INSERT INTO ledger SELECT 1000 * (r.value / 2), 'r' || r.value, 1, 7, NULL, 'chat', 'p', 'm' || (r.value % 3),"
        " '', 'ann', '', '', '[\"a\"]', 'ok', 0, 10, 3, 0, 0, 5, r.value,"
        " '{\"input\":10,\"cache_read\":3,\"output\":5,\"reasoning\":' || r.value || '}', 100 + r.value, 'p/m', 'q'"
        " FROM json_each('[0,1,2,3,4,5,6,7,8,9]') r;");
    std::string const fresh = folder / "fresh.db";
    open(runtime, at(fresh)).close();
    open(runtime, at(path)).close();

    CHECK(ask(path, "PRAGMA user_version") == migrations().back().number);
    CHECK(ask(path, "SELECT count(*) FROM item WHERE id = 'a' AND text = 'text'") == 1);
    CHECK(ask(path, "SELECT count(*) FROM knowledge_base") == 1);
    CHECK(ask(path, "SELECT count(*) FROM ledger_label") == 3);
    CHECK(ask(path,
              "SELECT count(*) FROM ledger WHERE started = 1000 * (reasoning / 2) AND request = 'r' || reasoning AND"
              " model = 'm' || (reasoning % 3) AND input = 10 AND cache_read = 3 AND cost = 100 + reasoning AND"
              " tags = '[\"a\"]' AND price_id = 'p/m' AND provider_request = 'q' AND"
              " id / 1048576 = started / 1000") == 10);
    // When this differs, a released migration was edited: put it back and add a new one. Before the first release the
    // golden file follows the migration.
    CHECK(schema_of(path) == schema_of(fresh));
}

TEST_CASE("the migrations are numbered from 1 without gaps") {
    int expected = 1;
    for (Migration const& step : migrations()) CHECK(step.number == expected++);
}

TEST_CASE_FIXTURE(Fixture, "a store damaged in any page or cut anywhere is an answer or an error, never a crash") {
    make_store(200);
    std::string const sound = bytes_of(path);
    REQUIRE(sound.size() > 20 * 4096);
    int told = 0;
    auto const use = [&] {
        Result<Database> db = testing::run(Database::open(runtime, at(path)));
        if (!db) {
            ++told;
            return;
        }
        Result<std::set<std::int64_t>> const found = ids(*db);
        Result<void> const written = write(*db, insert(1'000'000));
        if (!found || !written) ++told;
        if (!found) CHECK(found.error().code == Errc::storage);
        db->close();
    };
    auto const restore = [&](std::string_view bytes) {
        std::filesystem::remove(path + "-wal");
        std::filesystem::remove(path + "-shm");
        put(path, bytes);
    };
    for (std::size_t page = 0; page * 4096 < sound.size(); ++page) {
        for (char const filler : {'\0', '\xff', 'A'}) {
            std::string damaged = sound;
            damaged.replace(page * 4096, 4096, std::string(4096, filler));
            restore(damaged);
            use();
        }
    }
    for (std::size_t size = 0; size < sound.size(); size += 4096 + 517) {
        restore(std::string_view(sound).substr(0, size));
        use();
    }
    CHECK(told > 20);
}

}  // namespace aikit::inline v0::storage
