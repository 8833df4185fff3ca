// SPDX-License-Identifier: MIT
// policy/sliding_window.hpp - amounts of the last while, such that no window of that length ever holds more than
// allowed.
#ifndef AIKIT_SRC_POLICY_SLIDING_WINDOW_HPP
#define AIKIT_SRC_POLICY_SLIDING_WINDOW_HPP

#include <aikit/core/clock.hpp>

#include <algorithm>
#include <cstdint>
#include <vector>

namespace aikit::inline v0::policy {

/// A window is cut into 64 slots; what was taken in one counts until the whole of it is a window old. So a limit holds
/// in every window, and what was taken is free again at most a 64th later than it could be.
///
/// Thread-safety: distinct objects: safe. Shared objects: unsafe.
class SlidingWindow {
public:
    explicit SlidingWindow(std::chrono::milliseconds length)
        : width_(std::max((SteadyTime::duration(length) + SteadyTime::duration(slots - 1)) / slots,
                          SteadyTime::duration(1))) {}

    /// Which slot a time is in; kept to correct what was taken then.
    std::int64_t slot(SteadyTime now) const noexcept { return now.time_since_epoch() / width_; }

    std::int64_t used(SteadyTime now) {
        forget(now);
        return used_;
    }

    bool empty(SteadyTime now) {
        forget(now);
        return taken_.empty();
    }

    void take(SteadyTime now, std::int64_t amount) { add(slot(now), amount); }

    /// Adds to what was taken in a slot, or takes off it; nothing when that is no longer counted.
    void correct(SteadyTime now, std::int64_t at, std::int64_t amount) {
        forget(now);
        if (at + slots < slot(now)) return;
        add(at, amount);
    }

    /// When `amount` more would be within `limit`, if nothing else is taken; `limit` is not less than `amount`.
    SteadyTime room_at(SteadyTime now, std::int64_t amount, std::int64_t limit) {
        forget(now);
        std::int64_t left = used_;
        if (left + amount <= limit) return now;
        for (Taken const& taken : taken_) {
            left -= taken.amount;
            if (left + amount <= limit) return SteadyTime(width_ * (taken.slot + slots + 1));
        }
        return now;
    }

private:
    static constexpr std::int64_t slots = 64;

    struct Taken {
        std::int64_t slot;
        std::int64_t amount;
    };

    void forget(SteadyTime now) {
        std::int64_t const oldest = slot(now) - slots;
        auto last = taken_.begin();
        for (; last != taken_.end() && last->slot < oldest; ++last) used_ -= last->amount;
        taken_.erase(taken_.begin(), last);
    }

    /// Corrections come late and for a slot before the last; there are at most 65 of them.
    void add(std::int64_t at, std::int64_t amount) {
        auto place = taken_.end();
        while (place != taken_.begin() && std::prev(place)->slot >= at) --place;
        if (place == taken_.end() || place->slot != at) place = taken_.insert(place, Taken{at, 0});
        place->amount += amount;
        used_ += amount;
    }

    SteadyTime::duration width_;
    std::vector<Taken> taken_;  // oldest first
    std::int64_t used_ = 0;
};

}  // namespace aikit::inline v0::policy

#endif  // AIKIT_SRC_POLICY_SLIDING_WINDOW_HPP
