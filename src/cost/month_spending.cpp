// SPDX-License-Identifier: MIT
// cost/month_spending.cpp - sums by provider that begin anew with each month.
#include "core/async.hpp"

#include <aikit/cost/month_spending.hpp>

#include <algorithm>

namespace aikit::inline v0::cost {
namespace {

std::chrono::year_month calendar_month(SystemTime at) noexcept {
    std::chrono::year_month_day const day(std::chrono::floor<std::chrono::days>(at));
    return day.year() / day.month();
}

}  // namespace

SystemTime month_of(SystemTime at) noexcept {
    return std::chrono::sys_days(calendar_month(at) / 1);
}

MonthSpending::MonthSpending(std::vector<Money> steps) : steps_(std::move(steps)) {
    std::sort(steps_.begin(), steps_.end());
    steps_.erase(std::unique(steps_.begin(), steps_.end()), steps_.end());
}

Money MonthSpending::spent(std::string_view provider, SystemTime at) const {
    std::lock_guard const lock(mutex_);
    if (calendar_month(at) != month_) return Money();
    auto const found = spent_.find(provider);
    return found == spent_.end() ? Money() : found->second;
}

void MonthSpending::add(std::string_view provider, Money cost, SystemTime at) noexcept {
    // Without memory the next look into the ledger makes up for it.
    (void)guarded([&]() -> Result<void> {
        std::lock_guard const lock(mutex_);
        std::chrono::year_month const month = calendar_month(at);
        if (month < month_) return ok();  // no price depends on it any more
        if (month > month_) {
            spent_.clear();
            month_ = month;
        }
        auto found = spent_.find(provider);
        if (found == spent_.end()) found = spent_.emplace(std::string(provider), Money()).first;
        Result<Money> const sum = Money::add(found->second, cost);
        if (sum) found->second = *sum;
        return ok();
    });
}

void MonthSpending::put(std::string_view provider, Money cost, SystemTime at) {
    add(provider, Money(), at);
    std::lock_guard const lock(mutex_);
    if (calendar_month(at) != month_) return;
    auto const found = spent_.find(provider);
    if (found != spent_.end()) found->second = std::max(found->second, cost);
}

std::size_t MonthSpending::reached(Money spent) const noexcept {
    return static_cast<std::size_t>(std::upper_bound(steps_.begin(), steps_.end(), spent) - steps_.begin());
}

}  // namespace aikit::inline v0::cost
