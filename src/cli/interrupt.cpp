// SPDX-License-Identifier: MIT
// cli/interrupt.cpp - signals through Asio's signal_set.
#include "cli/interrupt.hpp"

#include <boost/asio/signal_set.hpp>

#include <csignal>

namespace aikit::cli {

struct Interrupt::Listener {
    explicit Listener(boost::asio::any_io_executor executor) : signals(std::move(executor), SIGINT, SIGTERM) {}
    boost::asio::signal_set signals;
    boost::asio::cancellation_signal cancel;
};

Interrupt::Interrupt(Runtime const& runtime)
    : executor_(runtime.executor()), listener_(std::make_shared<Listener>(executor_)) {
    // The wait may outlive this object: a signal can be on its way while the task ends.
    listener_->signals.async_wait(
        [weak = std::weak_ptr<Listener>(listener_)](boost::system::error_code const& failed, int) {
            std::shared_ptr<Listener> const listener = weak.lock();
            if (!failed && listener) listener->cancel.emit(boost::asio::cancellation_type::terminal);
        });
}

Interrupt::~Interrupt() = default;

boost::asio::cancellation_slot Interrupt::slot() noexcept {
    return listener_->cancel.slot();
}

void Interrupt::disarm() noexcept {
    boost::system::error_code ignored;  // nothing to do about a signal that cannot be given back
    listener_->signals.cancel(ignored);
}

}  // namespace aikit::cli
