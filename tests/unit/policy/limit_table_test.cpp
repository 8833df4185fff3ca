// SPDX-License-Identifier: MIT
// Covers src/policy/sliding_window.hpp and limit_table.hpp: no window ever holds more than its limit, against a log of
// all that was granted, and what providers told is believed.
#include "policy/limit_table.hpp"

#include "limit_rules.hpp"

#include <doctest/doctest.h>

#include <deque>
#include <random>

namespace aikit::policy {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

SteadyTime const start = SteadyTime(std::chrono::hours(1));

struct Granted {
    SteadyTime at;
    std::int64_t amount;
};

/// What was granted in the window that ends at `now`, from the log.
std::int64_t in_window(std::deque<Granted> const& log, SteadyTime now, milliseconds window) {
    std::int64_t sum = 0;
    for (Granted const& one : log) sum += one.at > now - window ? one.amount : 0;
    return sum;
}

LimitTable table_of(std::vector<LimitRule> rules) {
    LimitsConfig config;
    config.rules = std::move(rules);
    return LimitTable(std::move(config));
}

LimitedCall call(std::string user = "ann", std::int64_t tokens = 0, std::string model = "m") {
    LimitedCall made;
    made.provider = "p";
    made.model = std::move(model);
    made.caller.user = std::move(user);
    made.tokens = tokens;
    return made;
}

/// Takes a place if there is one.
std::optional<Grant> take(LimitTable& table, LimitedCall const& call, SteadyTime now) {
    Places places = table.places_of(call, now);
    if (!table.room(places, call.tokens, now).now) return std::nullopt;
    return table.take(std::move(places), call.tokens, now);
}

RateLimits limits_of(std::int64_t limit, std::int64_t remaining, milliseconds reset) {
    RateLimits told;
    told.requests.limit = limit;
    told.requests.remaining = remaining;
    told.requests.reset = reset;
    return told;
}

}  // namespace

TEST_CASE("no window of a rule's length ever holds more than its limit, and room comes when it is told") {
    for (unsigned seed = 1; seed <= 40; ++seed) {
        std::mt19937_64 random(seed);
        milliseconds const window(1'000 + static_cast<long>(random() % 100'000));
        std::int64_t const limit = 1 + static_cast<std::int64_t>(random() % 50);
        SlidingWindow sliding(window);
        std::deque<Granted> log;
        SteadyTime now = start + std::chrono::nanoseconds(random() % 1'000'000);
        for (int i = 0; i < 2'000; ++i) {
            now += std::chrono::microseconds(random() % static_cast<std::uint64_t>(window.count() * 1'000 / limit * 3));
            std::int64_t const amount = 1 + static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(limit));
            SteadyTime const at = sliding.room_at(now, amount, limit);
            if (at > now) {
                // Not one moment sooner than told, and at that moment.
                SlidingWindow then = sliding;
                CHECK(then.room_at(at - std::chrono::nanoseconds(1), amount, limit) == at);
                CHECK(then.room_at(at, amount, limit) == at);
                // At most a 64th of a window later than the log would allow.
                CHECK(in_window(log, at - window / 50, window) + amount > limit);
                if (random() % 2 == 0) continue;
                now = at;
            }
            sliding.take(now, amount);
            log.push_back({now, amount});
            REQUIRE(in_window(log, now, window) <= limit);
            while (log.front().at <= now - 2 * window) log.pop_front();
        }
    }
}

TEST_CASE("a correction takes the place of what was reserved, and comes too late for what no longer counts") {
    SlidingWindow sliding(seconds(64));
    sliding.take(start, 1'000);
    std::int64_t const slot = sliding.slot(start);
    sliding.correct(start + seconds(30), slot, -900);
    CHECK(sliding.used(start + seconds(30)) == 100);
    sliding.correct(start + seconds(64), slot, 50);
    CHECK(sliding.used(start + seconds(64)) == 150);
    CHECK(sliding.used(start + seconds(66)) == 0);
    sliding.correct(start + seconds(70), slot, 5'000);
    CHECK(sliding.used(start + seconds(70)) == 0);
    CHECK(sliding.empty(start + seconds(70)));
}

TEST_CASE("each value of a rule has an allowance of its own, and other calls are not under it") {
    LimitRule by_user = rule(LimitBy::user, 1);
    by_user.provider = "p";
    by_user.model = "m";
    LimitTable table = table_of({by_user});
    CHECK(take(table, call("ann"), start));
    CHECK_FALSE(take(table, call("ann"), start));
    CHECK(take(table, call("bob"), start));
    CHECK(take(table, call(""), start));
    CHECK(take(table, call(""), start));
    CHECK(take(table, call("ann", 0, "other"), start));
    LimitedCall elsewhere = call("ann");
    elsewhere.provider = "q";
    CHECK(take(table, elsewhere, start));
    CHECK_FALSE(take(table, call("ann"), start + seconds(59)));
    CHECK(take(table, call("ann"), start + seconds(61)));
}

TEST_CASE("a rule with a match holds for that value only, and each tag of a call counts") {
    LimitRule tag = rule(LimitBy::tag, 1);
    tag.match = "batch";
    LimitTable table = table_of({tag});
    LimitedCall tagged = call();
    tagged.caller.tags = {"night", "batch"};
    LimitedCall other = call();
    other.caller.tags = {"night"};
    CHECK(take(table, tagged, start));
    CHECK_FALSE(take(table, tagged, start));
    CHECK(take(table, other, start));

    LimitTable all = table_of({rule(LimitBy::tag, 1)});
    tagged.caller.tags = {"a", "a", "b"};
    CHECK(take(all, tagged, start));
    other.caller.tags = {"b"};
    CHECK_FALSE(take(all, other, start));
}

TEST_CASE("a call takes from all its allowances or from none") {
    LimitTable table = table_of({rule(LimitBy::everyone, 10), rule(LimitBy::user, 2), rule(LimitBy::model, {}, 100)});
    CHECK(take(table, call("ann", 60), start));
    CHECK_FALSE(take(table, call("bob", 60), start));
    CHECK(take(table, call("ann", 40), start));
    CHECK_FALSE(take(table, call("ann", 0, "n"), start));
    std::vector<LimitStatus> const status = table.status(start);
    REQUIRE(status.size() == 3);
    CHECK(status[0].rule == "by everyone");
    CHECK(status[0].requests == 2);
    CHECK(status[1].value == "m");
    CHECK(status[1].tokens == 100);
    CHECK(status[2].value == "ann");
    CHECK(status[2].requests == 2);
}

TEST_CASE("a call that asks for more tokens than a whole window has is told that waiting is in vain") {
    LimitTable table = table_of({rule(LimitBy::everyone, {}, 100)});
    Places const places = table.places_of(call("ann", 101), start);
    Room const room = table.room(places, 101, start);
    CHECK_FALSE(room.now);
    CHECK(room.never);
    CHECK(room.rule->name == "by everyone");
}

TEST_CASE("what a call used takes the place of what it reserved, and at most so many run at once") {
    LimitTable table = table_of({rule(LimitBy::user, {}, 100, 2)});
    std::optional<Grant> const first = take(table, call("ann", 80), start);
    REQUIRE(first);
    CHECK_FALSE(take(table, call("ann", 30), start));
    table.end(*first, 20, start + seconds(2));
    std::optional<Grant> const second = take(table, call("ann", 30), start + seconds(2));
    REQUIRE(second);
    REQUIRE(take(table, call("ann", 1), start + seconds(2)));
    Room const room = table.room(table.places_of(call("ann", 1), start + seconds(2)), 1, start + seconds(2));
    CHECK_FALSE(room.now);
    CHECK_FALSE(room.later);  // nobody knows when one ends
    table.end(*second, std::nullopt, start + seconds(3));
    CHECK(take(table, call("ann", 1), start + seconds(3)));
    CHECK(table.status(start + seconds(3)).at(0).tokens == 20 + 30 + 1 + 1);
}

TEST_CASE("after a refusal nothing is sent before its time, and then one, two, four calls at once") {
    LimitTable table = table_of({});
    std::optional<Grant> const early = take(table, call(), start);
    std::optional<Grant> const refused = take(table, call(), start);
    Error error = fail(Errc::rate_limited, "");
    error.retry_after = seconds(10);
    table.end(*refused, 0, start);
    table.told(*refused, nullptr, &error, start);
    table.end(*early, {}, start);
    table.told(*early, nullptr, nullptr, start);  // sent before the refusal: it says nothing of the time after
    CHECK_FALSE(take(table, call(), start + milliseconds(9'999)));
    CHECK(*table.room(table.places_of(call(), start), 0, start).later == start + seconds(10));
    CHECK(take(table, call("ann", 0, "other"), start));

    SteadyTime const now = start + seconds(10);
    std::vector<int> widths;
    for (int round = 0; round < 7; ++round) {
        std::vector<Grant> running;
        while (running.size() < 100) {
            std::optional<Grant> grant = take(table, call(), now);
            if (!grant) break;
            running.push_back(std::move(*grant));
        }
        widths.push_back(static_cast<int>(running.size()));
        for (std::size_t i = 0; i < running.size(); ++i) table.end(running[i], {}, now);
        if (widths.back() < 100) table.told(running.front(), nullptr, nullptr, now);
    }
    CHECK(widths == std::vector<int>{1, 2, 4, 8, 16, 32, 100});
}

TEST_CASE("no more is sent than an answer said remains, and it fills up until its reset") {
    LimitTable table = table_of({});
    std::optional<Grant> const first = take(table, call(), start);
    std::optional<Grant> const during = take(table, call(), start);  // the answer may not know of it
    RateLimits const told = limits_of(60, 3, seconds(57));
    table.told(*first, &told, nullptr, start);
    CHECK(take(table, call(), start));
    CHECK(take(table, call(), start));
    CHECK_FALSE(take(table, call(), start));
    CHECK(*table.room(table.places_of(call(), start), 0, start).later == start + seconds(1));
    CHECK(take(table, call(), start + seconds(1)));
    CHECK_FALSE(take(table, call(), start + seconds(1)));
    int granted = 0;
    while (granted < 1'000 && take(table, call(), start + seconds(57))) ++granted;
    CHECK(granted == 1'000);  // after the reset nothing is known
    RateLimits const stale = limits_of(60, 0, seconds(60));
    table.told(*during, &stale, nullptr, start + seconds(57));
    CHECK_FALSE(take(table, call(), start + seconds(58)));
    table.told(*first, &told, nullptr, start + seconds(58));  // an older call's answer knows less
    CHECK_FALSE(take(table, call(), start + seconds(58)));
}

TEST_CASE("whoever has used nothing for a window is forgotten, and who is busy is not") {
    LimitTable table = table_of({rule(LimitBy::user, 1, {}, 1)});
    std::optional<Grant> const busy = take(table, call("busy"), start);
    for (int i = 0; i < 50'000; ++i) {
        SteadyTime const now = start + seconds(i);
        LimitedCall const one = call("u" + std::to_string(i));
        std::optional<Grant> const grant = take(table, one, now);
        REQUIRE(grant);
        table.end(*grant, {}, now);
    }
    CHECK(table.status(start + seconds(50'000)).size() <= 66);
    CHECK_FALSE(take(table, call("busy"), start + seconds(50'000)));
    table.end(*busy, {}, start + seconds(50'000));
    CHECK(take(table, call("busy"), start + seconds(50'000)));
}

}  // namespace aikit::policy
