// SPDX-License-Identifier: MIT
// kit/route_actions.cpp - what is asked of routers in JSON.
#include "kit/cost_actions.hpp"

#include <array>

namespace aikit::inline v0::costs {
namespace {

using Router = std::shared_ptr<router::AIRouter>;

constexpr double millis = 1'000;  // microseconds

Task<std::string> at_once(std::string reply) {
    co_return reply;
}

json::value milliseconds_of(std::chrono::microseconds time) {
    return static_cast<double>(time.count()) / millis;
}

json::object view(router::DeploymentStatus const& status, SteadyTime now) {
    router::HealthSnapshot const& health = status.health;
    json::object out{{"deployment", status.deployment}, {"provider", status.provider},
                     {"model", status.model},           {"circuit", router::name(health.circuit)},
                     {"running", health.running},       {"calls", health.calls},
                     {"error_rate", health.error_rate}, {"failures_in_row", health.failures_in_row}};
    auto const put = [&](char const* key, std::optional<std::chrono::microseconds> const& time) {
        if (time) out[key] = milliseconds_of(*time);
    };
    put("latency_50_ms", health.latency_50);
    put("latency_95_ms", health.latency_95);
    put("first_token_50_ms", health.first_token_50);
    put("first_token_95_ms", health.first_token_95);
    if (!health.reason.empty()) {
        out["reason"] = health.reason;
        auto const wait = std::chrono::ceil<std::chrono::milliseconds>(health.usable_at - now);
        if (wait.count() > 0) out["usable_in_ms"] = wait.count();
    }
    return out;
}

Started explain_route(Kit& kit, json::Fields& fields) {
    std::string name;
    fields.read("router", name);
    Result<json_form::ChatCall> const call = read_call(fields);
    if (!call) return call.error();
    if (Result<void> const good = fields.finish(); !good) return good.error();
    // A request says which router it is for as one that is carried out does: "main/cheapest".
    ChatRequest request = call->request;
    std::size_t const slash = request.model.find('/');
    std::string const head = request.model.substr(0, slash);
    if (name.empty() && !head.empty() && kit.find_router(head)) name = head;
    if (!name.empty() && head == name) {
        request.model = slash == std::string::npos ? std::string() : request.model.substr(slash + 1);
    }
    Result<Router> const router = kit.find_router(name);
    if (!router) return router.error();
    Result<router::RouteDecision> const decision = (*router)->explain(request, call->options, call->stream);
    if (!decision) return decision.error();
    return at_once(decision->to_json());
}

Started routers(Kit& kit, json::Fields& fields) {
    if (Result<void> const good = fields.finish(); !good) return good.error();
    json::array all;
    SteadyTime const now = kit.runtime().clock()->now();
    for (std::string const& name : kit.provider_names()) {
        Result<Router> const router = kit.find_router(name);
        if (!router) continue;
        json::array deployments;
        for (router::DeploymentStatus const& status : (*router)->status()) deployments.push_back(view(status, now));
        all.push_back(json::object{{"router", name}, {"deployments", std::move(deployments)}});
    }
    return at_once(json::serialize(json::object{{"routers", std::move(all)}}));
}

constexpr std::array<Action, 2> actions{{{"explain_route", explain_route}, {"routers", routers}}};

}  // namespace

std::span<Action const> route_actions() noexcept {
    return actions;
}

}  // namespace aikit::inline v0::costs
