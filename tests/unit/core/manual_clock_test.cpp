// SPDX-License-Identifier: MIT
// Covers testing/manual_clock: time that a test turns by hand.
#include "unit/core/driver.hpp"

#include <boost/asio/strand.hpp>
#include <boost/asio/thread_pool.hpp>
#include <doctest/doctest.h>

#include <atomic>
#include <string>
#include <vector>

namespace aikit::inline v0 {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

struct Clockwork : Driver {
    std::unique_ptr<Timer> timer() { return clock->make_timer(loop.get_executor()); }
    SteadyTime in(milliseconds distance) const { return clock->now() + distance; }
};

}  // namespace

TEST_CASE_FIXTURE(Clockwork, "time stands still until it is moved") {
    CHECK(clock->now() == SteadyTime(std::chrono::hours(1)));
    CHECK(to_rfc3339(clock->system_now()) == "2026-01-01T00:00:00Z");
    clock->advance(std::chrono::microseconds(1'500'001));
    CHECK(clock->now() == SteadyTime(std::chrono::hours(1) + std::chrono::microseconds(1'500'001)));
    CHECK(to_rfc3339(clock->system_now()) == "2026-01-01T00:00:01.500001Z");
    clock->set_system(clock->system_now() - std::chrono::hours(1));
    CHECK(to_rfc3339(clock->system_now()) == "2025-12-31T23:00:01.500001Z");
    CHECK(clock->now() == SteadyTime(std::chrono::hours(1) + std::chrono::microseconds(1'500'001)));
}

TEST_CASE_FIXTURE(Clockwork, "timers fire in the order of their times and, at one time, of their arming") {
    std::string order;
    std::vector<std::unique_ptr<Timer>> timers;
    int const due[] = {30, 10, 20, 10, 40, 20};
    for (int i = 0; i < 6; ++i) {
        timers.push_back(timer());
        timers.back()->arm(in(milliseconds(due[i])), [&order, i] { order += std::to_string(i); });
    }
    CHECK(clock->armed() == 6);
    advance(milliseconds(9));
    CHECK(order.empty());
    advance(milliseconds(26));
    CHECK(order == "13250");
    CHECK(clock->armed() == 1);
    advance(milliseconds(5));
    CHECK(order == "132504");
    advance(seconds(10));
    CHECK(order == "132504");
}

TEST_CASE_FIXTURE(Clockwork, "nothing runs inside advance, and what was posted is void once the timer is moved") {
    int first = 0;
    int second = 0;
    std::unique_ptr<Timer> const one = timer();
    one->arm(in(milliseconds(10)), [&] { ++first; });
    clock->advance(milliseconds(10));
    CHECK(first == 0);
    one->arm(in(milliseconds(10)), [&] { ++second; });
    settle();
    CHECK(first + second == 0);
    clock->advance(milliseconds(10));
    one->disarm();
    settle();
    CHECK(first + second == 0);
    CHECK(clock->armed() == 0);
    one->arm(in(milliseconds(-5)), [&] { ++second; });
    CHECK(second == 0);
    settle();
    CHECK(second == 1);
}

TEST_CASE_FIXTURE(Clockwork, "moving to the next timer goes exactly there, until there is none") {
    std::vector<std::chrono::steady_clock::duration> at;
    std::vector<std::unique_ptr<Timer>> timers;
    SteadyTime const start = clock->now();
    for (int distance : {7, 3, 90'000}) {
        timers.push_back(timer());
        timers.back()->arm(in(milliseconds(distance)), [&] { at.push_back(clock->now() - start); });
    }
    while (clock->advance_to_next()) settle();
    CHECK(at ==
          std::vector<std::chrono::steady_clock::duration>{milliseconds(3), milliseconds(7), milliseconds(90'000)});
    timers.front()->arm(SteadyTime::max(), [] {});
    CHECK(clock->armed() == 0);
    CHECK_FALSE(clock->advance_to_next());
}

TEST_CASE_FIXTURE(Clockwork, "a timer may move, disarm or destroy itself and others from its action") {
    std::string order;
    std::unique_ptr<Timer> one = timer();
    std::unique_ptr<Timer> two = timer();
    one->arm(in(milliseconds(1)), [&] {
        order += "a";
        two.reset();
        one->arm(in(milliseconds(1)), [&] {
            order += "b";
            one.reset();
        });
    });
    two->arm(in(milliseconds(1)), [&] { order += "never"; });
    advance(milliseconds(1));
    CHECK(order == "a");
    advance(milliseconds(1));
    CHECK(order == "ab");
    CHECK(one == nullptr);
}

TEST_CASE("a loop that ends takes the actions of its timers with it, and they never run") {
    auto clock = std::make_shared<testing::ManualClock>();
    auto token = std::make_shared<int>(0);
    std::unique_ptr<Timer> timer;
    {
        boost::asio::io_context loop;
        timer = clock->make_timer(loop.get_executor());
        timer->arm(clock->now() + seconds(1), [token] { ++*token; });
        CHECK(token.use_count() == 2);
    }
    CHECK(token.use_count() == 1);
    clock->advance(seconds(2));
    timer->arm(clock->now() + seconds(1), [token] { ++*token; });
    clock->advance(seconds(2));
    CHECK(*token == 0);
    CHECK(token.use_count() == 1);
}

TEST_CASE("time may be moved by one thread while timers live on others") {
    auto clock = std::make_shared<testing::ManualClock>();
    std::atomic<int> fired = 0;
    boost::asio::thread_pool pool(2);
    for (int chain = 0; chain < 4; ++chain) {
        auto strand = boost::asio::make_strand(pool.get_executor());
        boost::asio::post(strand, [&fired, clock, strand] {
            std::shared_ptr<Timer> const timer = clock->make_timer(strand);
            auto step = std::make_shared<std::function<void(int)>>();
            *step = [&fired, clock, timer, weak = std::weak_ptr(step)](int left) {
                auto self = weak.lock();
                ++fired;
                if (left > 0) timer->arm(clock->now() + milliseconds(1), [self, left] { (*self)(left - 1); });
            };
            (*step)(99);
        });
    }
    while (fired < 400) clock->advance(std::chrono::microseconds(100));
    pool.join();
    CHECK(fired == 400);
    CHECK(clock->armed() == 0);
}

}  // namespace aikit::inline v0
