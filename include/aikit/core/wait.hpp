// SPDX-License-Identifier: MIT
// aikit/core/wait.hpp - blocking until a task has ended.
#ifndef AIKIT_CORE_WAIT_HPP
#define AIKIT_CORE_WAIT_HPP

#include <aikit/core/runtime.hpp>

#include <boost/asio/co_spawn.hpp>

#include <exception>
#include <future>
#include <memory>
#include <utility>

namespace aikit::inline v0::sync {

/// Runs `task` on the runtime and blocks until it ends. With io = 0 the calling thread drives the loop itself.
///
/// Errors: invalid_state on a thread of the runtime (it would wait for itself) or when the runtime is closed
/// meanwhile; else the task's own.
template <class T>
Result<T> wait(Runtime runtime, Task<T> task) {
    if (!runtime || !runtime.alive()) return fail(Errc::invalid_state, "the runtime is closed");
    if (runtime.on_own_thread()) {
        return fail(Errc::invalid_state,
                    "a blocking call on a thread of the runtime would wait for itself; await it instead");
    }
    auto promise = std::make_shared<std::promise<Result<T>>>();
    std::future<Result<T>> future = promise->get_future();
    boost::asio::co_spawn(runtime.executor(), std::move(task),
                          [promise = std::move(promise)](std::exception_ptr thrown, Result<T> result) {
                              if (thrown) {
                                  promise->set_exception(thrown);
                              } else {
                                  promise->set_value(std::move(result));
                              }
                          });
    try {
        using std::chrono::milliseconds;
        while (runtime.polled() && future.wait_for(milliseconds(0)) != std::future_status::ready) {
            Result<std::size_t> const driven = runtime.poll(milliseconds(100));
            // Another thread is driving the loop, or it was closed and the promise is about to be broken.
            if (!driven) future.wait_for(milliseconds(1));
        }
        return future.get();
    } catch (std::future_error const&) {  // the loop was closed and dropped the task
        return fail(Errc::invalid_state, "the runtime was closed while the call was running");
    } catch (...) {
        return fail(Errc::internal, "an exception left a coroutine");
    }
}

}  // namespace aikit::inline v0::sync

#endif  // AIKIT_CORE_WAIT_HPP
