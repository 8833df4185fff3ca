// SPDX-License-Identifier: MIT
// kit/alert_board.hpp - the latest alerts of budgets, for those who wait for the next.
#ifndef AIKIT_SRC_KIT_ALERT_BOARD_HPP
#define AIKIT_SRC_KIT_ALERT_BOARD_HPP

#include "core/waiter.hpp"

#include <aikit/kit.hpp>

#include <deque>
#include <list>
#include <memory>
#include <mutex>

namespace aikit::inline v0 {

/// Thread-safety: shared objects: safe.
class AlertBoard {
public:
    /// Nothing comes of it without memory; noexcept, as it is called where no error can go.
    void post(policy::BudgetAlert const& alert) noexcept;

    /// The alerts after number `after`, when there is one. Errors: invalid_state after close(), cancelled.
    static Task<BudgetAlerts> wait(std::shared_ptr<AlertBoard> self, std::shared_ptr<Clock> clock,
                                   std::optional<std::int64_t> after);

    /// Whoever waits is told that nothing comes any more.
    void close() noexcept;

private:
    std::optional<BudgetAlerts> news(std::int64_t after) const;
    void wake() noexcept;

    static constexpr std::size_t most_kept = 256;

    mutable std::mutex mutex_;  // guards what follows; never held across a suspension
    bool closed_ = false;
    std::int64_t last_ = 0;  // the number of the newest
    std::deque<policy::BudgetAlert> kept_;
    std::list<std::weak_ptr<Waiter<bool>>> waiters_;
};

}  // namespace aikit::inline v0

#endif  // AIKIT_SRC_KIT_ALERT_BOARD_HPP
