// SPDX-License-Identifier: MIT
// examples/05_costs.cpp - what a call will cost, what it did cost, and who spent how much.
#include <aikit/aikit.hpp>

#include <iostream>

int main() {
    aikit::Kit kit = aikit::Kit::open(aikit::KitConfig::from_env().value()).value();

    aikit::ChatRequest request("gpt-4o-mini", "What is the capital of France?");
    request.max_tokens = 100;
    aikit::cost::CostEstimate estimate = kit.estimate_request_cost(request).value();
    std::cout << "at most $" << estimate.at_most.usd() << "\n";

    aikit::CallOptions options;
    options.caller.user = "ada";
    options.caller.project = "geography";
    aikit::ChatReply reply = aikit::sync::wait(kit, kit.chat(request, options)).value();
    std::cout << "it cost $" << reply.info.cost.value().usd() << (reply.info.cost_exact ? ", exactly" : ", about")
              << ", by the price " << reply.info.price_id << "\n";
    std::cout << "within the estimate: " << (reply.info.cost.value() <= estimate.at_most ? "yes" : "no") << "\n";

    aikit::cost::ReportQuery query;
    query.by = aikit::cost::ReportBy::user;
    for (aikit::cost::ReportLine const& line : aikit::sync::wait(kit, kit.cost_report(query)).value().lines) {
        std::cout << line.key << ": " << line.calls << " call, $" << line.cost.usd() << "\n";
    }
}
