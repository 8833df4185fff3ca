// SPDX-License-Identifier: MIT
// aikit/core/runtime.hpp - the threads aikit may use, and nothing else starts one.
#ifndef AIKIT_CORE_RUNTIME_HPP
#define AIKIT_CORE_RUNTIME_HPP

#include <aikit/core/clock.hpp>
#include <aikit/core/log.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <functional>
#include <memory>
#include <utility>

namespace aikit::inline v0 {

/// How many threads of each kind. 0 means: on the thread that asks (or, for io, that calls Runtime::poll).
struct RuntimeConfig {
    RuntimeConfig() = default;

    /// Sockets and timers. One is enough for thousands of streams; nothing over a millisecond runs here.
    int io = 1;

    /// Parsing, chunking, embedding, index work and reads of the store. Started at first use. -1: one per core.
    int cpu = -1;

    /// The writer of the store.
    int storage = 1;

    /// getaddrinfo, which blocks.
    int resolver = 1;

    /// Where time comes from; null means real_clock().
    std::shared_ptr<Clock> clock;

    /// Where records go; null means nowhere.
    std::shared_ptr<LogSink> log;
};

/// The threads, the clock and the log that everything else is given.
///
/// Ownership: a shared handle; copies are the same runtime, and what runs on it keeps it alive until close().
/// Thread-safety: shared objects: safe. Forked children: every call gives invalid_state, nothing hangs.
class AIKIT_EXPORT Runtime {
public:
    /// Not a runtime; only to be assigned to.
    Runtime() = default;

    /// Starts the I/O threads; the others start when first needed.
    /// Errors: invalid_argument (a count below 0, or below -1 for cpu), out_of_memory (no thread to be had).
    static Result<Runtime> create(RuntimeConfig config);
    static Result<Runtime> create() { return create(RuntimeConfig()); }

    /// Uses a loop of the host's for sockets and timers: the executor of an io_context, or a strand of one
    /// (Asio's sockets on any other context would start a thread of their own: invalid_argument). config.io is not
    /// used. The context must outlive the runtime; one that several threads run is handed in as a strand.
    static Result<Runtime> adopt(boost::asio::any_io_executor executor, RuntimeConfig config);

    /// True until close() or the fork of this process's child.
    bool alive() const noexcept;

    /// Where an operation runs: io itself when there is one I/O thread or a loop was adopted, else a new strand of it.
    /// This and the other executors may outlive the runtime, as may timers and sockets made with them; what they are
    /// given after close() is destroyed at once. Asked for in a forked child, or of no runtime, they are empty.
    boost::asio::any_io_executor executor() const;

    /// With a count of 0 these are io; work for storage still comes one at a time.
    boost::asio::any_io_executor cpu() const;
    boost::asio::any_io_executor storage() const;
    boost::asio::any_io_executor resolver() const;

    std::shared_ptr<Clock> const& clock() const noexcept;

    /// Hands a record to the sink, if there is one that wants it. `fields` is only called then.
    void log(LogLevel level, std::string_view event,
             std::function<std::vector<LogField>()> const& fields) const noexcept;

    /// Has `executor`, one of this runtime's, run `work` soon; false when the runtime is closed already. Like all that
    /// is given to these executors, the work is dropped when close() comes first. Never throws, so it suits
    /// destructors.
    bool post(boost::asio::any_io_executor const& executor, std::function<void()> work) const noexcept;

    /// True on a thread of this runtime, where blocking would deadlock.
    bool on_own_thread() const noexcept;

    /// True when nothing moves unless poll() is called: there are no I/O threads, and no loop of the host's.
    bool polled() const noexcept;

    /// True when io is a loop of the host's, which must not be kept running by what only waits to be used again.
    bool adopted() const noexcept;

    /// Runs what is ready, waiting for at most `wait`; only with io = 0. Returns how many handlers ran.
    /// Errors: invalid_state (there are I/O threads, another poll is running, or the runtime is closed).
    Result<std::size_t> poll(std::chrono::milliseconds wait);

    /// Ends it: what is pending on the storage thread is finished, all else is dropped, threads are joined.
    /// Repeatable; on one of its own threads it only asks, and the last handle joins.
    void close() noexcept;

    explicit operator bool() const noexcept { return state_ != nullptr; }

    /// Shared by all handles. Only core sees inside.
    struct State;

private:
    explicit Runtime(std::shared_ptr<State> state) : state_(std::move(state)) {}
    std::shared_ptr<State> state_;
};

}  // namespace aikit::inline v0

#endif  // AIKIT_CORE_RUNTIME_HPP
