// SPDX-License-Identifier: MIT
// aikit/cost/month_spending.hpp - what was spent with each provider this month, for discounts that begin at an amount.
#ifndef AIKIT_COST_MONTH_SPENDING_HPP
#define AIKIT_COST_MONTH_SPENDING_HPP

#include <aikit/core/clock.hpp>
#include <aikit/core/money.hpp>

#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace aikit::inline v0::cost {

/// Counts on as calls are settled. What other processes spend is known when the ledger is read: put() takes that in.
/// Thread-safety: shared objects: safe.
class AIKIT_EXPORT MonthSpending {
public:
    /// `steps`: the amounts at which some price changes; between two of them all prices stay.
    explicit MonthSpending(std::vector<Money> steps);

    /// Spent with a provider (the catalog's name) in the calendar month (UTC) of `at`; nothing in another than the
    /// latest that was counted.
    Money spent(std::string_view provider, SystemTime at) const;

    /// A call of that time came to so much.
    void add(std::string_view provider, Money cost, SystemTime at) noexcept;

    /// The ledger says so; what is known to be more stays.
    void put(std::string_view provider, Money cost, SystemTime at);

    /// How many steps an amount has reached.
    std::size_t reached(Money spent) const noexcept;

private:
    std::vector<Money> steps_;  // ascending
    mutable std::mutex mutex_;  // guards what follows
    std::chrono::year_month month_{};
    std::map<std::string, Money, std::less<>> spent_;
};

/// When the calendar month (UTC) of a time begins.
AIKIT_EXPORT SystemTime month_of(SystemTime at) noexcept;

}  // namespace aikit::inline v0::cost

#endif  // AIKIT_COST_MONTH_SPENDING_HPP
