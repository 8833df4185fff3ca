// SPDX-License-Identifier: MIT
// examples/09_switch_provider.cpp - one program, two providers: which one answers is said by the configuration alone.
#include <aikit/aikit.hpp>

#include <iostream>

/// Knows no provider: what it needs stands in the configuration and the environment.
int ask(std::string const& configuration) {
    aikit::KitConfig const config = aikit::KitConfig::from_env(configuration).value();
    aikit::Kit kit = aikit::Kit::open(config).value();

    aikit::ChatRequest request("", "What is the capital of France?");  // no model: the configured one
    request.max_tokens = 100;
    auto stream = aikit::sync::wait(kit, kit.stream_chat(request, aikit::CallOptions()));
    if (!stream) {
        std::cerr << stream.error().message << "\n";
        return 1;
    }
    auto events = aikit::sync::events(kit, std::move(*stream));
    for (auto& event : events) {
        if (!event) return 1;
        if (auto* text = std::get_if<aikit::TextDelta>(&*event)) std::cout << text->text;
    }
    aikit::CallInfo const info = events.stream().info();
    std::cout << "\n" << info.provider << "/" << info.model << ", $" << info.cost.value().usd() << "\n";
    return 0;
}

int main(int argc, char** argv) {
    if (argc > 1) return ask(argv[1]);
    return ask("examples/providers/openai.json") + ask("examples/providers/anthropic.json");
}
