// SPDX-License-Identifier: MIT
// policy/retry_budget.hpp - how many retries all callers together may make, so that an outage is not fed.
#ifndef AIKIT_SRC_POLICY_RETRY_BUDGET_HPP
#define AIKIT_SRC_POLICY_RETRY_BUDGET_HPP

#include <aikit/core/clock.hpp>

#include <mutex>

namespace aikit::inline v0::policy {

/// In any ten seconds retries may be `share` of the calls made in them, or `floor`, whichever is more: an outage is
/// not fed, and a program with few calls may retry at all. Thread-safety: shared objects: safe.
class RetryBudget {
public:
    RetryBudget(double share, int floor) : share_(share), floor_(floor) {}

    void call(SteadyTime now);

    /// Takes one retry; false when none is left.
    bool take(SteadyTime now);

private:
    static constexpr std::chrono::seconds length{10};

    /// Counts of this and the last window; the last counts for as much of it as still lies in the past ten seconds.
    struct Window {
        void roll(SteadyTime now) noexcept;
        double last_ten_seconds(SteadyTime now) const noexcept;

        SteadyTime start{};
        double current = 0;
        double before = 0;
    };

    std::mutex mutex_;
    double const share_;
    int const floor_;
    Window calls_;
    Window retries_;
};

}  // namespace aikit::inline v0::policy

#endif  // AIKIT_SRC_POLICY_RETRY_BUDGET_HPP
