// SPDX-License-Identifier: MIT
// cli/budgets.hpp - aikit budget.
#ifndef AIKIT_SRC_CLI_BUDGETS_HPP
#define AIKIT_SRC_CLI_BUDGETS_HPP

#include "cli/commands.hpp"

namespace aikit::cli {

struct BudgetSettings {
    std::string budget;
    std::string value;
    std::string cost;  ///< Dollars.
    std::int64_t tokens = 0;
};

int run_budget(CommonOptions const& common, BudgetSettings const& settings);
int run_budget_adjust(CommonOptions const& common, BudgetSettings const& settings);

}  // namespace aikit::cli

#endif  // AIKIT_SRC_CLI_BUDGETS_HPP
