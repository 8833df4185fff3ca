// SPDX-License-Identifier: MIT
// storage/writer.cpp - group commit.
//
// BEGIN IMMEDIATE; each job in a savepoint of its own; COMMIT when the queue is empty or the time is up; only then
// the callers are told. When an error makes SQLite undo the whole transaction, the jobs that had succeeded are run
// again one by one, so that a job's failure is nobody else's.
#include "storage/writer.hpp"

#include "core/async.hpp"
#include "storage/sqlite.hpp"

#include <boost/asio/post.hpp>

namespace aikit::inline v0::storage {
namespace {

constexpr std::size_t max_group = 512;

/// When the log is copied into the file, and when it is to be emptied: 4 MiB and 64 MiB of 4 KiB pages.
constexpr int checkpoint_pages = 1'000;
constexpr int shrink_pages = 16'384;

Error closed_error() {
    return fail(Errc::invalid_state, "the store is closed: open it again");
}

Result<void> run(Connection& connection, std::string_view sql) {
    Statement statement(connection, sql);
    return statement.run();
}

}  // namespace

Writer::Writer(Runtime runtime, std::unique_ptr<Connection> connection, std::chrono::milliseconds max_transaction)
    : runtime_(std::move(runtime)), connection_(std::move(connection)), max_transaction_(max_transaction) {
    applied_.reserve(max_group);
}

Writer::~Writer() = default;

void Writer::submit(Job job) {
    std::unique_lock lock(mutex_);
    if (closed_ || !runtime_.alive()) {
        lock.unlock();
        if (job.start()) job.done(closed_error());
        return;
    }
    queue_.push_back(std::move(job));
    bool const wake = !scheduled_ && !running_;
    if (wake) scheduled_ = true;
    lock.unlock();
    if (wake) schedule();
}

void Writer::schedule() {
    boost::asio::post(runtime_.storage(), [self = shared_from_this()] { self->drain(); });
}

void Writer::drain() {
    std::unique_lock lock(mutex_);
    scheduled_ = false;
    if (running_) return;  // close() does the rest
    running_ = true;
    runner_ = std::this_thread::get_id();
    lock.unlock();
    run_group();
    lock.lock();
    running_ = false;
    runner_ = std::thread::id();
    bool const more = !queue_.empty();
    if (more) scheduled_ = true;
    if (closed_ && !more) connection_.reset();
    lock.unlock();
    idle_.notify_all();
    if (more) schedule();
}

void Writer::close(bool wait) noexcept {
    std::unique_lock lock(mutex_);
    closed_ = true;
    if (!wait || runner_ == std::this_thread::get_id()) {
        // What is queued has a drain posted or running; an idle connection is closed where blocking is allowed.
        bool const idle = !running_ && !scheduled_;
        lock.unlock();
        if (idle && runtime_.alive()) schedule();
        return;
    }
    while (running_ || !queue_.empty()) {
        if (running_) {
            idle_.wait(lock);
            continue;
        }
        running_ = true;
        runner_ = std::this_thread::get_id();
        lock.unlock();
        run_group();
        lock.lock();
        running_ = false;
        runner_ = std::thread::id();
    }
    connection_.reset();
}

bool Writer::take_next(std::chrono::steady_clock::time_point until, Job& job) {
    if (applied_.size() >= max_group) return false;
    if (!applied_.empty() && std::chrono::steady_clock::now() >= until) return false;
    std::lock_guard const lock(mutex_);
    while (!queue_.empty()) {
        job = std::move(queue_.front());
        queue_.pop_front();
        if (job.start()) return true;
    }
    return false;
}

void Writer::run_group() {
    {
        std::lock_guard const lock(mutex_);
        if (queue_.empty() || !connection_) return;
    }
    if (Result<void> begun = run(*connection_, "BEGIN IMMEDIATE"); !begun) {
        fail_waiting(begun.error());
        return;
    }
    auto const until = std::chrono::steady_clock::now() + max_transaction_;
    applied_.clear();
    Job job;
    while (take_next(until, job)) {
        Result<void> done = apply(job);
        if (done) {
            applied_.push_back(std::move(job));
            continue;
        }
        bool const lost = !in_transaction(*connection_);
        tell(job, std::move(done));
        if (!lost) continue;
        for (Job const& other : applied_) run_alone(other);
        applied_.clear();
        tidy_log();
        return;
    }
    Result<void> const committed = commit();
    for (Job const& other : applied_) tell(other, committed);
    applied_.clear();
    tidy_log();
}

void Writer::tell(Job const& job, Result<void> outcome) noexcept {
    // Without memory to tell it, there is nothing left to do for this caller; the others go on.
    (void)guarded([&]() -> Result<void> {
        job.done(std::move(outcome));
        return ok();
    });
}

Result<void> Writer::apply(Job const& job) {
    if (Result<void> begun = run(*connection_, "SAVEPOINT job"); !begun) return begun;
    Result<void> done = guarded([&] { return job.work(*connection_); });
    if (done) done = run(*connection_, "RELEASE job");
    if (!done && in_transaction(*connection_)) {
        Result<void> undone = run(*connection_, "ROLLBACK TO job");
        if (undone) undone = run(*connection_, "RELEASE job");
        // What cannot be undone must not be committed.
        if (!undone) (void)run(*connection_, "ROLLBACK");
    }
    return done;
}

Result<void> Writer::commit() {
    Result<void> done = run(*connection_, "COMMIT");
    if (!done && in_transaction(*connection_)) (void)run(*connection_, "ROLLBACK");
    return done;
}

void Writer::run_alone(Job const& job) {
    Result<void> done = run(*connection_, "BEGIN IMMEDIATE");
    if (done) {
        done = guarded([&] { return job.work(*connection_); });
        if (done) {
            done = commit();
        } else if (in_transaction(*connection_)) {
            (void)run(*connection_, "ROLLBACK");
        }
    }
    tell(job, std::move(done));
}

void Writer::fail_waiting(Error const& error) {
    std::deque<Job> waiting;
    {
        std::lock_guard const lock(mutex_);
        waiting.swap(queue_);
    }
    for (Job const& job : waiting) {
        if (job.start()) tell(job, error);
    }
}

void Writer::tidy_log() {
    int const pages = connection_->body().wal_pages;
    if (pages < checkpoint_pages) {
        warned_pages_ = 0;
        return;
    }
    bool const whole = checkpoint(*connection_, pages >= shrink_pages);
    if (whole || pages < shrink_pages || pages < 2 * warned_pages_) return;
    warned_pages_ = pages;
    runtime_.log(LogLevel::warning, "storage.log_large", [pages] {
        return std::vector<LogField>{LogField("pages", std::int64_t(pages)),
                                     LogField("why", "a reader has kept its snapshot open for long")};
    });
}

}  // namespace aikit::inline v0::storage
