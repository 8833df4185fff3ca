// SPDX-License-Identifier: MIT
// tests/bench/bench_call.cpp - CPU per non-streaming chat through the whole Kit, against a bare Beast client.
//
// Both send the same number of bytes in the same fields to the same server (another process) on keep-alive connections,
// 32 calls at once, on one I/O thread; the server stays awake between them (bench.cpp says why). Rounds alternate; the
// ratio is that of each round's CPU per call, and the median is what counts.
#include "bench.hpp"

#include <aikit/aikit.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <unistd.h>

namespace asio = boost::asio;
namespace http = boost::beast::http;

namespace {

constexpr int concurrency = 32;

aikit::ChatRequest make_request() {
    aikit::ChatRequest request("gpt-4o-mini", "What did the quick brown fox do after it had jumped over the lazy dog?");
    request.max_tokens = 100;
    return request;
}

asio::awaitable<void> bare_caller(unsigned short port, std::string body, int calls) {
    boost::beast::tcp_stream stream(co_await asio::this_coro::executor);
    asio::ip::tcp::endpoint const where(asio::ip::address_v4::loopback(), port);
    co_await stream.async_connect(where, asio::use_awaitable);
    stream.socket().set_option(asio::ip::tcp::no_delay(true));
    boost::beast::flat_buffer buffer;
    std::string const host = "127.0.0.1:" + std::to_string(port);
    std::string const id = "01a9b3c4-7a71-7bd1-a3c9-6a9a2fbb1a77";
    for (int i = 0; i < calls; ++i) {
        http::request<http::string_body> request{http::verb::post, "/v1/chat/completions", 11};
        request.set(http::field::host, host);
        request.set(http::field::user_agent, "aikit/" AIKIT_VERSION_STRING " (c++)");
        request.set(http::field::accept_encoding, "gzip");
        request.set("x-bench", "1");
        request.set(http::field::accept, "application/json");
        request.set("X-Client-Request-Id", id);
        request.set(http::field::content_type, "application/json");
        request.set("Idempotency-Key", id);
        request.body() = body;
        request.prepare_payload();
        co_await http::async_write(stream, request, asio::use_awaitable);
        http::response<http::string_body> response;
        co_await http::async_read(stream, buffer, response, asio::use_awaitable);
        if (response.body().size() < 100) std::abort();
    }
}

double bare_round(unsigned short port, std::string const& body, int calls) {
    asio::io_context loop(1);
    double const before = bench::cpu_seconds();
    for (int i = 0; i < concurrency; ++i) asio::co_spawn(loop, bare_caller(port, body, calls), asio::detached);
    loop.run();
    return bench::cpu_seconds() - before;
}

aikit::Task<void> kit_caller(aikit::Kit kit, int calls) {
    for (int i = 0; i < calls; ++i) {
        aikit::ChatRequest request = make_request();
        aikit::CallOptions options;
        aikit::Task<aikit::ChatReply> pending = kit.chat(std::move(request), std::move(options));
        aikit::Result<aikit::ChatReply> reply = co_await std::move(pending);
        if (!reply) co_return reply.error();
        if (!reply->complete || !reply->info.cost)
            co_return aikit::fail(aikit::Errc::internal, "the reply is not whole");
    }
    co_return aikit::ok();
}

double kit_round(aikit::Kit const& kit, int calls) {
    std::atomic<int> running = concurrency;
    std::promise<void> done;
    double const before = bench::cpu_seconds();
    for (int i = 0; i < concurrency; ++i) {
        asio::co_spawn(kit.runtime().executor(), kit_caller(kit, calls),
                       [&](std::exception_ptr thrown, aikit::Result<void> result) {
                           if (thrown || !result) {
                               std::fprintf(stderr, "bench_call: %s\n",
                                            thrown ? "exception" : result.error().message.c_str());
                               std::_Exit(1);
                           }
                           if (--running == 0) done.set_value();
                       });
    }
    done.get_future().wait();
    if (aikit::Result<void> flushed = aikit::sync::wait(kit, aikit::Kit(kit).flush()); !flushed) std::_Exit(1);
    return bench::cpu_seconds() - before;
}

}  // namespace

int main(int argc, char** argv) {
    int const rounds = argc > 1 ? std::atoi(argv[1]) : 7;
    int const calls = argc > 2 ? std::atoi(argv[2]) : 400;
    bench::Answer answer;
    answer.fixed = bench::http_response("application/json", bench::chat_reply_body());
    bench::Server const server(answer);

    std::string const store =
        std::filesystem::temp_directory_path().native() + "/aikit_bench_call_" + std::to_string(::getpid()) + ".db";
    aikit::KitConfig config;
    config.store = store;
    aikit::ProviderConfig openai;
    openai.name = "openai";
    openai.base_url = server.base_url();
    openai.headers.emplace_back("x-bench", "1");
    config.providers.push_back(openai);
    aikit::Result<aikit::Kit> kit = aikit::Kit::open(config);
    if (!kit) {
        std::fprintf(stderr, "bench_call: %s\n", kit.error().message.c_str());
        return 1;
    }
    std::string const body = aikit::json_form::write_chat(make_request()).value();
    auto const port = static_cast<unsigned short>(server.port());

    bare_round(port, body, calls / 4);
    kit_round(*kit, calls / 4);
    std::vector<double> ratios;
    std::vector<double> bare_us;
    std::vector<double> kit_us;
    double const per_round = 1e6 / (static_cast<double>(calls) * concurrency);
    for (int i = 0; i < rounds; ++i) {
        double const bare = bare_round(port, body, calls) * per_round;
        double const whole = kit_round(*kit, calls) * per_round;
        bare_us.push_back(bare);
        kit_us.push_back(whole);
        ratios.push_back(whole / bare);
    }
    bench::print({{"bench", "call"},
                  {"concurrency", std::int64_t(concurrency)},
                  {"calls", std::int64_t(calls) * concurrency * rounds},
                  {"beast_cpu_us_per_call", bench::median(bare_us)},
                  {"kit_cpu_us_per_call", bench::median(kit_us)},
                  {"ratio", bench::median(ratios)}});
    kit->close();
    for (char const* suffix : {"", "-wal", "-shm"}) ::unlink((store + suffix).c_str());
    return 0;
}
