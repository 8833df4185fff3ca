// SPDX-License-Identifier: MIT
// examples/08_tools.cpp - functions that a model may call until it has its answer, within limits.
#include <aikit/aikit.hpp>

#include <iostream>

/// A function of ours. What it fails with is told to the model, which may do better.
aikit::Result<std::string> weather(std::string const& arguments) {
    if (arguments.find("Rome") == std::string::npos) {
        return aikit::fail(aikit::Errc::not_found, "Only the weather in Rome is known.");
    }
    return std::string("{\"celsius\": 25, \"sky\": \"clear\"}");
}

/// Asked before each call; a program with a terminal would ask its user.
aikit::Task<bool> allowed(aikit::ToolCall call) {
    std::cout << "allowed: " << call.name << "\n";
    co_return true;
}

int main() {
    aikit::Kit kit = aikit::Kit::open(aikit::KitConfig::from_env().value()).value();

    aikit::ToolSpec spec;
    spec.name = "weather";
    spec.description = "The weather in a city, as it is now.";
    spec.parameters = R"({"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]})";
    aikit::ToolRegistry tools;
    tools.add(aikit::make_tool(spec, weather)).value();

    aikit::policy::ToolRunConfig limits;
    limits.max_steps = 4;
    limits.max_time = std::chrono::seconds(60);
    limits.max_cost = aikit::Money::from_usd("0.05").value();
    limits.approve = allowed;

    aikit::ChatRequest request("gpt-4o-mini", "Is it warm in Rome?");
    aikit::Result<aikit::policy::ToolRun> const run =
        aikit::sync::wait(kit, run_tools(kit, tools, request, limits, aikit::CallOptions()));
    if (!run) {
        std::cerr << run.error().message << "\n";
        return 1;
    }
    std::cout << run->reply.text() << "\n";
    std::cout << "ended: " << name(run->end) << ", " << run->steps << " replies, " << run->calls << " call, $"
              << run->cost.value().usd() << "\n";
    std::cout << "messages for the next turn: " << run->messages.size() << "\n";
}
