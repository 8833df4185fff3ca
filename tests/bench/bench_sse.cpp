// SPDX-License-Identifier: MIT
// tests/bench/bench_sse.cpp - server-sent events into typed events, against plain Boost.JSON parsing of the same
// chunks.
//
// The stream is one of many chunks as OpenAI sends them, fed in pieces of 16 KiB. Plain parsing gets each chunk's JSON
// cut out beforehand and reuses its memory. Both run on one thread in turns; the ratio's median is what counts.
#include "bench.hpp"
#include "provider/openai_wire/stream.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

namespace {

constexpr std::size_t piece = 16 * 1024;

double plain_round(std::vector<std::string> const& chunks) {
    alignas(std::max_align_t) static unsigned char buffer[64 * 1024];
    double const before = bench::thread_cpu_seconds();
    std::size_t objects = 0;
    for (std::string const& chunk : chunks) {
        boost::json::monotonic_resource memory(buffer);
        boost::json::value const value = boost::json::parse(chunk, &memory);
        objects += value.is_object();
    }
    if (objects != chunks.size()) std::abort();
    return bench::thread_cpu_seconds() - before;
}

double decoder_round(std::string const& stream, std::size_t expected_text) {
    using namespace aikit;
    double const before = bench::thread_cpu_seconds();
    provider::openai_wire::StreamDecoder decoder(provider::openai_wire::Exchange(), provider::openai_wire::Quirks(), 1);
    std::size_t text = 0;
    for (std::size_t at = 0; at < stream.size(); at += piece) {
        decoder.feed(std::string_view(stream).substr(at, piece));
        for (;;) {
            Result<std::optional<ChatEvent>> event = decoder.next();
            if (!event) {
                std::fprintf(stderr, "bench_sse: %s\n", event.error().message.c_str());
                std::exit(1);
            }
            if (!*event) break;
            if (auto const* delta = std::get_if<TextDelta>(&**event)) text += delta->text.size();
        }
    }
    if (!decoder.finished() || text != expected_text) std::abort();
    return bench::thread_cpu_seconds() - before;
}

}  // namespace

int main(int argc, char** argv) {
    int const rounds = argc > 1 ? std::atoi(argv[1]) : 15;
    int const count = argc > 2 ? std::atoi(argv[2]) : 20'000;
    std::vector<std::string> const chunks = bench::stream_chunks(count);
    std::string stream;
    std::size_t text = 0;
    std::size_t json_bytes = 0;
    for (std::string const& chunk : chunks) {
        stream += "data: " + chunk + "\n\n";
        json_bytes += chunk.size();
        boost::json::value const parsed = boost::json::parse(chunk);
        auto const& choices = parsed.at("choices").as_array();
        if (choices.empty()) continue;
        auto const& delta = choices[0].at("delta").as_object();
        if (auto const* content = delta.if_contains("content")) text += content->as_string().size();
    }
    stream += "data: [DONE]\n\n";

    plain_round(chunks);
    decoder_round(stream, text);
    std::vector<double> plain;
    std::vector<double> decoded;
    std::vector<double> ratios;
    for (int i = 0; i < rounds; ++i) {
        double const a = static_cast<double>(json_bytes) / plain_round(chunks);
        double const b = static_cast<double>(stream.size()) / decoder_round(stream, text);
        plain.push_back(a / 1e6);
        decoded.push_back(b / 1e6);
        ratios.push_back(b / a);
    }
    bench::print({{"bench", "sse"},
                  {"chunks", std::int64_t(count)},
                  {"boost_json_mb_per_cpu_s", bench::median(plain)},
                  {"typed_events_mb_per_cpu_s", bench::median(decoded)},
                  {"ratio", bench::median(ratios)}});
    return 0;
}
