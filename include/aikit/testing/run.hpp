// SPDX-License-Identifier: MIT
// aikit/testing/run.hpp - runs one Task to its end on a loop of its own.
#ifndef AIKIT_TESTING_RUN_HPP
#define AIKIT_TESTING_RUN_HPP

#include <aikit/core/result.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <exception>
#include <optional>

namespace aikit::inline v0::testing {

/// Runs `task` on a fresh loop of this thread and returns its result. What it left running is dropped.
/// A task that can never end (nothing left to wait for) gives internal, so that a test fails instead of hanging.
template <class T>
Result<T> run(Task<T> task) {
    boost::asio::io_context loop;
    std::optional<Result<T>> result;
    boost::asio::co_spawn(loop, std::move(task), [&](std::exception_ptr thrown, Result<T> value) {
        if (thrown) {
            result.emplace(fail(Errc::internal, "the task threw an exception"));
        } else {
            result.emplace(std::move(value));
        }
    });
    loop.run();
    if (!result) return fail(Errc::internal, "the task is waiting for something that will never happen");
    return std::move(*result);
}

}  // namespace aikit::inline v0::testing

#endif  // AIKIT_TESTING_RUN_HPP
