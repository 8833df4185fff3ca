// SPDX-License-Identifier: MIT
// examples/12_budgets.cpp - so much money a day for each user; what might exceed it is refused before it is sent.
#include <aikit/aikit.hpp>

#include <iostream>

int main() {
    aikit::policy::BudgetRule per_user;
    per_user.name = "per user";
    per_user.by = aikit::policy::LimitBy::user;
    per_user.window = aikit::policy::BudgetWindow::day;
    per_user.cost = aikit::Money::from_usd("0.0001").value();

    aikit::KitConfig config = aikit::KitConfig::from_env().value();
    config.budgets.emplace();
    config.budgets->budgets.push_back(per_user);
    aikit::Kit kit = aikit::Kit::open(config).value();

    for (char const* user : {"ada", "ada", "ada", "bob"}) {
        aikit::ChatRequest request("gpt-4o-mini", "What is the capital of France?");
        request.max_tokens = 140;  // what the answer may cost is set aside while the call runs
        aikit::CallOptions options;
        options.caller.user = user;
        auto reply = aikit::sync::wait(kit, kit.chat(request, options));
        std::cout << user << ": " << (reply ? reply->text() : name(reply.error().code)) << "\n";
    }
    std::shared_ptr<aikit::policy::BudgetGuardian> const budgets = kit.budgets().value();
    for (aikit::policy::BudgetStatus const& one : aikit::sync::wait(kit, budgets->status()).value()) {
        std::cout << one.budget << " " << one.value << ": $" << one.cost.usd() << " of $" << one.cost_limit->usd()
                  << "\n";
    }
}
