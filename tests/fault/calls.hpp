// SPDX-License-Identifier: MIT
// fault/calls.hpp - many calls through a Kit over a network that fails, and what came of each.
#ifndef AIKIT_TESTS_FAULT_CALLS_HPP
#define AIKIT_TESTS_FAULT_CALLS_HPP

#include "lab.hpp"

namespace lab {

struct CallPlan {
    std::int64_t calls = 2'000;
    unsigned seed = 1;
    std::string sabotage = "none";
    bool keyless = false;  ///< Providers to whom idempotency keys mean nothing.
};

/// What the caller saw of its call.
struct Heard {
    std::string id;
    bool exact_text = false;  ///< OpenAI's form without hidden reasoning: the count of words is the count of tokens.
    bool through_proxy = false;
    bool left = false;  ///< The caller went away before the end.
    bool complete = false;
    std::string error;
    std::int64_t words = 0;     ///< Delivered.
    std::int64_t attempts = 0;  ///< As the reply or stream told them; 0: not told.
};

struct CallResult {
    std::vector<Heard> heard;
    Invoice invoice;
    std::vector<Row> rows;
    double seconds = 0;
};

/// Throws when the laboratory itself fails.
CallResult make_calls(CallPlan const& plan);

/// Holds what the ledger says against the invoice and what the callers saw.
void judge_calls(CallResult const& result, Promises& promises);

/// Kills a process that records rows, again and again, and asks others to end; then has writes fail.
void crash_ledgers(std::int64_t kills, unsigned seed, std::string const& sabotage, Promises& promises);
void fail_writes(std::string const& sabotage, Promises& promises);

/// The process that is killed: records, flushes, acknowledges, without end.
int record_until_killed(std::string const& path, std::int64_t round, std::string const& sabotage);

}  // namespace lab

#endif  // AIKIT_TESTS_FAULT_CALLS_HPP
