// SPDX-License-Identifier: MIT
// cli/interrupt.cpp - signals through Asio's signal_set.
#include "cli/interrupt.hpp"

#include "cli/console.hpp"

#include <boost/asio/dispatch.hpp>
#include <boost/asio/signal_set.hpp>

#include <csignal>
#include <cstdlib>

namespace aikit::cli {

struct Interrupt::Listener : std::enable_shared_from_this<Interrupt::Listener> {
    explicit Listener(boost::asio::any_io_executor executor_)
        : executor(std::move(executor_)), signals(executor, SIGINT, SIGTERM) {}

    void listen() {
        // The wait may outlive the command's interest: a signal can be on its way while everything ends.
        signals.async_wait([weak = weak_from_this()](boost::system::error_code const& failed, int) {
            std::shared_ptr<Listener> const self = weak.lock();
            if (failed || !self) return;
            if (self->fired) std::_Exit(exit_interrupted);
            self->fired = true;
            self->cancel.emit(boost::asio::cancellation_type::terminal);
            self->listen();
        });
    }

    boost::asio::any_io_executor const executor;
    boost::asio::signal_set signals;
    boost::asio::cancellation_signal cancel;
    bool fired = false;  // on the executor only
};

Interrupt::Interrupt(Runtime const& runtime) : listener_(std::make_shared<Listener>(runtime.executor())) {
    listener_->listen();
}

Interrupt::~Interrupt() {
    boost::system::error_code ignored;  // nothing to do about a signal that cannot be given back
    listener_->signals.cancel(ignored);
}

void Interrupt::start(std::function<void(boost::asio::any_io_executor, boost::asio::cancellation_slot)> go,
                      std::function<void()> stop) {
    boost::asio::dispatch(listener_->executor, [self = listener_, go = std::move(go), stop = std::move(stop)] {
        if (self->fired) return stop();
        go(self->executor, self->cancel.slot());
    });
}

}  // namespace aikit::cli
