// SPDX-License-Identifier: MIT
// Covers testing/run: one task run to its end, and the task that has none.
#include "core/async.hpp"

#include <aikit/testing/manual_clock.hpp>
#include <aikit/testing/run.hpp>

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <doctest/doctest.h>

#include <future>
#include <stdexcept>

namespace aikit::inline v0 {
namespace {

using std::chrono::milliseconds;

Task<int> answer() {
    co_return 42;
}

Task<int> refusal() {
    co_return fail(Errc::not_found, "there is no answer");
}

Task<int> accident() {
    throw std::runtime_error("thrown");
    co_return 0;
}

/// Waits on a clock that stands still, and tells how it ended.
Task<void> wait_for_ever(std::shared_ptr<Clock> clock, std::shared_ptr<std::optional<Errc>> ended) {
    Result<void> const waited = co_await sleep_until(clock, clock->now() + std::chrono::seconds(1));
    *ended = waited ? Errc::internal : waited.error().code;
    co_return waited;
}

/// Waits in a way that knows no cancellation; what would resume it dies with the loop.
Task<void> wait_deaf() {
    boost::asio::any_io_executor const executor = co_await boost::asio::this_coro::executor;
    auto start = [executor](auto handler) {
        auto timer = std::make_shared<boost::asio::steady_timer>(executor, std::chrono::hours(1));
        timer->async_wait([timer, handler = std::move(handler)](boost::system::error_code code) mutable {
            std::move(handler)(code);
        });
    };
    auto wait = boost::asio::async_initiate<boost::asio::use_awaitable_t<> const, void(boost::system::error_code)>(
        start, boost::asio::use_awaitable);
    co_await std::move(wait);
    co_return ok();
}

Task<int> elsewhere(boost::asio::any_io_executor pool) {
    std::function<Result<int>()> work = [] { return Result<int>(7); };
    co_return co_await run_on<int>(pool, std::move(work));
}

Task<int> leave_behind(std::shared_ptr<int> done) {
    boost::asio::any_io_executor const executor = co_await boost::asio::this_coro::executor;
    boost::asio::post(executor, [executor, done] { boost::asio::post(executor, [done] { *done = 1; }); });
    co_return 1;
}

}  // namespace

TEST_CASE("a task gives its result, its error, or internal for what it throws") {
    CHECK(testing::run(answer()).value() == 42);
    CHECK(testing::run(refusal()).error().code == Errc::not_found);
    CHECK(testing::run(accident()).error().code == Errc::internal);
}

TEST_CASE("a task that only another thread can wake is waited for") {
    boost::asio::thread_pool pool(1);
    CHECK(testing::run(elsewhere(pool.get_executor())).value() == 7);
}

TEST_CASE("what a task leaves running on the loop runs too") {
    auto const done = std::make_shared<int>(0);
    CHECK(testing::run(leave_behind(done)).value() == 1);
    CHECK(*done == 1);
}

TEST_CASE("a task that waits for what never comes is cancelled and gives internal") {
    auto const clock = std::make_shared<testing::ManualClock>();
    auto const ended = std::make_shared<std::optional<Errc>>();

    Result<void> const result = testing::run(wait_for_ever(clock, ended), milliseconds(1));

    REQUIRE_FALSE(result.has_value());
    CHECK(result.error().code == Errc::internal);
    CHECK(result.error().message == "the task is waiting for something that does not happen");
    CHECK(*ended == Errc::cancelled);
    CHECK(clock->armed() == 0);
}

TEST_CASE("a task that cannot be cancelled either is dropped") {
    CHECK(testing::run(wait_deaf(), milliseconds(1)).error().code == Errc::internal);
}

}  // namespace aikit::inline v0
