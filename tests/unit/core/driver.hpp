// SPDX-License-Identifier: MIT
// tests/unit/core/driver.hpp - a loop and a clock that only move when a test says so.
#ifndef AIKIT_TESTS_UNIT_CORE_DRIVER_HPP
#define AIKIT_TESTS_UNIT_CORE_DRIVER_HPP

#include <aikit/core/result.hpp>
#include <aikit/testing/manual_clock.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <deque>
#include <exception>
#include <memory>
#include <optional>

namespace aikit::inline v0 {

struct Driver {
    boost::asio::io_context loop;
    std::shared_ptr<testing::ManualClock> clock = std::make_shared<testing::ManualClock>();
    std::deque<boost::asio::cancellation_signal> stops;  ///< One for each task: a slot has room for one.

    /// Spawns `task`; its result appears in the optional once it has ended. An exception stands as internal with the
    /// message "thrown".
    template <class T>
    std::shared_ptr<std::optional<Result<T>>> spawn(Task<T> task) {
        auto result = std::make_shared<std::optional<Result<T>>>();
        auto done = [result](std::exception_ptr thrown, Result<T> value) {
            if (thrown) value = fail(Errc::internal, "thrown");
            result->emplace(std::move(value));
        };
        boost::asio::co_spawn(loop, std::move(task),
                              boost::asio::bind_cancellation_slot(stops.emplace_back().slot(), std::move(done)));
        return result;
    }

    /// Runs all that is ready.
    void settle() {
        loop.restart();
        loop.poll();
    }

    void advance(std::chrono::microseconds by) {
        clock->advance(by);
        settle();
    }

    /// Asks every task to stop, without running anything.
    void ask(boost::asio::cancellation_type type = boost::asio::cancellation_type::terminal) {
        for (boost::asio::cancellation_signal& stop : stops) stop.emit(type);
    }

    void cancel(boost::asio::cancellation_type type = boost::asio::cancellation_type::terminal) {
        ask(type);
        settle();
    }
};

}  // namespace aikit::inline v0

#endif  // AIKIT_TESTS_UNIT_CORE_DRIVER_HPP
