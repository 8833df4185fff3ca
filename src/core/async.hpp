// SPDX-License-Identifier: MIT
// core/async.hpp - the few shapes of asynchrony aikit allows itself: a hop, a guard, a time limit.
#ifndef AIKIT_SRC_CORE_ASYNC_HPP
#define AIKIT_SRC_CORE_ASYNC_HPP

#include <aikit/core/clock.hpp>
#include <aikit/core/runtime.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <functional>
#include <utility>

namespace aikit::inline v0 {

/// What an exception in flight means to a caller: operation_aborted is cancelled, bad_alloc is out_of_memory, an
/// aikit::Exception carries its own, anything else is internal (what() goes to remote_detail). Call inside a catch
/// block.
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
    // The job has no part in the caller's cancellation: Asio 1.26 would pass it on to the pool, and a job that was
    // cancelled while it ran then never comes back (co_spawn's entry point throws past its handler).
    auto token = boost::asio::bind_cancellation_slot(boost::asio::cancellation_slot(), boost::asio::use_awaitable);
    co_return co_await boost::asio::co_spawn(pool, std::move(pending), std::move(token));
}

/// What with_timeout and the task it limits both see. Not for others.
struct TimeLimit {
    explicit TimeLimit(std::unique_ptr<Timer> timer_) : timer(std::move(timer_)) {}

    boost::asio::cancellation_signal signal;  ///< Reaches the limited task only.
    std::unique_ptr<Timer> timer;
    bool passed = false;
};

/// The limited task: the timer is still from the moment it ends, so `passed` means that time ran out before.
template <class T>
Task<T> run_limited(std::shared_ptr<TimeLimit> limit, Task<T> task) {
    Result<T> result = co_await guard(std::move(task));
    limit->timer->disarm();
    co_return result;
}

/// The sentence of a time limit that was reached.
Error timed_out(std::string const& what);

/// Runs `task` until `deadline`; past it the task is cancelled, awaited, and the result is timeout with `what` in the
/// sentence ("The <what> took too long..."). A caller's own cancellation that came first stays cancelled. For rare
/// whole operations: a re-armed Timer is cheaper.
template <class T>
Task<T> with_timeout(std::shared_ptr<Clock> clock, Deadline deadline, std::string what, Task<T> task) {
    namespace asio = boost::asio;
    if (deadline.is_never()) co_return co_await guard(std::move(task));
    if (deadline.passed(clock->now())) co_return timed_out(what);
    try {
        asio::any_io_executor const executor = co_await asio::this_coro::executor;
        asio::cancellation_state const outer = co_await asio::this_coro::cancellation_state;
        auto const limit = std::make_shared<TimeLimit>(clock->make_timer(executor));
        std::weak_ptr<TimeLimit> const weak = limit;
        auto expire = [weak] {
            std::shared_ptr<TimeLimit> const self = weak.lock();
            if (!self) return;
            self->passed = true;
            self->signal.emit(asio::cancellation_type::terminal);
        };
        auto cancel = [weak](asio::cancellation_type type) {
            std::shared_ptr<TimeLimit> const self = weak.lock();
            if (!self) return;
            self->timer->disarm();
            self->signal.emit(type);
        };
        Task<T> inner = run_limited(limit, std::move(task));
        auto token = asio::bind_cancellation_slot(limit->signal.slot(), asio::use_awaitable);
        // The caller's slot is free while the inner task has one of its own.
        if (outer.slot().is_connected()) outer.slot().assign(std::move(cancel));
        limit->timer->arm(deadline.at(), std::move(expire));
        Result<T> result = co_await asio::co_spawn(executor, std::move(inner), std::move(token));
        if (outer.slot().is_connected()) outer.slot().clear();
        if (limit->passed) co_return timed_out(what);
        co_return result;
    } catch (...) {
        co_return current_exception_error();
    }
}

}  // namespace aikit::inline v0

#endif  // AIKIT_SRC_CORE_ASYNC_HPP
