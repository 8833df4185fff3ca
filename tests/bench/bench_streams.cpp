// SPDX-License-Identifier: MIT
// tests/bench/bench_streams.cpp - many slow streams at once on one I/O thread: all whole, and what each costs.
//
// Each setting has a process of its own and a server in another. All streams are open and have their first text before
// any gets its second. Memory is what this process holds at its peak beyond what it held with one stream, kernel
// buffers apart, and what of it is allocated then; CPU is that of what comes once all are open. With 10,000 streams or
// more a figure of plain HTTP above its limit makes the program end with 1.
//
//     bench_streams [STREAMS] [CHUNKS] [MILLISECONDS BETWEEN CHUNKS] [SETTING, from 1]
#include "bench.hpp"
#include "everything.hpp"
#include "reading.hpp"
#include "support/certificates.hpp"

#include <aikit/aikit.hpp>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sys/wait.h>
#include <thread>

namespace {

enum class Through { client, kit, everything };

struct Setting {
    char const* name;
    Through through;
    bool tls;
};
constexpr Setting settings[] = {{"the client alone", Through::client, false},
                                {"a kit", Through::kit, false},
                                {"a kit with everything on", Through::everything, false},
                                {"the client alone, TLS", Through::client, true},
                                {"a kit with everything on, TLS", Through::everything, true}};

constexpr std::int64_t most_bytes = 16 * 1024;
constexpr int where_it_counts = 10'000;  // with fewer, what is made once is a part of each

struct Tally {
    std::atomic<int> running{0};
    std::atomic<int> begun{0};
    std::atomic<int> complete{0};
    std::atomic<int> failed{0};
    std::atomic<std::int64_t> events{0};
};

aikit::Task<aikit::ChatStream> open_stream(aikit::Kit kit, int number, std::string model) {
    aikit::ChatRequest request(std::move(model), "Count slowly to " + std::to_string(number) + ".");
    request.max_tokens = 200;
    aikit::Task<aikit::ChatStream> starting = kit.stream_chat(std::move(request), bench::somebody());
    co_return co_await std::move(starting);
}

/// Holds nothing but the stream: what else a program keeps for each is not the kit's.
aikit::Task<void> read_stream(aikit::Task<aikit::ChatStream> opening, Tally* tally) {
    aikit::Result<aikit::ChatStream> stream = co_await std::move(opening);
    if (!stream) co_return stream.error();
    bool begun = false;
    for (;;) {
        aikit::Task<std::optional<aikit::ChatEvent>> pending = stream->next();
        aikit::Result<std::optional<aikit::ChatEvent>> event = co_await std::move(pending);
        if (!event) co_return event.error();
        if (!*event) break;
        if (!std::exchange(begun, true)) ++tally->begun;
        ++tally->events;
    }
    if (!stream->reply().complete) co_return aikit::fail(aikit::Errc::incomplete, "a stream was cut");
    co_return aikit::ok();
}

aikit::Task<void> read_body(std::shared_ptr<aikit::net::HttpTransport> client, std::string url, Tally* tally) {
    aikit::net::HttpRequest request;
    request.url = std::move(url);
    request.headers.add("Accept", "text/event-stream");
    request.body = std::make_shared<std::string const>(R"({"model": "gpt-4o-mini", "stream": true})");
    aikit::Task<aikit::net::HttpResponse> sending = client->send(std::move(request));
    aikit::Result<aikit::net::HttpResponse> response = co_await std::move(sending);
    if (!response) co_return response.error();
    for (bool begun = false;;) {
        aikit::Task<std::string> reading = response->body->read();
        aikit::Result<std::string> const piece = co_await std::move(reading);
        if (!piece) co_return piece.error();
        if (piece->empty()) co_return aikit::ok();
        if (!std::exchange(begun, true)) ++tally->begun;
        ++tally->events;
    }
}

/// The address, the pool and the roots are the same for all settings.
aikit::net::HttpClientConfig client_config(int streams, std::string const& roots) {
    aikit::net::HttpClientConfig http;
    http.max_connections_per_origin = streams + 1;
    http.ca_file = roots;
    return http;
}

aikit::KitConfig kit_config(Through through, int streams, std::string const& url, std::string const& roots,
                            std::string const& store) {
    aikit::KitConfig config;
    std::vector<std::string> deployments;
    for (char const* name : {"openai", "second", "third"}) {
        aikit::ProviderConfig& provider = config.providers.emplace_back();
        provider.name = name;
        provider.type = provider.price_as = "openai";
        provider.base_url = url;
        deployments.push_back(std::string(name) + "/gpt-4o-mini");
    }
    config.http = client_config(streams, roots);
    if (through == Through::everything) {
        bench::turn_everything_on(config, deployments, store);
        config.telemetry.emplace().prometheus = true;
    }
    return config;
}

/// Starts one stream after the other, not too many at once in the beginning, and hands them out by `make`.
template <class Make>
int run(Setting const& setting, int streams, int chunks, aikit::Runtime const& runtime, Make const& make) {
    Tally tally;
    int started = 0;
    auto const start = [&](int count) {
        for (int i = 0; i < count; ++i) {
            ++tally.running;
            boost::asio::co_spawn(runtime.executor(), make(started++, &tally),
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
    auto const rest = [](int ms) { std::this_thread::sleep_for(std::chrono::milliseconds(ms)); };
    start(1);  // what is made once: the catalog, the first thread, the first connection
    while (tally.begun < 1 && tally.failed == 0) rest(5);

    std::int64_t const before = bench::resident_bytes();
    std::int64_t const heap_before = bench::heap_bytes();
    double cpu = 0;
    std::int64_t opening_events = 0;
    std::int64_t peak = before;
    std::int64_t heap = heap_before;
    int most_threads = 0;
    constexpr int most_opening = 256;
    while (tally.running > 0) {
        if (tally.failed > 0) return 1;
        int const opening = started - tally.begun;
        if (opening < most_opening) start(std::min(most_opening - opening, streams + 1 - started));
        if (tally.begun <= streams) {
            cpu = bench::cpu_seconds();
            opening_events = tally.events;
        }
        peak = std::max(peak, bench::resident_bytes());
        if (started > streams) heap = std::max(heap, bench::heap_bytes());
        most_threads = std::max(most_threads, bench::threads());
        rest(started <= streams ? 5 : 50);
    }
    double const used = bench::cpu_seconds() - cpu;
    std::int64_t const each = (peak - before) / streams;
    bool const counts = !setting.tls && streams >= where_it_counts;
    bool const good = each <= most_bytes;
    bench::print({{"bench", "streams"},
                  {"through", setting.name},
                  {"streams", std::int64_t(streams)},
                  {"chunks_each", std::int64_t(chunks)},
                  {"complete", std::int64_t(tally.complete) - 1},
                  {"failed", std::int64_t(tally.failed)},
                  {"memory_per_stream_bytes", each},
                  {"heap_per_stream_bytes", (heap - heap_before) / streams},
                  {"limit_bytes", counts ? most_bytes : std::int64_t{0}},
                  {"threads", std::int64_t(most_threads)},
                  {"cpu_us_per_event", used * 1e6 / static_cast<double>(tally.events - opening_events)},
                  {"kept", !counts ? "no limit"
                           : good  ? "yes"
                                   : "no"}});
    return tally.complete == streams + 1 && (good || !counts) ? 0 : 1;
}

int run(Setting const& setting, int streams, int chunks, int interval_ms) {
    std::filesystem::path const folder =
        std::filesystem::temp_directory_path() / ("aikit_bench_streams_" + std::to_string(::getpid()));
    bench::Answer answer;
    answer.head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
    for (std::string const& chunk : bench::stream_chunks(chunks)) {
        answer.chunks.push_back(bench::http_chunk("data: " + chunk + "\n\n"));
    }
    answer.chunks.back() += bench::http_chunk("data: [DONE]\n\n") + "0\r\n\r\n";
    answer.at_once = 2;  // the second has the first text
    answer.interval_ms = interval_ms;
    answer.together = streams + 1;
    std::string roots;
    if (setting.tls) {
        std::filesystem::create_directories(folder);
        aikit_test::TestAuthority const authority;
        roots = authority.write(folder / "roots.pem");
        aikit_test::Identity const identity = authority.issue();
        std::ofstream(answer.certificate = folder / "chain.pem") << identity.chain;
        std::ofstream(answer.key = folder / "key.pem") << identity.key;
    }
    bench::Server const server(answer);
    bench::StoreFile const store("bench_streams");
    int ended = 0;
    if (setting.through == Through::client) {
        aikit::Runtime runtime = bench::must(aikit::Runtime::create());
        std::shared_ptr<aikit::net::HttpClient> const client =
            bench::must(aikit::net::HttpClient::create(runtime, client_config(streams, roots)));
        std::string const url = server.base_url() + "/chat/completions";
        ended =
            run(setting, streams, chunks, runtime, [&](int, Tally* tally) { return read_body(client, url, tally); });
        client->close();
        runtime.close();
    } else {
        aikit::Kit kit =
            bench::must(aikit::Kit::open(kit_config(setting.through, streams, server.base_url(), roots, store.path())));
        std::string const model = setting.through == Through::kit ? "gpt-4o-mini" : bench::router_name;
        ended = run(setting, streams, chunks, kit.runtime(),
                    [&](int number, Tally* tally) { return read_stream(open_stream(kit, number, model), tally); });
        kit.close();
    }
    std::filesystem::remove_all(folder);
    return ended;
}

}  // namespace

int main(int argc, char** argv) {
    int const streams = argc > 1 ? std::atoi(argv[1]) : 1000;
    int const chunks = argc > 2 ? std::atoi(argv[2]) : 100;
    int const interval_ms = argc > 3 ? std::atoi(argv[3]) : 20;
    int const only = argc > 4 ? std::atoi(argv[4]) : 0;
    bench::allow_many_files();
    int worst = 0;
    int at = 0;
    for (Setting const& setting : settings) {
        if (++at != only && only != 0) continue;
        pid_t const child = ::fork();  // so that no setting finds memory that another has freed
        if (child == 0) {
            int const ended = run(setting, streams, chunks, interval_ms);
            std::fflush(nullptr);
            std::exit(ended);
        }
        int status = 0;
        ::waitpid(child, &status, 0);
        worst = std::max(worst, WIFEXITED(status) ? WEXITSTATUS(status) : 2);
    }
    return worst;
}
