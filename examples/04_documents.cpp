// SPDX-License-Identifier: MIT
// examples/04_documents.cpp - take documents in, find passages, and get an answer that cites them. No key needed.
#include <aikit/aikit.hpp>

#include <iostream>

int main(int argc, char** argv) {
    std::string const folder = argc > 1 ? argv[1] : "examples/documents";
    aikit::Kit kit = aikit::Kit::open(aikit::KitConfig()).value();  // a store in memory, the built-in provider
    aikit::CallOptions const options;

    auto const progress = [](aikit::knowledge::IngestProgress const& now) {
        std::cout << now.done << "/" << now.total << (now.failed ? " failed\n" : "\n");
    };
    auto report = aikit::sync::wait(kit, kit.ingest("planes", {folder}, progress, options)).value();
    std::cout << report.added << " documents, " << report.chunks << " chunks\n";

    aikit::knowledge::SearchRequest search;
    search.query = "why are flaps lowered";
    search.top = 1;
    for (auto const& chunk : aikit::sync::wait(kit, kit.search("planes", search, options)).value()) {
        std::cout << "found in: " << chunk.title << ", bytes " << chunk.begin << " to " << chunk.end << "\n";
    }

    aikit::rag::Question const question("When did the first turbofan fly?");
    auto stream = aikit::sync::wait(kit, kit.ask("planes", question, "", options)).value();
    for (auto& event : aikit::sync::events(kit, std::move(stream))) {
        if (auto* text = std::get_if<aikit::rag::AnswerText>(&event.value())) std::cout << text->text;
        if (auto* done = std::get_if<aikit::rag::AnswerDone>(&event.value())) {
            std::cout << "\nsupported: " << (done->answer.supported ? "yes" : "no")
                      << ", citations: " << done->answer.citations.size() << ", cost: $"
                      << done->answer.info.cost.value().usd() << "\n";
        }
    }
}
