// SPDX-License-Identifier: MIT
// core/async.hpp - the few shapes of asynchrony aikit allows itself: a hop, a guard, a time limit.
#ifndef AIKIT_SRC_CORE_ASYNC_HPP
#define AIKIT_SRC_CORE_ASYNC_HPP

#include <aikit/core/clock.hpp>
#include <aikit/core/runtime.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <functional>
#include <utility>

namespace aikit::inline v0 {

/// What an exception in flight means to a caller: operation_aborted is cancelled, bad_alloc is out_of_memory, an
/// aikit::Exception carries its own, anything else is internal. Call inside a catch block.
Error current_exception_error() noexcept;

/// Runs a callable that returns Result<T>, turning exceptions into errors.
template <class Work>
auto guarded(Work&& work) noexcept -> decltype(work()) {
    try {
        return work();
    } catch (...) {
        return current_exception_error();
    }
}

/// The guard of a public coroutine: nothing thrown inside gets out.
template <class T>
Task<T> guard(Task<T> task) {
    try {
        co_return co_await std::move(task);
    } catch (...) {
        co_return current_exception_error();
    }
}

/// Runs blocking work on `pool` and comes back to the caller's executor with its result: the only thread hop.
/// The work is not interrupted by cancellation; what it captures must outlive the caller (capture shared handles).
template <class T>
Task<T> run_on(boost::asio::any_io_executor pool, std::function<Result<T>()> work) {
    auto job = [](std::function<Result<T>()> body) -> Task<T> { co_return guarded(body); };
    Task<T> pending = job(std::move(work));
    co_return co_await boost::asio::co_spawn(pool, std::move(pending), boost::asio::use_awaitable);
}

/// Runs `task` until `deadline`; past it the task is cancelled, awaited, and the result is timeout with `what` in the
/// sentence. A caller's own cancellation stays cancelled. For rare whole operations: a re-armed Timer is cheaper.
template <class T>
Task<T> with_timeout(std::shared_ptr<Clock> clock, Deadline deadline, std::string what, Task<T> task);

}  // namespace aikit::inline v0

#include "core/with_timeout.ipp"

#endif  // AIKIT_SRC_CORE_ASYNC_HPP
