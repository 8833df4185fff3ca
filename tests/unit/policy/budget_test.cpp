// SPDX-License-Identifier: MIT
// Covers policy/budget: what is set aside and settled, in windows, by values, across guardians of one file.
#include "policy/budget_window.hpp"
#include "policy/output_quantile.hpp"
#include "storage/connection.hpp"

#include <aikit/core/wait.hpp>
#include <aikit/policy/budget.hpp>
#include <aikit/testing/manual_clock.hpp>
#include <aikit/testing/run.hpp>

#include <doctest/doctest.h>

#include <filesystem>
#include <mutex>
#include <random>
#include <set>

namespace aikit::inline v0::policy {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using Hold = BudgetGuardian::Hold;

SystemTime at(char const* rfc3339) {
    return from_rfc3339(rfc3339).value();
}

Money usd(char const* text) {
    return Money::from_usd(text).value();
}

BudgetRule rule_of(char const* name, LimitBy by, BudgetWindow window, char const* cost) {
    BudgetRule rule;
    rule.name = name;
    rule.by = by;
    rule.window = window;
    rule.cost = usd(cost);
    return rule;
}

BudgetsConfig config_of(std::vector<BudgetRule> rules) {
    BudgetsConfig config;
    config.budgets = std::move(rules);
    config.patience = milliseconds(0);
    return config;
}

BudgetedCall call_of(char const* user, char const* cost, std::int64_t tokens = 0) {
    BudgetedCall call;
    call.provider = "p";
    call.model = "m";
    call.caller.user = user;
    call.cost = usd(cost);
    call.tokens = tokens;
    return call;
}

/// A store in a scratch file, and guardians of it.
struct Fixture {
    Fixture() {
        std::filesystem::remove_all(AIKIT_TEST_SCRATCH);
        std::filesystem::create_directories(AIKIT_TEST_SCRATCH);
        RuntimeConfig config;
        config.clock = clock;
        runtime = Runtime::create(std::move(config)).value();
        clock->set_system(at("2026-03-10T12:00:00Z"));
        database = open();
    }
    ~Fixture() {
        database.close();
        runtime.close();
        std::filesystem::remove_all(AIKIT_TEST_SCRATCH);
    }

    storage::Database open() {
        storage::DatabaseConfig config;
        config.path = AIKIT_TEST_SCRATCH "/budgets.db";
        config.survive_power_cut = false;
        return testing::run(storage::Database::open(runtime, config)).value();
    }
    std::shared_ptr<BudgetGuardian> guardian(BudgetsConfig config) {
        return BudgetGuardian::create(database, std::move(config)).value();
    }
    static Result<Hold> ask(std::shared_ptr<BudgetGuardian> const& guardian, BudgetedCall call) {
        return testing::run(guardian->check_request_allowance(std::move(call)));
    }
    static std::vector<BudgetStatus> status(std::shared_ptr<BudgetGuardian> const& guardian) {
        return testing::run(guardian->status()).value();
    }

    std::shared_ptr<testing::ManualClock> clock = std::make_shared<testing::ManualClock>();
    Runtime runtime;
    storage::Database database;
};

}  // namespace

TEST_CASE("a call sets its worst case aside, and what it came to counts as spent") {
    Fixture f;
    auto const guardian = f.guardian(config_of({rule_of("all", LimitBy::everyone, BudgetWindow::day, "1")}));
    Result<Hold> hold = Fixture::ask(guardian, call_of("ann", "0.4"));
    REQUIRE(hold.has_value());
    CHECK(Fixture::ask(guardian, call_of("ann", "0.7")).error().code == Errc::budget_exceeded);
    hold->settle(usd("0.1"), 0);
    hold->settle(usd("0.9"), 0);  // the second time it does nothing
    std::vector<BudgetStatus> const status = Fixture::status(guardian);
    REQUIRE(status.size() == 1);
    CHECK(status[0].cost == usd("0.1"));
    CHECK(status[0].held_cost == Money());
    CHECK(status[0].resets_at == at("2026-03-11T00:00:00Z"));
    CHECK(Fixture::ask(guardian, call_of("ann", "0.9")).has_value());
}

TEST_CASE("a hold that is let go without a word counts as spent in full") {
    Fixture f;
    auto const guardian = f.guardian(config_of({rule_of("all", LimitBy::everyone, BudgetWindow::day, "1")}));
    { Hold const hold = Fixture::ask(guardian, call_of("ann", "0.4")).value(); }
    CHECK(Fixture::status(guardian)[0].cost == usd("0.4"));
}

TEST_CASE("what cost more than was set aside is booked all the same") {
    Fixture f;
    auto const guardian = f.guardian(config_of({rule_of("all", LimitBy::everyone, BudgetWindow::day, "1")}));
    Fixture::ask(guardian, call_of("ann", "0.4")).value().settle(usd("1.5"), 0);
    CHECK(Fixture::status(guardian)[0].cost == usd("1.5"));
    CHECK(Fixture::ask(guardian, call_of("ann", "0.000000001")).error().code == Errc::budget_exceeded);
}

TEST_CASE("all budgets of a call have room, or none is touched") {
    Fixture f;
    auto const guardian = f.guardian(config_of({rule_of("all", LimitBy::everyone, BudgetWindow::day, "1"),
                                                rule_of("user", LimitBy::user, BudgetWindow::day, "0.5"),
                                                rule_of("hour", LimitBy::user, BudgetWindow::hour, "0.2")}));
    Result<Hold> const first = Fixture::ask(guardian, call_of("ann", "0.15"));
    REQUIRE(first.has_value());
    Result<Hold> const refused = Fixture::ask(guardian, call_of("ann", "0.1"));
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().message.find("'hour' of user 'ann'") != std::string::npos);
    CHECK(refused.error().retry_after == hours(1));
    CHECK(Fixture::ask(guardian, call_of("bob", "0.1")).has_value());
}

TEST_CASE("a free call passes an exhausted budget, and a budget of nothing blocks the others") {
    Fixture f;
    auto const guardian = f.guardian(config_of({rule_of("none", LimitBy::everyone, BudgetWindow::total, "0")}));
    CHECK(Fixture::ask(guardian, call_of("ann", "0.000000001")).error().code == Errc::budget_exceeded);
    CHECK(Fixture::ask(guardian, call_of("ann", "0", 1'000)).has_value());
}

TEST_CASE("what has no price is refused under a budget of money, and passes one of tokens") {
    Fixture f;
    BudgetRule tokens = rule_of("tokens", LimitBy::everyone, BudgetWindow::day, "1");
    tokens.cost.reset();
    tokens.tokens = 100;
    BudgetedCall call = call_of("ann", "0", 60);
    call.cost.reset();
    CHECK(Fixture::ask(f.guardian(config_of({tokens})), call).has_value());
    BudgetsConfig money = config_of({rule_of("all", LimitBy::everyone, BudgetWindow::day, "1")});
    CHECK(Fixture::ask(f.guardian(money), call).error().code == Errc::unknown_price);
    money.allow_unknown_price = true;
    CHECK(Fixture::ask(f.guardian(money), call).has_value());
}

TEST_CASE("a hold grows while there is room, and not beyond") {
    Fixture f;
    auto const guardian = f.guardian(config_of({rule_of("all", LimitBy::everyone, BudgetWindow::day, "1")}));
    Hold hold = Fixture::ask(guardian, call_of("ann", "0.4")).value();
    CHECK(testing::run(hold.extend(usd("0.5"), 0)).has_value());
    CHECK(hold.cost() == usd("0.9"));
    CHECK(testing::run(hold.extend(usd("0.2"), 0)).error().code == Errc::budget_exceeded);
    CHECK(hold.cost() == usd("0.9"));
    hold.settle(usd("0.6"), 0);
    CHECK(Fixture::status(guardian)[0].cost == usd("0.6"));
}

TEST_CASE("a soft budget lets all pass and tells") {
    Fixture f;
    std::mutex mutex;
    std::vector<int> told;
    BudgetRule soft = rule_of("soft", LimitBy::everyone, BudgetWindow::day, "1");
    soft.hard = false;
    soft.alerts = {50, 100, 200};
    BudgetsConfig config = config_of({soft});
    config.on_alert = [&](BudgetAlert const& alert) {
        std::lock_guard const lock(mutex);
        told.push_back(alert.percent);
    };
    auto const guardian = f.guardian(config);
    auto const second = f.guardian(config);
    for (int i = 0; i < 15; ++i) {
        auto const& one = i % 2 == 0 ? guardian : second;
        Fixture::ask(one, call_of("ann", "0.1")).value().settle(usd("0.1"), 0);
        REQUIRE(testing::run(one->flush()).has_value());
    }
    CHECK(Fixture::status(guardian)[0].cost == usd("1.5"));
    std::lock_guard const lock(mutex);
    CHECK(told == std::vector<int>{50, 100});  // once each, whoever passed it
}

TEST_CASE("guardians of one file share what there is, and what one does not use another gets") {
    Fixture f;
    BudgetsConfig const config = config_of({rule_of("all", LimitBy::everyone, BudgetWindow::day, "1")});
    auto const a = f.guardian(config);
    auto const b = f.guardian(config);
    Hold held = Fixture::ask(a, call_of("ann", "0.7")).value();
    CHECK(Fixture::ask(b, call_of("bob", "0.4")).error().code == Errc::budget_exceeded);
    held.settle(usd("0.2"), 0);
    REQUIRE(testing::run(a->flush()).has_value());
    f.clock->advance(milliseconds(100));
    CHECK(Fixture::ask(b, call_of("bob", "0.8")).has_value());
}

TEST_CASE("a window begins anew with its time, and a clock that goes back finds what was spent") {
    Fixture f;
    auto const guardian = f.guardian(config_of({rule_of("all", LimitBy::everyone, BudgetWindow::hour, "1")}));
    f.clock->set_system(at("2026-03-10T12:59:00Z"));
    Fixture::ask(guardian, call_of("ann", "1")).value().settle(usd("1"), 0);
    CHECK_FALSE(Fixture::ask(guardian, call_of("ann", "1")).has_value());
    f.clock->set_system(at("2026-03-10T13:00:00Z"));
    Fixture::ask(guardian, call_of("ann", "1")).value().settle(usd("1"), 0);
    f.clock->set_system(at("2026-03-10T12:30:00Z"));
    CHECK_FALSE(Fixture::ask(guardian, call_of("ann", "0.1")).has_value());
    REQUIRE(testing::run(guardian->flush()).has_value());
    auto const later = f.guardian(config_of({rule_of("all", LimitBy::everyone, BudgetWindow::hour, "1")}));
    CHECK_FALSE(Fixture::ask(later, call_of("ann", "0.1")).has_value());
    f.clock->set_system(at("2026-03-10T14:00:00Z"));
    CHECK(Fixture::ask(later, call_of("ann", "1")).has_value());
}

TEST_CASE("a changed time zone begins no new allowance") {
    Fixture f;
    BudgetRule rule = rule_of("all", LimitBy::everyone, BudgetWindow::day, "1");
    rule.time_zone = "Europe/Berlin";
    auto const berlin = BudgetGuardian::create(f.database, config_of({rule}));
    if (!berlin) {
        MESSAGE("skipped: this machine has no time zones");
        return;
    }
    Fixture::ask(*berlin, call_of("ann", "0.9")).value().settle(usd("0.9"), 0);
    REQUIRE(testing::run((*berlin)->flush()).has_value());
    rule.time_zone = "America/New_York";
    auto const moved = f.guardian(config_of({rule}));
    CHECK(Fixture::ask(moved, call_of("ann", "0.2")).error().code == Errc::budget_exceeded);
    CHECK(Fixture::ask(moved, call_of("ann", "0.1")).has_value());
}

TEST_CASE("who is not heard of loses what was leased, and gets it back when it lives after all") {
    Fixture f;
    BudgetsConfig const config = config_of({rule_of("all", LimitBy::everyone, BudgetWindow::total, "1")});
    auto const silent = f.guardian(config);
    Hold hold = Fixture::ask(silent, call_of("ann", "0.6")).value();
    f.clock->set_system(at("2026-03-10T12:01:00Z"));  // nobody renewed for longer than lease_time
    auto const other = f.guardian(config);
    CHECK_FALSE(Fixture::ask(other, call_of("bob", "0.5")).has_value());
    std::vector<BudgetStatus> lost = Fixture::status(other);
    CHECK(lost[0].held_cost == Money());
    CHECK(lost[0].cost >= usd("0.6"));
    hold.settle(usd("0.1"), 0);
    REQUIRE(testing::run(silent->flush()).has_value());
    std::vector<BudgetStatus> const found = Fixture::status(other);
    CHECK(found[0].cost == usd("0.1"));
    CHECK(found[0].lost_cost == Money());
    f.clock->advance(milliseconds(100));
    CHECK(Fixture::ask(other, call_of("bob", "0.9")).has_value());
}

TEST_CASE("what is not used is given back although the file could not be written when that was due") {
    RuntimeConfig one_thread;
    one_thread.io = one_thread.cpu = one_thread.storage = one_thread.resolver = 0;
    auto const clock = std::make_shared<testing::ManualClock>();
    one_thread.clock = clock;
    Runtime runtime = Runtime::create(one_thread).value();
    storage::Database database =
        sync::wait(runtime, storage::Database::open(runtime, storage::DatabaseConfig())).value();
    auto const script = [&](char const* sql) {
        std::function<Result<bool>(storage::Connection&)> work = [sql](storage::Connection& db) -> Result<bool> {
            if (Result<void> const done = db.script(sql); !done) return done.error();
            return true;
        };
        REQUIRE(sync::wait(runtime, database.write<bool>(std::move(work))).has_value());
    };
    auto const guardian =
        BudgetGuardian::create(database, config_of({rule_of("one", LimitBy::user, BudgetWindow::day, "1")})).value();
    auto const step = [&] {
        clock->advance(milliseconds(25));
        while (runtime.poll(milliseconds(0)).value() > 0) continue;
    };
    sync::wait(runtime, guardian->check_request_allowance(call_of("ann", "0.4"))).value().settle(Money(), 0);
    script("CREATE TRIGGER full BEFORE UPDATE ON budget_owner BEGIN SELECT RAISE(ABORT, 'full'); END");
    for (int i = 0; i < 30; ++i) step();
    // While the file is asked for ben, with what ann does not use, it is time to look around again.
    Task<Hold> asking = guardian->check_request_allowance(call_of("ben", "0.1"));
    boost::asio::co_spawn(runtime.executor(), std::move(asking),
                          [](std::exception_ptr const&, Result<Hold> hold) { CHECK_FALSE(hold.has_value()); });
    step();
    script("DROP TRIGGER full");
    for (int i = 0; i < 80; ++i) step();
    for (BudgetStatus const& status : sync::wait(runtime, guardian->status()).value()) {
        CHECK(status.held_cost == Money());
    }
    database.close();
    runtime.close();
}

TEST_CASE("an adjustment changes what counts as spent") {
    Fixture f;
    auto const guardian = f.guardian(config_of({rule_of("user", LimitBy::user, BudgetWindow::month, "1")}));
    Fixture::ask(guardian, call_of("ann", "0.9")).value().settle(usd("0.9"), 0);
    REQUIRE(testing::run(guardian->flush()).has_value());
    REQUIRE(testing::run(guardian->adjust("user", "ann", -usd("0.5").nanos(), 0)).has_value());
    CHECK(Fixture::status(guardian)[0].cost == usd("0.4"));
    CHECK(testing::run(guardian->adjust("nobody", "", 1, 0)).error().code == Errc::not_found);
}

TEST_CASE("a million random operations of three guardians agree with a sum made beside them") {
    Fixture f;
    BudgetsConfig const config = config_of({rule_of("all", LimitBy::everyone, BudgetWindow::total, "1"),
                                            rule_of("user", LimitBy::user, BudgetWindow::total, "0.6")});
    std::vector<std::shared_ptr<BudgetGuardian>> guardians;
    for (int i = 0; i < 3; ++i) guardians.push_back(f.guardian(config));
    struct Running {
        Hold hold;
        std::int64_t nanos = 0;
        int user = 0;
    };
    std::vector<Running> running;
    std::int64_t spent[2] = {0, 0}, held[2] = {0, 0};
    std::int64_t wrong = 0, passed = 0, by_file = 0;
    std::mt19937_64 random(11);
    char const* const users[] = {"ann", "bob"};
    for (int i = 0; i < 1'000'000; ++i) {
        auto const kind = random() % 3;
        if (kind == 0 && running.size() < 40) {
            std::int64_t const nanos = static_cast<std::int64_t>(random() % 40'000);
            int const user = static_cast<int>(random() % 2);
            BudgetedCall call = call_of(users[user], "0");
            call.cost = Money::nanos(nanos);
            auto const& guardian = guardians[random() % 3];
            Result<std::optional<Hold>> hold = guardian->try_hold(call);
            if (hold && !*hold && by_file++ < 3'000) {
                Result<Hold> const asked = Fixture::ask(guardian, call);
                if (asked) hold = std::optional<Hold>(std::move(const_cast<Hold&>(*asked)));
            }
            if (!hold || !*hold) continue;
            ++passed;
            held[user] += nanos;
            running.push_back(Running{std::move(**hold), nanos, user});
        } else if (kind == 1 && !running.empty()) {
            Running& one = running[random() % running.size()];
            std::int64_t const more = static_cast<std::int64_t>(random() % 1'000);
            if (one.hold.try_extend(Money::nanos(more), 0)) {
                one.nanos += more;
                held[one.user] += more;
            }
        } else if (!running.empty()) {
            std::size_t const which = random() % running.size();
            Running one = std::move(running[which]);
            running.erase(running.begin() + static_cast<std::ptrdiff_t>(which));
            std::int64_t const cost = one.nanos == 0 ? 0 : static_cast<std::int64_t>(random()) & 0x7FFF;
            std::int64_t const billed = std::min(cost, one.nanos);
            one.hold.settle(Money::nanos(billed), 0);
            held[one.user] -= one.nanos;
            spent[one.user] += billed;
        }
        bool const within = spent[0] + held[0] <= 600'000'000 && spent[1] + held[1] <= 600'000'000 &&
                            spent[0] + spent[1] + held[0] + held[1] <= 1'000'000'000;
        if (!within) ++wrong;
    }
    CHECK(wrong == 0);
    CHECK(passed > 10'000);
    for (Running& one : running) one.hold.settle(Money(), 0);
    for (auto const& guardian : guardians) REQUIRE(testing::run(guardian->flush()).has_value());
    for (BudgetStatus const& one : Fixture::status(guardians[0])) {
        CHECK(one.held_cost == Money());
        std::int64_t const expected = one.budget == "all"  ? spent[0] + spent[1]
                                      : one.value == "ann" ? spent[0]
                                                           : spent[1];
        CHECK(one.cost.nanos() == expected);
    }
}

TEST_CASE("windows of every kind follow each other without gap over changes of clocks and leap days") {
    for (char const* name : {"UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Havana"}) {
        Result<TimeZone> const zone = TimeZone::load(name);
        if (!zone) {
            MESSAGE("skipped: this machine has no time zones");
            return;
        }
        for (BudgetWindow const window :
             {BudgetWindow::minute, BudgetWindow::hour, BudgetWindow::day, BudgetWindow::week, BudgetWindow::month}) {
            WindowSpan span = window_at(window, *zone, at("2027-12-01T00:00:00Z"));
            bool const small = window == BudgetWindow::minute || window == BudgetWindow::hour;
            std::int64_t wrong = 0;
            for (int i = 0; i < (small ? 3'000 : 900); ++i) {
                WindowSpan const next = window_at(window, *zone, span.ends);
                bool const follows =
                    next.begins == span.ends && next.ends > next.begins &&
                    window_at(window, *zone, span.ends - std::chrono::microseconds(1)).begins == span.begins;
                if (!follows) ++wrong;
                span = next;
            }
            CAPTURE(name);
            CHECK(wrong == 0);
        }
    }
}

TEST_CASE("a budget of bad fields is refused, naming the field") {
    Fixture f;
    auto const refused = [&](BudgetsConfig config, char const* field) {
        auto const made = BudgetGuardian::create(f.database, std::move(config));
        REQUIRE_FALSE(made.has_value());
        CHECK(made.error().code == Errc::invalid_argument);
        CHECK(made.error().message.find(field) != std::string::npos);
    };
    BudgetRule const good = rule_of("all", LimitBy::everyone, BudgetWindow::day, "1");
    BudgetRule bad = good;
    bad.name.clear();
    refused(config_of({bad}), "budgets[0].name");
    refused(config_of({good, good}), "budgets[1].name");
    bad = good;
    bad.cost = Money::nanos(-1);
    refused(config_of({bad}), "budgets[0].cost");
    bad.cost.reset();
    refused(config_of({bad}), "budgets[0].cost or tokens");
    bad = good;
    bad.time_zone = "Mars/Olympus";
    refused(config_of({bad}), "budgets[0].time_zone");
    bad = good;
    bad.alerts = {0};
    refused(config_of({bad}), "budgets[0].alerts");
    BudgetsConfig config = config_of({good});
    config.lease_time = milliseconds(1);
    refused(config, "lease_time");
}

TEST_CASE("the usual output is what 95 of 100 answers did not exceed, to a fifth") {
    OutputQuantiles outputs;
    std::mt19937 random(3);
    std::vector<std::int64_t> all;
    for (int i = 0; i < 2'000; ++i) {
        auto const tokens = static_cast<std::int64_t>(std::exp(std::normal_distribution<double>(5, 0.7)(random)));
        all.push_back(tokens);
        outputs.learn("a", tokens);
        if (i < 18) CHECK_FALSE(outputs.usual("a").has_value());
    }
    std::sort(all.begin(), all.end());
    std::int64_t const exact = all[all.size() * 95 / 100];
    CHECK(*outputs.usual("a") >= exact);
    CHECK(*outputs.usual("a") <= exact * 5 / 4 + 1);
    CHECK_FALSE(outputs.usual("b").has_value());
    for (int i = 0; i < 3'000; ++i) outputs.learn("k" + std::to_string(i), 5);
    CHECK_FALSE(outputs.usual("a").has_value());  // the least recently used kind is forgotten
}

}  // namespace aikit::inline v0::policy
