// SPDX-License-Identifier: MIT
// examples/01_hello.cpp - ask a model, print the answer as it comes, and what it cost.
#include <aikit/aikit.hpp>

#include <iostream>

int main() {
    aikit::Kit kit = aikit::Kit::open(aikit::KitConfig::from_env().value()).value();
    aikit::ChatRequest request("", "What is the capital of France?");  // "": the configured model
    aikit::ChatStream stream = aikit::sync::wait(kit, kit.stream_chat(request, aikit::CallOptions())).value();
    auto events = aikit::sync::events(kit, std::move(stream));
    for (aikit::Result<aikit::ChatEvent>& event : events) {
        if (auto* text = std::get_if<aikit::TextDelta>(&event.value())) std::cout << text->text << std::flush;
    }
    aikit::CallInfo info = events.stream().info();
    std::cout << "\n" << info.provider << ", " << info.usage.total() << " tokens, $" << info.cost.value().usd() << "\n";
}
