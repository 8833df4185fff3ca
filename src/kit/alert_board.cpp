// SPDX-License-Identifier: MIT
// kit/alert_board.cpp - the latest alerts of budgets, for those who wait for the next.
#include "kit/alert_board.hpp"

#include "core/async.hpp"
#include "kit/state.hpp"

#include <algorithm>

namespace aikit::inline v0 {

void AlertBoard::post(policy::BudgetAlert const& alert) noexcept {
    (void)guarded([&]() -> Result<void> {
        std::lock_guard const lock(mutex_);
        kept_.push_back(alert);
        if (kept_.size() > most_kept) kept_.pop_front();
        ++last_;
        return ok();
    });
    wake();
}

void AlertBoard::close() noexcept {
    {
        std::lock_guard const lock(mutex_);
        closed_ = true;
    }
    wake();
}

void AlertBoard::wake() noexcept {
    (void)guarded([&]() -> Result<void> {
        std::lock_guard const lock(mutex_);
        for (std::weak_ptr<Waiter<bool>> const& weak : waiters_) {
            Result<bool> look = true;
            if (std::shared_ptr<Waiter<bool>> const waiter = weak.lock()) waiter->give(look);
        }
        waiters_.clear();
        return ok();
    });
}

std::optional<BudgetAlerts> AlertBoard::news(std::int64_t after) const {
    if (after >= last_) return std::nullopt;
    auto const kept = static_cast<std::int64_t>(kept_.size());
    std::int64_t const fresh = std::min(last_ - after, kept);
    BudgetAlerts out;
    out.alerts.assign(kept_.end() - fresh, kept_.end());
    out.last = last_;
    out.missed = last_ - after - fresh;
    return out;
}

Task<BudgetAlerts> AlertBoard::wait(std::shared_ptr<AlertBoard> self, std::shared_ptr<Clock> clock,
                                    std::optional<std::int64_t> after) {
    for (;;) {
        auto waiter = std::make_shared<Waiter<bool>>();
        {
            std::lock_guard const lock(self->mutex_);
            if (!after || *after > self->last_) after = self->last_;
            if (std::optional<BudgetAlerts> news = self->news(*after)) co_return std::move(*news);
            if (self->closed_) co_return fail(Errc::invalid_state, "the kit is closed; no more alerts come");
            std::erase_if(self->waiters_, [](std::weak_ptr<Waiter<bool>> const& one) { return one.expired(); });
            self->waiters_.push_back(waiter);
        }
        Task<bool> pending = Waiter<bool>::wait(std::move(waiter), clock, SteadyTime::max());
        Result<bool> const woken = co_await std::move(pending);
        if (!woken && woken.error().code == Errc::cancelled) {
            co_return fail(Errc::cancelled, "waiting for alerts of budgets was cancelled");
        }
    }
}

Task<BudgetAlerts> Kit::budget_alerts(std::optional<std::int64_t> after) {
    auto const task = [](std::shared_ptr<State> state, std::optional<std::int64_t> number) -> Task<BudgetAlerts> {
        if (!state) co_return closed_kit();
        if (Result<void> usable = state->usable(); !usable) co_return usable.error();
        if (!state->budgets) {
            co_return fail(Errc::not_found, "the kit has no budgets, and so no alerts; configure \"budgets\"");
        }
        // Not the state: who waits must not keep a kit open.
        Task<BudgetAlerts> waiting = AlertBoard::wait(state->alerts, state->runtime.clock(), number);
        state.reset();
        co_return co_await std::move(waiting);
    };
    return guard(task(state_, after));
}

}  // namespace aikit::inline v0
