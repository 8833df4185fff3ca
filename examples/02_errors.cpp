// SPDX-License-Identifier: MIT
// examples/02_errors.cpp - failure is a value: what went wrong, whether to try again, and what came before it.
#include <aikit/aikit.hpp>

#include <iostream>

namespace {

void explain(aikit::Error const& error) {
    std::cout << aikit::name(error.code) << (aikit::retryable(error) ? " (may work later): " : ": ") << error.message
              << "\n";
}

}  // namespace

int main() {
    aikit::Kit kit = aikit::Kit::open(aikit::KitConfig::from_env().value()).value();
    aikit::CallOptions options;
    options.max_retries = 0;

    // Errors of the caller's are found before anything is sent.
    aikit::ChatRequest empty;
    aikit::Result<aikit::ChatReply> refused = aikit::sync::wait(kit, kit.chat(empty, options));
    if (!refused) explain(refused.error());

    // Errors of the provider keep its status and its own code; its words are in remote_detail, apart from ours.
    aikit::ChatRequest unknown("gpt-4o-mini", "This model does not exist.");
    aikit::Result<aikit::ChatReply> missing = aikit::sync::wait(kit, kit.chat(unknown, options));
    if (!missing) {
        explain(missing.error());
        std::cout << "status " << missing.error().http_status << ", code " << missing.error().provider_code << "\n";
    }

    // A stream that was cut is never complete, and what came is not lost.
    aikit::ChatRequest request("gpt-4o-mini", "Cut this stream.");
    aikit::ChatStream stream = aikit::sync::wait(kit, kit.stream_chat(request, options)).value();
    auto events = aikit::sync::events(kit, std::move(stream));
    for (aikit::Result<aikit::ChatEvent>& event : events) {
        if (!event) explain(event.error());
    }
    aikit::ChatReply const& so_far = events.stream().reply();
    std::cout << "so far: '" << so_far.text() << "', complete: " << (so_far.complete ? "yes" : "no") << "\n";
}
