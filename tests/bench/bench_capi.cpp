// SPDX-License-Identifier: MIT
// tests/bench/bench_capi.cpp - CPU that the C ABI adds to a blocking chat, over the same call in C++.
//
//     bench_capi [ROUNDS] [CALLS] [THREADS]
//
// Both ask a scripted provider, on the calling thread; with THREADS other than 0, on the threads a kit has by itself,
// as packages of other languages need them. Rounds alternate; the difference of each pair of rounds is
// taken per call, and the median is what counts.
#include "aikit.h"
#include "bench.hpp"

#include <aikit/aikit.hpp>

#include <cstdio>
#include <cstdlib>
#include <string>

namespace {

constexpr char providers[] =
    R"({"providers": [{"name": "scripted", "model": "m", "script": {"repeat": true, "replies": [{"text":
    "It ran away, and was never seen again.", "usage": {"input": 20, "output": 9}}]}}], "runtime": )";
constexpr char no_threads[] = R"({"io": 0, "cpu": 0, "storage": 0, "resolver": 0})";
constexpr char request[] =
    R"({"messages": [{"role": "user", "content": "What did the quick brown fox do after it had jumped?"}]})";

void must(bool good, char const* what) {
    if (good) return;
    std::fprintf(stderr, "bench_capi: %s\n", what);
    std::exit(1);
}

double cpp_round(aikit::Kit const& kit, int calls) {
    double const before = bench::cpu_seconds();
    for (int i = 0; i < calls; ++i) {
        aikit::ChatRequest asked("", "What did the quick brown fox do after it had jumped?");
        aikit::Result<aikit::ChatReply> const reply =
            aikit::sync::wait(kit, aikit::Kit(kit).chat(std::move(asked), aikit::CallOptions()));
        must(reply.has_value() && reply->complete, "the call in C++ failed");
    }
    return bench::cpu_seconds() - before;
}

double c_round(aikit_kit* kit, int calls) {
    double const before = bench::cpu_seconds();
    for (int i = 0; i < calls; ++i) {
        aikit_bytes reply = {nullptr, 0};
        must(aikit_chat(kit, request, sizeof(request) - 1, &reply, nullptr) == AIKIT_OK, "the call in C failed");
        aikit_bytes_free(&reply);
    }
    return bench::cpu_seconds() - before;
}

/// The JSON in and out alone, as the C call does it.
double json_round(aikit::ChatReply const& reply, int calls) {
    double const before = bench::cpu_seconds();
    for (int i = 0; i < calls; ++i) {
        must(aikit::json_form::read_chat(request).has_value(), "the request cannot be read");
        must(!aikit::json_form::write_reply(reply).empty(), "the reply cannot be written");
    }
    return bench::cpu_seconds() - before;
}

}  // namespace

int main(int argc, char** argv) {
    int const rounds = argc > 1 ? std::atoi(argv[1]) : 9;
    int const calls = argc > 2 ? std::atoi(argv[2]) : 5'000;
    bool const threads = argc > 3 && std::atoi(argv[3]) != 0;
    std::string const config = providers + std::string(threads ? "{}" : no_threads) + "}";
    aikit::Result<aikit::Kit> kit = aikit::Kit::open(aikit::KitConfig::from_json(config).value());
    must(kit.has_value(), "no kit in C++");
    aikit_kit* c_kit = nullptr;
    must(aikit_kit_open(nullptr, config.data(), config.size(), &c_kit, nullptr) == AIKIT_OK, "no kit in C");
    aikit::ChatReply const reply =
        aikit::sync::wait(*kit, aikit::Kit(*kit).chat(aikit::ChatRequest("", "x"), aikit::CallOptions())).value();

    cpp_round(*kit, calls / 4);
    c_round(c_kit, calls / 4);
    std::vector<double> cpp_us;
    std::vector<double> c_us;
    std::vector<double> added_us;
    std::vector<double> json_us;
    double const per_call = 1e6 / calls;
    for (int i = 0; i < rounds; ++i) {
        cpp_us.push_back(cpp_round(*kit, calls) * per_call);
        c_us.push_back(c_round(c_kit, calls) * per_call);
        added_us.push_back(c_us.back() - cpp_us.back());
        json_us.push_back(json_round(reply, calls) * per_call);
    }
    bench::print({{"bench", threads ? "capi with threads" : "capi"},
                  {"calls", std::int64_t(calls) * rounds},
                  {"cpp_cpu_us_per_call", bench::median(cpp_us)},
                  {"c_cpu_us_per_call", bench::median(c_us)},
                  {"added_us_per_call", bench::median(added_us)},
                  {"json_us_per_call", bench::median(json_us)}});
    aikit_kit_free(c_kit);
    kit->close();
    return 0;
}
