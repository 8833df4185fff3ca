// SPDX-License-Identifier: MIT
// policy/tiers_config.cpp - the tiers to begin with, and what a configuration of tiers must hold.
#include "policy/tier_rules.hpp"

#include <algorithm>
#include <array>
#include <set>

namespace aikit::inline v0::policy {
namespace {

constexpr std::array<std::string_view, 11> known_features{
    "chat", "embed", "moderate", "tools", "images", "documents", "audio", "knowledge", "batch", "files", "fine_tune"};

Result<void> check_tier(SubscriptionTier const& tier, std::string const& lead) {
    auto const wrong = [&](std::string const& what) { return fail(Errc::invalid_argument, lead + what); };
    if (tier.name.empty()) return wrong("name is empty; members are assigned by it");
    if (tier.monthly_tokens && *tier.monthly_tokens < 0) return wrong("monthly_tokens must not be negative");
    if (tier.monthly_cost && *tier.monthly_cost < Money()) return wrong("monthly_cost must not be negative");
    for (auto const& [kind, count] : tier.counts) {
        if (kind.empty()) return wrong("counts has a kind without a name");
        if (count < 0) return wrong("counts." + kind + " must not be negative");
    }
    for (std::string const& feature : tier.features.value_or(std::vector<std::string>())) {
        if (is_feature(feature)) continue;
        return wrong("features has '" + feature + "', which is none; a feature of your own has a colon (shop:export)");
    }
    for (std::string const& model : tier.models) {
        std::size_t const star = model.find('*');
        bool const sane = !model.empty() && (star == std::string::npos || star == model.size() - 1);
        if (!sane || (model != "*" && model.find('/') == std::string::npos)) {
            return wrong("models has '" + model + "'; they are written provider/model, provider/* or *");
        }
    }
    return ok();
}

}  // namespace

bool is_feature(std::string_view name) noexcept {
    if (name.find(':') != std::string_view::npos) return name.size() > 1;
    return std::find(known_features.begin(), known_features.end(), name) != known_features.end();
}

SubscriptionTier const* tier_named(std::vector<SubscriptionTier> const& tiers, std::string_view name) noexcept {
    auto const found =
        std::find_if(tiers.begin(), tiers.end(), [&](SubscriptionTier const& tier) { return tier.name == name; });
    return found == tiers.end() ? nullptr : &*found;
}

TiersConfig completed(TiersConfig config) {
    if (config.tiers.empty()) {
        config.tiers = {SubscriptionTier::free(), SubscriptionTier::pro(), SubscriptionTier::enterprise()};
    }
    if (config.default_tier.empty()) config.default_tier = config.tiers.front().name;
    return config;
}

SubscriptionTier SubscriptionTier::free() {
    SubscriptionTier tier;
    tier.name = "free";
    tier.monthly_tokens = 100'000;
    tier.counts = {{"conversations", 20}, {"knowledge_bases", 1}};
    return tier;
}

SubscriptionTier SubscriptionTier::pro() {
    SubscriptionTier tier;
    tier.name = "pro";
    tier.monthly_tokens = 10'000'000;
    tier.counts = {{"conversations", 1'000}, {"knowledge_bases", 20}};
    return tier;
}

SubscriptionTier SubscriptionTier::enterprise() {
    SubscriptionTier tier;
    tier.name = "enterprise";
    return tier;
}

Result<void> check(TiersConfig const& given, std::string const& lead) {
    TiersConfig const config = completed(given);
    std::set<std::string_view> names;
    for (std::size_t i = 0; i < config.tiers.size(); ++i) {
        std::string const field = lead + "tiers[" + std::to_string(i) + "].";
        if (Result<void> const good = check_tier(config.tiers[i], field); !good) return good.error();
        if (!names.insert(config.tiers[i].name).second) {
            return fail(Errc::invalid_argument, field + "name stands for another tier already");
        }
    }
    bool const of_one = config.by == LimitBy::user || config.by == LimitBy::key || config.by == LimitBy::tenant ||
                        config.by == LimitBy::project;
    if (!of_one) return fail(Errc::invalid_argument, lead + "by must be user, key, tenant or project");
    if (tier_named(config.tiers, config.default_tier) == nullptr) {
        return fail(Errc::invalid_argument, lead + "default names no tier: '" + config.default_tier + "'");
    }
    for (auto const& [member, tier] : config.members) {
        if (tier_named(config.tiers, tier) != nullptr) continue;
        return fail(Errc::invalid_argument, lead + "members." + member + " names no tier: '" + tier + "'");
    }
    return ok();
}

std::string budget_of(SubscriptionTier const& tier) {
    return "tier:" + tier.name;
}

std::vector<BudgetRule> tier_budgets(TiersConfig const& given) {
    TiersConfig const config = completed(given);
    std::vector<BudgetRule> rules;
    for (SubscriptionTier const& tier : config.tiers) {
        if (!tier.monthly_tokens && !tier.monthly_cost) continue;
        BudgetRule rule;
        rule.name = budget_of(tier);
        rule.by = config.by;
        rule.tier = tier.name;
        rule.window = BudgetWindow::month;
        rule.time_zone = config.time_zone;
        rule.tokens = tier.monthly_tokens;
        rule.cost = tier.monthly_cost;
        rules.push_back(std::move(rule));
    }
    return rules;
}

}  // namespace aikit::inline v0::policy
