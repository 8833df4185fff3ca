// SPDX-License-Identifier: MIT
// kit/config_routers.cpp - routers as JSON.
#include "kit/config_fields.hpp"

namespace aikit::inline v0 {
namespace {

void read_target(json::Fields& fields, RouterTarget& out) {
    fields.read("name", out.name);
    fields.read("model", out.model);
    fields.read("quality", out.quality);
    fields.read("weight", out.weight);
    if (std::optional<std::vector<std::string>> regions = read_texts(fields, "regions")) {
        out.regions = std::move(*regions);
    }
    fields.read("shadow", out.shadow);
    fields.read("prefill", out.prefill);
    if (out.model.empty()) fields.refuse("model", "must be \"provider/model\" or an alias");
}

json::value write_target(RouterTarget const& target) {
    json::object out;
    if (!target.name.empty()) out["name"] = target.name;
    out["model"] = target.model;
    out["quality"] = target.quality;
    out["weight"] = target.weight;
    if (!target.regions.empty()) {
        json::array regions;
        for (std::string const& region : target.regions) regions.emplace_back(region);
        out["regions"] = std::move(regions);
    }
    if (target.shadow > 0) out["shadow"] = target.shadow;
    if (target.prefill) out["prefill"] = *target.prefill;
    return out;
}

Result<void> read_hedge(json::Fields& parent, router::HedgeConfig& out) {
    json::object const* object = parent.take_object("hedge");
    if (!object) return ok();
    json::Fields fields(*object, parent.path() + ".hedge");
    fields.read("quantile", out.quantile);
    fields.read("least_calls", out.least_calls);
    fields.read("share", out.share);
    return fields.finish();
}

Result<void> read_health(json::Fields& parent, router::HealthConfig& out) {
    json::object const* object = parent.take_object("health");
    if (!object) return ok();
    json::Fields fields(*object, parent.path() + ".health");
    fields.read("failures", out.failures);
    fields.read("error_rate", out.error_rate);
    fields.read("least_calls", out.least_calls);
    read_seconds(fields, "window", out.window);
    read_seconds(fields, "probe_after", out.probe_after);
    read_seconds(fields, "longest_pause", out.longest_pause);
    read_seconds(fields, "refused_pause", out.refused_pause);
    read_seconds(fields, "limited_pause", out.limited_pause);
    if (Result<void> done = fields.finish(); !done) return done;
    return router::check(out, fields.path() + ".");
}

json::value write_health(router::HealthConfig const& health) {
    return json::object{{"failures", health.failures},
                        {"error_rate", health.error_rate},
                        {"least_calls", health.least_calls},
                        {"window", seconds(health.window)},
                        {"probe_after", seconds(health.probe_after)},
                        {"longest_pause", seconds(health.longest_pause)},
                        {"refused_pause", seconds(health.refused_pause)},
                        {"limited_pause", seconds(health.limited_pause)}};
}

Result<void> read_least_quality(json::Fields& parent, std::map<router::RequestGrade, double>& out) {
    json::object const* object = parent.take_object("least_quality");
    if (!object) return ok();
    std::string const path = parent.path() + ".least_quality";
    for (auto const& [key, value] : *object) {
        std::optional<router::RequestGrade> const grade = router::grade_from_name(key);
        if (!grade) {
            return fail(Errc::invalid_argument, path + "." + std::string(key) +
                                                    " is no grade; they are simple, complex_reasoning, code and "
                                                    "long_context");
        }
        if (!value.is_number()) return fail(Errc::invalid_argument, path + "." + std::string(key) + " must be 0 to 1");
        out[*grade] = value.to_number<double>();
    }
    return ok();
}

Result<void> read_router(json::Fields& fields, RouterSetup& out) {
    router::RouterConfig& rules = out.rules;
    rules.name.clear();
    fields.read("name", rules.name);
    std::optional<std::string> policy;
    fields.read("policy", policy);
    if (policy) {
        std::optional<router::RoutePolicy> const known = router::policy_from_name(*policy);
        if (!known) {
            fields.refuse("policy",
                          "must be ordered, cheapest, fastest, best_quality, balanced, weighted, least_busy, "
                          "sticky or local_only");
        }
        rules.policy = known.value_or(rules.policy);
    }
    fields.read("sensitive_local", rules.sensitive_local);
    fields.read("max_retries", rules.max_retries);
    fields.read("retry_budget", rules.retry_budget);
    fields.read("retry_floor", rules.retry_floor);
    read_seconds(fields, "first_delay", rules.first_delay);
    read_seconds(fields, "max_delay", rules.max_delay);
    fields.read("on_context_length", rules.on_context_length);
    fields.read("on_content_filter", rules.on_content_filter);
    fields.read("resume", rules.resume);
    if (rules.name.empty()) fields.refuse("name", "must be the name that requests call the router by");
    if (Result<void> done = read_each(fields, "deployments", out.deployments, read_target); !done) return done;
    if (Result<void> done = read_hedge(fields, rules.hedge); !done) return done;
    if (Result<void> done = read_health(fields, rules.health); !done) return done;
    return read_least_quality(fields, rules.least_quality);
}

json::value write_router(RouterSetup const& setup) {
    router::RouterConfig const& rules = setup.rules;
    json::object out;
    out["name"] = rules.name;
    out["policy"] = router::name(rules.policy);
    json::array deployments;
    for (RouterTarget const& target : setup.deployments) deployments.push_back(write_target(target));
    out["deployments"] = std::move(deployments);
    json::object least;
    for (auto const& [grade, quality] : rules.least_quality) least[router::name(grade)] = quality;
    if (!least.empty()) out["least_quality"] = std::move(least);
    out["sensitive_local"] = rules.sensitive_local;
    out["max_retries"] = rules.max_retries;
    out["retry_budget"] = rules.retry_budget;
    out["retry_floor"] = rules.retry_floor;
    out["first_delay"] = seconds(rules.first_delay);
    out["max_delay"] = seconds(rules.max_delay);
    out["on_context_length"] = rules.on_context_length;
    out["on_content_filter"] = rules.on_content_filter;
    out["resume"] = rules.resume;
    out["hedge"] = json::object{
        {"quantile", rules.hedge.quantile}, {"least_calls", rules.hedge.least_calls}, {"share", rules.hedge.share}};
    out["health"] = write_health(rules.health);
    return out;
}

}  // namespace

Result<void> read_routers(json::Fields& parent, std::vector<RouterSetup>& out) {
    json::array const* const list = parent.take_array("routers");
    for (std::size_t i = 0; list != nullptr && i < list->size(); ++i) {
        std::string const path = parent.path() + ".routers[" + std::to_string(i) + "]";
        if (!(*list)[i].is_object()) return fail(Errc::invalid_argument, path + " must be an object");
        json::Fields fields((*list)[i].get_object(), path);
        RouterSetup one;
        if (Result<void> read = read_router(fields, one); !read) return read;
        if (Result<void> done = fields.finish(); !done) return done.error();
        out.push_back(std::move(one));
    }
    return ok();
}

json::value write_routers(std::vector<RouterSetup> const& routers) {
    json::array out;
    for (RouterSetup const& one : routers) out.push_back(write_router(one));
    return out;
}

}  // namespace aikit::inline v0
