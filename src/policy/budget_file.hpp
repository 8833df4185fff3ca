// SPDX-License-Identifier: MIT
// policy/budget_file.hpp - budgets in the file that all processes share.
#ifndef AIKIT_SRC_POLICY_BUDGET_FILE_HPP
#define AIKIT_SRC_POLICY_BUDGET_FILE_HPP

#include "policy/budget_table.hpp"
#include "storage/connection.hpp"

namespace aikit::inline v0::policy {

/// What one account has to tell the file, and asks of it.
struct BudgetAsk {
    BudgetAsk() = default;

    std::shared_ptr<BudgetAccount> account;
    Amounts spent;               ///< To be booked; the lease shrinks by it.
    Amounts lease;               ///< Before that.
    Amounts returned;            ///< Taken off the lease already, to be put back when the contact fails.
    Amounts over;                ///< Used beyond the lease: leased whether there is room or not.
    Amounts need;                ///< For calls that wait, beyond what the lease has for them.
    Amounts idle;                ///< What the lease has for them.
    std::vector<Amounts> calls;  ///< What each of them needs, in their order.
    Amounts ahead;               ///< Would be good to have besides.
    bool tight = false;
    bool recall_served = false;
    bool refused = false;

    // The answer.
    Amounts granted;  ///< With `over`.
    Amounts booked;
    Amounts others;
    bool others_tight = false;
    std::int64_t id = 0;
};

/// One transaction's worth.
struct BudgetContact {
    BudgetContact() = default;

    std::int64_t owner = 0;
    std::int64_t process = 0;  ///< Its number, for people.
    SystemTime now;
    std::chrono::milliseconds lease_time{0};
    bool leaves = false;  ///< Nothing is left with this process.
    std::vector<BudgetAsk> asks;
    std::vector<BudgetAlert> alerts;  ///< Answer: thresholds that were passed.
};

/// Books what was spent, takes leases, and counts as spent what owners had leased that are not heard of any more.
///
/// The sum of what is spent and leased stays within a hard limit, except by what calls came to beyond what was set
/// aside for them. Repeatable: all is read from the file and the contact's questions.
Result<void> contact_file(storage::Connection& db, BudgetContact& contact);

/// Accounts of which others need what this owner does not use.
Result<std::vector<std::int64_t>> recalled_accounts(storage::Connection& db, std::int64_t owner);

Result<std::vector<BudgetStatus>> read_status(storage::Connection& db, SystemTime now);

/// Adds to what an account has spent. Makes the account when there is none.
Result<void> adjust_account(storage::Connection& db, BudgetAccount const& account, Amounts const& more);

}  // namespace aikit::inline v0::policy

#endif  // AIKIT_SRC_POLICY_BUDGET_FILE_HPP
