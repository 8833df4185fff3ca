// SPDX-License-Identifier: MIT
// capi/op.cpp - events within a window, one end, from whatever thread.
#include "op.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>

namespace aikit::inline v0::capi {
namespace {

namespace asio = boost::asio;

constexpr std::uint64_t usual_window = 64;

Error cancelled_by_host() {
    return fail(Errc::cancelled, "The operation was cancelled.");
}

Error ended_with_runtime() {
    return fail(Errc::invalid_state, "The runtime ended before the operation did.");
}

}  // namespace

/// Held by the pending coroutine: when that is dropped instead of run to its end, this still ends the operation.
class Op::Ending {
public:
    explicit Ending(std::shared_ptr<Op> op) : op_(std::move(op)) {}
    ~Ending() {
        if (!op_) return;
        {
            std::lock_guard const lock(op_->mutex_);
            if (op_->starting_) {
                op_->dropped_ = true;
                return;
            }
        }
        op_->finish(ended_with_runtime());
    }
    Ending(Ending&&) noexcept = default;
    Ending& operator=(Ending&&) = delete;

    std::shared_ptr<Op> const& op() const noexcept { return op_; }

    void operator()(std::exception_ptr thrown, Result<Reply> reply) {
        std::shared_ptr<Op> const op = std::move(op_);
        if (thrown) {
            op->finish(fail(Errc::internal, "An exception left a coroutine."));
        } else {
            op->finish(std::move(reply));
        }
    }

private:
    std::shared_ptr<Op> op_;
};

Op::Op(std::shared_ptr<RuntimeObject> runtime, Listener listener)
    : runtime_(std::move(runtime)),
      listener_(listener),
      executor_(runtime_->runtime().executor()),
      credit_(listener.window == 0 || listener.window == AIKIT_WINDOW_AUTO ? usual_window : listener.window),
      // What is pulled makes room when it is taken, whatever the window.
      automatic_(listener.window == AIKIT_WINDOW_AUTO || listener.on_event == nullptr) {}

Op::~Op() = default;

Result<void> Op::begin(Work work) {
    if (!runtime_->usable() || !executor_) return ended_with_runtime();
    runtime_->add(shared_from_this());
    auto start = [end = Ending(shared_from_this()), work = std::move(work)]() mutable {
        std::shared_ptr<Op> const op = end.op();
        try {
            Task<Reply> task = guard(work(op));
            auto token = asio::bind_cancellation_slot(op->signal_.slot(), std::move(end));
            asio::co_spawn(op->executor_, std::move(task), std::move(token));
        } catch (...) {
            op->finish(current_exception_error());
        }
    };
    asio::post(executor_, std::move(start));
    std::lock_guard const lock(mutex_);
    starting_ = false;
    if (!dropped_) return ok();
    runtime_->remove(this);
    return ended_with_runtime();
}

bool Op::has_room() {
    std::lock_guard const lock(mutex_);
    return credit_ > 0;
}

Task<void> Op::room(std::shared_ptr<Op> self) {
    for (;;) {
        if (self->cancelled_) co_return cancelled_by_host();
        auto waiter = std::make_shared<Waiter<bool>>();
        {
            std::lock_guard const lock(self->mutex_);
            if (self->credit_ > 0) co_return ok();
            self->waiting_.push_back(waiter);
        }
        std::shared_ptr<Clock> clock = self->runtime_->runtime().clock();
        Task<bool> waiting = Waiter<bool>::wait(std::move(waiter), std::move(clock), SteadyTime::max());
        Result<bool> const woken = co_await std::move(waiting);
        if (!woken && woken.error().code != Errc::timeout) {
            co_return cancelled_by_host();
        }
    }
}

void Op::emit(std::string event) {
    bool const direct = !is_pulled() && !runtime_->dispatched();
    {
        std::lock_guard const lock(mutex_);
        if (discarding_) return;
        if (!direct) events_.push_back(std::move(event));
        if (credit_ > 0) --credit_;
    }
    if (direct) {
        call_event(event);
        taken(1);
    } else if (is_pulled()) {
        changed_.notify_all();
    } else {
        runtime_->queue(shared_from_this());
    }
}

void Op::call_event(std::string const& event) noexcept {
    RuntimeObject::CallingBack const calling(*runtime_);
    if (calling.allowed()) listener_.on_event(listener_.user, event.data(), event.size());
}

/// Events were taken: with an automatic window that makes room.
void Op::taken(std::uint32_t events) {
    {
        std::lock_guard const lock(mutex_);
        if (!automatic_) return;
    }
    more(events);
}

void Op::more(std::uint32_t events) {
    std::vector<std::weak_ptr<Waiter<bool>>> waiting;
    {
        std::lock_guard const lock(mutex_);
        credit_ = std::min<std::uint64_t>(credit_ + events, AIKIT_WINDOW_AUTO);
        waiting.swap(waiting_);
    }
    // All look whether there is room for them; who finds none waits again.
    for (std::weak_ptr<Waiter<bool>> const& weak : waiting) {
        Result<bool> yes(true);
        if (std::shared_ptr<Waiter<bool>> const waiter = weak.lock()) waiter->give(yes);
    }
}

void Op::take_answers(std::function<Result<void>(std::int64_t, std::string_view)> take) {
    std::lock_guard const lock(mutex_);
    take_answer_ = std::move(take);
}

Result<void> Op::answer(std::int64_t call, std::string_view answer) {
    std::function<Result<void>(std::int64_t, std::string_view)> take;
    {
        std::lock_guard const lock(mutex_);
        if (!outcome_) take = take_answer_;
    }
    if (!take) return fail(Errc::invalid_state, "The operation has ended, or it has no calls to answer.");
    return take(call, answer);
}

void Op::cancel() noexcept {
    cancelled_ = true;  // seen between two events, should it never wait
    auto stop = [self = shared_from_this()] {
        {
            std::lock_guard const lock(self->mutex_);
            if (self->outcome_) return;
        }
        self->signal_.emit(asio::cancellation_type::terminal);
    };
    runtime_->runtime().post(executor_, std::move(stop));
}

void Op::finish(Result<Reply> outcome) noexcept {
    bool const waits = runtime_->dispatched() && calls_back();
    {
        std::lock_guard const lock(mutex_);
        if (outcome_) return;
        outcome_.emplace(std::move(outcome));
        done_waits_ = waits;
    }
    if (waits) {
        runtime_->queue(shared_from_this());
    } else {
        call_done();
    }
}

void Op::call_done() noexcept {
    if (listener_.on_done != nullptr) {
        Result<Reply> const& outcome = *outcome_;
        Error const failure = outcome ? Error() : outcome.error();
        BorrowedError const error(outcome ? nullptr : &failure);
        std::string const& json = outcome ? outcome->json : partial_;
        RuntimeObject::CallingBack const calling(*runtime_);
        if (calling.allowed()) {
            listener_.on_done(listener_.user, outcome ? AIKIT_OK : status_of(outcome.error().code),
                              json.empty() ? nullptr : json.c_str(), json.size(), error.handle());
        }
    }
    {
        std::lock_guard const lock(mutex_);
        ended_ = true;
    }
    changed_.notify_all();
    runtime_->remove(this);
}

std::size_t Op::run_waiting() noexcept {
    std::deque<std::string> events;
    bool done = false;
    {
        std::lock_guard const lock(mutex_);
        if (!is_pulled()) events.swap(events_);
        done = std::exchange(done_waits_, false);
    }
    for (std::string const& event : events) {
        call_event(event);
        taken(1);
    }
    if (done) call_done();
    return events.size() + (done ? 1 : 0);
}

template <class Condition>
Result<bool> Op::wait_until(std::int32_t timeout_ms, Condition until_true) {
    using std::chrono::milliseconds;
    // A day is as good as for ever, and does not overflow.
    auto const limit = timeout_ms < 0 ? milliseconds(std::chrono::hours(24 * 365)) : milliseconds(timeout_ms);
    auto const until = std::chrono::steady_clock::now() + limit;
    std::unique_lock lock(mutex_);
    if (until_true()) return true;
    if (timeout_ms == 0 && !runtime_->runtime().polled()) return false;
    if (runtime_->runtime().on_own_thread()) {
        return fail(Errc::invalid_state, "A call that blocks on a thread of the runtime would wait for itself.");
    }
    if (!runtime_->runtime().polled()) {
        changed_.wait_until(lock, until, until_true);
        return until_true();
    }
    do {  // This thread drives the loop.
        lock.unlock();
        auto const left = std::chrono::duration_cast<milliseconds>(until - std::chrono::steady_clock::now());
        milliseconds const slice = std::clamp(left, milliseconds(0), milliseconds(100));
        bool const driven = runtime_->poll(slice).has_value();
        lock.lock();
        // Another thread drives it.
        if (!driven) changed_.wait_for(lock, std::min(slice, milliseconds(5)), until_true);
    } while (!until_true() && std::chrono::steady_clock::now() < until);
    return until_true();
}

Result<std::optional<std::string>> Op::next(std::int32_t timeout_ms, bool* ended) {
    if (!is_pulled()) {
        return fail(Errc::invalid_state, "The events of this operation go to its on_event; start it without one.");
    }
    {
        std::lock_guard const lock(mutex_);
        if (std::exchange(taking_, true)) {
            return fail(Errc::invalid_state, "Another thread is taking this operation's next event.");
        }
    }
    Result<bool> const there = wait_until(timeout_ms, [this] { return !events_.empty() || outcome_; });
    std::optional<std::string> event;
    {
        std::lock_guard const lock(mutex_);
        taking_ = false;
        if (!there) return there.error();
        if (!events_.empty()) {
            event.emplace(std::move(events_.front()));
            events_.pop_front();
        }
        *ended = !event && outcome_.has_value();
    }
    if (event) taken(1);
    return event;
}

Result<bool> Op::wait(std::int32_t timeout_ms) {
    if (timeout_ms != 0 && runtime_->dispatched() && calls_back()) {
        std::lock_guard const lock(mutex_);
        if (ended_) return true;
        return fail(Errc::invalid_state,
                    "The callbacks of this operation wait for aikit_runtime_dispatch: call that instead.");
    }
    return wait_until(timeout_ms, [this] { return ended_; });
}

Result<Reply> const* Op::outcome() const {
    std::lock_guard const lock(mutex_);
    return outcome_ ? &*outcome_ : nullptr;
}

Result<std::vector<std::vector<float>>> Op::take_vectors() {
    std::lock_guard const lock(mutex_);
    if (!outcome_ || !*outcome_ || !(**outcome_).vectors) {
        return fail(Errc::invalid_state,
                    "The operation has no vectors to hand over: it has not ended, it failed, it "
                    "makes none, or they were taken already.");
    }
    std::vector<std::vector<float>> vectors = std::move(*(**outcome_).vectors);
    (**outcome_).vectors.reset();
    return vectors;
}

void Op::let_go() noexcept {
    if (!calls_back() || listener_.asks) return cancel();
    std::uint64_t room = 0;
    {
        std::lock_guard const lock(mutex_);
        discarding_ = is_pulled();  // nobody can take them any more
        if (discarding_) events_.clear();
        automatic_ = true;
        // Whatever was delivered and never told as taken counts as taken now.
        room = usual_window > events_.size() ? usual_window - events_.size() : 0;
        credit_ = 0;
    }
    try {
        more(static_cast<std::uint32_t>(room));
    } catch (std::exception const&) {
        cancel();  // without memory to wake it, it would wait for ever
    }
}

}  // namespace aikit::inline v0::capi
