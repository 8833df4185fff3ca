// SPDX-License-Identifier: MIT
// kit/spending.hpp - what is spent this month, for prices that depend on it.
#ifndef AIKIT_SRC_KIT_SPENDING_HPP
#define AIKIT_SRC_KIT_SPENDING_HPP

#include "kit/state.hpp"

namespace aikit::inline v0 {

/// Null where no discount begins at an amount.
std::shared_ptr<cost::MonthSpending> make_spending(KitConfig const& config);

/// Reads from the ledger what was spent, and again each minute until the kit is closed.
Task<void> follow_spending(std::shared_ptr<Kit::State> state);

}  // namespace aikit::inline v0

#endif  // AIKIT_SRC_KIT_SPENDING_HPP
