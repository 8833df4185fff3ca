// SPDX-License-Identifier: MIT
// testing/manual_clock.cpp - timers without time passing.
//
// As with real timers, an armed action belongs to the loop it is to run on, and dies with it: the clock only knows
// when, and that there is one.
#include <aikit/testing/manual_clock.hpp>

#include <boost/asio/execution/context.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/query.hpp>

#include <map>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

namespace aikit::inline v0::testing {

namespace asio = boost::asio;

namespace {

using Action = std::function<void()>;

/// The armed actions of one loop, by their timer.
class ActionPark {
public:
    /// False when the loop has ended. What was there before is handed back, to die outside of every lock.
    bool put(void const* timer, Action& action) {
        std::lock_guard const lock(mutex_);
        if (ended_) return false;
        std::swap(actions_[timer], action);
        return true;
    }

    Action take(void const* timer) {
        std::lock_guard const lock(mutex_);
        auto const found = actions_.find(timer);
        if (found == actions_.end()) return nullptr;
        Action action = std::move(found->second);
        actions_.erase(found);
        return action;
    }

    bool ended() const {
        std::lock_guard const lock(mutex_);
        return ended_;
    }

    void end() {
        std::unordered_map<void const*, Action> dropped;
        std::lock_guard const lock(mutex_);
        ended_ = true;
        std::swap(dropped, actions_);
    }

private:
    mutable std::mutex mutex_;
    bool ended_ = false;
    std::unordered_map<void const*, Action> actions_;
};

/// Ties an ActionPark to the life of a loop.
class ActionService final : public asio::execution_context::service {
public:
    using key_type = ActionService;
    static asio::execution_context::id id;

    explicit ActionService(asio::execution_context& context) : asio::execution_context::service(context) {}

    std::shared_ptr<ActionPark> const park = std::make_shared<ActionPark>();

private:
    void shutdown() override { park->end(); }
};

#ifdef __clang__
#pragma clang diagnostic ignored "-Wexit-time-destructors"  // that of an id does nothing
#endif
asio::execution_context::id ActionService::id;

struct Slot;

/// By time; equal times stay in the order they were armed.
using Alarms = std::multimap<SteadyTime, std::shared_ptr<Slot>>;

/// What the clock and the posted wake-ups know of a timer. Guarded by the clock's mutex from `round` on.
struct Slot {
    explicit Slot(asio::any_io_executor executor_)
        : executor(std::move(executor_)),
          park(asio::use_service<ActionService>(asio::query(executor, asio::execution::context)).park) {}

    asio::any_io_executor const executor;
    std::shared_ptr<ActionPark> const park;
    std::uint64_t round = 0;  ///< Counts arms and disarms; a wake-up of an earlier round does nothing.
    std::optional<Alarms::iterator> alarm;
};

/// A timer whose time has come, and the round it came in.
using Due = std::pair<std::shared_ptr<Slot>, std::uint64_t>;

}  // namespace

struct ManualClock::State {
    mutable std::mutex mutex;
    SteadyTime steady = SteadyTime(std::chrono::hours(1));
    SystemTime system = std::chrono::sys_days(std::chrono::year(2026) / 1 / 1);
    Alarms alarms;
};

namespace {

/// Has the action run on its executor, unless the timer is moved before that.
template <class State>
void wake(std::shared_ptr<State> const& state, Due const& due) {
    if (due.first->park->ended()) return;
    asio::post(due.first->executor, [state, due] {
        Slot& slot = *due.first;
        {
            std::lock_guard const lock(state->mutex);
            if (slot.round != due.second) return;
            ++slot.round;
        }
        if (Action const action = slot.park->take(&slot)) action();
    });
}

/// Moves both times on to `to`, and wakes who is due, in order.
template <class State>
void move_to(std::shared_ptr<State> const& state, SteadyTime to) {
    std::vector<Due> due;
    {
        std::lock_guard const lock(state->mutex);
        if (to > state->steady) {
            state->system += std::chrono::floor<std::chrono::microseconds>(to - state->steady);
            state->steady = to;
        }
        auto const end = state->alarms.upper_bound(state->steady);
        for (auto at = state->alarms.begin(); at != end; ++at) {
            at->second->alarm.reset();
            due.emplace_back(at->second, at->second->round);
        }
        state->alarms.erase(state->alarms.begin(), end);
    }
    for (Due const& one : due) wake(state, one);
}

template <class State>
class ManualTimer final : public Timer {
public:
    ManualTimer(std::shared_ptr<State> state, asio::any_io_executor executor)
        : state_(std::move(state)), slot_(std::make_shared<Slot>(std::move(executor))) {}

    ~ManualTimer() override { disarm(); }

    void arm(SteadyTime at, Action action) override {
        if (!slot_->park->put(slot_.get(), action)) return;
        std::optional<Due> due;
        {
            std::lock_guard const lock(state_->mutex);
            forget();
            if (at <= state_->steady) {
                due.emplace(slot_, slot_->round);
            } else if (at != SteadyTime::max()) {  // what never comes is not waited for
                slot_->alarm = state_->alarms.emplace(at, slot_);
            }
        }
        if (due) wake(state_, *due);
    }

    void disarm() noexcept override {
        {
            std::lock_guard const lock(state_->mutex);
            forget();
        }
        Action const dropped = slot_->park->take(slot_.get());
    }

private:
    /// Makes what was armed before void. With the mutex held.
    void forget() noexcept {
        ++slot_->round;
        if (slot_->alarm) state_->alarms.erase(*slot_->alarm);
        slot_->alarm.reset();
    }

    std::shared_ptr<State> const state_;
    std::shared_ptr<Slot> const slot_;
};

}  // namespace

ManualClock::ManualClock() : state_(std::make_shared<State>()) {}

ManualClock::~ManualClock() = default;

SteadyTime ManualClock::now() const noexcept {
    std::lock_guard const lock(state_->mutex);
    return state_->steady;
}

SystemTime ManualClock::system_now() const noexcept {
    std::lock_guard const lock(state_->mutex);
    return state_->system;
}

std::unique_ptr<Timer> ManualClock::make_timer(asio::any_io_executor executor) {
    return std::make_unique<ManualTimer<State>>(state_, std::move(executor));
}

void ManualClock::advance(std::chrono::microseconds by) {
    move_to(state_, now() + by);
}

bool ManualClock::advance_to_next() {
    SteadyTime next;
    {
        std::lock_guard const lock(state_->mutex);
        if (state_->alarms.empty()) return false;
        next = state_->alarms.begin()->first;
    }
    move_to(state_, next);
    return true;
}

void ManualClock::set_system(SystemTime time) {
    std::lock_guard const lock(state_->mutex);
    state_->system = time;
}

std::size_t ManualClock::armed() const {
    std::lock_guard const lock(state_->mutex);
    return state_->alarms.size();
}

}  // namespace aikit::inline v0::testing
