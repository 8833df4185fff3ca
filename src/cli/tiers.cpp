// SPDX-License-Identifier: MIT
// cli/tiers.cpp - aikit tier: who has subscribed to what, and what each has used of it.
#include "cli/tiers.hpp"

#include "cli/costs.hpp"
#include "kit/cost_actions.hpp"

namespace aikit::cli {
namespace {

std::string text_of(json::value const& object, char const* member) {
    return std::string(json::text(object, member).value_or(""));
}

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

int show(CommonOptions const& common, char const* action, json::object const& request) {
    Console console(common.json, common.quiet);
    Result<Session> kit = open_ledger(common);
    if (!kit) return console.fail(kit.error());
    Result<std::string> const reply = run(*kit, costs::run(*kit, action, json::serialize(request)));
    if (!reply) return console.fail(reply.error());
    if (console.json()) {
        console.line(*reply);
        return 0;
    }
    Result<json::value> const read = json::parse(*reply, "reply", Errc::internal);
    if (!read) return console.fail(read.error());
    json::value const* const members = json::find(*read, "members");
    if (members == nullptr) {
        print(console, *read);
        return 0;
    }
    for (json::value const& member : members->get_array()) print(console, member);
    if (members->get_array().empty()) console.line("nobody is assigned to a tier, and nobody has anything counted");
    return 0;
}

}  // namespace

int run_tier(CommonOptions const& common, TierSettings const& settings) {
    if (settings.member.empty()) return show(common, "tiers", {});
    return show(common, "tier", {{"member", settings.member}});
}

int run_tier_assign(CommonOptions const& common, TierSettings const& settings) {
    return show(common, "assign_tier", {{"member", settings.member}, {"tier", settings.tier}});
}

}  // namespace aikit::cli
