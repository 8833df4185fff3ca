// SPDX-License-Identifier: MIT
// fault/budget_meter.hpp - what is counted outside of aikit while processes share a budget, and how they do it.
#ifndef AIKIT_TESTS_FAULT_BUDGET_METER_HPP
#define AIKIT_TESTS_FAULT_BUDGET_METER_HPP

#include <atomic>
#include <cstdint>
#include <string>

namespace lab {

constexpr std::int64_t limit = 1'000'000'000;  // a dollar, in nano-dollars; or so many tokens
constexpr int most_processes = 64;

/// Counted outside of aikit, in memory that outlives whoever is killed.
struct Meter {
    std::atomic<std::int64_t> total;  ///< Billed, and set aside by calls that run or were killed.
    std::atomic<std::int64_t> billed;
    std::atomic<std::int64_t> most;
    std::atomic<std::int64_t> started, passed, refused, refused_falsely, failed;
    std::atomic<std::int64_t> overhang;                 ///< What the killed had leased beyond what they ran.
    std::atomic<std::int64_t> running[most_processes];  ///< Set aside, by process.

    // Through the meter, which knows less of a call than this does: what calls that run, and those whose end nobody
    // told, may count as beyond what they came to.
    std::atomic<std::int64_t> beyond, beyond_kept, stopped;

    /// A process counts what a call of its may come to.
    void take(int process, std::int64_t amount) {
        running[process % most_processes] += amount;
        std::int64_t const value = total += amount;
        std::int64_t seen = most.load();
        while (seen < value && !most.compare_exchange_weak(seen, value)) {
        }
    }

    /// The call came to `cost` of what was taken for it.
    void give(int process, std::int64_t held, std::int64_t cost) {
        billed += cost;
        total -= held - cost;
        running[process % most_processes] -= held;
    }

    std::int64_t room() const { return limit - total.load() - overhang.load() - beyond.load() - beyond_kept.load(); }
};

struct Plan {
    std::int64_t attempts = 3'000;
    int processes = 2;
    int threads = 8;
    int kills = 4;
    bool tokens = false;
    bool metered = false;  ///< Each attempt is a call through policy::make_meter.
    unsigned seed = 1;
    std::string sabotage = "none";
};

}  // namespace lab

#endif  // AIKIT_TESTS_FAULT_BUDGET_METER_HPP
