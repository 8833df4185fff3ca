// SPDX-License-Identifier: MIT
// core/waiter.hpp - one coroutine that waits for one value, which may come from any thread.
#ifndef AIKIT_SRC_CORE_WAITER_HPP
#define AIKIT_SRC_CORE_WAITER_HPP

#include <aikit/core/clock.hpp>

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <memory>
#include <mutex>
#include <optional>

namespace aikit::inline v0 {

/// Whoever gives holds it weakly: while the wait lasts it belongs to its armed timer, so a loop that is destroyed takes
/// the wait, and the coroutine, with it. T is default-constructible and movable.
template <class T>
class Waiter : public std::enable_shared_from_this<Waiter<T>> {
public:
    /// Ends the wait. False, with `value` as it was, when it has ended already. From any thread.
    bool give(Result<T>& value) {
        std::unique_lock const lock(mutex_);
        if (outcome_) return false;
        outcome_.emplace(std::move(value));
        if (begun_) wake();
        return true;
    }

    /// Waits until give(), `until` or cancellation. Await it once.
    ///
    /// Cancellation: terminal, partial, total. Errors: what was given, timeout, cancelled; the last two have no
    /// sentence.
    static Task<T> wait(std::shared_ptr<Waiter> self, std::shared_ptr<Clock> clock, SteadyTime until) {
        namespace asio = boost::asio;
        asio::any_io_executor const executor = co_await asio::this_coro::executor;
        // The frame must not hold on to the waiter, which will own the frame.
        auto start = [&self, &clock, &executor, until](auto handler) {
            Waiter& waiter = *self;
            waiter.begin(std::move(self), std::move(handler), *clock, executor, until);
        };
        auto waiting = asio::async_initiate<asio::use_awaitable_t<> const, void(Result<T>)>(start, asio::use_awaitable);
        co_return co_await std::move(waiting);
    }

private:
    /// The handler of the wait, whatever its type. (Asio's own any_completion_handler moves without end in 1.81.)
    struct Handler {
        virtual ~Handler() = default;
        virtual void call(Result<T> outcome) = 0;
    };
    template <class H>
    struct HandlerOf final : Handler {
        explicit HandlerOf(H handler_) : handler(std::move(handler_)) {}
        void call(Result<T> outcome) override { std::move(handler)(std::move(outcome)); }
        H handler;
    };

    template <class H>
    void begin(std::shared_ptr<Waiter> self, H handler, Clock& clock, boost::asio::any_io_executor const& executor,
               SteadyTime until) {
        boost::asio::cancellation_slot slot = boost::asio::get_associated_cancellation_slot(handler);
        if (slot.is_connected()) {
            slot.assign([weak = std::weak_ptr<Waiter>(self)](boost::asio::cancellation_type type) {
                std::shared_ptr<Waiter> const waiter = weak.lock();
                if (waiter && type != boost::asio::cancellation_type::none) waiter->stop(Errc::cancelled);
            });
        }
        std::unique_lock const lock(mutex_);
        begun_ = true;
        handler_ = std::make_unique<HandlerOf<H>>(std::move(handler));
        executor_ = executor;
        if (outcome_) {
            wake();
            return;
        }
        timer_ = clock.make_timer(executor);
        SteadyTime const far = clock.now() + std::chrono::hours(24 * 365);
        timer_->arm(std::min(until, far), [owner = std::move(self)] { owner->stop(Errc::timeout); });
    }

    void stop(Errc code) {
        Result<T> outcome(fail(code, {}));
        give(outcome);
    }

    /// With the mutex held, after begin.
    void wake() {
        boost::asio::post(executor_, [self = this->shared_from_this()] {
            std::unique_ptr<Handler> handler;
            {
                // Until the giver is through with the executor, which may end with what is resumed here.
                std::lock_guard const lock(self->mutex_);
                self->timer_.reset();
                handler = std::move(self->handler_);
            }
            handler->call(std::move(*self->outcome_));
        });
    }

    std::mutex mutex_;
    std::optional<Result<T>> outcome_;
    bool begun_ = false;
    std::unique_ptr<Handler> handler_;
    boost::asio::any_io_executor executor_;
    std::unique_ptr<Timer> timer_;
};

}  // namespace aikit::inline v0

#endif  // AIKIT_SRC_CORE_WAITER_HPP
