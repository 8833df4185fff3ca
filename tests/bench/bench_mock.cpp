// SPDX-License-Identifier: MIT
// tests/bench/bench_mock.cpp - the server of bench.hpp as a program, for clients in other languages: answers a chat
// with a whole reply, or, where the request has "stream", with a stream of words whose first comes at once.
//
// Prints {"port": N} and serves until its standard input ends.
#include "bench.hpp"

#include <cstdio>

int main() {
    bench::Answer answer;
    answer.fixed = bench::http_response("application/json", bench::chat_reply_body());
    answer.head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
    constexpr int chunks = 12;
    for (std::string const& chunk : bench::stream_chunks(chunks)) {
        answer.chunks.push_back(bench::http_chunk("data: " + chunk + "\n\n"));
    }
    answer.chunks.back() += bench::http_chunk("data: [DONE]\n\n") + "0\r\n\r\n";
    answer.at_once = 2;
    answer.interval_ms = 5;
    bench::Server const server(answer);
    bench::print({{"port", std::int64_t{server.port()}}});
    while (std::getchar() != EOF) {
    }
    return 0;
}
