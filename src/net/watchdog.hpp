// SPDX-License-Identifier: MIT
// net/watchdog.hpp - the time limits of one exchange: a timer that closes the connection.
#ifndef AIKIT_SRC_NET_WATCHDOG_HPP
#define AIKIT_SRC_NET_WATCHDOG_HPP

#include "net/home_timer.hpp"
#include "net/stream.hpp"

#include <aikit/core/clock.hpp>

namespace aikit::inline v0::net {

/// Which limit it was, for the sentence.
enum class Limit { turn, connect, first_byte, send, idle, total };

/// timeout, in one sentence that names the limit: "net: no byte came for 120 s (idle limit)".
Error limit_error(Limit limit, std::chrono::milliseconds length);

/// Guards one operation after the other on the stream of an exchange. A limit that passes closes the stream.
///
/// Thread-safety: shared objects: unsafe; on the executor of the one who awaits.
class Watchdog {
public:
    /// Between operations it keeps its timer only at home, whose loop is known to outlive the exchange.
    Watchdog(std::shared_ptr<Home const> home, Deadline total) : home_(std::move(home)), total_(total) {}

    /// A timer that was given back by another exchange, for operations that are awaited at home.
    void lend(HomeTimer timer) noexcept {
        if (timer) lasting_ = std::move(timer);
    }

    /// The lasting timer, if there is one. Only between operations.
    HomeTimer give_back() noexcept { return std::exchange(lasting_, HomeTimer()); }

    /// From now on `stream` may take `length`, and no longer than the deadline; zero or less: only the deadline counts.
    void guard(boost::asio::any_io_executor const& executor, Stream& stream, Limit limit,
               std::chrono::milliseconds length);

    /// As guard(), but up to a point in time; `length` is for the sentence.
    void guard_until(boost::asio::any_io_executor const& executor, Stream& stream, Limit limit,
                     std::chrono::milliseconds length, SteadyTime at);

    /// The operation has ended.
    void rest() noexcept;

    /// The exchange has ended.
    void stop() noexcept;

    /// The limit that passed, if one did.
    std::optional<Error> expired() const;

    /// It must be destroyed at home.
    bool keeps_timer() const noexcept { return static_cast<bool>(lasting_); }

    Deadline total() const noexcept { return total_; }

private:
    void fire();
    Timer& timer_of(boost::asio::any_io_executor const& executor);

    std::shared_ptr<Home const> const home_;
    Deadline const total_;
    HomeTimer lasting_;             // for what is awaited at home
    std::unique_ptr<Timer> timer_;  // for one operation elsewhere
    Stream* stream_ = nullptr;
    Limit limit_ = Limit::total;
    std::chrono::milliseconds length_{0};
    bool fired_ = false;
};

/// Ends a guarded stretch on every way out.
class Guarded {
public:
    explicit Guarded(Watchdog& watchdog) : watchdog_(watchdog) {}
    ~Guarded() { watchdog_.rest(); }
    Guarded(Guarded const&) = delete;
    Guarded& operator=(Guarded const&) = delete;

private:
    Watchdog& watchdog_;
};

}  // namespace aikit::inline v0::net

#endif  // AIKIT_SRC_NET_WATCHDOG_HPP
