// SPDX-License-Identifier: MIT
// storage/writer.hpp - the one writer: jobs in order, committed in groups, acknowledged after the commit.
#ifndef AIKIT_SRC_STORAGE_WRITER_HPP
#define AIKIT_SRC_STORAGE_WRITER_HPP

#include "storage/job.hpp"

#include <aikit/core/runtime.hpp>

#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

namespace aikit::inline v0::storage {

/// Thread-safety: shared objects: safe. Jobs run on the storage thread, or on the thread that closes it.
class Writer : public std::enable_shared_from_this<Writer> {
public:
    Writer(Runtime runtime, std::unique_ptr<Connection> connection, std::chrono::milliseconds max_transaction);
    ~Writer();

    /// Takes the job; when closed its outcome is invalid_state.
    void submit(Job job);

    /// Refuses new jobs. `wait`: runs what is there and comes back when it is committed and the connection is closed;
    /// else the storage thread does so.
    void close(bool wait) noexcept;

private:
    void schedule();
    void drain();
    void run_group();
    bool take_next(std::chrono::steady_clock::time_point until, Job& job);
    Result<void> apply(Job const& job);
    void run_alone(Job const& job);
    static void tell(Job const& job, Result<void> outcome) noexcept;
    void fail_waiting(Error const& error);
    Result<void> commit();
    void tidy_log();

    Runtime const runtime_;
    // Used by who has set running_.
    std::unique_ptr<Connection> connection_;
    std::chrono::milliseconds const max_transaction_;
    std::vector<Job> applied_;  // jobs of the open transaction, in order
    int warned_pages_ = 0;

    std::mutex mutex_;
    std::condition_variable idle_;
    std::deque<Job> queue_;
    bool scheduled_ = false;  // a drain is posted and has not begun
    bool running_ = false;
    bool closed_ = false;
    std::thread::id runner_;
};

}  // namespace aikit::inline v0::storage

#endif  // AIKIT_SRC_STORAGE_WRITER_HPP
