// SPDX-License-Identifier: MIT
// cli/tiers.hpp - aikit tier.
#ifndef AIKIT_SRC_CLI_TIERS_HPP
#define AIKIT_SRC_CLI_TIERS_HPP

#include "cli/commands.hpp"

namespace aikit::cli {

struct TierSettings {
    std::string member;
    std::string tier;
};

/// aikit tier: all members; with one named, that.
int run_tier(CommonOptions const& common, TierSettings const& settings);
int run_tier_assign(CommonOptions const& common, TierSettings const& settings);

}  // namespace aikit::cli

#endif  // AIKIT_SRC_CLI_TIERS_HPP
