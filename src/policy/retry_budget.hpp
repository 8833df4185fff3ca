// SPDX-License-Identifier: MIT
// policy/retry_budget.hpp - how many retries all callers together may make, so that an outage is not fed.
#ifndef AIKIT_SRC_POLICY_RETRY_BUDGET_HPP
#define AIKIT_SRC_POLICY_RETRY_BUDGET_HPP

#include <aikit/core/clock.hpp>

#include <mutex>

namespace aikit::inline v0::policy {

/// Each call earns `share` of a retry, up to what ten seconds of a busy program earn; `floor` retries per ten
/// seconds are free, so that a program with few calls may retry at all. Thread-safety: shared objects: safe.
class RetryBudget {
public:
    RetryBudget(double share, int floor) : share_(share), floor_(floor) {}

    void call();

    /// Takes one retry; false when none is left.
    bool take(SteadyTime now);

private:
    static constexpr double most_earned = 1'000;
    static constexpr std::chrono::seconds window{10};

    std::mutex mutex_;
    double const share_;
    int const floor_;
    double earned_ = 0;
    int free_used_ = 0;
    SteadyTime window_start_{};
};

}  // namespace aikit::inline v0::policy

#endif  // AIKIT_SRC_POLICY_RETRY_BUDGET_HPP
