// SPDX-License-Identifier: MIT
// core/together.cpp - the one place that joins coroutines.
#include "core/together.hpp"

#include <boost/asio/deferred.hpp>
#include <boost/asio/experimental/parallel_group.hpp>

namespace aikit::inline v0 {

namespace asio = boost::asio;

Task<void> run_workers(std::vector<Task<void>> workers) {
    if (workers.empty()) co_return ok();
    asio::any_io_executor const executor = co_await asio::this_coro::executor;
    using Running = decltype(asio::co_spawn(executor, std::move(workers.front()), asio::deferred));
    std::vector<Running> running;
    running.reserve(workers.size());
    for (Task<void>& worker : workers)
        running.push_back(asio::co_spawn(executor, guard(std::move(worker)), asio::deferred));
    auto group = asio::experimental::make_parallel_group(std::move(running));
    auto all = group.async_wait(asio::experimental::wait_for_all(), asio::deferred);
    // One that was cancelled says so in its own result; the end of all of them is no failure.
    co_await asio::this_coro::throw_if_cancelled(false);
    auto const [order, thrown, results] = co_await std::move(all)(asio::use_awaitable);
    for (std::exception_ptr const& each : thrown) {
        if (each) co_return fail(Errc::internal, "A task threw past its guard; please report it.");
    }
    co_return ok();
}

}  // namespace aikit::inline v0
