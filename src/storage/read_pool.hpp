// SPDX-License-Identifier: MIT
// storage/read_pool.hpp - connections for reading: each job on a snapshot of its own, a bounded number at once.
#ifndef AIKIT_SRC_STORAGE_READ_POOL_HPP
#define AIKIT_SRC_STORAGE_READ_POOL_HPP

#include "storage/job.hpp"
#include "storage/sqlite.hpp"

#include <aikit/core/runtime.hpp>

#include <condition_variable>
#include <deque>
#include <mutex>
#include <vector>

namespace aikit::inline v0::storage {

/// Thread-safety: shared objects: safe. Jobs run on the cpu threads.
class ReadPool : public std::enable_shared_from_this<ReadPool> {
public:
    ReadPool(Runtime runtime, ConnectionConfig config, int connections);

    /// Takes the job; when closed its outcome is invalid_state.
    void submit(Job job);

    /// Refuses new and waiting jobs. `wait`: comes back when the running ones have ended and all is closed.
    void close(bool wait) noexcept;

private:
    class Turn;

    void start(Job job);
    void run(Job const& job);
    void leave() noexcept;
    Result<std::unique_ptr<Connection>> borrow();
    void give_back(std::unique_ptr<Connection> connection, bool sound) noexcept;

    Runtime const runtime_;
    ConnectionConfig const config_;
    int const limit_;

    std::mutex mutex_;
    std::condition_variable ended_;
    std::deque<Job> waiting_;
    std::vector<std::unique_ptr<Connection>> idle_;
    int turns_ = 0;    // jobs posted or running; at most limit_
    int running_ = 0;  // jobs inside run()
    bool closed_ = false;
};

}  // namespace aikit::inline v0::storage

#endif  // AIKIT_SRC_STORAGE_READ_POOL_HPP
