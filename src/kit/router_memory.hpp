// SPDX-License-Identifier: MIT
// kit/router_memory.hpp - what routers learned of their deployments, kept in the store between processes.
#ifndef AIKIT_SRC_KIT_ROUTER_MEMORY_HPP
#define AIKIT_SRC_KIT_ROUTER_MEMORY_HPP

#include "kit/state.hpp"

namespace aikit::inline v0 {

/// Fills RouterConfig::learned of each router from the store.
Task<void> recall_routers(storage::Database database, std::vector<RouterSetup>& routers);

/// Keeps what is learned from now on, every ten seconds until the kit is closed.
Task<void> follow_routers(std::shared_ptr<Kit::State> state);

/// Keeps what routers that were used since the last time have learned. Of several processes the last word stands.
Task<void> keep_routers(Kit::State& state);

}  // namespace aikit::inline v0

#endif  // AIKIT_SRC_KIT_ROUTER_MEMORY_HPP
