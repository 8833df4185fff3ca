// SPDX-License-Identifier: MIT
// core/loop.hpp - an Asio loop with threads of ours, and the four of them that make a runtime.
#ifndef AIKIT_SRC_CORE_LOOP_HPP
#define AIKIT_SRC_CORE_LOOP_HPP

#include <aikit/core/log.hpp>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include <atomic>
#include <chrono>
#include <memory>
#include <thread>
#include <vector>

namespace aikit::inline v0 {

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

    /// Starts the threads. Each holds `owner`, by which Loop::owner_here() knows them, until it ends.
    /// Throws std::system_error when one cannot be had; those that could are running then.
    void start(std::shared_ptr<void const> const& owner);

    bool started() const noexcept { return started_.load(std::memory_order_acquire); }

    /// Asks the threads to end after what they are at. With `finish` the last one also runs what is ready by then.
    void stop(bool finish) noexcept;

    void join() noexcept;
    void detach() noexcept;

    /// Destroys all that waits here: handlers, and the coroutines they would have resumed. Nobody may be running or
    /// using it. What is destroyed may leave new work, here or elsewhere: see Loops::drop_pending.
    void drop_pending() noexcept { context_.drop(); }

    /// Runs what is ready on the calling thread, which waits up to `wait` for the first of it. Returns the number.
    std::size_t poll(std::chrono::milliseconds wait, std::shared_ptr<void const> const& owner);

    boost::asio::io_context::executor_type executor() noexcept { return context_.get_executor(); }

    /// The owner of the loop whose handler the calling thread is running; null outside.
    static void const* owner_here() noexcept;

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

/// All loops of a runtime. Its threads share it, so that it can outlive the runtime's last handle when that one dies
/// on one of them.
struct Loops {
    Loops(int io_threads, int cpu_threads, int storage_threads, int resolver_threads,
          std::shared_ptr<LogSink> const& log);
    ~Loops();
    Loops(Loops const&) = delete;
    Loops& operator=(Loops const&) = delete;

    void stop() noexcept;
    void join() noexcept;
    void detach() noexcept;

    /// Empties every loop, and again what that left behind. After join, or by the last thread.
    void drop_pending() noexcept;

    Loop io;
    Loop cpu;
    Loop storage;
    Loop resolver;
};

}  // namespace aikit::inline v0

#endif  // AIKIT_SRC_CORE_LOOP_HPP
