// SPDX-License-Identifier: MIT
// cli/budgets.cpp - aikit budget: what is spent and set aside of the configured budgets, and corrections of it.
#include "cli/budgets.hpp"

#include "cli/costs.hpp"
#include "kit/json_views.hpp"

namespace aikit::cli {
namespace {

Result<std::shared_ptr<policy::BudgetGuardian>> budgets_of(Session const& kit) {
    Result<std::shared_ptr<policy::BudgetGuardian>> budgets = kit.budgets();
    if (!budgets) return budgets.error();
    if (*budgets) return budgets;
    return fail(Errc::not_found, "the configuration has no \"budgets\"; see README.md for how they are written");
}

/// "$1.5 of $10", "1200 of 5000 tokens"
std::string share(policy::BudgetStatus const& one) {
    std::string text;
    if (one.cost_limit) text = "$" + one.cost.usd() + " of $" + one.cost_limit->usd();
    if (one.token_limit) {
        if (!text.empty()) text += ", ";
        text += std::to_string(one.tokens) + " of " + std::to_string(*one.token_limit) + " tokens";
    }
    return text;
}

void print(Console& console, policy::BudgetStatus const& one) {
    std::string text = headed(one.budget + (one.value.empty() ? "" : " " + one.value)) + share(one);
    if (one.held_cost > Money() || one.held_tokens > 0) {
        text += "; set aside: $" + one.held_cost.usd() + ", " + std::to_string(one.held_tokens) + " tokens";
    }
    if (one.lost_cost > Money() || one.lost_tokens > 0) {
        text += "; lost with processes that were killed: $" + one.lost_cost.usd() + ", " +
                std::to_string(one.lost_tokens) + " tokens";
    }
    if (one.resets_at != SystemTime::max()) text += "; begins anew " + to_rfc3339(one.resets_at);
    console.line(text);
}

/// Dollars, which may be less than none.
Result<std::int64_t> read_amount(std::string const& text) {
    if (text.empty()) return 0;
    Result<Money> const amount = Money::from_usd(text);
    if (amount) return amount->nanos();
    return fail(Errc::invalid_argument, "--cost must be dollars, such as 1.25 or -0.5");
}

}  // namespace

int run_budget(CommonOptions const& common, BudgetSettings const&) {
    Console console(common.json, common.quiet);
    Result<Session> kit = open_ledger(common);
    if (!kit) return console.fail(kit.error());
    Result<std::shared_ptr<policy::BudgetGuardian>> const budgets = budgets_of(*kit);
    if (!budgets) return console.fail(budgets.error());
    Result<std::vector<policy::BudgetStatus>> const all = run(*kit, (*budgets)->status());
    if (!all) return console.fail(all.error());
    if (console.json()) {
        console.line(json::serialize(json_form::view(*all)));
        return 0;
    }
    for (policy::BudgetStatus const& one : *all) print(console, one);
    if (all->empty()) console.line("nothing is spent or set aside in the windows of now");
    return 0;
}

int run_budget_adjust(CommonOptions const& common, BudgetSettings const& settings) {
    Console console(common.json, common.quiet);
    Result<std::int64_t> const nanos = read_amount(settings.cost);
    if (!nanos) return console.fail(nanos.error());
    if (*nanos == 0 && settings.tokens == 0) {
        return console.fail(fail(Errc::invalid_argument, "adjust takes --cost, --tokens, or both"));
    }
    Result<Session> kit = open_ledger(common);
    if (!kit) return console.fail(kit.error());
    Result<std::shared_ptr<policy::BudgetGuardian>> const budgets = budgets_of(*kit);
    if (!budgets) return console.fail(budgets.error());
    Result<void> const done = run(*kit, (*budgets)->adjust(settings.budget, settings.value, *nanos, settings.tokens));
    if (!done) return console.fail(done.error());
    return run_budget(common, settings);
}

}  // namespace aikit::cli
