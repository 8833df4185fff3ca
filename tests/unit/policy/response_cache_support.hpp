// SPDX-License-Identifier: MIT
// tests/unit/policy/response_cache_support.hpp - a provider behind a cache, and what they are asked.
#ifndef AIKIT_TESTS_UNIT_POLICY_RESPONSE_CACHE_SUPPORT_HPP
#define AIKIT_TESTS_UNIT_POLICY_RESPONSE_CACHE_SUPPORT_HPP

#include "support.hpp"

#include <aikit/policy/response_cache.hpp>

namespace aikit::policy {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

/// A reply that is whole, and cost a dollar.
inline ChatReply good_reply(std::string text = "Paris.") {
    ChatReply reply = reply_of(std::move(text), told(10, 3));
    reply.id = "r-1";
    reply.choices.front().finish = FinishReason::stop;
    reply.choices.front().finish_text = "stop";
    reply.info.provider = "openai";
    reply.info.model = reply.model;
    reply.info.attempts.emplace_back();
    reply.info.usage = told(10, 3);
    reply.info.cost = Money::nanos(1'000'000'000);
    reply.info.cost_exact = true;
    reply.info.cache = "";
    return reply;
}

/// The same as a stream.
inline std::vector<ChatEvent> good_events() {
    ReplyStarted started;
    started.id = "r-1";
    started.model = "gpt-4o-2024-08-06";
    UsageUpdate usage;
    usage.usage = told(10, 3);
    ChoiceFinished ended;
    ended.reason = FinishReason::stop;
    ended.text = "stop";
    Finished finished;
    finished.usage = told(10, 3);
    finished.info = good_reply().info;
    return {started, TextDelta(0, "Pa"), TextDelta(0, "ri"), TextDelta(0, "s."), usage, ended, finished};
}

inline std::vector<Step> steps_of(std::vector<ChatEvent> const& events) {
    std::vector<Step> steps;
    for (ChatEvent const& event : events) {
        steps.emplace_back();
        steps.back().event = event;
    }
    return steps;
}

inline ChatRequest question(std::string text = "What is the capital of France?") {
    ChatRequest request("gpt-4o", std::move(text));
    return request;
}

/// A cache before a provider that answers well, on a clock that stands.
struct Bench {
    explicit Bench(ResponseCacheConfig config = ResponseCacheConfig()) {
        config.clock = clock;
        cache = AIResponseCache::create(std::move(config)).value();
        provider = make_response_cache(upstream, cache).value();
        upstream->on_chat = [] { return good_reply(); };
        upstream->on_stream = [] { return steps_of(good_events()); };
    }

    Result<ChatReply> chat(ChatRequest request = question(), CallOptions options = CallOptions()) {
        return drive(*clock, provider->chat(std::move(request), std::move(options)));
    }
    Result<ChatReply> stream(ChatRequest request = question(), CallOptions options = CallOptions()) {
        return drive(*clock, streamed(provider, std::move(request), std::move(options)));
    }
    static Task<ChatReply> streamed(std::shared_ptr<AIProvider> provider, ChatRequest request, CallOptions options) {
        Task<ChatStream> asking = provider->stream_chat(std::move(request), std::move(options));
        Result<ChatStream> stream = co_await std::move(asking);
        if (!stream) co_return stream.error();
        Task<ChatReply> collecting = collect(std::move(*stream));
        co_return co_await std::move(collecting);
    }

    std::size_t asked() const { return upstream->calls.size(); }

    std::shared_ptr<testing::ManualClock> clock = std::make_shared<testing::ManualClock>();
    std::shared_ptr<FakeProvider> upstream = std::make_shared<FakeProvider>(clock);
    std::shared_ptr<AIResponseCache> cache;
    std::shared_ptr<AIProvider> provider;
};

}  // namespace aikit::policy

#endif  // AIKIT_TESTS_UNIT_POLICY_RESPONSE_CACHE_SUPPORT_HPP
