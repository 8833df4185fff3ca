// SPDX-License-Identifier: MIT
// kit/account_actions.cpp - what is asked of budgets and subscription tiers in JSON.
#include "core/async.hpp"
#include "kit/cost_actions.hpp"

#include <array>

namespace aikit::inline v0::costs {
namespace {

using Guardian = std::shared_ptr<policy::BudgetGuardian>;
using Tiers = std::shared_ptr<policy::SubscriptionTiers>;

Result<Tiers> tiers_of(Kit const& kit) {
    Result<Tiers> tiers = kit.tiers();
    if (!tiers || *tiers) return tiers;
    return fail(Errc::not_found, "the configuration has no \"tiers\"; see README.md for how they are written");
}

Result<Guardian> budgets_of(Kit const& kit) {
    Result<Guardian> budgets = kit.budgets();
    if (!budgets || *budgets) return budgets;
    return fail(Errc::not_found, "the configuration has no \"budgets\"; see README.md for how they are written");
}

Started budgets(Kit& kit, json::Fields& fields) {
    if (Result<void> const good = fields.finish(); !good) return good.error();
    Result<Guardian> const guardian = budgets_of(kit);
    if (!guardian) return guardian.error();
    return written((*guardian)->status());
}

Task<std::string> adjusted(Guardian guardian, std::string budget, std::string value, Money cost, std::int64_t tokens) {
    Task<void> adjusting = guardian->adjust(std::move(budget), std::move(value), cost.nanos(), tokens);
    Result<void> const done = co_await std::move(adjusting);
    if (!done) co_return done.error();
    Task<std::string> telling = written(guardian->status());
    co_return co_await std::move(telling);
}

Started adjust_budget(Kit& kit, json::Fields& fields) {
    std::string budget, value;
    std::optional<std::string> usd;
    std::int64_t tokens = 0;
    fields.read("budget", budget);
    fields.read("value", value);
    fields.read("usd", usd);
    fields.read("tokens", tokens);
    Result<Money> const cost = usd ? Money::from_usd(*usd) : Money();
    if (!cost) fields.refuse("usd", "must be dollars as a text, such as \"12.50\" or \"-0.5\"");
    if (budget.empty()) fields.refuse("budget", "must be a budget's name");
    if (cost && *cost == Money() && tokens == 0) fields.refuse("usd", "or 'tokens' is needed");
    if (Result<void> const good = fields.finish(); !good) return good.error();
    Result<Guardian> const guardian = budgets_of(kit);
    if (!guardian) return guardian.error();
    return adjusted(*guardian, std::move(budget), std::move(value), *cost, tokens);
}

Started budget_alerts(Kit& kit, json::Fields& fields) {
    std::optional<std::int64_t> after;
    fields.read("after_alert", after);
    if (Result<void> const good = fields.finish(); !good) return good.error();
    return written(kit.budget_alerts(after));
}

Started tiers(Kit& kit, json::Fields& fields) {
    if (Result<void> const good = fields.finish(); !good) return good.error();
    Result<Tiers> const all = tiers_of(kit);
    if (!all) return all.error();
    return written((*all)->members());
}

Task<std::string> one_member(Tiers all, std::string member) {
    Task<policy::TierStatus> asking = all->status(std::move(member));
    Task<std::string> telling = written(std::move(asking));
    co_return co_await std::move(telling);
}

Started tier(Kit& kit, json::Fields& fields) {
    std::string member;
    fields.read("member", member);
    if (Result<void> const good = fields.finish(); !good) return good.error();
    Result<Tiers> const all = tiers_of(kit);
    if (!all) return all.error();
    return one_member(*all, std::move(member));
}

Task<std::string> assigned(Tiers all, std::string member, std::string tier) {
    Task<void> assigning = all->assign(member, std::move(tier));
    Result<void> const done = co_await std::move(assigning);
    if (!done) co_return done.error();
    Task<std::string> telling = one_member(std::move(all), std::move(member));
    co_return co_await std::move(telling);
}

Started assign_tier(Kit& kit, json::Fields& fields) {
    std::string member, tier;
    fields.read("member", member);
    fields.read("tier", tier);
    if (Result<void> const good = fields.finish(); !good) return good.error();
    Result<Tiers> const all = tiers_of(kit);
    if (!all) return all.error();
    return assigned(*all, std::move(member), std::move(tier));
}

Task<std::string> changed(Task<bool> pending) {
    Result<bool> const done = co_await std::move(pending);
    if (!done) co_return done.error();
    co_return json::serialize(json::object{{"changed", *done}});
}

/// What claim and release take.
struct Item {
    Caller caller;
    std::string kind;
    std::string id;
};

Result<Item> read_item(json::Fields& fields) {
    Item item;
    read_caller(fields, item.caller);
    fields.read("kind", item.kind);
    fields.read("id", item.id);
    if (Result<void> const good = fields.finish(); !good) return good.error();
    return item;
}

Started claim(Kit& kit, json::Fields& fields) {
    Result<Item> item = read_item(fields);
    if (!item) return item.error();
    Result<Tiers> const all = tiers_of(kit);
    if (!all) return all.error();
    return changed((*all)->claim(std::move(item->caller), std::move(item->kind), std::move(item->id)));
}

Started release(Kit& kit, json::Fields& fields) {
    Result<Item> item = read_item(fields);
    if (!item) return item.error();
    Result<Tiers> const all = tiers_of(kit);
    if (!all) return all.error();
    return changed((*all)->release(std::move(item->caller), std::move(item->kind), std::move(item->id)));
}

Task<std::string> included(Tiers all, Caller caller, std::string feature) {
    Task<void> checking = all->check_feature(std::move(caller), std::move(feature));
    Result<void> const done = co_await std::move(checking);
    bool const lacks = !done && done.error().code == Errc::permission;
    if (!done && !lacks) co_return done.error();
    co_return json::serialize(json::object{{"included", done.has_value()}});
}

Started check_feature(Kit& kit, json::Fields& fields) {
    Caller caller;
    std::string feature;
    read_caller(fields, caller);
    fields.read("feature", feature);
    if (Result<void> const good = fields.finish(); !good) return good.error();
    Result<Tiers> const all = tiers_of(kit);
    if (!all) return all.error();
    return included(*all, std::move(caller), std::move(feature));
}

constexpr std::array<Action, 9> actions{{{"budgets", budgets},
                                         {"adjust_budget", adjust_budget},
                                         {"budget_alerts", budget_alerts},
                                         {"tiers", tiers},
                                         {"tier", tier},
                                         {"assign_tier", assign_tier},
                                         {"claim", claim},
                                         {"release", release},
                                         {"check_feature", check_feature}}};

}  // namespace

std::span<Action const> account_actions() noexcept {
    return actions;
}

}  // namespace aikit::inline v0::costs
