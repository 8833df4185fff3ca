// SPDX-License-Identifier: MIT
// storage/job.cpp - waiting for a job as a coroutine.
#include "storage/job.hpp"

#include "core/async.hpp"

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/execution/outstanding_work.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/prefer.hpp>

namespace aikit::inline v0::storage {
namespace {

namespace asio = boost::asio;

/// A caller that waits: its continuation, and the loop it runs on, which must not end before.
struct Waiter final : Ticket {
    std::function<void(Result<void>)> resume;
    asio::any_io_executor executor;

    /// Only for who took the ticket.
    void finish(Result<void> outcome) {
        asio::any_io_executor const loop = std::move(executor);
        executor = asio::any_io_executor();
        auto go_on = [then = std::move(resume), result = std::move(outcome)]() mutable { then(std::move(result)); };
        asio::post(loop, std::move(go_on));
    }
};

/// Starts the job when it is awaited.
struct Initiate {
    std::function<Result<void>(Connection&)> work;
    std::function<void(Job)> submit;
    asio::any_io_executor executor;

    template <class CompletionHandler>
    void operator()(CompletionHandler completion) {
        auto const waiter = std::make_shared<Waiter>();
        waiter->executor = asio::prefer(executor, asio::execution::outstanding_work.tracked);
        asio::cancellation_slot slot = asio::get_associated_cancellation_slot(completion);
        auto const handler = std::make_shared<CompletionHandler>(std::move(completion));
        waiter->resume = [handler](Result<void> outcome) { std::move (*handler)(std::move(outcome)); };
        if (slot.is_connected()) {
            slot.assign([weak = std::weak_ptr<Waiter>(waiter)](asio::cancellation_type) {
                std::shared_ptr<Waiter> const waiting = weak.lock();
                if (!waiting || !waiting->take()) return;
                waiting->finish(fail(Errc::cancelled, "the caller cancelled before the store began"));
            });
        }
        Job job;
        job.work = std::move(work);
        job.ticket = waiter;
        job.done = [waiter](Result<void> outcome) { waiter->finish(std::move(outcome)); };
        submit(std::move(job));
    }
};

Task<void> wait(std::function<Result<void>(Connection&)> work, std::function<void(Job)> submit) {
    asio::any_io_executor const executor = co_await asio::this_coro::executor;
    Initiate initiate{std::move(work), std::move(submit), executor};
    auto pending = asio::async_initiate<asio::use_awaitable_t<> const, void(Result<void>)>(std::move(initiate),
                                                                                           asio::use_awaitable);
    co_return co_await std::move(pending);
}

}  // namespace

Task<void> submit_and_wait(std::function<Result<void>(Connection&)> work, std::function<void(Job)> submit) {
    Task<void> waiting = wait(std::move(work), std::move(submit));
    return guard(std::move(waiting));
}

}  // namespace aikit::inline v0::storage
