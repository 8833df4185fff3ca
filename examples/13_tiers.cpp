// SPDX-License-Identifier: MIT
// examples/13_tiers.cpp - what users have subscribed to: tokens in a month, and how many things each may have.
#include <aikit/aikit.hpp>

#include <iostream>

using aikit::policy::SubscriptionTier;

int main() {
    SubscriptionTier free = SubscriptionTier::free();
    free.monthly_tokens = 135;
    free.counts["conversations"] = 1;

    aikit::KitConfig config = aikit::KitConfig::from_env().value();
    config.tiers.emplace();
    config.tiers->tiers = {free, SubscriptionTier::pro()};  // whoever is assigned to none is in the first
    aikit::Kit kit = aikit::Kit::open(config).value();
    std::shared_ptr<aikit::policy::SubscriptionTiers> const tiers = kit.tiers().value();

    aikit::CallOptions options;
    options.caller.user = "ada";
    auto const ask = [&] {
        aikit::ChatRequest request("gpt-4o-mini", "What is the capital of France?");
        request.max_tokens = 20;
        auto const reply = aikit::sync::wait(kit, kit.chat(request, options));
        std::cout << "chat: " << (reply ? reply->text() : name(reply.error().code)) << "\n";
    };
    auto const converse = [&](std::string const& id) {
        auto const claimed = aikit::sync::wait(kit, tiers->claim(options.caller, "conversations", id));
        std::cout << "conversation " << id << ": " << (claimed ? "begun" : name(claimed.error().code)) << "\n";
    };
    for (int i = 0; i < 4; ++i) ask();
    for (char const* id : {"c1", "c2"}) converse(id);

    if (!aikit::sync::wait(kit, tiers->assign("ada", "pro"))) return 1;
    ask();
    converse("c2");
    aikit::policy::TierStatus const ada = aikit::sync::wait(kit, tiers->status("ada")).value();
    std::cout << "ada is in " << ada.tier << " and used " << ada.use->tokens << " of " << *ada.use->token_limit
              << " tokens\n";
    for (aikit::policy::TierCount const& count : ada.counts) {
        std::cout << count.kind << ": " << count.used << " of " << *count.limit << "\n";
    }
}
