// SPDX-License-Identifier: MIT
// tests/bench/bench_streams.cpp - many slow streams at once on one I/O thread: all whole, and what each costs.
#include "bench.hpp"

#include <aikit/aikit.hpp>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <thread>

namespace {

struct Tally {
    std::atomic<int> running{0};
    std::atomic<int> complete{0};
    std::atomic<int> failed{0};
    std::atomic<std::int64_t> events{0};
};

aikit::Task<void> reader(aikit::Kit kit, Tally* tally) {
    aikit::ChatRequest request("gpt-4o-mini", "Count slowly.");
    aikit::CallOptions options;
    aikit::Task<aikit::ChatStream> starting = kit.stream_chat(std::move(request), std::move(options));
    aikit::Result<aikit::ChatStream> stream = co_await std::move(starting);
    if (!stream) co_return stream.error();
    for (;;) {
        aikit::Task<std::optional<aikit::ChatEvent>> pending = stream->next();
        aikit::Result<std::optional<aikit::ChatEvent>> event = co_await std::move(pending);
        if (!event) co_return event.error();
        if (!*event) break;
        ++tally->events;
    }
    if (!stream->reply().complete) co_return aikit::fail(aikit::Errc::incomplete, "a stream was cut");
    co_return aikit::ok();
}

}  // namespace

int main(int argc, char** argv) {
    int const streams = argc > 1 ? std::atoi(argv[1]) : 1000;
    int const chunks = argc > 2 ? std::atoi(argv[2]) : 100;
    bench::Answer answer;
    answer.head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
    for (std::string const& chunk : bench::stream_chunks(chunks)) {
        answer.chunks.push_back(bench::http_chunk("data: " + chunk + "\n\n"));
    }
    answer.chunks.back() += bench::http_chunk("data: [DONE]\n\n") + "0\r\n\r\n";
    bench::Server const server(answer);

    aikit::KitConfig config;
    aikit::ProviderConfig openai;
    openai.name = "openai";
    openai.base_url = server.base_url();
    config.providers.push_back(openai);
    config.http.max_connections_per_origin = streams;
    aikit::Result<aikit::Kit> kit = aikit::Kit::open(config);
    if (!kit) {
        std::fprintf(stderr, "bench_streams: %s\n", kit.error().message.c_str());
        return 1;
    }
    Tally tally;
    auto const start = [&](int count) {
        tally.running += count;
        for (int i = 0; i < count; ++i) {
            boost::asio::co_spawn(kit->runtime().executor(), reader(*kit, &tally),
                                  [&](std::exception_ptr thrown, aikit::Result<void> result) {
                                      if (!thrown && result) {
                                          ++tally.complete;
                                      } else if (tally.failed++ == 0) {
                                          std::fprintf(stderr, "bench_streams: %s\n",
                                                       thrown ? "exception" : result.error().message.c_str());
                                      }
                                      --tally.running;
                                  });
        }
    };
    start(1);  // what is made once: the catalog, the first thread, the first connection
    while (tally.running > 0) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    tally.complete = 0;
    tally.events = 0;

    std::int64_t const before = bench::resident_bytes();
    double const cpu = bench::cpu_seconds();
    std::int64_t peak = before;
    int most_threads = 0;
    start(streams);
    while (tally.running > 0) {
        peak = std::max(peak, bench::resident_bytes());
        most_threads = std::max(most_threads, bench::threads());
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    double const used = bench::cpu_seconds() - cpu;
    bench::print({{"bench", "streams"},
                  {"streams", std::int64_t(streams)},
                  {"chunks_each", std::int64_t(chunks)},
                  {"complete", std::int64_t(tally.complete)},
                  {"failed", std::int64_t(tally.failed)},
                  {"memory_per_stream_bytes", (peak - before) / streams},
                  {"threads", std::int64_t(most_threads)},
                  {"cpu_us_per_event", used * 1e6 / static_cast<double>(tally.events)}});
    kit->close();
    return tally.complete == streams ? 0 : 1;
}
