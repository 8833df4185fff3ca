// SPDX-License-Identifier: MIT
// cli/cache.hpp - aikit cache.
#ifndef AIKIT_SRC_CLI_CACHE_HPP
#define AIKIT_SRC_CLI_CACHE_HPP

#include "cli/costs.hpp"

#include <optional>

namespace aikit::cli {

struct CacheSettings {
    std::optional<std::string> tenant;  ///< Missing: of everybody.
    std::string user;                   ///< Empty: all of the tenant's.
};

/// aikit cache: what is kept, and what this process made of it.
int run_cache(CommonOptions const& common);

/// aikit cache clear: removes it.
int run_cache_clear(CommonOptions const& common, CacheSettings const& settings);

}  // namespace aikit::cli

#endif  // AIKIT_SRC_CLI_CACHE_HPP
