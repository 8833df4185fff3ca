// SPDX-License-Identifier: MIT
// tests/bench/bench_peer.cpp - aikit from C++ as side_by_side.py measures its peers: calls one after the other, then
// streams, against a server that is there already.
//
//     bench_peer BASE_URL CALLS STREAMS
#include "bench.hpp"
#include "reading.hpp"

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
        aikit::Task<void> asking = bench::until_answered(kit.chat(request(), std::move(options)));
        aikit::Result<void> const answered = co_await std::move(asking);
        if (!answered) co_return answered;
    }
    co_return aikit::ok();
}

aikit::Task<void> streams(aikit::Kit kit, int count, std::vector<double>* first_tokens) {
    for (int i = 0; i < count; ++i) {
        Steady::time_point const began = Steady::now();
        std::function<void()> first = [=] {
            first_tokens->push_back(std::chrono::duration<double, std::micro>(Steady::now() - began).count());
        };
        aikit::CallOptions options;
        aikit::Task<void> asking = bench::until_ended(kit.stream_chat(request(), std::move(options)), std::move(first));
        aikit::Result<void> const answered = co_await std::move(asking);
        if (!answered) co_return answered;
    }
    co_return aikit::ok();
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
    aikit::Kit kit = bench::must(aikit::Kit::open(std::move(config)));
    std::vector<double> first_tokens;
    bench::must(aikit::sync::wait(kit, chats(kit, calls / 10 + 1)));
    bench::must(aikit::sync::wait(kit, streams(kit, 2, &first_tokens)));
    first_tokens.clear();
    double const start = bench::cpu_seconds();
    bench::must(aikit::sync::wait(kit, chats(kit, calls)));
    double const between = bench::cpu_seconds();
    bench::must(aikit::sync::wait(kit, streams(kit, count, &first_tokens)));
    double const end = bench::cpu_seconds();
    bench::print({{"version", AIKIT_VERSION_STRING},
                  {"cpu_us_per_call", (between - start) * 1e6 / calls},
                  {"cpu_us_per_stream", (end - between) * 1e6 / count},
                  {"first_token_us", bench::median(first_tokens)},
                  {"peak_memory_bytes", bench::peak_bytes()}});
    kit.close();
    return 0;
}
