// SPDX-License-Identifier: MIT
// storage/job.hpp - work handed to the store's threads, and the waiting for it.
#ifndef AIKIT_SRC_STORAGE_JOB_HPP
#define AIKIT_SRC_STORAGE_JOB_HPP

#include "storage/connection.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <atomic>
#include <functional>
#include <memory>

namespace aikit::inline v0::storage {

/// Whether a caller still waits. Whoever takes the ticket decides the outcome: the worker that starts the job, or the
/// caller's cancellation.
struct Ticket {
    std::atomic<bool> taken{false};

    [[nodiscard]] bool take() noexcept { return !taken.exchange(true); }
};

struct Job {
    Job() = default;

    std::function<Result<void>(Connection&)> work;

    /// Called exactly once, unless the ticket was taken by the caller. Quick, and throws nothing.
    std::function<void(Result<void>)> done;

    /// Null: nobody can withdraw it.
    std::shared_ptr<Ticket> ticket;

    /// False when it was withdrawn.
    [[nodiscard]] bool start() const noexcept { return ticket == nullptr || ticket->take(); }
};

/// Makes a Job of `work`, hands it to `submit`, and waits for its outcome without blocking a thread.
///
/// Cancellation: terminal; a job that has not started is withdrawn, one that has is waited for. Errors: the job's.
Task<void> submit_and_wait(std::function<Result<void>(Connection&)> work, std::function<void(Job)> submit);

}  // namespace aikit::inline v0::storage

#endif  // AIKIT_SRC_STORAGE_JOB_HPP
