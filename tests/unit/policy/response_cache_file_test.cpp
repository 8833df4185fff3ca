// SPDX-License-Identifier: MIT
// Covers include/aikit/policy/response_cache.hpp: replies that outlive the process, and damage to them.
#include "response_cache_support.hpp"

#include <doctest/doctest.h>

namespace aikit::policy {
namespace {

using storage::Connection;
using storage::Statement;

/// A store in memory, and caches on it as if each were another process.
struct File {
    ~File() {
        database.close();
        runtime.close();
    }

    ResponseCacheConfig config() const {
        ResponseCacheConfig made;
        made.database = database;
        return made;
    }

    void change(std::string sql) {
        std::function<Result<void>(Connection&)> work = [sql = std::move(sql)](Connection& db) {
            Statement statement(db, sql);
            return statement.run();
        };
        REQUIRE(testing::run(database.write<void>(std::move(work))).has_value());
    }
    std::int64_t number(std::string sql) {
        std::function<Result<std::int64_t>(Connection&)> work =
            [sql = std::move(sql)](Connection& db) -> Result<std::int64_t> {
            Statement find(db, sql);
            if (!find.step()) return fail(Errc::not_found, "no row");
            return find.integer(0);
        };
        return testing::run(database.read<std::int64_t>(std::move(work))).value();
    }

    Runtime runtime = Runtime::create().value();
    storage::Database database = testing::run(storage::Database::open(runtime, storage::DatabaseConfig())).value();
};

Result<ChatReply> ask(Bench& bench, ChatRequest request = question()) {
    return testing::run(bench.provider->chat(std::move(request), CallOptions()));
}

void flush(Bench& bench) {
    REQUIRE(testing::run(bench.cache->flush()).has_value());
}

}  // namespace

TEST_CASE("an answer outlives the process that asked, and another process finds it") {
    File file;
    Bench first(file.config());
    CHECK(ask(first)->info.cache == "miss");
    flush(first);
    Bench second(file.config());
    Result<ChatReply> const again = ask(second);
    REQUIRE(again.has_value());
    CHECK(again->info.cache == "hit");
    CHECK(again->text() == "Paris.");
    CHECK(again->info.cost == Money());
    CHECK(second.asked() == 0);
    CHECK(second.cache->statistics().saved == Money::nanos(1'000'000'000));
    Result<ChatReply> const streamed = testing::run(Bench::streamed(second.provider, question(), CallOptions()));
    REQUIRE(streamed.has_value());
    CHECK(streamed->text() == "Paris.");
    Bench third(file.config());
    third.clock->advance(hours(25));
    CHECK(ask(third)->info.cache == "miss");
}

TEST_CASE("a row of which any byte is another is a miss, and is removed") {
    File file;
    {
        Bench writer(file.config());
        CHECK(ask(writer).has_value());
        flush(writer);
    }
    std::int64_t const size = file.number("SELECT length(body) FROM cached_reply");
    REQUIRE(size > 100);
    std::vector<std::string> damages;
    for (std::int64_t at = 1; at <= size; ++at) {
        std::string const place = std::to_string(at);
        damages.push_back("body = CAST(substr(body, 1, " + place + " - 1) || CASE WHEN substr(body, " + place +
                          ", 1) = x'00' THEN x'01' ELSE x'00' END || substr(body, " + place + " + 1) AS BLOB)");
    }
    for (int at = 1; at <= 64; ++at) {
        std::string const place = std::to_string(at);
        damages.push_back("checksum = substr(checksum, 1, " + place + " - 1) || CASE WHEN substr(checksum, " + place +
                          ", 1) = '0' THEN '1' ELSE '0' END || substr(checksum, " + place + " + 1)");
    }
    for (char const* one : {"tenant = 'x'", "member = 'x'", "created = created + 1", "expires = expires + 1",
                            "size = size + 1", "cost = cost + 1", "cost = NULL", "body = x''"}) {
        damages.emplace_back(one);
    }
    for (std::string const& damage : damages) {
        CAPTURE(damage);
        file.change("UPDATE cached_reply SET " + damage);
        Bench bench(file.config());
        Result<ChatReply> const reply = ask(bench);
        REQUIRE(reply.has_value());
        CHECK(reply->info.cache == "miss");
        CHECK(bench.cache->statistics().corrupt == 1);
        flush(bench);  // the row is written anew
        CHECK(file.number("SELECT count(*) FROM cached_reply") == 1);
    }
    file.change("UPDATE cached_reply SET body = x''");
    Bench reader(file.config());
    reader.upstream->on_chat = [] { return failure(Errc::server_error); };
    CHECK(!ask(reader).has_value());
    flush(reader);
    CHECK(file.number("SELECT count(*) FROM cached_reply") == 0);
}

TEST_CASE("the file is kept to its size, the least recently used and the expired going first") {
    File file;
    ResponseCacheConfig config = file.config();
    config.stored_entries = 100;
    Bench bench(config);
    for (int i = 0; i < 150; ++i) {
        bench.clock->advance(milliseconds(1));
        ask(bench, question(std::to_string(i))).value();
    }
    // A sweep of the cache's own may be under way, and counts what it removed when it has ended.
    for (int i = 0; i < 10'000 && bench.cache->statistics().evictions < 50; ++i) {
        REQUIRE(testing::run(bench.cache->sweep()).has_value());
    }
    CHECK(file.number("SELECT count(*) FROM cached_reply") == 100);
    CHECK(bench.cache->statistics().evictions == 50);
    Bench other(config);
    CHECK(ask(other, question("149"))->info.cache == "hit");
    CHECK(ask(other, question("0"))->info.cache == "miss");

    config.stored_bytes = 10 * file.number("SELECT max(size) FROM cached_reply");
    Bench smaller(config);
    REQUIRE(testing::run(smaller.cache->sweep()).has_value());
    CHECK(file.number("SELECT sum(size) FROM cached_reply") <= config.stored_bytes);
    CHECK(file.number("SELECT count(*) FROM cached_reply") >= 9);

    smaller.clock->advance(hours(25));
    REQUIRE(testing::run(smaller.cache->sweep()).has_value());
    CHECK(file.number("SELECT count(*) FROM cached_reply") == 0);
    CHECK(smaller.cache->statistics().expired >= 9);
}

TEST_CASE("what is cleared is gone from the file too") {
    File file;
    Bench bench(file.config());
    for (char const* tenant : {"a", "b"}) {
        CallOptions options;
        options.caller.tenant = tenant;
        for (int i = 0; i < 100; ++i) {
            testing::run(bench.provider->chat(question(std::to_string(i)), options)).value();
        }
    }
    REQUIRE(testing::run(bench.cache->invalidate("a", "")).has_value());
    CHECK(file.number("SELECT count(*) FROM cached_reply WHERE tenant = 'a'") == 0);
    CHECK(file.number("SELECT count(*) FROM cached_reply WHERE tenant = 'b'") == 100);
    REQUIRE(testing::run(bench.cache->clear()).has_value());
    CHECK(file.number("SELECT count(*) FROM cached_reply") == 0);
}

TEST_CASE("a store that fails is told of and fails no call") {
    File file;
    Bench bench(file.config());
    file.change("DROP TABLE cached_reply");
    CHECK(ask(bench)->info.cache == "miss");
    flush(bench);
    CacheStatistics const told = bench.cache->statistics();
    CHECK(told.failed_reads == 1);
    CHECK(told.failed_writes == 1);
    CHECK(!told.last_failure.empty());
    CHECK(ask(bench)->info.cache == "hit");  // from memory
    file.database.close();
    CHECK(ask(bench, question("Another?"))->info.cache == "miss");
    CHECK(bench.cache->statistics().failed_writes == 2);
}

}  // namespace aikit::policy
