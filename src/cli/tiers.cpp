// SPDX-License-Identifier: MIT
// cli/tiers.cpp - aikit tier: who has subscribed to what, and what each has used of it.
#include "cli/tiers.hpp"

#include "cli/costs.hpp"

namespace aikit::cli {
namespace {

std::string count_of(json::value const& count) {
    json::value const* const limit = json::find(count, "limit");
    std::string text = text_of(count, "kind") + " " + json::serialize(*json::find(count, "used"));
    return limit == nullptr ? text : text + " of " + json::serialize(*limit);
}

/// "ann   pro   1200 of 10000000 tokens, conversations 3 of 1000"
void print(Console& console, json::value const& member) {
    std::string text = headed(text_of(member, "member")) + padded(text_of(member, "tier"), 14);
    std::string used;
    json::value const* const use = json::find(member, "use");
    if (use != nullptr) {
        used = json::serialize(*json::find(*use, "tokens"));
        json::value const* const limit = json::find(*use, "token_limit");
        if (limit != nullptr) used += " of " + json::serialize(*limit);
        used += " tokens, $" + text_of(*use, "cost_usd");
        std::string const most = text_of(*use, "cost_limit_usd");
        if (!most.empty()) used += " of $" + most;
    }
    for (json::value const& count : json::find(member, "counts")->get_array()) {
        if (!used.empty()) used += ", ";
        used += count_of(count);
    }
    console.line(text + used);
}

void print_all(Console& console, json::value const& reply) {
    json::array const& members = json::find(reply, "members")->get_array();
    for (json::value const& member : members) print(console, member);
    if (members.empty()) console.line("nobody is assigned to a tier, and nobody has anything counted");
}

}  // namespace

int run_tier(CommonOptions const& common, TierSettings const& settings) {
    if (settings.member.empty()) return show_action(common, "tiers", json::object(), print_all);
    return show_action(common, "tier", json::object{{"member", settings.member}}, print);
}

int run_tier_assign(CommonOptions const& common, TierSettings const& settings) {
    json::object const request{{"member", settings.member}, {"tier", settings.tier}};
    return show_action(common, "assign_tier", request, print);
}

}  // namespace aikit::cli
