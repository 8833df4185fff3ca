// SPDX-License-Identifier: MIT
// net/watchdog.cpp - time limits and their sentences.
#include "net/watchdog.hpp"

namespace aikit::inline v0::net {
namespace {

std::string in_words(std::chrono::milliseconds length) {
    if (length.count() % 1'000 == 0) return std::to_string(length.count() / 1'000) + " s";
    return std::to_string(length.count()) + " ms";
}

}  // namespace

Error limit_error(Limit limit, std::chrono::milliseconds length) {
    std::string const words = in_words(length);
    switch (limit) {
        case Limit::turn:
            return fail(Errc::timeout, "net: every connection to the server stayed busy for " + words +
                                           " (first-byte limit); raise max_connections_per_origin or ask less at once");
        case Limit::connect:
            return fail(Errc::timeout, "net: no connection was ready within " + words + " (connect limit)");
        case Limit::first_byte:
            return fail(Errc::timeout, "net: no byte of the answer came within " + words + " (first-byte limit)");
        case Limit::send:
            return fail(Errc::timeout, "net: the server took no byte of the request for " + words + " (idle limit)");
        case Limit::idle: return fail(Errc::timeout, "net: no byte came for " + words + " (idle limit)");
        case Limit::total: break;
    }
    return fail(Errc::timeout, "net: the call did not end by its deadline (total limit)");
}

Watchdog::Watchdog(std::shared_ptr<Clock> clock, boost::asio::any_io_executor home, Deadline total)
    : clock_(std::move(clock)), home_(std::move(home)), total_(total) {}

void Watchdog::guard(boost::asio::any_io_executor const& executor, Stream& stream, Limit limit,
                     std::chrono::milliseconds length) {
    Deadline const deadline = Deadline::after(*clock_, length);
    guard_until(executor, stream, limit, length, deadline.at());
}

void Watchdog::guard_until(boost::asio::any_io_executor const& executor, Stream& stream, Limit limit,
                           std::chrono::milliseconds length, SteadyTime at) {
    stream_ = &stream;
    limit_ = limit;
    length_ = length;
    if (total_.at() <= at) {
        at = total_.at();
        limit_ = Limit::total;
    }
    if (at == SteadyTime::max()) {
        if (timer_) timer_->disarm();
        return;
    }
    if (!timer_ || executor_ != executor) {
        timer_ = clock_->make_timer(executor);
        executor_ = executor;
    }
    timer_->arm(at, [this] { fire(); });
}

void Watchdog::rest() noexcept {
    if (!timer_) return;
    if (executor_ == home_) {
        timer_->disarm();
    } else {
        timer_.reset();
    }
}

std::optional<Error> Watchdog::expired() const {
    if (!fired_) return std::nullopt;
    return limit_error(limit_, length_);
}

void Watchdog::fire() {
    fired_ = true;
    stream_->close();
}

}  // namespace aikit::inline v0::net
