// SPDX-License-Identifier: MIT
// cli/run.ipp - running a task that Ctrl-C can cancel.
#include "cli/interrupt.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>

#include <future>
#include <utility>

namespace aikit::cli {

template <class T>
Result<T> run(Kit const& kit, Task<T> task) {
    auto interrupt = std::make_shared<Interrupt>(kit.runtime());
    auto promise = std::make_shared<std::promise<Result<T>>>();
    std::future<Result<T>> future = promise->get_future();
    boost::asio::co_spawn(interrupt->executor(), std::move(task),
                          boost::asio::bind_cancellation_slot(
                              interrupt->slot(), [promise, interrupt](std::exception_ptr thrown, Result<T> result) {
                                  interrupt->disarm();
                                  if (thrown) {
                                      promise->set_value(fail(Errc::internal, "an exception left a coroutine"));
                                  } else {
                                      promise->set_value(std::move(result));
                                  }
                              }));
    return future.get();
}

}  // namespace aikit::cli
