// SPDX-License-Identifier: MIT
// fault/fault_ledger.cpp - a program: does the ledger say what the providers billed, whatever fails?
//
//   fault_ledger [--calls N] [--kills N] [--seed N] [--break NAME] [--keys ignored]
//
// Without numbers: 2,000 calls and 20 kills. Prints a line of JSON for each promise, and ends with 1 when one of them
// was broken. With --keys ignored the providers do not honour idempotency keys. --break does something wrong on
// purpose, which must be noticed; --breaks lists what there is.
#include "calls.hpp"
#include "sabotage.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <exception>

namespace {

int usage() {
    std::fprintf(stderr,
                 "usage: fault_ledger [--calls N] [--kills N] [--seed N] [--break NAME] [--keys ignored] | --breaks\n");
    return 2;
}

int run(lab::CallPlan const& plan, std::int64_t kills) {
    lab::Promises promises;
    if (plan.calls > 0) {
        lab::CallResult const result = lab::make_calls(plan);
        lab::judge_calls(result, promises);
        std::int64_t const whole =
            std::count_if(result.heard.begin(), result.heard.end(), [](lab::Heard const& one) { return one.complete; });
        boost::json::object const line{{"program", "fault_ledger"},
                                       {"calls", plan.calls},
                                       {"complete", whole},
                                       {"rows", result.rows.size()},
                                       {"arrivals", result.invoice.lines.size()},
                                       {"repeats", result.invoice.repeats},
                                       {"seconds", result.seconds}};
        std::printf("%s\n", boost::json::serialize(line).c_str());
        std::fflush(stdout);
    }
    if (kills > 0) {
        lab::crash_ledgers(kills, plan.seed, plan.sabotage, promises);
        lab::fail_writes(plan.sabotage, promises);
    }
    return promises.report("fault_ledger");
}

}  // namespace

int main(int argc, char** argv) {
    lab::CallPlan plan;
    std::int64_t kills = 20;
    try {
        if (argc == 5 && std::strcmp(argv[1], "--record") == 0) {
            return lab::record_until_killed(argv[2], std::atoll(argv[3]), argv[4]);
        }
        if (argc == 2 && std::strcmp(argv[1], "--breaks") == 0) {
            for (lab::Sabotage const& one : lab::sabotages) std::printf("%s\n", one.name.data());
            return 0;
        }
        for (int i = 1; i < argc; i += 2) {
            std::string const option = argv[i];
            if (i + 1 == argc) return usage();
            if (option == "--calls") {
                plan.calls = std::atoll(argv[i + 1]);
            } else if (option == "--kills") {
                kills = std::atoll(argv[i + 1]);
            } else if (option == "--seed") {
                plan.seed = static_cast<unsigned>(std::atoi(argv[i + 1]));
            } else if (option == "--keys") {
                plan.keyless = argv[i + 1] == std::string("ignored");
            } else if (option == "--break") {
                plan.sabotage = argv[i + 1];
            } else {
                return usage();
            }
        }
        bool const known = std::any_of(std::begin(lab::sabotages), std::end(lab::sabotages),
                                       [&](lab::Sabotage const& one) { return one.name == plan.sabotage; });
        return known ? run(plan, kills) : usage();
    } catch (std::exception const& failure) {
        std::fprintf(stderr, "fault_ledger: %s\n", failure.what());
        return 2;
    }
}
