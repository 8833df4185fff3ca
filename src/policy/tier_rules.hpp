// SPDX-License-Identifier: MIT
// policy/tier_rules.hpp - what a configuration of tiers means.
#ifndef AIKIT_SRC_POLICY_TIER_RULES_HPP
#define AIKIT_SRC_POLICY_TIER_RULES_HPP

#include <aikit/policy/tiers.hpp>

#include <string_view>

namespace aikit::inline v0::policy {

/// One of aikit's own, or one with a colon.
bool is_feature(std::string_view name) noexcept;

/// Null: there is none.
SubscriptionTier const* tier_named(std::vector<SubscriptionTier> const& tiers, std::string_view name) noexcept;

/// With the tiers and the default that are meant where none are given.
TiersConfig completed(TiersConfig config);

/// The name of the budget that holds a tier's months.
std::string budget_of(SubscriptionTier const& tier);

}  // namespace aikit::inline v0::policy

#endif  // AIKIT_SRC_POLICY_TIER_RULES_HPP
