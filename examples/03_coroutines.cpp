// SPDX-License-Identifier: MIT
// examples/03_coroutines.cpp - two questions at once on a loop of the host's, without a thread of ours for sockets.
#include <aikit/aikit.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <iostream>
#include <map>

namespace {

// Name it, then await it: g++ 12 frees temporaries of a co_await expression twice.
aikit::Task<std::string> ask(aikit::Kit kit, std::string question) {
    aikit::ChatRequest request("gpt-4o-mini", std::move(question));
    aikit::CallOptions options;
    aikit::Task<aikit::ChatReply> pending = kit.chat(std::move(request), std::move(options));
    aikit::Result<aikit::ChatReply> reply = co_await std::move(pending);
    if (!reply) co_return reply.error();
    co_return reply->text();
}

aikit::Task<void> run(aikit::Runtime runtime, aikit::KitConfig config) {
    aikit::Task<aikit::Kit> opening = aikit::Kit::open(runtime, std::move(config));
    aikit::Result<aikit::Kit> kit = co_await std::move(opening);
    if (!kit) co_return kit.error();

    auto answers = std::make_shared<std::map<std::string, std::string>>();
    for (char const* question : {"What is the capital of France?", "What is the capital of Italy?"}) {
        boost::asio::co_spawn(runtime.executor(), ask(*kit, question),
                              [answers, question](std::exception_ptr, aikit::Result<std::string> answer) {
                                  (*answers)[question] = answer ? *answer : answer.error().message;
                              });
    }
    while (answers->size() < 2) {
        aikit::Task<void> nap =
            aikit::sleep_until(runtime.clock(), runtime.clock()->now() + std::chrono::milliseconds(5));
        aikit::Result<void> slept = co_await std::move(nap);
        if (!slept) co_return slept.error();
    }
    for (auto const& [question, answer] : *answers) std::cout << answer << "\n";
    aikit::Task<void> flushing = kit->flush();
    co_return co_await std::move(flushing);
}

}  // namespace

int main() {
    boost::asio::io_context loop;
    aikit::Runtime runtime = aikit::Runtime::adopt(loop.get_executor(), aikit::RuntimeConfig()).value();
    int status = 1;
    boost::asio::co_spawn(loop, run(runtime, aikit::KitConfig::from_env().value()),
                          [&](std::exception_ptr, aikit::Result<void> result) {
                              status = result ? 0 : 1;
                              if (!result) std::cerr << result.error().message << "\n";
                              runtime.close();
                              loop.stop();
                          });
    loop.run();
    return status;
}
