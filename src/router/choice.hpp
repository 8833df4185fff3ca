// SPDX-License-Identifier: MIT
// router/choice.hpp - which deployments can take a request, and which of them is asked first.
#ifndef AIKIT_SRC_ROUTER_CHOICE_HPP
#define AIKIT_SRC_ROUTER_CHOICE_HPP

#include "policy/price_memo.hpp"
#include "router/warm_prompts.hpp"

#include <aikit/router/router.hpp>

#include <memory>
#include <string>
#include <vector>

namespace aikit::inline v0::router {

/// A deployment with what the router knows of it.
struct Target {
    Target(Deployment config_, std::shared_ptr<cost::PriceCatalog const> catalog, HealthConfig const& health_);

    Deployment config;
    std::string name;
    std::string price_model;
    policy::PriceMemo prices;
    DeploymentHealth health;
};
using Targets = std::vector<std::unique_ptr<Target>>;

/// A request as it is to be routed.
struct RouteQuery {
    RouteQuery() = default;

    ChatRequest const* chat = nullptr;  ///< Null: an embedding or a moderation, which any deployment is taken to do.
    std::int64_t input_tokens = 0;      ///< Of those.
    CallOptions const* options = nullptr;
    RoutePolicy policy = RoutePolicy::ordered;
    std::string_view named;  ///< Only deployments of this name, or of this model. Empty: all.
    bool stream = false;
    SteadyTime now;
    SystemTime at;
    std::uint64_t random = 0;
};

/// Where a request is to go: `order` has the targets' places, those to be asked first at the front.
struct Choice {
    Choice() = default;

    RouteDecision decision;
    std::vector<std::size_t> order;
    std::vector<std::size_t> shadows;  ///< Those that get copies, and could take this request.
    std::uint64_t beginning = 0;       ///< Of the conversation; for WarmPrompts.
};

/// Its own name, or "provider/model".
std::string name_of(Deployment const& deployment);

/// The beginning of a conversation: what all its requests share. 0: it has none.
std::uint64_t beginning_of(ChatRequest const& request, Caller const& caller);

/// Pure but for what targets and prompts tell of the past.
Choice choose(RouterConfig const& config, Targets const& targets, WarmPrompts const& prompts, RouteQuery const& query);

}  // namespace aikit::inline v0::router

#endif  // AIKIT_SRC_ROUTER_CHOICE_HPP
