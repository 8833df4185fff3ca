// SPDX-License-Identifier: MIT
// Covers include/aikit/cost/ledger.hpp: rows are written once, in groups, never lost; reports add up.
#include "storage/connection.hpp"

#include <aikit/cost/catalog.hpp>
#include <aikit/cost/export.hpp>
#include <aikit/cost/ledger.hpp>
#include <aikit/testing/run.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <doctest/doctest.h>

#include <atomic>
#include <filesystem>
#include <future>
#include <random>
#include <thread>

namespace aikit::cost {
namespace {

using storage::Connection;
using storage::Database;
using storage::DatabaseConfig;
using storage::Statement;

/// A store in a scratch file.
struct Fixture {
    Fixture() {
        std::filesystem::remove_all(AIKIT_TEST_SCRATCH);
        std::filesystem::create_directories(AIKIT_TEST_SCRATCH);
        database = open();
    }
    ~Fixture() {
        database.close();
        runtime.close();
        std::filesystem::remove_all(AIKIT_TEST_SCRATCH);
    }

    Database open() {
        DatabaseConfig config;
        config.path = AIKIT_TEST_SCRATCH "/ledger.db";
        config.survive_power_cut = false;
        return testing::run(Database::open(runtime, config)).value();
    }

    std::int64_t number(std::string_view sql) {
        std::function<Result<std::int64_t>(Connection&)> work = [sql](Connection& db) -> Result<std::int64_t> {
            Statement find(db, sql);
            if (!find.step()) return find.done() ? fail(Errc::not_found, "no row") : find.done().error();
            return find.integer(0);
        };
        return testing::run(database.read<std::int64_t>(std::move(work))).value();
    }

    Result<void> change(std::string_view sql) {
        std::function<Result<int>(Connection&)> work = [sql](Connection& db) -> Result<int> {
            if (Result<void> done = db.script(sql); !done) return done.error();
            return 0;
        };
        Result<int> const done = testing::run(database.write<int>(std::move(work)));
        return done ? ok() : Result<void>(done.error());
    }

    Runtime runtime = Runtime::create().value();
    Database database;
};

LedgerRow row(std::string request, int attempt, std::int64_t nanos, char const* model = "m",
              char const* day = "2026-03-01") {
    LedgerRow made;
    made.request_id = std::move(request);
    made.attempt_number = attempt;
    made.operation = "chat";
    made.caller.user = "ann";
    made.caller.tags = {"a", "b\"c"};
    made.attempt.provider = "p";
    made.attempt.model = model;
    made.attempt.outcome = "ok";
    made.attempt.started = from_rfc3339(std::string(day) + "T23:59:59.999999Z").value();
    made.attempt.latency = std::chrono::milliseconds(5);
    made.attempt.usage.input = 10;
    made.attempt.usage.cache_read = 3;
    made.attempt.usage.output = 7;
    made.attempt.usage.reasoning = 2;
    made.attempt.cost = Money::nanos(nanos);
    made.attempt.price_id = "p/m#default";
    return made;
}

Report report(Ledger& ledger, ReportBy by, std::optional<SystemTime> from = {}, std::optional<SystemTime> until = {}) {
    ReportQuery query;
    query.by = by;
    query.from = from;
    query.until = until;
    return testing::run(ledger.report(query)).value();
}

}  // namespace

TEST_CASE_FIXTURE(Fixture, "what is recorded is durable after flush, column by column") {
    Ledger ledger(database);
    LedgerRow full = row("r", 2, 123);
    full.caller.tenant = "t";
    full.caller.key = "k";
    full.caller.project = "j";
    full.attempt.first_token = std::chrono::microseconds(77);
    full.attempt.provider_request_id = "req_1";
    full.attempt.usage.estimated = true;
    ledger.record(full);
    CHECK(testing::run(ledger.flush()).has_value());

    CHECK(ledger.pending() == 0);
    CHECK(
        number(
            "SELECT count(*) FROM ledger WHERE request = 'r' AND attempt = 2 AND latency = 5000 AND first_token = 77 "
            "AND operation = 'chat' AND provider = 'p' AND model = 'm' AND tenant = 't' AND user = 'ann' AND key = 'k' "
            "AND project = 'j' AND tags = '[\"a\",\"b\\\"c\"]' AND outcome = 'ok' AND estimated = 1 AND input = 10 "
            "AND cache_read = 3 AND cache_write_5m = 0 AND cache_write_1h = 0 AND output = 7 AND reasoning = 2 "
            "AND usage ->> 'cache_read' = 3 AND cost = 123 AND price_id = 'p/m#default' "
            "AND provider_request = 'req_1'") == 1);
    CHECK(number("SELECT started FROM ledger") == storage::to_micros(full.attempt.started));
}

TEST_CASE_FIXTURE(Fixture, "rows are written by themselves, without a flush") {
    Ledger ledger(database);
    for (int i = 0; i < 3; ++i) {  // each after the one before: a writer that stops after its first row is found out
        ledger.record(row("r" + std::to_string(i), 1, 1));
        auto const end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
        while (number("SELECT count(*) FROM ledger") != i + 1) REQUIRE(std::chrono::steady_clock::now() < end);
        CHECK(number("SELECT count(*) FROM ledger") == i + 1);
    }
}

TEST_CASE_FIXTURE(Fixture, "a row has nothing of the rows before it") {
    Ledger ledger(database);
    for (int i = 0; i < 20; ++i) {
        LedgerRow full = row("full" + std::to_string(i), 9, 123);
        full.caller.tenant = full.caller.key = full.caller.project = "of another";
        full.attempt.first_token = std::chrono::microseconds(77);
        full.attempt.provider_request_id = "of another";
        full.attempt.usage.estimated = true;
        full.attempt.usage.cache_write_5m = full.attempt.usage.cache_write_1h = 5;
        full.attempt.usage.image_output = 4;
        ledger.record(full);
    }
    CHECK(testing::run(ledger.flush()).has_value());
    for (int i = 0; i < 20; ++i) {
        LedgerRow bare;
        bare.request_id = "bare" + std::to_string(i);
        ledger.record(bare);
    }
    CHECK(testing::run(ledger.flush()).has_value());
    CHECK(number("SELECT count(*) FROM ledger") == 40);
    CHECK(number("SELECT count(*) FROM ledger WHERE request LIKE 'bare%' AND attempt = 1 AND latency = 0 "
                 "AND first_token IS NULL AND operation = '' AND provider = '' AND model = '' AND tenant = '' "
                 "AND user = '' AND key = '' AND project = '' AND tags = '[]' AND outcome = '' AND estimated = 0 "
                 "AND input = 0 AND cache_read = 0 AND cache_write_5m = 0 AND cache_write_1h = 0 AND output = 0 "
                 "AND reasoning = 0 AND usage = '{\"input\":0,\"output\":0}' AND cost IS NULL AND price_id = '' "
                 "AND provider_request = ''") == 20);
}

TEST_CASE_FIXTURE(Fixture, "what is billed by the piece is kept, told, exported and priced anew") {
    Ledger ledger(database);
    LedgerRow counted = row("pieces", 1, 0);
    counted.attempt.usage = Usage();
    for (std::size_t i = 0; i < piece_count; ++i) {
        counted.attempt.usage.pieces[static_cast<Piece>(i)] = static_cast<std::int64_t>(i) + 1;
    }
    counted.attempt.provider = "p";
    counted.attempt.model = "m";
    counted.attempt.price_id = "p/m#default+eu-10%";
    ledger.record(counted);
    CHECK(testing::run(ledger.flush()).has_value());
    LedgerPage const page = testing::run(ledger.rows(RowsQuery())).value();
    REQUIRE(page.rows.size() == 1);
    CHECK(page.rows[0].attempt.usage.pieces == counted.attempt.usage.pieces);
    std::string csv, lines;
    export_row(page.rows[0], ExportFormat::csv, csv);
    export_row(page.rows[0], ExportFormat::json_lines, lines);
    CHECK(export_head(ExportFormat::csv).find(",provider_request_id,pieces") != std::string::npos);
    for (std::size_t i = 0; i < piece_count; ++i) {
        std::string const piece(name(static_cast<Piece>(i)));
        CHECK(csv.find(piece + "=" + std::to_string(i + 1)) != std::string::npos);
        CHECK(lines.find("\"" + piece + "\":" + std::to_string(i + 1)) != std::string::npos);
    }

    std::string prices;
    for (std::size_t i = 0; i < piece_count; ++i) {
        auto const piece = static_cast<Piece>(i);
        std::string key(name(piece));
        if (piece == Piece::results) continue;
        bool const time = key.ends_with("_ms");
        if (time) key.replace(key.size() - 2, 2, "seconds");
        prices += (prices.empty() ? "\"" : ",\"") + key + "\":\"" + (time ? "1000" : "1") + "\"";
    }
    std::shared_ptr<PriceCatalog const> const catalog =
        PriceCatalog::parse(R"({"form": 1, "providers": [{"id": "p", "models": [{"id": "m", "match": {"equals": "m"},
            "prices": [{"pieces": {"pages": "7"}}], "regions": {"eu": {"prices": [{"pieces": {)" +
                            prices + "}}]}}}]}]}")
            .value();
    std::vector<PriceDiscount> discounts(1);
    discounts[0].basis_points = 1'000;
    RecostQuery again;
    again.catalog = PriceCatalog::discounted(catalog, discounts).value();
    RecostReport const told = testing::run(ledger.recost(again)).value();
    // A dollar each, all but the results that a query may give, less a tenth.
    std::int64_t const all = static_cast<std::int64_t>(piece_count * (piece_count + 1) / 2);
    std::int64_t const results = static_cast<std::int64_t>(Piece::results) + 1;
    CHECK(told.total.after.nanos() == (all - results) * 900'000'000);
}

TEST_CASE_FIXTURE(Fixture, "an id that was used for an operation before hides no cost") {
    Ledger ledger(database);
    ledger.record(row("same", 1, 100, "m", "2026-03-01"));
    ledger.record(row("same", 1, 100, "m", "2026-03-02"));
    CHECK(report(ledger, ReportBy::model).total.cost == Money::nanos(200));
}

TEST_CASE_FIXTURE(Fixture, "a row is written once, however often it comes") {
    Ledger ledger(database);
    for (int time = 0; time < 3; ++time) {
        for (int attempt = 1; attempt <= 3; ++attempt) ledger.record(row("same", attempt, 100));
        CHECK(testing::run(ledger.flush()).has_value());
    }
    CHECK(number("SELECT count(*) FROM ledger") == 3);
    CHECK(report(ledger, ReportBy::model).total.cost == Money::nanos(300));
}

TEST_CASE_FIXTURE(Fixture, "rows of one instant are all written, each once, whoever made the call") {
    // So many that some fall to one place of their millisecond, 5,000^2 / 2^21 of them.
    constexpr int rows = 5'000;
    auto const call = [](int i) {
        LedgerRow made = row("r" + std::to_string(i), 1, i);
        made.caller.user = "u" + std::to_string(i % 7);
        made.attempt.model = "m" + std::to_string(i % 3);
        return made;
    };
    for (int time = 0; time < 2; ++time) {
        Ledger ledger(database);
        for (int i = 0; i < rows; ++i) ledger.record(call(i));
        CHECK(testing::run(ledger.flush()).has_value());
    }
    CHECK(number("SELECT count(*) FROM ledger") == rows);
    CHECK(number("SELECT sum(cost) FROM ledger") == std::int64_t(rows) * (rows - 1) / 2);
    CHECK(number("SELECT count(*) FROM ledger WHERE user = 'u' || (cost % 7) AND model = 'm' || (cost % 3) AND "
                 "request = 'r' || cost") == rows);
    CHECK(number("SELECT count(*) FROM ledger_label") == 21);
}

TEST_CASE_FIXTURE(Fixture, "a group that had to be undone takes its labels along, and is whole when it is repeated") {
    Ledger ledger(database);
    REQUIRE(change("CREATE TRIGGER full BEFORE INSERT ON ledger_row BEGIN SELECT RAISE(ABORT, 'no'); END").has_value());
    ledger.record(row("r", 1, 5));
    CHECK_FALSE(testing::run(ledger.flush()).has_value());
    CHECK(number("SELECT count(*) FROM ledger_label") == 0);
    REQUIRE(change("DROP TRIGGER full").has_value());
    CHECK(testing::run(ledger.flush()).has_value());
    CHECK(number("SELECT count(*) FROM ledger WHERE user = 'ann' AND model = 'm' AND cost = 5") == 1);
}

TEST_CASE_FIXTURE(Fixture, "rows of many threads are all written, and a flush waits for those before it") {
    Ledger ledger(database);
    constexpr int threads = 8, each = 400;
    std::vector<std::thread> writers;
    for (int thread = 0; thread < threads; ++thread) {
        writers.emplace_back([&, thread] {
            for (int i = 0; i < each; ++i) {
                ledger.record(row(std::to_string(thread) + "/" + std::to_string(i), 1, i));
                if (i % 100 == 99) CHECK(testing::run(ledger.flush()).has_value());
            }
        });
    }
    for (std::thread& writer : writers) writer.join();
    CHECK(testing::run(ledger.flush()).has_value());
    CHECK(ledger.pending() == 0);
    CHECK(number("SELECT count(*) FROM ledger") == threads * each);
    CHECK(number("SELECT sum(cost) FROM ledger") == threads * each * (each - 1) / 2);
}

TEST_CASE_FIXTURE(Fixture, "a flush without rows is quick and good") {
    Ledger ledger(database);
    CHECK(testing::run(ledger.flush()).has_value());
    CHECK(ledger.pending() == 0);
    CHECK(report(ledger, ReportBy::day).lines.empty());
}

TEST_CASE_FIXTURE(Fixture, "a batch that could not be written is kept, told, and written later") {
    Ledger ledger(database);
    REQUIRE(change("ALTER TABLE ledger_row RENAME TO away").has_value());
    for (int i = 0; i < 600; ++i) ledger.record(row(std::to_string(i), 1, 1));
    Result<void> const told = testing::run(ledger.flush());
    REQUIRE_FALSE(told.has_value());
    CHECK(told.error().code == Errc::storage);
    CHECK(ledger.pending() == 600);
    CHECK_FALSE(testing::run(ledger.report(ReportQuery())).has_value());

    REQUIRE(change("ALTER TABLE away RENAME TO ledger_row").has_value());
    ledger.record(row("last", 1, 1));
    CHECK(testing::run(ledger.flush()).has_value());
    CHECK(ledger.pending() == 0);
    CHECK(number("SELECT count(*) FROM ledger") == 601);
}

TEST_CASE_FIXTURE(Fixture, "a flush tries again what failed in a write that began before it") {
    Ledger ledger(database);
    ledger.record(row("r0", 1, 5));
    REQUIRE(testing::run(ledger.flush()).has_value());
    REQUIRE(
        change("CREATE TRIGGER full BEFORE INSERT ON ledger_row BEGIN SELECT RAISE(ABORT, 'full'); END").has_value());
    std::promise<void> open_gate;
    std::shared_future<void> const gate = open_gate.get_future().share();
    auto const ignore = [](Result<void>) {};
    database.post_write(
        [gate](Connection&) -> Result<void> {
            gate.wait();
            return ok();
        },
        ignore);
    ledger.record(row("r1", 1, 7));
    ledger.write_now();
    database.post_write([](Connection& db) { return db.script("DROP TRIGGER full"); }, ignore);
    boost::asio::io_context loop;
    std::optional<Result<void>> flushed;
    boost::asio::co_spawn(loop, ledger.flush(), [&](std::exception_ptr const&, Result<void> done) { flushed = done; });
    loop.poll();  // the flush waits now
    open_gate.set_value();
    loop.run();
    CHECK(flushed.value().has_value());
    CHECK(number("SELECT sum(cost) FROM ledger") == 12);
}

TEST_CASE_FIXTURE(Fixture, "what no memory should hold is refused, and flush says so once") {
    Ledger ledger(database);
    REQUIRE(change("ALTER TABLE ledger_row RENAME TO away").has_value());
    for (int i = 0; i < 100'300; ++i) ledger.record(row(std::to_string(i), 1, 1));
    CHECK(ledger.pending() == 100'000);
    CHECK_FALSE(testing::run(ledger.flush()).has_value());
    REQUIRE(change("ALTER TABLE away RENAME TO ledger_row").has_value());
    ledger.record(row("one more", 1, 1));

    Result<void> const told = testing::run(ledger.flush());
    CHECK(told.error().message.find("1 rows") != std::string::npos);
    CHECK(number("SELECT count(*) FROM ledger") == 100'000);
    CHECK(testing::run(ledger.flush()).has_value());
}

TEST_CASE_FIXTURE(Fixture, "after the database is closed flush is invalid_state and nothing hangs") {
    Ledger ledger(database);
    ledger.record(row("before", 1, 1));
    CHECK(testing::run(ledger.flush()).has_value());
    database.close();
    CHECK(testing::run(ledger.flush()).error().code == Errc::invalid_state);
    ledger.record(row("after", 1, 1));
    CHECK(testing::run(ledger.flush()).error().code == Errc::invalid_state);
    CHECK(testing::run(ledger.report(ReportQuery())).error().code == Errc::invalid_state);
    CHECK(ledger.pending() == 1);
    database = open();
    CHECK(number("SELECT count(*) FROM ledger") == 1);
}

TEST_CASE_FIXTURE(Fixture, "a ledger that is let go still writes what it was given") {
    {
        Ledger ledger(database);
        for (int i = 0; i < 1'000; ++i) ledger.record(row(std::to_string(i), 1, 1));
    }
    for (int round = 0; round < 20; ++round) CHECK(testing::run(database.flush()).has_value());
    CHECK(number("SELECT count(*) FROM ledger") == 1'000);
}

TEST_CASE_FIXTURE(Fixture, "reports group and sum and order - the total is the sum of the lines") {
    Ledger ledger(database);
    ledger.record(row("1", 1, 500, "cheap", "2026-03-01"));
    ledger.record(row("2", 1, 9'000, "dear", "2026-03-02"));
    LedgerRow failed = row("3", 1, 0, "cheap", "2026-03-02");
    failed.attempt.outcome = "overloaded";
    failed.attempt.error = Errc::overloaded;
    ledger.record(failed);
    LedgerRow dropped = row("4", 1, 40, "cheap", "2026-03-03");
    dropped.attempt.outcome = "dropped";
    dropped.attempt.usage.estimated = true;
    dropped.caller.user = "bob";
    ledger.record(dropped);
    LedgerRow unpriced = row("5", 1, 0, "odd", "2026-03-03");
    unpriced.attempt.cost.reset();
    ledger.record(unpriced);

    Report const models = report(ledger, ReportBy::model);
    REQUIRE(models.lines.size() == 3);
    CHECK(models.lines[0].key == "dear");
    CHECK(models.lines[1].key == "cheap");
    CHECK(models.lines[1].calls == 3);
    CHECK(models.lines[1].failed == 1);
    CHECK(models.lines[1].estimated == 1);
    CHECK(models.lines[1].cost == Money::nanos(540));
    CHECK(models.lines[2].unpriced == 1);
    CHECK(models.total.calls == 5);
    CHECK(models.total.cost == Money::nanos(9'540));
    CHECK(models.total.input_tokens == 5 * 13);
    CHECK(models.total.output_tokens == 5 * 7);
    CHECK(models.total.key.empty());

    Report const days = report(ledger, ReportBy::day);
    REQUIRE(days.lines.size() == 3);
    CHECK(days.lines[0].key == "2026-03-01");
    CHECK(days.lines[2].key == "2026-03-03");
    CHECK(report(ledger, ReportBy::user).lines.front().key == "ann");
    CHECK(report(ledger, ReportBy::provider).lines.size() == 1);

    SystemTime const second = from_rfc3339("2026-03-01T23:59:59.999999Z").value();
    CHECK(report(ledger, ReportBy::day, second, second + std::chrono::microseconds(1)).total.calls == 1);
    CHECK(report(ledger, ReportBy::day, second + std::chrono::microseconds(1)).total.calls == 4);
    CHECK(report(ledger, ReportBy::day, {}, second).total.calls == 0);
}

}  // namespace aikit::cost
