// SPDX-License-Identifier: MIT
// aikit/core/rate_limits.hpp - what a provider said of an account's limits, in one form for all of them.
#ifndef AIKIT_CORE_RATE_LIMITS_HPP
#define AIKIT_CORE_RATE_LIMITS_HPP

#include <chrono>
#include <cstdint>
#include <optional>

namespace aikit::inline v0 {

/// One limit, as the headers of an answer told it; what they did not say is missing.
struct RateLimit {
    RateLimit() = default;

    std::optional<std::int64_t> limit;
    std::optional<std::int64_t> remaining;
    std::optional<std::chrono::milliseconds> reset;  ///< From the answer on, until all of it is there again.

    /// True when nothing is known.
    bool empty() const noexcept { return !limit && !remaining && !reset; }
};

/// A provider's limits on an account.
struct RateLimits {
    RateLimits() = default;

    RateLimit requests;
    RateLimit tokens;
    RateLimit input_tokens;   ///< Where the two are limited apart.
    RateLimit output_tokens;  ///< The same.

    bool empty() const noexcept {
        return requests.empty() && tokens.empty() && input_tokens.empty() && output_tokens.empty();
    }
};

}  // namespace aikit::inline v0

#endif  // AIKIT_CORE_RATE_LIMITS_HPP
