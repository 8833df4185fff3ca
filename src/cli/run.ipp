// SPDX-License-Identifier: MIT
// cli/run.ipp - running a task that Ctrl-C can cancel.
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>

#include <future>
#include <utility>

namespace aikit::cli {

template <class T>
Result<T> run(Session const& session, Task<T> task) {
    auto promise = std::make_shared<std::promise<Result<T>>>();
    std::future<Result<T>> future = promise->get_future();
    auto shared = std::make_shared<Task<T>>(std::move(task));  // std::function wants what can be copied
    auto const go = [promise, shared](boost::asio::any_io_executor executor, boost::asio::cancellation_slot slot) {
        boost::asio::co_spawn(
            executor, std::move(*shared),
            boost::asio::bind_cancellation_slot(slot, [promise](std::exception_ptr thrown, Result<T> result) {
                if (thrown) {
                    promise->set_value(fail(Errc::internal, "an exception left a coroutine"));
                } else {
                    promise->set_value(std::move(result));
                }
            }));
    };
    auto const stop = [promise] { promise->set_value(fail(Errc::cancelled, "interrupted")); };
    session.interrupt->start(go, stop);
    return future.get();
}

}  // namespace aikit::cli
