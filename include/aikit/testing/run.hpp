// SPDX-License-Identifier: MIT
// aikit/testing/run.hpp - runs one Task to its end on a loop of its own.
#ifndef AIKIT_TESTING_RUN_HPP
#define AIKIT_TESTING_RUN_HPP

#include <aikit/core/result.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <chrono>
#include <exception>
#include <optional>

namespace aikit::inline v0::testing {

/// Runs `task` on a fresh loop of this thread, with all that it leaves running there, and returns its result.
///
/// When nothing at all has happened on the loop for as long as `patience`, in real time, the task is taken for one that
/// waits for what never comes: it is cancelled, what is left is dropped, and the result is internal, so that a test
/// fails instead of hanging. Nobody moves a manual clock in here, so a task that waits for one ends like that. Give
/// more patience to a test in which something real takes longer.
template <class T>
Result<T> run(Task<T> task, std::chrono::milliseconds patience = std::chrono::minutes(1)) {
    std::optional<Result<T>> result;
    boost::asio::cancellation_signal stop;
    boost::asio::io_context loop;
    auto finish = [&result](std::exception_ptr thrown, Result<T> value) {
        if (thrown) {
            result.emplace(fail(Errc::internal, "the task threw an exception"));
        } else {
            result.emplace(std::move(value));
        }
    };
    boost::asio::co_spawn(loop, std::move(task), boost::asio::bind_cancellation_slot(stop.slot(), std::move(finish)));
    while (loop.run_one_for(patience) > 0) continue;
    if (result) return std::move(*result);
    // A task that ends when it is asked to leaves nothing behind that others could still resume.
    stop.emit(boost::asio::cancellation_type::terminal);
    loop.poll();
    return fail(Errc::internal, "the task is waiting for something that does not happen");
}

}  // namespace aikit::inline v0::testing

#endif  // AIKIT_TESTING_RUN_HPP
