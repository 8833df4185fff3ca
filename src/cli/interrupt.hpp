// SPDX-License-Identifier: MIT
// cli/interrupt.hpp - Ctrl-C as a cancellation.
#ifndef AIKIT_SRC_CLI_INTERRUPT_HPP
#define AIKIT_SRC_CLI_INTERRUPT_HPP

#include <aikit/core/runtime.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>

#include <memory>

namespace aikit::cli {

/// While it is armed, SIGINT and SIGTERM emit terminal cancellation on its slot, from its executor. The library
/// itself touches no signals; the command is a program and may.
class Interrupt {
public:
    explicit Interrupt(Runtime const& runtime);
    ~Interrupt();
    Interrupt(Interrupt const&) = delete;
    Interrupt& operator=(Interrupt const&) = delete;

    boost::asio::any_io_executor const& executor() const noexcept { return executor_; }
    boost::asio::cancellation_slot slot() noexcept;

    /// Stops listening. On the executor only.
    void disarm() noexcept;

private:
    struct Listener;
    boost::asio::any_io_executor executor_;
    std::shared_ptr<Listener> listener_;
};

}  // namespace aikit::cli

#endif  // AIKIT_SRC_CLI_INTERRUPT_HPP
