// SPDX-License-Identifier: MIT
// examples/17_cut_streams.cpp - a provider fails in the middle of its answer, and another goes on with it.
#include <aikit/aikit.hpp>

#include <iostream>

// The first provider is scripted to break off after four words; the second answers in full.
constexpr char configuration[] = R"({
    "providers": [
        {"name": "first", "type": "scripted", "price_as": "openai", "script": {"replies": [
            {"pieces": ["The ", "capital ", "of ", "France ", "is ", "Paris."], "fail_after": 5}]}},
        {"name": "second", "type": "scripted", "price_as": "openai", "script": {"replies": [
            {"pieces": ["The ", "capital ", "of ", "France ", "is ", "Paris."], "usage": {"input": 14, "output": 6}}]}}],
    "routers": [{"name": "main", "resume": true,
                 "deployments": [{"model": "first/gpt-4o-mini"}, {"model": "second/gpt-4o-mini"}]}]})";

int main() {
    aikit::Kit kit = aikit::Kit::open(aikit::KitConfig::from_json(configuration).value()).value();
    aikit::ChatRequest const request("main", "What is the capital of France?");
    auto stream = aikit::sync::wait(kit, kit.stream_chat(request, aikit::CallOptions())).value();
    auto events = aikit::sync::events(kit, std::move(stream));
    for (aikit::Result<aikit::ChatEvent>& event : events) {
        if (!event) std::cout << "\n" << event.error().message;
        if (auto const* const text = event ? std::get_if<aikit::TextDelta>(&*event) : nullptr) std::cout << text->text;
    }
    aikit::CallInfo const info = events.stream().info();
    std::cout << "\n";
    for (aikit::Attempt const& attempt : info.attempts)
        std::cout << attempt.provider << ": " << attempt.outcome << "\n";
    for (std::string const& warning : info.warnings) std::cout << warning << "\n";
}
