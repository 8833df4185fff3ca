// SPDX-License-Identifier: MIT
// policy/budget_window.hpp - when a budget's window begins and ends.
#ifndef AIKIT_SRC_POLICY_BUDGET_WINDOW_HPP
#define AIKIT_SRC_POLICY_BUDGET_WINDOW_HPP

#include "core/time_zone.hpp"

#include <aikit/policy/budget.hpp>

namespace aikit::inline v0::policy {

struct WindowSpan {
    SystemTime begins;
    SystemTime ends;  ///< The first moment that is no longer in it.

    bool holds(SystemTime at) const noexcept { return begins <= at && at < ends; }
};

/// The window that a moment is in. Windows of one kind and zone follow each other without gap and overlap.
WindowSpan window_at(BudgetWindow window, TimeZone const& zone, SystemTime at);

}  // namespace aikit::inline v0::policy

#endif  // AIKIT_SRC_POLICY_BUDGET_WINDOW_HPP
