// SPDX-License-Identifier: MIT
// router/learned.cpp - what a router knows of its deployments, for the one that comes after it.
#include "core/json.hpp"
#include "router/route.hpp"

#include <algorithm>

namespace aikit::inline v0::router {

using std::chrono::milliseconds;

std::string learned_of(RouterCore const& core) {
    json::array deployments;
    for (std::unique_ptr<Target> const& target : core.targets) {
        Result<json::value> saved = json::parse(target->health.save(core.now()), "a deployment's health");
        if (!saved || saved->get_object().empty()) continue;
        saved->get_object()["deployment"] = target->name;
        deployments.push_back(std::move(*saved));
    }
    auto const now = core.runtime.clock()->system_now().time_since_epoch();
    return json::serialize(json::object{{"form", 1},
                                        {"saved_ms", std::chrono::duration_cast<milliseconds>(now).count()},
                                        {"deployments", std::move(deployments)}});
}

Result<void> put_back(RouterCore& core, std::string_view learned) {
    if (learned.empty()) return ok();
    Result<json::value> const parsed = json::parse(learned, "RouterConfig::learned");
    if (!parsed) return parsed.error();
    std::optional<std::int64_t> const saved = json::integer(*parsed, "saved_ms");
    json::array const* const deployments = json::member_array(*parsed, "deployments");
    if (json::integer(*parsed, "form") != 1 || !saved || deployments == nullptr) {
        return fail(Errc::protocol, "RouterConfig::learned is not what AIRouter::learned() gives; leave it empty");
    }
    auto const now = std::chrono::duration_cast<milliseconds>(core.runtime.clock()->system_now().time_since_epoch());
    // A clock that was set back makes nothing younger than it is.
    milliseconds const age = std::max(now - milliseconds(*saved), milliseconds(0));
    for (json::value const& one : *deployments) {
        std::optional<std::string_view> const name = json::text(one, "deployment");
        if (!name) return fail(Errc::protocol, "RouterConfig::learned: a deployment has no name; leave it empty");
        for (std::unique_ptr<Target> const& target : core.targets) {
            if (target->name != *name) continue;
            Result<void> const put = target->health.restore(json::serialize(one), core.now(), age);
            if (!put) return put;
        }
    }
    return ok();
}

}  // namespace aikit::inline v0::router
