// SPDX-License-Identifier: MIT
// core/clock.cpp - the machine's clocks, timers that are cheap to move, and waiting.
#include "core/async.hpp"

#include <aikit/core/clock.hpp>
#include <aikit/core/no_destructor.hpp>

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <optional>

namespace aikit::inline v0 {

namespace {

namespace asio = boost::asio;

/// A timer that leaves Asio's wait where it is when the time moves back: the wait wakes, looks, and waits on. So
/// moving it on every read costs a store and no trip through the reactor.
///
/// The action belongs to the wait, and thereby to the loop: a loop that is destroyed takes with it whatever its
/// timers would have resumed. This object only knows of its wait.
class RealTimer final : public Timer {
public:
    explicit RealTimer(asio::any_io_executor executor) : timer_(std::move(executor)) {}

    ~RealTimer() override {
        disarm();
        if (std::shared_ptr<Wait> const wait = wait_.lock()) wait->owner = nullptr;
    }

    void arm(SteadyTime at, std::function<void()> action) override {
        std::shared_ptr<Wait> wait = wait_.lock();
        if (wait && wait->wakes <= at) {
            wait->due = at;
            std::swap(wait->action, action);
            return;
        }
        if (wait) abandon(*wait);
        wait = std::make_shared<Wait>();
        wait->owner = this;
        wait->due = at;
        wait->action = std::move(action);
        wait_ = wait;
        start(std::move(wait));
    }

    void disarm() noexcept override {
        std::function<void()> dropped;
        if (std::shared_ptr<Wait> const wait = wait_.lock()) std::swap(wait->action, dropped);
    }

private:
    struct Wait {
        RealTimer* owner = nullptr;  ///< Null when the timer is gone or has another wait.
        SteadyTime wakes;            ///< When Asio wakes it.
        SteadyTime due;              ///< When the action is to run; not before `wakes`.
        std::function<void()> action;
    };

    static void abandon(Wait& wait) noexcept {
        std::function<void()> dropped;
        wait.owner = nullptr;
        std::swap(wait.action, dropped);
    }

    /// Also cancels the wait before, if there is one.
    void start(std::shared_ptr<Wait> wait) {
        wait->wakes = wait->due;
        timer_.expires_at(wait->due);
        timer_.async_wait(
            [wait = std::move(wait)](boost::system::error_code const&) mutable { woken(std::move(wait)); });
    }

    static void woken(std::shared_ptr<Wait> wait) {
        RealTimer* const self = wait->owner;
        if (self == nullptr) return;
        if (wait->action == nullptr) {
            self->wait_.reset();
        } else if (wait->due > std::chrono::steady_clock::now()) {
            self->start(std::move(wait));
        } else {
            self->wait_.reset();
            std::function<void()> const action = std::move(wait->action);
            wait.reset();
            action();  // may destroy *self
        }
    }

    asio::steady_timer timer_;
    std::weak_ptr<Wait> wait_;
};

class RealClock final : public Clock {
public:
    SteadyTime now() const noexcept override { return std::chrono::steady_clock::now(); }

    SystemTime system_now() const noexcept override {
        return std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now());
    }

    std::unique_ptr<Timer> make_timer(asio::any_io_executor executor) override {
        return std::make_unique<RealTimer>(std::move(executor));
    }
};

/// One wait of a coroutine: whichever of timer and cancellation comes first resumes it, through a post.
template <class Handler>
class Sleep : public std::enable_shared_from_this<Sleep<Handler>> {
public:
    Sleep(Handler handler, asio::any_io_executor executor, std::unique_ptr<Timer> timer)
        : handler_(std::move(handler)), executor_(std::move(executor)), timer_(std::move(timer)) {}

    void start(SteadyTime at) {
        asio::cancellation_slot const slot = asio::get_associated_cancellation_slot(*handler_);
        if (slot.is_connected()) {
            auto cancel = [weak = this->weak_from_this()](asio::cancellation_type type) {
                std::shared_ptr<Sleep> const self = weak.lock();
                if (self && type != asio::cancellation_type::none) self->finish(asio::error::operation_aborted);
            };
            asio::cancellation_slot(slot).assign(std::move(cancel));
        }
        // The armed action is what keeps this object, and with it the coroutine.
        timer_->arm(at, [self = this->shared_from_this()] { self->finish({}); });
    }

private:
    void finish(boost::system::error_code code) {
        if (!handler_) return;
        auto resume = [handler = std::move(*handler_), code]() mutable { std::move(handler)(code); };
        handler_.reset();
        asio::post(executor_, std::move(resume));
        timer_->disarm();
    }

    std::optional<Handler> handler_;
    asio::any_io_executor executor_;
    std::unique_ptr<Timer> timer_;
};

}  // namespace

std::shared_ptr<Clock> real_clock() {
    static NoDestructor<std::shared_ptr<Clock>> const clock(std::make_shared<RealClock>());
    return *clock;
}

Task<void> sleep_until(std::shared_ptr<Clock> clock, SteadyTime at) {
    try {
        asio::any_io_executor const executor = co_await asio::this_coro::executor;
        auto start = [&clock, &executor, at](auto handler) {
            using Handler = decltype(handler);
            auto sleep = std::make_shared<Sleep<Handler>>(std::move(handler), executor, clock->make_timer(executor));
            sleep->start(at);
        };
        auto wait = asio::async_initiate<asio::use_awaitable_t<> const, void(boost::system::error_code)>(
            start, asio::use_awaitable);
        co_await std::move(wait);
        co_return ok();
    } catch (...) {
        co_return current_exception_error();
    }
}

Deadline Deadline::after(Clock const& clock, std::chrono::milliseconds limit) noexcept {
    if (limit <= std::chrono::milliseconds::zero()) return never();
    SteadyTime const now = clock.now();
    auto const left = std::chrono::floor<std::chrono::milliseconds>(SteadyTime::max() - now);
    return limit >= left ? never() : Deadline(now + limit);
}

}  // namespace aikit::inline v0
