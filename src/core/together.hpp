// SPDX-License-Identifier: MIT
// core/together.hpp - several tasks at once, and their results in the order they were given.
#ifndef AIKIT_SRC_CORE_TOGETHER_HPP
#define AIKIT_SRC_CORE_TOGETHER_HPP

#include "core/async.hpp"

#include <algorithm>
#include <cstddef>
#include <memory>
#include <vector>

namespace aikit::inline v0 {

/// Runs all of them at once on the caller's executor, which runs one thing at a time, and ends when all have ended.
/// Cancellation reaches each of them. What they throw is an error of theirs.
Task<void> run_workers(std::vector<Task<void>> workers);

/// What the workers of together() share. Not for others.
template <class T>
struct Together {
    explicit Together(std::vector<Task<T>> tasks_)
        : tasks(std::move(tasks_)), results(tasks.size(), Result<T>(fail(Errc::cancelled, "It was not begun."))) {}

    std::vector<Task<T>> tasks;
    std::vector<Result<T>> results;
    std::size_t next = 0;
    bool stop_at_failure = false;
    bool failed = false;
};

template <class T>
Task<void> take_turns(std::shared_ptr<Together<T>> all) {
    while (all->next < all->tasks.size() && !(all->failed && all->stop_at_failure)) {
        std::size_t const mine = all->next++;
        Result<T> result = co_await guard(std::move(all->tasks[mine]));
        all->failed = all->failed || !result;
        all->results[mine] = std::move(result);
    }
    co_return ok();
}

/// Runs the tasks, at most `width` of them at once, begun in their order; one result each, in their order. With
/// `stop_at_failure` none is begun after one has failed; those are cancelled, and what runs goes on to its end.
/// Cancellation: terminal; reaches all that run, and the rest are not begun.
template <class T>
Task<std::vector<Result<T>>> together(std::vector<Task<T>> tasks, std::size_t width, bool stop_at_failure) {
    auto const all = std::make_shared<Together<T>>(std::move(tasks));
    all->stop_at_failure = stop_at_failure;
    std::vector<Task<void>> workers;
    for (std::size_t i = 0; i < std::min(std::max<std::size_t>(width, 1), all->tasks.size()); ++i) {
        workers.push_back(take_turns<T>(all));
    }
    Task<void> running = run_workers(std::move(workers));
    Result<void> const ran = co_await std::move(running);
    if (!ran) co_return ran.error();
    co_return std::move(all->results);
}

/// Stops one task that runs beside others. Used on that task's executor.
class TaskStop {
public:
    /// Cancels the task, or keeps it from being begun; nothing when it has ended.
    void stop() {
        stopped_ = true;
        if (running_) signal_.emit(boost::asio::cancellation_type::terminal);
    }
    bool stopped() const noexcept { return stopped_; }

private:
    template <class T>
    friend Task<T> stoppable(std::shared_ptr<TaskStop> by, Task<T> task);

    boost::asio::cancellation_signal signal_;
    bool running_ = false;
    bool stopped_ = false;
};

/// Runs the task until it ends or is stopped, which it then says as cancelled. The caller's cancellation reaches it
/// too.
template <class T>
Task<T> stoppable(std::shared_ptr<TaskStop> by, Task<T> task) {
    namespace asio = boost::asio;
    if (by->stopped_) co_return fail(Errc::cancelled, "It was stopped before it began.");
    asio::any_io_executor const executor = co_await asio::this_coro::executor;
    asio::cancellation_state const outer = co_await asio::this_coro::cancellation_state;
    if (outer.slot().is_connected()) {
        outer.slot().assign([weak = std::weak_ptr<TaskStop>(by)](asio::cancellation_type type) {
            if (std::shared_ptr<TaskStop> const self = weak.lock()) self->signal_.emit(type);
        });
    }
    by->running_ = true;
    Task<T> inner = guard(std::move(task));
    auto token = asio::bind_cancellation_slot(by->signal_.slot(), asio::use_awaitable);
    Result<T> result = co_await asio::co_spawn(executor, std::move(inner), std::move(token));
    by->running_ = false;
    if (outer.slot().is_connected()) outer.slot().clear();
    co_return result;
}

}  // namespace aikit::inline v0

#endif  // AIKIT_SRC_CORE_TOGETHER_HPP
