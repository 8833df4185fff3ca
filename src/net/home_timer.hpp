// SPDX-License-Identifier: MIT
// net/home_timer.hpp - a timer that lasts, and is let go where it may be at work.
#ifndef AIKIT_SRC_NET_HOME_TIMER_HPP
#define AIKIT_SRC_NET_HOME_TIMER_HPP

#include <aikit/core/clock.hpp>
#include <aikit/core/runtime.hpp>

#include <memory>
#include <utility>

namespace aikit::inline v0::net {

/// Where a client's sockets and timers live.
struct Home {
    Runtime runtime;
    boost::asio::any_io_executor executor;  ///< One of the runtime's.
    bool lasting = true;                    ///< A timer may stay here while nothing is asked of it.
};

/// A timer of that executor, which may be moved and destroyed anywhere as long as nothing is armed: the wait of a
/// disarmed timer may still end there while another thread lets it go.
class HomeTimer {
public:
    HomeTimer() = default;
    explicit HomeTimer(std::shared_ptr<Home const> home)
        : home_(std::move(home)), timer_(home_->runtime.clock()->make_timer(home_->executor)) {}
    HomeTimer(HomeTimer&&) = default;
    HomeTimer& operator=(HomeTimer&& other) noexcept {
        std::swap(home_, other.home_);
        std::swap(timer_, other.timer_);
        return *this;
    }
    ~HomeTimer() {
        if (!timer_) return;
        try {
            home_->runtime.post(home_->executor, [last = std::shared_ptr<Timer>(std::move(timer_))] {});
        } catch (...) {
            // No memory for that: it dies here. It is disarmed, and has nothing to run.
        }
    }

    explicit operator bool() const noexcept { return timer_ != nullptr; }

    /// Only on its executor.
    Timer* operator->() const noexcept { return timer_.get(); }

private:
    std::shared_ptr<Home const> home_;
    std::unique_ptr<Timer> timer_;
};

}  // namespace aikit::inline v0::net

#endif  // AIKIT_SRC_NET_HOME_TIMER_HPP
