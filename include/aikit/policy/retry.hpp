// SPDX-License-Identifier: MIT
// aikit/policy/retry.hpp - tries again when that can help, and never when it could bill twice.
#ifndef AIKIT_POLICY_RETRY_HPP
#define AIKIT_POLICY_RETRY_HPP

#include <aikit/core/runtime.hpp>
#include <aikit/model/provider.hpp>

#include <cstdint>
#include <memory>

namespace aikit::inline v0::policy {

struct RetryConfig {
    RetryConfig() = default;

    int max_retries = 2;                         ///< Tries after the first, 0 to 10; CallOptions may say otherwise.
    std::chrono::milliseconds first_delay{500};  ///< The first delay is drawn from 0 to this, the next from twice ...
    std::chrono::milliseconds max_delay{8'000};  ///< ... and so on up to this (full jitter).

    /// Retry-After is waited for, and the drawn delay on top of it; a provider that asks for more is not waited for.
    std::chrono::milliseconds max_retry_after{60'000};

    /// Retries may be at most this share of the calls of the last ten seconds, over all callers, so that an outage is
    /// not fed ...
    double budget = 0.2;
    int budget_floor = 10;  ///< ... but this many are always allowed.
};

/// The schedule as a pure machine: no clock, no socket.
class AIKIT_EXPORT RetrySchedule {
public:
    explicit RetrySchedule(RetryConfig config) : config_(config) {}

    struct Verdict {
        Verdict() = default;

        bool again = false;
        std::chrono::milliseconds delay{0};
        char const* reason = "";  ///< Static text: why not, or why.
    };

    /// After `failed` tries (1 or more). `random` is uniform in 0 to 2^32-1.
    Verdict decide(Error const& error, int failed, CallOptions const& options, SteadyTime now,
                   std::uint32_t random) const;

private:
    RetryConfig config_;
};

/// Retries whole calls, and streams until their first event; Retry-After is honoured, everything ends by the call's
/// deadline, and a request that may have been executed is not sent again unless CallOptions::replay is any. What a
/// RateLimiter refused has waited already, and is not tried again.
AIKIT_EXPORT Result<std::shared_ptr<AIProvider>> make_retry(std::shared_ptr<AIProvider> next, Runtime runtime,
                                                            RetryConfig config);

}  // namespace aikit::inline v0::policy

#endif  // AIKIT_POLICY_RETRY_HPP
