// SPDX-License-Identifier: MIT
// cli/routes.hpp - aikit route.
#ifndef AIKIT_SRC_CLI_ROUTES_HPP
#define AIKIT_SRC_CLI_ROUTES_HPP

#include "cli/costs.hpp"

namespace aikit::cli {

struct RouteSettings {
    CostSettings asked;  ///< Its request, prompt and max_tokens.
    std::string router;
};

/// aikit route: all routers, and how their deployments are.
int run_route(CommonOptions const& common, RouteSettings const& settings);

/// aikit route explain: what would be done with a request.
int run_route_explain(CommonOptions const& common, RouteSettings const& settings);

}  // namespace aikit::cli

#endif  // AIKIT_SRC_CLI_ROUTES_HPP
