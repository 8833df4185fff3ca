// SPDX-License-Identifier: MIT
// Covers include/aikit/policy/retry.hpp: the schedule as a machine, and the decorator on a hand-turned clock.
#include "policy/retry_budget.hpp"
#include "support.hpp"

#include <aikit/core/id.hpp>
#include <aikit/policy/retry.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/detached.hpp>
#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <set>

namespace aikit::policy {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

SteadyTime const start = SteadyTime(std::chrono::hours(1));

Error busy(std::optional<milliseconds> retry_after = {}) {
    Error error = failure(Errc::rate_limited);
    error.retry_after = retry_after;
    return error;
}

struct Fixture {
    Fixture() {
        RuntimeConfig config;
        config.io = 0;
        config.clock = clock;
        runtime = Runtime::create(config).value();
        fake->on_chat = [this]() -> Result<ChatReply> {
            times.push_back(clock->now());
            if (times.size() <= failures) return error;
            return reply_of("hello", told(1, 1));
        };
        retrying = make(RetryConfig());
    }
    ~Fixture() { runtime.close(); }

    std::shared_ptr<AIProvider> make(RetryConfig config) { return make_retry(fake, runtime, config).value(); }

    Result<ChatReply> chat(CallOptions options = CallOptions()) {
        times.clear();
        fake->calls.clear();
        return drive(*clock, retrying->chat(ChatRequest("m", "x"), std::move(options)));
    }

    std::shared_ptr<testing::ManualClock> clock = std::make_shared<testing::ManualClock>();
    std::shared_ptr<FakeProvider> fake = std::make_shared<FakeProvider>(clock);
    Runtime runtime;
    std::shared_ptr<AIProvider> retrying;
    Error error = busy();
    std::size_t failures = 0;
    std::vector<SteadyTime> times;
};

}  // namespace

TEST_CASE("the schedule says why and how long") {
    RetrySchedule const schedule{RetryConfig()};
    constexpr std::uint32_t most = 0xFFFF'FFFF, half = 0x8000'0000;
    struct Row {
        Error error;
        int failed;
        std::uint32_t random;
        bool again;
        long delay;
    };
    Row const rows[] = {
        {busy(), 1, 0, true, 0},
        {busy(), 1, most, true, 500},
        {busy(), 1, half, true, 250},
        {busy(), 2, most, true, 1'000},
        {busy(), 3, most, false, 0},
        {busy(seconds(3)), 1, 0, true, 3'000},
        {busy(seconds(3)), 1, most, true, 3'500},
        {busy(milliseconds(0)), 1, most, true, 500},
        {busy(seconds(-9)), 1, most, true, 500},
        {busy(seconds(60)), 1, 0, true, 60'000},
        {busy(seconds(61)), 1, 0, false, 0},
        {busy(milliseconds::max()), 1, 0, false, 0},
        {failure(Errc::invalid_request), 1, most, false, 0},
        {failure(Errc::authentication), 1, most, false, 0},
        {failure(Errc::connection, true), 1, most, false, 0},
        {failure(Errc::connection), 1, most, true, 500},
        {failure(Errc::cancelled), 1, most, false, 0},
    };
    for (Row const& row : rows) {
        CAPTURE(name(row.error.code));
        CAPTURE(row.failed);
        RetrySchedule::Verdict const verdict = schedule.decide(row.error, row.failed, CallOptions(), start, row.random);
        CHECK(verdict.again == row.again);
        if (row.again) CHECK(verdict.delay == milliseconds(row.delay));
        CHECK(std::string(verdict.reason) != "");
    }
}

TEST_CASE("each class of error is tried again or not by itself, and the provider's own word goes before") {
    RetrySchedule const schedule{RetryConfig()};
    std::vector<Errc> const passing{Errc::rate_limited, Errc::overloaded, Errc::server_error, Errc::timeout,
                                    Errc::connection,   Errc::incomplete, Errc::busy};
    for (int code = 1; code <= 24; ++code) {
        Error error = failure(static_cast<Errc>(code));
        CAPTURE(name(error.code));
        bool const passes = std::find(passing.begin(), passing.end(), error.code) != passing.end();
        CHECK(schedule.decide(error, 1, CallOptions(), start, 0).again == passes);
        for (bool const word : {false, true}) {
            error.provider_retry = word;
            CHECK(schedule.decide(error, 1, CallOptions(), start, 0).again == word);
        }
    }
}

TEST_CASE("what may have been carried out is sent again only when the caller wants that") {
    RetrySchedule const schedule{RetryConfig()};
    CallOptions options;
    Error const error = failure(Errc::connection, true);
    for (Replay const replay : {Replay::other_deployment, Replay::never, Replay::any}) {
        options.replay = replay;
        CHECK(schedule.decide(error, 1, options, start, 0).again == (replay == Replay::any));
    }
}

TEST_CASE("whatever happens a delay is within its bounds and ends before the deadline") {
    std::mt19937 random(37);
    for (int round = 0; round < 100'000; ++round) {
        RetryConfig config;
        config.max_retries = static_cast<int>(random() % 11);
        config.first_delay = milliseconds(random() % 5'000);
        config.max_delay = milliseconds(random() % 20'000);
        CallOptions options;
        if (random() % 2) options.max_retries = static_cast<int>(random() % 14) - 2;
        if (random() % 2) options.deadline = Deadline(start + milliseconds(random() % 30'000));
        Error error = failure(static_cast<Errc>(1 + random() % 24), random() % 4 == 0);
        if (random() % 2) error.retry_after = milliseconds(static_cast<int>(random() % 90'000) - 10'000);
        int const failed = 1 + static_cast<int>(random() % 14);

        RetrySchedule::Verdict const verdict = RetrySchedule(config).decide(error, failed, options, start, random());
        if (!verdict.again) continue;
        int const allowed = std::clamp(options.max_retries.value_or(config.max_retries), 0, 10);
        milliseconds const asked = std::max(error.retry_after.value_or(milliseconds(0)), milliseconds(0));
        bool const good = failed <= allowed && retryable(error) && !error.maybe_executed && verdict.delay >= asked &&
                          verdict.delay <= asked + config.max_delay && asked <= config.max_retry_after &&
                          !options.deadline.passed(start + verdict.delay);
        if (!good) FAIL_CHECK("round " << round);
    }
}

TEST_CASE("delays fill their whole range evenly") {
    RetrySchedule const schedule{RetryConfig()};
    std::mt19937 random(41);
    int buckets[10] = {};
    for (int round = 0; round < 50'000; ++round) {
        milliseconds const delay = schedule.decide(busy(), 2, CallOptions(), start, random()).delay;
        ++buckets[std::min<std::int64_t>(delay.count() / 100, 9)];
    }
    for (int const bucket : buckets) {
        CHECK(bucket > 4'500);
        CHECK(bucket < 5'500);
    }
}

TEST_CASE("the budget allows a share of the calls of ten seconds, or its floor") {
    RetryBudget few(0.2, 10);
    int taken = 0;
    for (int i = 0; i < 100; ++i) taken += few.take(start) ? 1 : 0;
    CHECK(taken == 10);
    CHECK_FALSE(few.take(start + milliseconds(9'999)));
    CHECK(few.take(start + seconds(21)));

    RetryBudget many(0.2, 10);
    for (int i = 0; i < 1'000; ++i) many.call(start);
    taken = 0;
    for (int i = 0; i < 1'000; ++i) taken += many.take(start + seconds(1)) ? 1 : 0;
    CHECK(taken == 200);

    RetryBudget none(0, 0);
    none.call(start);
    CHECK_FALSE(none.take(start));
}

TEST_CASE_FIXTURE(Fixture, "a call is tried at most once and then max_retries times, for every such number") {
    failures = 100;
    for (int allowed = 0; allowed <= 10; ++allowed) {
        CAPTURE(allowed);
        RetryConfig config;
        config.budget_floor = 1'000;
        config.max_retries = allowed;
        retrying = make(config);
        CHECK(chat().error().code == Errc::rate_limited);
        CHECK(fake->calls.size() == static_cast<std::size_t>(allowed) + 1);
        config.max_retries = 5;
        retrying = make(config);
        CallOptions options;
        options.max_retries = allowed;
        CHECK_FALSE(chat(options).has_value());
        CHECK(fake->calls.size() == static_cast<std::size_t>(allowed) + 1);
    }
}

TEST_CASE_FIXTURE(Fixture, "a call that works after failures succeeds, and no sooner than the provider asked") {
    failures = 2;
    error = busy(seconds(7));
    CHECK(chat().has_value());
    REQUIRE(times.size() == 3);
    CHECK(times[1] - times[0] >= seconds(7));
    CHECK(times[2] - times[1] >= seconds(7));
    CHECK(times[2] - times[1] <= seconds(8));
}

TEST_CASE_FIXTURE(Fixture, "all tries share id, key, deadline and list of attempts, and are numbered") {
    failures = 2;
    CallOptions options;
    options.limits.total = seconds(100);
    REQUIRE(chat(options).has_value());
    REQUIRE(fake->calls.size() == 3);
    std::set<std::string> ids, keys;
    for (std::size_t i = 0; i < 3; ++i) {
        CHECK(fake->calls[i].attempt == static_cast<int>(i) + 1);
        CHECK(fake->calls[i].deadline.at() == times[0] + seconds(100));
        CHECK(fake->calls[i].attempts == fake->calls[0].attempts);
        ids.insert(fake->calls[i].request_id);
        keys.insert(fake->calls[i].idempotency_key);
    }
    CHECK(ids.size() == 1);
    CHECK(is_uuid(*ids.begin()));
    CHECK(keys.size() == 1);
    CHECK_FALSE(keys.begin()->empty());

    options.request_id = "mine";
    options.idempotency_key = "my key";
    REQUIRE(chat(options).has_value());
    for (CallOptions const& call : fake->calls) {
        CHECK(call.request_id == "mine");
        CHECK(call.idempotency_key == "my key");
    }
}

TEST_CASE_FIXTURE(Fixture, "retries never outlast the call's own limit") {
    std::mt19937 random(43);
    failures = 100;
    RetryConfig config;
    config.budget_floor = 1'000'000;
    config.max_retries = 10;
    retrying = make(config);
    for (int round = 0; round < 2'000; ++round) {
        error = busy();
        if (random() % 2) error.retry_after = milliseconds(random() % 20'000);
        CallOptions options;
        options.limits.total = milliseconds(1 + random() % 30'000);
        SteadyTime const begun = clock->now();
        CHECK_FALSE(chat(options).has_value());
        if (clock->now() - begun > *options.limits.total) FAIL_CHECK("round " << round);
    }
}

TEST_CASE_FIXTURE(Fixture, "an earlier deadline of whoever is above wins") {
    failures = 100;
    error = busy(seconds(30));
    CallOptions options;
    options.deadline = Deadline(clock->now() + seconds(20));
    CHECK_FALSE(chat(options).has_value());
    CHECK(fake->calls.size() == 1);
}

TEST_CASE_FIXTURE(Fixture, "an outage of a minute is not fed by two hundred clients") {
    failures = std::numeric_limits<std::size_t>::max();
    error = failure(Errc::overloaded);
    boost::asio::io_context loop;
    int calls = 0;
    auto client = [](Fixture* self, int* made, milliseconds offset) -> Task<void> {
        SteadyTime const until = start + seconds(60);
        Task<void> settling = sleep_until(self->clock, start + offset);
        Result<void> slept = co_await std::move(settling);
        while (slept && self->clock->now() < until) {
            ++*made;
            Task<ChatReply> call = self->retrying->chat(ChatRequest("m", "x"), CallOptions());
            Result<ChatReply> reply = co_await std::move(call);
            CHECK_FALSE(reply.has_value());
            Task<void> pause = sleep_until(self->clock, self->clock->now() + seconds(2));
            slept = co_await std::move(pause);
        }
        co_return slept;
    };
    for (int i = 0; i < 200; ++i) {
        boost::asio::co_spawn(loop, client(this, &calls, milliseconds(i * 10)), boost::asio::detached);
    }
    do {
        loop.restart();
        loop.poll();
    } while (clock->advance_to_next());

    CHECK(calls > 3'000);
    CHECK(static_cast<double>(fake->calls.size()) <= 1.2 * calls + 10);
    CHECK(static_cast<double>(fake->calls.size()) > 1.1 * calls);  // it does retry
}

TEST_CASE_FIXTURE(Fixture, "a wait that is cancelled ends as cancelled") {
    failures = 100;
    error = busy(seconds(30));
    boost::asio::io_context loop;
    boost::asio::cancellation_signal signal;
    std::optional<Errc> code;
    boost::asio::co_spawn(
        loop, retrying->chat(ChatRequest("m", "x"), CallOptions()),
        boost::asio::bind_cancellation_slot(
            signal.slot(), [&](std::exception_ptr, Result<ChatReply> reply) { code = reply.error().code; }));
    loop.poll();
    CHECK_FALSE(code.has_value());
    signal.emit(boost::asio::cancellation_type::terminal);
    loop.restart();
    loop.poll();
    CHECK(code == Errc::cancelled);
    CHECK(fake->calls.size() == 1);
}

TEST_CASE_FIXTURE(Fixture, "a stream is tried again until its first event, and never after it") {
    auto pull = [](std::shared_ptr<AIProvider> model) -> Task<int> {
        Task<ChatStream> opening = model->stream_chat(ChatRequest("m", "x"), CallOptions());
        Result<ChatStream> stream = co_await std::move(opening);
        if (!stream) co_return stream.error();
        for (int events = 0;; ++events) {
            Result<std::optional<ChatEvent>> event = co_await stream->next();
            if (!event) co_return event.error();
            if (!*event) co_return events;
        }
    };
    std::vector<Step> const whole{ReplyStarted(), TextDelta(0, "a"), Finished()};
    // Where it fails: while it is opened, before the first event, after it.
    for (int const where : {0, 1, 2, 3}) {
        CAPTURE(where);
        fake->calls.clear();
        fake->on_stream = [&]() -> Result<std::vector<Step>> {
            if (fake->calls.size() > 1) return whole;
            if (where == 0) return busy();
            std::vector<Step> steps(whole.begin(), whole.begin() + (where - 1));
            steps.emplace_back(busy());
            return steps;
        };
        Result<int> const events = drive(*clock, pull(retrying));
        if (where <= 1) {
            CHECK(events.value() == 3);
            CHECK(fake->calls.size() == 2);
        } else {
            CHECK(events.error().code == Errc::rate_limited);
            CHECK(fake->calls.size() == 1);
        }
    }
    fake->on_stream = [&]() -> Result<std::vector<Step>> { return std::vector<Step>{busy()}; };
    fake->calls.clear();
    CHECK(drive(*clock, pull(retrying)).error().code == Errc::rate_limited);
    CHECK(fake->calls.size() == 3);
}

TEST_CASE_FIXTURE(Fixture, "each try has its row, and the reply the cost of all") {
    MemoryLedger store;
    MeterConfig config;
    config.costs = std::make_shared<cost::CostIntelligence const>(cost::PriceCatalog::shipped(), clock);
    config.ledger = store.ledger;
    config.clock = clock;
    retrying = make_retry(make_meter(fake, config).value(), runtime, RetryConfig()).value();
    int call = 0;
    fake->on_chat = [&]() -> Result<ChatReply> {
        ++call;
        if (call == 1) return failure(Errc::overloaded);
        if (call == 2) return failure(Errc::connection, true);
        return reply_of("hello", told(1'000, 100));
    };
    CallOptions options;
    options.request_id = "r";
    options.replay = Replay::any;
    ChatReply const reply = drive(*clock, retrying->chat(ChatRequest("gpt-4o", "x"), options)).value();

    REQUIRE(reply.info.attempts.size() == 3);
    CHECK(reply.info.attempts[0].outcome == "overloaded");
    CHECK(reply.info.attempts[0].cost == Money());
    CHECK(reply.info.attempts[1].usage.estimated);
    CHECK(reply.info.attempts[2].cost == Money::from_usd("0.0035").value());
    CHECK(reply.info.cost->nanos() == reply.info.attempts[1].cost->nanos() + 3'500'000);
    CHECK_FALSE(reply.info.cost_exact);
    CHECK(reply.usage.input == 1'000);
    CHECK(store.number("SELECT count(*) FROM ledger WHERE request = 'r'") == 3);
    CHECK(store.number("SELECT sum(attempt) FROM ledger WHERE request = 'r'") == 6);
    CHECK(store.number("SELECT sum(cost) FROM ledger") == reply.info.cost->nanos());
}

TEST_CASE_FIXTURE(Fixture, "settings out of range are refused by name") {
    CHECK(make_retry(nullptr, runtime, RetryConfig()).error().code == Errc::invalid_argument);
    CHECK(make_retry(fake, Runtime(), RetryConfig()).error().code == Errc::invalid_argument);
    auto const refused = [&](auto change, char const* field) {
        RetryConfig config;
        change(config);
        Result<std::shared_ptr<AIProvider>> const made = make_retry(fake, runtime, config);
        REQUIRE_FALSE(made.has_value());
        CHECK(made.error().message.find(field) != std::string::npos);
    };
    refused([](RetryConfig& config) { config.max_retries = 11; }, "max_retries");
    refused([](RetryConfig& config) { config.max_retries = -1; }, "max_retries");
    refused([](RetryConfig& config) { config.first_delay = milliseconds(-1); }, "first_delay");
    refused([](RetryConfig& config) { config.max_delay = std::chrono::hours(2); }, "max_delay");
    refused([](RetryConfig& config) { config.max_retry_after = milliseconds(-1); }, "max_retry_after");
    refused([](RetryConfig& config) { config.budget = 1.5; }, "budget");
    refused([](RetryConfig& config) { config.budget = std::numeric_limits<double>::quiet_NaN(); }, "budget");
    refused([](RetryConfig& config) { config.budget_floor = -1; }, "budget_floor");
}

}  // namespace aikit::policy
