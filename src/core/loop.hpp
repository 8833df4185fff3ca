// SPDX-License-Identifier: MIT
// core/loop.hpp - an Asio loop with threads of ours, and the four of them that make a runtime.
#ifndef AIKIT_SRC_CORE_LOOP_HPP
#define AIKIT_SRC_CORE_LOOP_HPP

#include <aikit/core/log.hpp>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace aikit::inline v0 {

class Loops;

/// A queue of work with its timers and sockets, and the threads that serve it: any number, or none and poll().
///
/// Thread-safety: start, stop, join, detach and drop_pending one at a time; the rest safe.
class Loop {
public:
    /// `name` is what its threads are called, at most 15 bytes; static storage.
    Loop(char const* name, int threads, std::shared_ptr<LogSink> log);

    /// Its threads have ended or are detached.
    ~Loop() = default;
    Loop(Loop const&) = delete;
    Loop& operator=(Loop const&) = delete;

    /// Starts the threads, each of which holds `owner` until it ends.
    /// Throws std::system_error when one cannot be had; those that could are running then.
    void start(std::shared_ptr<Loops> const& owner);

    bool started() const noexcept { return started_.load(std::memory_order_acquire); }

    /// Asks the threads to end after what they are at. With `finish` the last one also runs what is ready by then.
    void stop(bool finish) noexcept;

    void join() noexcept;
    void detach() noexcept;

    /// Destroys all that waits here: handlers, and the coroutines they would have resumed. Nobody may be running or
    /// using it. What is destroyed may leave something new to be destroyed: see Loops::drop_pending.
    void drop_pending() noexcept { context_.drop(); }

    /// Runs what is ready on the calling thread, which waits up to `wait` for the first of it. Returns the number.
    std::size_t poll(std::chrono::milliseconds wait, Loops const& owner);

    boost::asio::io_context::executor_type executor() noexcept { return context_.get_executor(); }

    /// The owner of the loop whose handler the calling thread is running; null outside.
    static Loops const* owner_here() noexcept;

private:
    /// A context that can be emptied before it is destroyed: what waits in it may keep it alive.
    class Context : public boost::asio::io_context {
    public:
        using io_context::io_context;
        void drop() noexcept { shutdown(); }
    };

    void serve() noexcept;
    void run_until_stopped() noexcept;
    bool run_ready_one() noexcept;
    bool run_one_until(std::chrono::steady_clock::time_point at) noexcept;
    void note_escaped_exception() const noexcept;

    char const* const name_;
    int const threads_wanted_;
    std::shared_ptr<LogSink> const log_;
    Context context_;
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> const work_;
    std::vector<std::thread> threads_;
    std::atomic<bool> started_{false};
    std::atomic<bool> finish_{false};
    std::atomic<int> serving_{0};
};

/// All loops of a runtime. Its threads and its executors share it, so that it can outlive the runtime's last handle:
/// when that dies on one of the threads, and when a timer or a socket dies after it.
///
/// Thread-safety: the ending, from close() to drop_pending(), by one thread at a time; the rest safe.
class Loops {
public:
    Loops(int io_threads, int cpu_threads, int storage_threads, int resolver_threads,
          std::shared_ptr<LogSink> const& log);
    ~Loops();
    Loops(Loops const&) = delete;
    Loops& operator=(Loops const&) = delete;

    /// True in a child that inherited this by fork: the threads are not there, and locks may be held by them.
    bool forked() const noexcept;

    bool open() const noexcept { return !forked() && !closed_.load(std::memory_order_acquire); }

    /// True inside a handler of one of the loops.
    bool running_here() const noexcept { return Loop::owner_here() == this && !forked(); }

    /// Keeps the loops open while it is held; holds nothing when they are not.
    std::unique_lock<std::mutex> enter();

    /// Lets nobody else in, and asks the threads to end after what they are at, and storage with what is queued.
    void close() noexcept;

    void join() noexcept;

    /// In place of join, on one of the threads: leaves the rest to them, and the last drops what is pending.
    void abandon() noexcept;

    /// Destroys what waits in every loop. After join.
    void drop_pending() noexcept;

    /// Called by Loop for each of its threads.
    void thread_begins() noexcept { threads_.fetch_add(1); }
    void thread_ends() noexcept;

    Loop io;
    Loop cpu;
    Loop storage;
    Loop resolver;

private:
    std::uint64_t const generation_;
    std::mutex gate_;
    std::atomic<bool> closed_{false};
    std::atomic<bool> abandoned_{false};
    std::atomic<int> threads_{0};
};

}  // namespace aikit::inline v0

#endif  // AIKIT_SRC_CORE_LOOP_HPP
