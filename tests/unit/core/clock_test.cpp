// SPDX-License-Identifier: MIT
// Covers core/clock: deadlines, the machine's timers, and waiting. Only the cases of the machine's own timer let real
// time pass, a few milliseconds each.
#include "unit/core/driver.hpp"

#include <boost/asio/strand.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <doctest/doctest.h>

#include <memory>

namespace aikit::inline v0 {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Kind = boost::asio::cancellation_type;

struct Machine {
    boost::asio::io_context loop;
    std::shared_ptr<Clock> clock = real_clock();
    std::unique_ptr<Timer> timer = clock->make_timer(loop.get_executor());
    int fired = 0;
    SteadyTime fired_at;

    std::function<void()> note() {
        return [this] {
            ++fired;
            fired_at = clock->now();
        };
    }

    /// Runs the loop until `count` actions have run, or ten seconds have passed.
    void run_until(int count) {
        SteadyTime const limit = clock->now() + seconds(10);
        loop.restart();
        while (fired < count && clock->now() < limit) loop.run_one_for(milliseconds(100));
    }
};

}  // namespace

TEST_CASE("a deadline after no time, or after more than there is, is never") {
    testing::ManualClock clock;
    for (milliseconds const limit : {milliseconds(0), milliseconds(-1), milliseconds::min(), milliseconds::max()}) {
        CHECK(Deadline::after(clock, limit).is_never());
    }
    Deadline const second = Deadline::after(clock, seconds(1));
    CHECK(second.at() == clock.now() + seconds(1));
    CHECK_FALSE(second.passed(clock.now() + milliseconds(999)));
    CHECK(second.passed(clock.now() + seconds(1)));
    CHECK_FALSE(Deadline::never().passed(clock.now()));
    CHECK(Deadline::never().sooner(second).at() == second.at());
    CHECK(second.sooner(Deadline::never()).at() == second.at());
    CHECK(Deadline::never().sooner(Deadline()).is_never());
    auto const longest = std::chrono::floor<milliseconds>(SteadyTime::max() - clock.now());
    CHECK(Deadline::after(clock, longest).is_never());
    CHECK_FALSE(Deadline::after(clock, longest - milliseconds(1)).is_never());
}

TEST_CASE("the machine's clocks move on and agree with the C++ ones") {
    std::shared_ptr<Clock> const clock = real_clock();
    SteadyTime const before = std::chrono::steady_clock::now();
    SteadyTime const now = clock->now();
    CHECK(before <= now);
    CHECK(now <= std::chrono::steady_clock::now());
    auto const apart = std::chrono::system_clock::now() - clock->system_now();
    CHECK(std::chrono::abs(apart) < seconds(5));
    CHECK(real_clock() == clock);
}

TEST_CASE_FIXTURE(Machine, "a timer fires once, not before its time") {
    SteadyTime const at = clock->now() + milliseconds(5);
    timer->arm(at, note());
    run_until(1);
    loop.run_for(milliseconds(5));
    CHECK(fired == 1);
    CHECK(fired_at >= at);
}

TEST_CASE_FIXTURE(Machine, "a timer moved back fires once, at the later time, however often it was moved") {
    SteadyTime at = clock->now() + milliseconds(2);
    int stale = 0;
    int armed = 0;
    while (armed < 1'000) {
        at += std::chrono::microseconds(5);
        ++armed;
        // On a busy machine one of them may be due by the time the loop is polled.
        timer->arm(at, [&, at, self = armed] { stale += self != armed || clock->now() < at ? 1 : 0; });
        if (armed % 100 == 0) loop.poll();
    }
    at = clock->now() + milliseconds(5);
    ++armed;
    timer->arm(at, note());
    run_until(1);
    CHECK(fired == 1);
    CHECK(fired_at >= at);
    CHECK(stale == 0);
}

TEST_CASE_FIXTURE(Machine, "a timer moved forward does not wait for its old time") {
    int stale = 0;
    timer->arm(clock->now() + std::chrono::hours(1), [&] { ++stale; });
    loop.poll();
    SteadyTime const start = clock->now();
    timer->arm(start + milliseconds(1), note());
    run_until(1);
    CHECK(fired == 1);
    CHECK(clock->now() - start < seconds(9));
    CHECK(stale == 0);
}

TEST_CASE_FIXTURE(Machine, "after disarm or a new time nothing earlier runs, although it was due already") {
    int stale = 0;
    timer->arm(clock->now() - seconds(1), [&] { ++stale; });
    timer->disarm();
    loop.poll();
    CHECK(stale == 0);
    timer->arm(clock->now() - seconds(1), [&] { ++stale; });
    loop.poll_one();
    stale = 0;
    timer->arm(clock->now() - seconds(1), [&] { ++stale; });
    timer->arm(clock->now() + std::chrono::hours(1), [&] { ++stale; });
    loop.poll();
    CHECK(stale == 0);
    timer->disarm();
    timer->arm(clock->now() + milliseconds(1), note());
    run_until(1);
    CHECK(fired == 1);
    CHECK(stale == 0);
}

TEST_CASE_FIXTURE(Machine, "a timer may be moved and destroyed from its own action") {
    timer->arm(clock->now(), [this] {
        ++fired;
        timer->arm(clock->now(), [this] {
            ++fired;
            timer.reset();
        });
    });
    run_until(2);
    loop.poll();
    CHECK(fired == 2);
    CHECK(timer == nullptr);
}

TEST_CASE_FIXTURE(Machine, "a destroyed timer frees its action and lets the loop end") {
    auto token = std::make_shared<int>(0);
    timer->arm(clock->now() + std::chrono::hours(1), [token] { ++*token; });
    loop.poll();
    timer.reset();
    CHECK(token.use_count() == 1);
    loop.restart();
    CHECK(loop.run_for(seconds(5)) <= 1);
    CHECK(loop.stopped());
}

TEST_CASE("a loop that ends takes with it what its timers would have resumed") {
    auto token = std::make_shared<int>(0);
    auto loop = std::make_unique<boost::asio::io_context>();
    auto timer = std::make_shared<std::unique_ptr<Timer>>(real_clock()->make_timer(loop->get_executor()));
    (*timer)->arm(real_clock()->now() + std::chrono::hours(1), [token] { ++*token; });
    boost::asio::co_spawn(
        *loop,
        [](std::shared_ptr<int> kept) -> Task<void> {
            Result<void> const done = co_await sleep_until(real_clock(), SteadyTime::max());
            ++*kept;
            co_return done;
        }(token),
        [token](std::exception_ptr, Result<void>) { ++*token; });
    loop->poll();
    CHECK(token.use_count() == 4);
    (*timer)->arm(real_clock()->now() + std::chrono::hours(2), [token] { ++*token; });
    CHECK(token.use_count() == 4);
    (*timer)->disarm();
    CHECK(token.use_count() == 3);
    // Held by what it is to resume, as a connection holds its watchdog.
    (*timer)->arm(SteadyTime::max(), [token, timer] { ++*token; });
    timer.reset();
    CHECK(token.use_count() == 4);
    loop.reset();
    CHECK(token.use_count() == 1);
    CHECK(*token == 0);
}

TEST_CASE_FIXTURE(Driver, "a wait ends at its time and not before") {
    auto const done = spawn(sleep_until(clock, clock->now() + seconds(10)));
    settle();
    advance(milliseconds(9'999));
    CHECK_FALSE(done->has_value());
    advance(milliseconds(1));
    REQUIRE(done->has_value());
    CHECK((*done)->has_value());
    CHECK(clock->armed() == 0);
}

TEST_CASE_FIXTURE(Driver, "a wait for a time gone by ends at once, and one for never only by cancelling") {
    auto const past = spawn(sleep_until(clock, clock->now() - seconds(1)));
    settle();
    CHECK(past->has_value());
    auto const never = spawn(sleep_until(clock, SteadyTime::max()));
    settle();
    advance(std::chrono::hours(24 * 365));
    CHECK_FALSE(never->has_value());
    cancel();
    REQUIRE(never->has_value());
    CHECK((*never)->error().code == Errc::cancelled);
}

TEST_CASE_FIXTURE(Driver, "a cancelled wait ends at once, is cancelled, and leaves no timer armed") {
    auto const done = spawn(sleep_until(clock, clock->now() + seconds(10)));
    settle();
    CHECK(clock->armed() == 1);
    cancel();
    REQUIRE(done->has_value());
    CHECK((*done)->error().code == Errc::cancelled);
    CHECK(clock->armed() == 0);
    advance(seconds(20));
}

TEST_CASE_FIXTURE(Driver, "a wait heeds every kind of cancelling that its caller lets through") {
    for (Kind const kind : {Kind::terminal, Kind::partial, Kind::total}) {
        auto open = [](std::shared_ptr<Clock> time) -> Task<void> {
            co_await boost::asio::this_coro::reset_cancellation_state(boost::asio::enable_total_cancellation());
            co_return co_await sleep_until(time, time->now() + seconds(10));
        };
        auto const done = spawn(open(clock));
        settle();
        cancel(kind);
        REQUIRE(done->has_value());
        CHECK((*done)->error().code == Errc::cancelled);
    }
    auto const closed = spawn(sleep_until(clock, clock->now() + seconds(10)));
    settle();
    cancel(Kind::total);
    CHECK_FALSE(closed->has_value());
    cancel();
    CHECK(closed->has_value());
}

TEST_CASE_FIXTURE(Driver, "cancelling in the moment the time comes gives one end, whichever was first") {
    auto const cut = spawn(sleep_until(clock, clock->now() + seconds(1)));
    settle();
    ask();
    clock->advance(seconds(1));
    settle();
    REQUIRE(cut->has_value());
    REQUIRE_FALSE((*cut)->has_value());
    CHECK((*cut)->error().code == Errc::cancelled);

    auto const timed = spawn(sleep_until(clock, clock->now() + seconds(1)));
    settle();
    clock->advance(seconds(1));
    ask();
    settle();
    REQUIRE(timed->has_value());
    CHECK((*timed)->has_value());
}

TEST_CASE_FIXTURE(Driver, "a wait inside a cancelled coroutine does not begin") {
    auto twice = [](std::shared_ptr<Clock> time) -> Task<void> {
        Result<void> const first = co_await sleep_until(time, time->now() + seconds(1));
        CHECK(first.error().code == Errc::cancelled);
        co_return co_await sleep_until(time, time->now() + seconds(1));
    };
    auto const done = spawn(twice(clock));
    settle();
    cancel();
    REQUIRE(done->has_value());
    CHECK((*done)->error().message == "thrown");
    CHECK(clock->armed() == 0);
}

TEST_CASE_FIXTURE(Driver, "a hundred thousand waits in a row do not grow the stack") {
    auto many = [](std::shared_ptr<Clock> time) -> Task<int> {
        int count = 0;
        for (; count < 100'000; ++count) {
            Result<void> const waited = co_await sleep_until(time, time->now());
            if (!waited) co_return waited.error();
        }
        co_return count;
    };
    auto const done = spawn(many(clock));
    settle();
    REQUIRE(done->has_value());
    CHECK((*done)->value() == 100'000);
}

}  // namespace aikit::inline v0
