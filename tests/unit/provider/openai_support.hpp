// SPDX-License-Identifier: MIT
// unit/provider/openai_support.hpp - an OpenAI provider over a scripted transport.
#ifndef AIKIT_TESTS_UNIT_PROVIDER_OPENAI_SUPPORT_HPP
#define AIKIT_TESTS_UNIT_PROVIDER_OPENAI_SUPPORT_HPP

#include "golden/recordings.hpp"

#include <aikit/model/json_form.hpp>
#include <aikit/provider/openai.hpp>
#include <aikit/testing/fake_transport.hpp>
#include <aikit/testing/manual_clock.hpp>
#include <aikit/testing/run.hpp>

#include <memory>
#include <string>
#include <vector>

namespace aikit_test {

inline constexpr char const* test_key = "sk-canary-0123456789abcdefghijklmnopqrstuv";

/// A provider whose server is a script, and whose time stands still.
struct FakeOpenAi {
    std::shared_ptr<aikit::testing::ManualClock> clock = std::make_shared<aikit::testing::ManualClock>();
    std::shared_ptr<aikit::testing::FakeTransport> transport = std::make_shared<aikit::testing::FakeTransport>(clock);
    aikit::Runtime runtime;
    std::shared_ptr<aikit::AIProvider> provider;

    explicit FakeOpenAi(aikit::provider::OpenAiConfig config = defaults()) {
        aikit::RuntimeConfig threads;
        threads.io = 0;
        threads.clock = clock;
        runtime = aikit::Runtime::create(threads).value();
        provider = aikit::provider::make_openai(std::move(config), runtime, transport).value();
    }

    static aikit::provider::OpenAiConfig defaults() {
        aikit::provider::OpenAiConfig config;
        config.api_key = aikit::Secret(test_key);
        return config;
    }

    aikit::Result<aikit::ChatReply> chat(aikit::ChatRequest request, aikit::CallOptions options = {}) {
        return aikit::testing::run(provider->chat(std::move(request), std::move(options)));
    }

    aikit::Result<aikit::ChatReply> stream(aikit::ChatRequest request,
                                           std::shared_ptr<aikit::ChatReply> partial = nullptr,
                                           aikit::CallOptions options = {}) {
        return aikit::testing::run(collect_stream(provider, std::move(request), std::move(options), partial));
    }

    static aikit::Task<aikit::ChatReply> collect_stream(std::shared_ptr<aikit::AIProvider> from,
                                                        aikit::ChatRequest request, aikit::CallOptions options,
                                                        std::shared_ptr<aikit::ChatReply> partial) {
        aikit::Result<aikit::ChatStream> stream = co_await from->stream_chat(std::move(request), std::move(options));
        if (!stream) co_return stream.error();
        co_return co_await aikit::collect(std::move(*stream), partial);
    }
};

inline aikit::testing::FakeReply reply_of(Recorded const& recorded) {
    aikit::testing::FakeReply reply(recorded.status, recorded.body);
    for (auto const& [name, value] : recorded.headers) reply.headers.add(name, value);
    return reply;
}

/// The recorded request, or some request where it is not known.
inline aikit::json_form::ChatCall call_of(Recorded const& recorded) {
    if (recorded.request.is_object()) return aikit::json_form::read_chat(recorded.request.dump()).value();
    aikit::json_form::ChatCall call;
    call.request = aikit::ChatRequest("some-model", "Hello");
    call.stream = recorded.is_stream();
    return call;
}

/// An event stream of these data lines, with its end marker.
inline std::string sse(std::vector<std::string> const& data) {
    std::string body;
    for (std::string const& line : data) body += "data: " + line + "\n\n";
    return body + "data: [DONE]\n\n";
}

/// A chunk of one choice.
inline std::string chunk(std::string const& delta, std::string const& finish = "null", int index = 0) {
    return R"({"id":"c1","object":"chat.completion.chunk","created":7,"model":"m","choices":[{"index":)" +
           std::to_string(index) + R"(,"delta":)" + delta + R"(,"finish_reason":)" + finish + "}]}";
}

}  // namespace aikit_test

#endif  // AIKIT_TESTS_UNIT_PROVIDER_OPENAI_SUPPORT_HPP
