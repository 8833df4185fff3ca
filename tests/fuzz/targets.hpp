// SPDX-License-Identifier: MIT
// fuzz/targets.hpp - what arbitrary bytes are given to, and what has to hold whatever they are.
#ifndef AIKIT_TESTS_FUZZ_TARGETS_HPP
#define AIKIT_TESTS_FUZZ_TARGETS_HPP

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace aikit_test {

struct Target {
    std::string name;
    std::function<void(std::string_view)> run;  // ends the process when something does not hold

    /// What of the recordings it begins with; none where there are no recordings.
    std::function<std::vector<std::string>()> seeds;
};

std::vector<Target> const& targets();

/// The one of that name, or null.
Target const* target(std::string_view name);

}  // namespace aikit_test

#endif  // AIKIT_TESTS_FUZZ_TARGETS_HPP
