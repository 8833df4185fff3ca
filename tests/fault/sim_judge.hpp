// SPDX-License-Identifier: MIT
// fault/sim_judge.hpp - did a world keep what aikit promises? Asks the upstreams' books, the callers and the ledger's
// file, and never aikit.
#ifndef AIKIT_TESTS_FAULT_SIM_JUDGE_HPP
#define AIKIT_TESTS_FAULT_SIM_JUDGE_HPP

#include "sim_world.hpp"

#include <optional>
#include <string>

namespace sim {

/// A promise that was broken, and by what.
struct Broken {
    std::string promise;
    std::string how;
};

/// The first that was broken; nothing: all were kept.
std::optional<Broken> judge(Plan const& plan, Course const& course);

}  // namespace sim

#endif  // AIKIT_TESTS_FAULT_SIM_JUDGE_HPP
