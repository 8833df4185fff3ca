// SPDX-License-Identifier: MIT
// tests/unit/policy/limit_rules.hpp - limits on calls, in a line.
#ifndef AIKIT_TESTS_UNIT_POLICY_LIMIT_RULES_HPP
#define AIKIT_TESTS_UNIT_POLICY_LIMIT_RULES_HPP

#include <aikit/policy/limits.hpp>

namespace aikit::policy {

inline LimitRule rule(LimitBy by, std::optional<std::int64_t> requests, std::optional<std::int64_t> tokens = {},
                      std::optional<std::int64_t> at_once = {}) {
    LimitRule made;
    made.name = std::string("by ") + name(by);
    made.by = by;
    made.requests = requests;
    made.tokens = tokens;
    made.at_once = at_once;
    return made;
}

}  // namespace aikit::policy

#endif  // AIKIT_TESTS_UNIT_POLICY_LIMIT_RULES_HPP
