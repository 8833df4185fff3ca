// SPDX-License-Identifier: MIT
// policy/operation.hpp - what all tries of one operation share.
#ifndef AIKIT_SRC_POLICY_OPERATION_HPP
#define AIKIT_SRC_POLICY_OPERATION_HPP

#include <aikit/model/call.hpp>

#include <algorithm>
#include <cstdint>
#include <limits>

namespace aikit::inline v0::policy {

inline constexpr int most_retries = 10;

/// Sets what all tries share, where it is not set: one deadline, one id, one idempotency key, one list of attempts.
/// `limited`: without a limit of its own the operation may take ten minutes.
void begin_operation(CallOptions& options, Clock const& clock, bool limited);

/// Full jitter: a delay drawn from nothing up to `first`, doubled for each failure after the first, at most `most`.
inline std::chrono::milliseconds jittered(std::chrono::milliseconds first, std::chrono::milliseconds most, int failed,
                                          std::uint32_t random) noexcept {
    std::int64_t const doubled = first.count() << std::clamp(failed - 1, 0, most_retries);
    auto const longest = static_cast<std::uint64_t>(std::min<std::int64_t>(doubled, most.count()));
    return std::chrono::milliseconds(longest * random / std::numeric_limits<std::uint32_t>::max());
}

/// Sets the cost of a call from its attempts: missing when one could not be priced.
void add_up_attempts(CallInfo& info);

/// Without randomness it is 0.
std::uint32_t random_number();

}  // namespace aikit::inline v0::policy

#endif  // AIKIT_SRC_POLICY_OPERATION_HPP
