// SPDX-License-Identifier: MIT
// examples/10_limits.cpp - so many calls a minute for each user, and who asks for more is told when to come back.
#include <aikit/aikit.hpp>

#include <iostream>

int main() {
    aikit::policy::LimitRule per_user;
    per_user.name = "per user";
    per_user.by = aikit::policy::LimitBy::user;
    per_user.requests = 2;  // in any minute, wherever it begins
    per_user.tokens = 1000;

    aikit::KitConfig config = aikit::KitConfig::from_env().value();
    config.call_limits.emplace();
    config.call_limits->rules.push_back(per_user);
    config.call_limits->queue = false;  // with a queue the third call would wait for its minute
    aikit::Kit kit = aikit::Kit::open(config).value();

    for (char const* user : {"ada", "ada", "ada", "bob"}) {
        aikit::ChatRequest request("gpt-4o-mini", "What is the capital of France?");
        request.max_tokens = 100;
        aikit::CallOptions options;
        options.caller.user = user;
        auto reply = aikit::sync::wait(kit, kit.chat(request, options));
        if (reply) {
            std::cout << user << ": " << reply->text() << "\n";
        } else {
            auto const wait = std::chrono::round<std::chrono::minutes>(reply.error().retry_after.value());
            std::cout << user << ": " << name(reply.error().code) << ", come back in " << wait.count() << " minute\n";
        }
    }
    for (aikit::policy::LimitStatus const& used : kit.call_limits().value().used) {
        std::cout << used.rule << " " << used.value << ": " << used.requests << " calls\n";
    }
}
