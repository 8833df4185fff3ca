// SPDX-License-Identifier: MIT
// tests/bench/bench_peer.cpp - aikit from C++ as side_by_side.py measures its peers: calls one after the other, then
// streams, against a server that is there already.
//
//     bench_peer BASE_URL CALLS STREAMS
#include "bench.hpp"

#include <aikit/aikit.hpp>

#include <chrono>
#include <cstdio>
#include <cstdlib>

namespace {

using Steady = std::chrono::steady_clock;

aikit::ChatRequest request() {
    return aikit::ChatRequest("gpt-4o-mini", "What did the quick brown fox do after it had jumped?");
}

aikit::Task<void> chats(aikit::Kit kit, int calls) {
    for (int i = 0; i < calls; ++i) {
        aikit::CallOptions options;
        aikit::Task<aikit::ChatReply> pending = kit.chat(request(), std::move(options));
        aikit::Result<aikit::ChatReply> const reply = co_await std::move(pending);
        if (!reply) co_return reply.error();
        if (!reply->complete) co_return aikit::fail(aikit::Errc::incomplete, "a reply is not whole");
    }
    co_return aikit::ok();
}

aikit::Task<void> streams(aikit::Kit kit, int count, std::vector<double>* first_tokens) {
    for (int i = 0; i < count; ++i) {
        Steady::time_point const began = Steady::now();
        aikit::CallOptions options;
        aikit::Task<aikit::ChatStream> opening = kit.stream_chat(request(), std::move(options));
        aikit::Result<aikit::ChatStream> stream = co_await std::move(opening);
        if (!stream) co_return stream.error();
        bool begun = false;
        for (;;) {
            aikit::Task<std::optional<aikit::ChatEvent>> pending = stream->next();
            aikit::Result<std::optional<aikit::ChatEvent>> const event = co_await std::move(pending);
            if (!event) co_return event.error();
            if (!*event) break;
            if (begun || !std::holds_alternative<aikit::TextDelta>(**event)) continue;
            begun = true;
            first_tokens->push_back(std::chrono::duration<double, std::micro>(Steady::now() - began).count());
        }
        if (!begun) co_return aikit::fail(aikit::Errc::incomplete, "a stream had no text");
    }
    co_return aikit::ok();
}

template <class T>
T must(aikit::Result<T> result) {
    if (result) {
        if constexpr (!std::is_void_v<T>) return std::move(*result);
        if constexpr (std::is_void_v<T>) return;
    }
    std::fprintf(stderr, "bench_peer: %s\n", result.error().message.c_str());
    std::exit(2);
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 4) {
        std::fprintf(stderr, "usage: bench_peer BASE_URL CALLS STREAMS\n");
        return 2;
    }
    int const calls = std::atoi(argv[2]);
    int const count = std::atoi(argv[3]);
    aikit::KitConfig config;
    aikit::ProviderConfig& provider = config.providers.emplace_back();
    provider.name = "openai";
    provider.base_url = argv[1];
    aikit::Kit kit = must(aikit::Kit::open(std::move(config)));
    std::vector<double> first_tokens;
    must(aikit::sync::wait(kit, chats(kit, calls / 10 + 1)));
    must(aikit::sync::wait(kit, streams(kit, 2, &first_tokens)));
    first_tokens.clear();
    double const start = bench::cpu_seconds();
    must(aikit::sync::wait(kit, chats(kit, calls)));
    double const between = bench::cpu_seconds();
    must(aikit::sync::wait(kit, streams(kit, count, &first_tokens)));
    double const end = bench::cpu_seconds();
    bench::print({{"version", AIKIT_VERSION_STRING},
                  {"cpu_us_per_call", (between - start) * 1e6 / calls},
                  {"cpu_us_per_stream", (end - between) * 1e6 / count},
                  {"first_token_us", bench::median(first_tokens)},
                  {"peak_memory_bytes", bench::peak_bytes()}});
    kit.close();
    return 0;
}
