// SPDX-License-Identifier: MIT
// kit/config_tiers.cpp - subscription tiers as JSON.
#include "kit/config_fields.hpp"

namespace aikit::inline v0 {
namespace {

void read_tier(json::Fields& fields, policy::SubscriptionTier& out) {
    fields.read("name", out.name);
    fields.read("monthly_tokens", out.monthly_tokens);
    read_dollars(fields, "monthly_cost_usd", out.monthly_cost);
    if (json::object const* counts = fields.take_object("counts")) {
        for (auto const& [kind, count] : *counts) {
            if (!count.is_int64()) {
                fields.refuse("counts", "must say how many of each kind");
                break;
            }
            out.counts[std::string(kind)] = count.get_int64();
        }
    }
    out.features = read_texts(fields, "features");
    out.models = read_texts(fields, "models").value_or(out.models);
}

json::array texts(std::vector<std::string> const& list) {
    json::array out;
    for (std::string const& text : list) out.push_back(json::value(text));
    return out;
}

json::value write_tier(policy::SubscriptionTier const& tier) {
    json::object out;
    out["name"] = tier.name;
    if (tier.monthly_tokens) out["monthly_tokens"] = *tier.monthly_tokens;
    if (tier.monthly_cost) out["monthly_cost_usd"] = tier.monthly_cost->usd();
    json::object counts;
    for (auto const& [kind, count] : tier.counts) counts[kind] = count;
    if (!counts.empty()) out["counts"] = std::move(counts);
    if (tier.features) out["features"] = texts(*tier.features);
    if (!tier.models.empty()) out["models"] = texts(tier.models);
    return out;
}

}  // namespace

Result<void> read_tiers(json::Fields& parent, std::optional<policy::TiersConfig>& out) {
    json::object const* object = parent.take_object("tiers");
    if (!object) return ok();
    json::Fields fields(*object, parent.path() + ".tiers");
    policy::TiersConfig read;
    if (Result<void> done = read_each(fields, "tiers", read.tiers, read_tier); !done) return done;
    std::optional<std::string> by;
    fields.read("by", by);
    fields.read("default", read.default_tier);
    fields.read("time_zone", read.time_zone);
    if (by) {
        std::optional<policy::LimitBy> const known = policy::limit_by_from_name(*by);
        if (!known) fields.refuse("by", "must be user, key, tenant or project");
        read.by = known.value_or(read.by);
    }
    if (json::object const* members = fields.take_object("members")) {
        for (auto const& [member, tier] : *members) {
            if (!tier.is_string()) {
                fields.refuse("members", "must name a tier for each member");
                break;
            }
            read.members[std::string(member)] = std::string(tier.get_string());
        }
    }
    if (Result<void> done = fields.finish(); !done) return done.error();
    if (Result<void> good = policy::check(read, fields.path() + "."); !good) return good.error();
    out = std::move(read);
    return ok();
}

json::value write_tiers(policy::TiersConfig const& config) {
    json::object out;
    json::array tiers;
    for (policy::SubscriptionTier const& tier : config.tiers) tiers.push_back(write_tier(tier));
    if (!tiers.empty()) out["tiers"] = std::move(tiers);
    out["by"] = policy::name(config.by);
    if (!config.default_tier.empty()) out["default"] = config.default_tier;
    out["time_zone"] = config.time_zone;
    json::object members;
    for (auto const& [member, tier] : config.members) members[member] = tier;
    if (!members.empty()) out["members"] = std::move(members);
    return out;
}

}  // namespace aikit::inline v0
