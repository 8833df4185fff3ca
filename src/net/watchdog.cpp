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

void Watchdog::guard(boost::asio::any_io_executor const& executor, Stream& stream, Limit limit,
                     std::chrono::milliseconds length) {
    Deadline const deadline = Deadline::after(*home_->runtime.clock(), length);
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
        if (lasting_) lasting_->disarm();
        if (timer_) timer_->disarm();
        return;
    }
    timer_of(executor).arm(at, [this] { fire(); });
}

/// An operation is guarded on one executor from its beginning to its end.
Timer& Watchdog::timer_of(boost::asio::any_io_executor const& executor) {
    if (timer_) return *timer_;
    if (executor == home_->executor) {
        if (!lasting_) lasting_ = HomeTimer(home_);
        return *lasting_.operator->();
    }
    timer_ = home_->runtime.clock()->make_timer(executor);
    return *timer_;
}

void Watchdog::rest() noexcept {
    if (lasting_) lasting_->disarm();
    timer_.reset();
}

void Watchdog::stop() noexcept {
    rest();
    lasting_ = HomeTimer();
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
