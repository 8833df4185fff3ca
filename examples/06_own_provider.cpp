// SPDX-License-Identifier: MIT
// examples/06_own_provider.cpp - a provider of one's own: whatever implements AIProvider is metered, retried and asked.
#include <aikit/aikit.hpp>

#include <iostream>

namespace {

class Echo final : public aikit::AIProvider {
public:
    std::string const& name() const noexcept override { return name_; }

    aikit::Task<aikit::ChatReply> chat(aikit::ChatRequest request, aikit::CallOptions) override {
        if (request.messages.empty()) co_return aikit::fail(aikit::Errc::invalid_argument, "echo: nothing to repeat");
        aikit::ChatReply reply;
        reply.model = request.model;
        reply.complete = true;
        aikit::Choice choice;
        choice.message = aikit::Message(aikit::Role::assistant, request.messages.back().text());
        choice.finish = aikit::FinishReason::stop;
        reply.choices.push_back(std::move(choice));
        co_return reply;
    }

private:
    std::string name_ = "echo";
};

}  // namespace

int main() {
    aikit::KitConfig config;
    config.own_providers["echo"] = std::make_shared<Echo>();
    config.unknown_price = aikit::policy::UnknownPrice::allow;  // the catalog does not know it
    aikit::Kit kit = aikit::Kit::open(config).value();

    aikit::ChatRequest const request("echo/parrot-1", "Hello, world!");
    aikit::ChatReply const reply = aikit::sync::wait(kit, kit.chat(request, aikit::CallOptions())).value();
    std::cout << reply.text() << "\n";
    std::cout << "priced: " << (reply.info.cost ? "yes" : "no") << ", attempts: " << reply.info.attempts.size() << "\n";

    // What it cannot do is unsupported, without a line of code.
    auto const embedded = aikit::sync::wait(kit, kit.provider("echo")->embed(aikit::EmbedRequest()));
    std::cout << aikit::name(embedded.error().code) << "\n";
}
