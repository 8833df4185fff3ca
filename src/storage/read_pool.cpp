// SPDX-License-Identifier: MIT
// storage/read_pool.cpp - reading beside the writer.
#include "storage/read_pool.hpp"

#include "core/async.hpp"

#include <boost/asio/post.hpp>

namespace aikit::inline v0::storage {
namespace {

Error closed_error() {
    return fail(Errc::invalid_state, "the store is closed: open it again");
}

Result<void> run_in_snapshot(Connection& connection, Job const& job) {
    Statement begin(connection, "BEGIN");
    if (Result<void> begun = begin.run(); !begun) return begun;
    Result<void> done = guarded([&] { return job.work(connection); });
    if (in_transaction(connection)) {
        Statement end(connection, "ROLLBACK");
        Result<void> const ended = end.run();
        if (done && !ended) done = ended;
    }
    return done;
}

}  // namespace

/// One place among those that may read at once. A runtime that closes drops what is posted: then nobody runs the
/// job, and the place is free again.
class ReadPool::Turn {
public:
    Turn(std::shared_ptr<ReadPool> pool, Job job) : pool_(std::move(pool)), job_(std::move(job)) {}
    Turn(Turn&&) = default;
    Turn& operator=(Turn&&) = delete;
    ~Turn() {
        if (pool_) pool_->leave();
    }

    void operator()() {
        pool_->run(job_);
        std::shared_ptr<ReadPool> const pool = std::move(pool_);
        pool->leave();
    }

private:
    std::shared_ptr<ReadPool> pool_;
    Job job_;
};

ReadPool::ReadPool(Runtime runtime, ConnectionConfig config, int connections)
    : runtime_(std::move(runtime)), config_(std::move(config)), limit_(connections) {}

void ReadPool::submit(Job job) {
    std::unique_lock lock(mutex_);
    if (closed_ || !runtime_.alive()) {
        lock.unlock();
        if (job.start()) job.done(closed_error());
        return;
    }
    if (turns_ >= limit_) {
        waiting_.push_back(std::move(job));
        return;
    }
    ++turns_;
    lock.unlock();
    start(std::move(job));
}

void ReadPool::start(Job job) {
    Turn turn(shared_from_this(), std::move(job));
    boost::asio::post(runtime_.cpu(), std::move(turn));
}

void ReadPool::leave() noexcept {
    std::unique_lock lock(mutex_);
    --turns_;
    if (closed_ || waiting_.empty() || !runtime_.alive()) return;
    Job next = std::move(waiting_.front());
    waiting_.pop_front();
    ++turns_;
    lock.unlock();
    start(std::move(next));
}

void ReadPool::run(Job const& job) {
    if (!job.start()) return;
    Result<std::unique_ptr<Connection>> connection = borrow();
    if (!connection) {
        job.done(connection.error());
        return;
    }
    Result<void> outcome = run_in_snapshot(**connection, job);
    bool const sound = outcome || outcome.error().code != Errc::storage;
    give_back(std::move(*connection), sound);
    job.done(std::move(outcome));
}

Result<std::unique_ptr<Connection>> ReadPool::borrow() {
    {
        std::lock_guard const lock(mutex_);
        if (closed_) return closed_error();
        ++running_;
        if (!idle_.empty()) {
            std::unique_ptr<Connection> connection = std::move(idle_.back());
            idle_.pop_back();
            return connection;
        }
    }
    Result<std::unique_ptr<Connection>> opened = guarded([&] { return open_connection(config_); });
    if (!opened) give_back(nullptr, false);
    return opened;
}

void ReadPool::give_back(std::unique_ptr<Connection> connection, bool sound) noexcept {
    std::unique_lock lock(mutex_);
    if (sound && !closed_) {
        idle_.push_back(std::move(connection));  // room for all was made by the first one
    } else {
        lock.unlock();
        connection.reset();
        lock.lock();
    }
    --running_;
    bool const last = running_ == 0;
    lock.unlock();
    if (last) ended_.notify_all();
}

void ReadPool::close(bool wait) noexcept {
    std::unique_lock lock(mutex_);
    closed_ = true;
    std::deque<Job> refused;
    refused.swap(waiting_);
    std::vector<std::unique_ptr<Connection>> idle;
    idle.swap(idle_);
    while (wait && running_ > 0) ended_.wait(lock);
    lock.unlock();
    for (Job const& job : refused) {
        if (job.start()) job.done(closed_error());
    }
}

}  // namespace aikit::inline v0::storage
