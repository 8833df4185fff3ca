// SPDX-License-Identifier: MIT
// tests/bench/bench_cache.cpp - CPU of the cache of replies: a hit, a hit as a stream, and what a miss costs on top.
//
// All is CPU time of the process on all its threads, the store's writer included, for a question of a kibibyte and an
// answer of four. A figure above its limit makes the program end with 1. bench_cache [SHARE] does a share of the work,
// in percent, and is then no measurement.
#include "bench.hpp"
#include "reading.hpp"

#include <aikit/core/wait.hpp>
#include <aikit/policy/response_cache.hpp>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <unistd.h>

namespace {

int share = 100;
bool kept = true;

using bench::die;
using bench::must;

/// Answers at once.
class Answering final : public aikit::AIProvider {
public:
    Answering() {
        reply_.choices.emplace_back();
        reply_.choices.back().message = aikit::Message(aikit::Role::assistant, std::string(4'096, 'a'));
        reply_.choices.back().finish = aikit::FinishReason::stop;
        reply_.complete = true;
        reply_.usage.input = 250;
        reply_.usage.output = 1'000;
    }

    std::string const& name() const noexcept override { return name_; }
    aikit::Task<aikit::ChatReply> chat(aikit::ChatRequest, aikit::CallOptions) override {
        ++asked;
        co_return reply_;
    }

    std::int64_t asked = 0;

private:
    std::string name_ = "bench";
    aikit::ChatReply reply_;
};

aikit::ChatRequest request_of(std::string const& id) {
    aikit::ChatRequest request("gpt-4o", std::string(1'024, 'q') + id);
    request.temperature = 0;
    return request;
}

aikit::Task<void> chats(std::shared_ptr<aikit::AIProvider> provider, std::string prefix, int times, bool fresh) {
    for (int i = 0; i < times; ++i) {
        aikit::CallOptions options;
        options.caller.user = "ann";
        std::string const id = fresh ? prefix + std::to_string(i) : prefix;
        aikit::Task<aikit::ChatReply> pending = provider->chat(request_of(id), std::move(options));
        aikit::Result<aikit::ChatReply> const reply = co_await std::move(pending);
        if (!reply) co_return reply.error();
    }
    co_return aikit::ok();
}

aikit::Task<void> streams(std::shared_ptr<aikit::AIProvider> provider, int times) {
    for (int i = 0; i < times; ++i) {
        aikit::CallOptions options;
        options.caller.user = "ann";
        aikit::Task<aikit::ChatStream> opening = provider->stream_chat(request_of("one"), std::move(options));
        aikit::Result<aikit::ChatStream> stream = co_await std::move(opening);
        if (!stream) co_return stream.error();
        aikit::Task<aikit::ChatReply> collecting = aikit::collect(std::move(*stream));
        aikit::Result<aikit::ChatReply> const reply = co_await std::move(collecting);
        if (!reply) co_return reply.error();
    }
    co_return aikit::ok();
}

/// CPU of one call, in microseconds, as the median of rounds.
template <class Round>
double measure(int times, Round const& round) {
    std::vector<double> rounds;
    for (int i = 0; i < 9; ++i) {
        double const before = bench::cpu_seconds();
        round(i);
        rounds.push_back((bench::cpu_seconds() - before) * 1e6 / times);
    }
    return bench::median(rounds);
}

/// Prints a figure beside the most it may be.
void tell(char const* what, double us, double limit, int times) {
    bool const good = us <= limit;
    kept = kept && good;
    bench::print({{"bench", "cache"},
                  {"what", what},
                  {"cpu_us", us},
                  {"limit_us", limit},
                  {"times", std::int64_t{times} * 9},
                  {"kept", good ? "yes" : "no"}});
}

void run(aikit::Runtime const& runtime, aikit::storage::Database const& database) {
    auto const upstream = std::make_shared<Answering>();
    aikit::policy::ResponseCacheConfig config;
    auto const memory = must(aikit::policy::make_response_cache(upstream, config));
    config.database = database;
    auto const cache = must(aikit::policy::AIResponseCache::create(config));
    auto const stored = must(aikit::policy::make_response_cache(upstream, cache));
    int const times = std::max(1, 20'000 * share / 100);
    int const misses = std::max(1, 900 * share / 100);

    must(aikit::sync::wait(runtime, chats(memory, "one", 1, false)));
    std::int64_t const asked = upstream->asked;
    double const hit =
        measure(times, [&](int) { must(aikit::sync::wait(runtime, chats(memory, "one", times, false))); });
    tell("an exact hit", hit, 50, times);
    tell("an exact hit as a stream",
         measure(times, [&](int) { must(aikit::sync::wait(runtime, streams(memory, times))); }), 50, times);
    if (upstream->asked != asked) die("a hit has asked");

    std::shared_ptr<aikit::AIProvider> const bare = upstream;
    double const without = measure(
        times, [&](int i) { must(aikit::sync::wait(runtime, chats(bare, std::to_string(i) + "-", times, true))); });
    double const missed = measure(
        misses, [&](int i) { must(aikit::sync::wait(runtime, chats(memory, std::to_string(i) + "-", misses, true))); });
    tell("what a miss costs on top", missed - without, 100, misses);
    double const written = measure(misses, [&](int i) {
        must(aikit::sync::wait(runtime, chats(stored, std::to_string(i) + "-", misses, true)));
        must(aikit::sync::wait(runtime, cache->flush()));
    });
    tell("what a miss costs on top that is looked up and written in a file", written - without, 500, misses);
}

}  // namespace

int main(int argc, char** argv) {
    if (argc > 1) share = std::clamp(std::atoi(argv[1]), 1, 100);
    aikit::Runtime runtime = must(aikit::Runtime::create());
    std::string const path =
        std::filesystem::temp_directory_path().native() + "/aikit_bench_cache_" + std::to_string(::getpid()) + ".db";
    aikit::storage::DatabaseConfig config;
    config.path = path;
    aikit::storage::Database database =
        must(aikit::sync::wait(runtime, aikit::storage::Database::open(runtime, config)));
    run(runtime, database);
    database.close();
    for (char const* suffix : {"", "-wal", "-shm"}) ::unlink((path + suffix).c_str());
    runtime.close();
    return kept ? 0 : 1;
}
