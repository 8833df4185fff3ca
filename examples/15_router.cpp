// SPDX-License-Identifier: MIT
// examples/15_router.cpp - one name for several deployments: what happens when one is down, and why who is asked.
#include <aikit/aikit.hpp>

#include <iostream>

namespace {

void ask(aikit::Kit const& kit) {
    aikit::ChatRequest request("main", "What is the capital of France?");
    request.max_tokens = 20;
    auto const reply = aikit::sync::wait(kit, aikit::Kit(kit).chat(request, aikit::CallOptions()));
    std::cout << (reply ? reply->text() : name(reply.error().code)) << " (";
    char const* between = "";
    for (aikit::Attempt const& attempt : reply ? reply->info.attempts : std::vector<aikit::Attempt>()) {
        std::cout << between << attempt.provider << ": " << attempt.outcome;
        between = ", ";
    }
    std::cout << ")\n";
}

}  // namespace

int main() {
    aikit::KitConfig config = aikit::KitConfig::from_env().value();
    aikit::ProviderConfig down;  // nobody listens there
    down.name = "down";
    down.type = "openai";
    down.base_url = "http://127.0.0.1:9/v1";
    down.price_as = "openai";
    config.providers.push_back(down);

    aikit::RouterSetup main_router;
    main_router.rules.name = "main";
    main_router.rules.health.failures = 3;
    for (char const* model : {"down/gpt-4o-mini", "openai/gpt-4o-mini"}) {
        main_router.deployments.emplace_back().model = model;
    }
    config.routers.push_back(main_router);
    aikit::Kit kit = aikit::Kit::open(config).value();

    // The third failure opens the circuit: from then on nobody waits for what is down.
    for (int i = 0; i < 4; ++i) ask(kit);
    auto const router = kit.find_router("main").value();
    for (aikit::router::DeploymentStatus const& one : router->status()) {
        std::cout << one.deployment << ": " << name(one.health.circuit) << "\n";
    }

    aikit::ChatRequest question("", "Prove, step by step, that the square root of two is irrational.");
    auto const decision = router->explain(question, aikit::CallOptions(), false).value();
    std::cout << "a question that is " << name(decision.analysis.grade) << ":\n";
    for (aikit::router::RouteCandidate const& one : decision.candidates) {
        std::cout << "  " << one.deployment << ": " << (one.left_out.empty() ? "$" + one.cost->usd() : one.left_out)
                  << "\n";
    }
}
