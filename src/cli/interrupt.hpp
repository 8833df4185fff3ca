// SPDX-License-Identifier: MIT
// cli/interrupt.hpp - Ctrl-C as a cancellation.
#ifndef AIKIT_SRC_CLI_INTERRUPT_HPP
#define AIKIT_SRC_CLI_INTERRUPT_HPP

#include <aikit/core/runtime.hpp>

#include <boost/asio/cancellation_signal.hpp>

#include <functional>
#include <memory>

namespace aikit::cli {

/// While it lives, the first SIGINT or SIGTERM cancels what runs and keeps anything more from starting, and the second
/// ends the process. The library itself touches no signals; the command is a program and may.
///
/// Thread-safety: start() on one thread; the rest happens on the runtime's executor.
class Interrupt {
public:
    explicit Interrupt(Runtime const& runtime);
    ~Interrupt();
    Interrupt(Interrupt const&) = delete;
    Interrupt& operator=(Interrupt const&) = delete;

    /// Calls one of the two on the executor: `go` with the slot that a signal cancels through, or `stop` when there
    /// was a signal already. A signal between two operations is thereby not lost.
    void start(std::function<void(boost::asio::any_io_executor, boost::asio::cancellation_slot)> go,
               std::function<void()> stop);

private:
    struct Listener;
    std::shared_ptr<Listener> listener_;
};

}  // namespace aikit::cli

#endif  // AIKIT_SRC_CLI_INTERRUPT_HPP
