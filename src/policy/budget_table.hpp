// SPDX-License-Identifier: MIT
// policy/budget_table.hpp - who has set aside how much, as a machine without clock, lock and file.
#ifndef AIKIT_SRC_POLICY_BUDGET_TABLE_HPP
#define AIKIT_SRC_POLICY_BUDGET_TABLE_HPP

#include "policy/budget_window.hpp"

#include <algorithm>
#include <limits>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace aikit::inline v0::policy {

/// Nano-dollars and tokens.
struct Amounts {
    std::int64_t cost = 0;
    std::int64_t tokens = 0;

    friend bool operator==(Amounts const&, Amounts const&) = default;
    bool any() const noexcept { return cost != 0 || tokens != 0; }

    Amounts& operator+=(Amounts const& more) noexcept;
    Amounts& operator-=(Amounts const& less) noexcept;
    friend Amounts operator+(Amounts a, Amounts const& b) noexcept { return a += b; }
    friend Amounts operator-(Amounts a, Amounts const& b) noexcept { return a -= b; }

    /// Of each the greater, or the lesser.
    static Amounts most(Amounts const& a, Amounts const& b) noexcept {
        return {std::max(a.cost, b.cost), std::max(a.tokens, b.tokens)};
    }
    static Amounts least(Amounts const& a, Amounts const& b) noexcept {
        return {std::min(a.cost, b.cost), std::min(a.tokens, b.tokens)};
    }
};

/// Where there is no limit.
inline constexpr std::int64_t unlimited = std::numeric_limits<std::int64_t>::max();

/// One value's allowance in one window: what this process has of it, and what the file said last.
struct BudgetAccount {
    BudgetRule const* rule = nullptr;
    std::string value;
    WindowSpan window;
    Amounts limit{unlimited, unlimited};

    // In memory, in front of the file. held + spent <= leased, where there is a limit.
    Amounts leased;  ///< What the file has for this process.
    Amounts held;    ///< Of it, for calls that run.
    Amounts spent;   ///< Of it, settled and not yet booked in the file.
    Amounts wanted;  ///< By calls that wait.
    Amounts flow;    ///< What was set aside since the last contact with the file.
    SteadyTime contacted;
    SteadyTime used;

    // As the file said last.
    Amounts booked;  ///< Spent, by all processes.
    Amounts others;  ///< Leased by other processes.
    std::int64_t id = 0;
    bool others_tight = false;  ///< They had given back all they did not need.

    bool recalled = false;  ///< Others need what is not used here.
    bool refused = false;   ///< A call was refused, which the file is to know.
    bool asked = false;     ///< The file is being asked: what it was given back may come back.
    bool refusal_told = false;
    SteadyTime scarce_until{};  ///< Until then nothing is kept for later.
    SteadyTime full_until{};
    Amounts full_for;  ///< Until then nothing of this size or more will fit.

    /// What is leased and not in use; none below 0.
    Amounts idle() const noexcept { return Amounts::most(leased - held - spent, {}); }
    bool active() const noexcept {
        return leased.any() || held.any() || spent.any() || wanted.any() || refused || asked;
    }

    /// `need` of each where it is limited, else 0.
    Amounts limited(Amounts const& need) const noexcept {
        return {limit.cost == unlimited ? 0 : need.cost, limit.tokens == unlimited ? 0 : need.tokens};
    }
};

using BudgetPlaces = std::vector<std::shared_ptr<BudgetAccount>>;

/// Thread-safety: distinct objects: safe. Shared objects: unsafe.
class BudgetTable {
public:
    /// `zones` are those of the budgets, in their order.
    BudgetTable(std::vector<BudgetRule> const& rules, std::vector<TimeZone> zones);

    /// The accounts that a call is under, in the windows of `now`.
    BudgetPlaces places_of(BudgetedCall const& call, SystemTime now);

    /// True when a call of this size cannot fit, however much is given back; `*which` is where.
    static bool never_fits(BudgetPlaces const& places, Amounts const& need, BudgetAccount const** which);

    /// Sets `need` aside in all places, or in none.
    bool take(BudgetPlaces const& places, Amounts const& need, SteadyTime now);

    /// A call has ended that had set `held` aside and came to `spent`. Allocates nothing.
    void end(BudgetPlaces const& places, Amounts const& held, Amounts const& spent, SteadyTime now);

    /// A call begins to wait for `need`, or no longer does (with the amounts negative).
    void want(BudgetPlaces const& places, Amounts const& need);

    /// Accounts in which something is leased, spent or wanted.
    std::unordered_set<std::shared_ptr<BudgetAccount>> const& active() const noexcept { return active_; }

    /// Forgets the accounts that are of no more use.
    void tidy(SystemTime now);

private:
    struct Rule {
        BudgetRule const* rule = nullptr;
        TimeZone zone;
        WindowSpan window{SystemTime::max(), SystemTime::min()};
        std::string lead;  // of the keys of its accounts in this window
    };

    void add(BudgetPlaces& places, Rule& rule, std::string const& value, SystemTime now);

    std::vector<Rule> rules_;
    std::unordered_map<std::string, std::shared_ptr<BudgetAccount>> accounts_;
    std::unordered_set<std::shared_ptr<BudgetAccount>> active_;
    std::string key_;  // its memory serves the next look-up
    std::size_t tidy_at_ = 1'024;
};

}  // namespace aikit::inline v0::policy

#endif  // AIKIT_SRC_POLICY_BUDGET_TABLE_HPP
