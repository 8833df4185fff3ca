// SPDX-License-Identifier: MIT
// aikit/policy/limits.hpp - how many calls and tokens may pass in a time, and how many calls at once.
#ifndef AIKIT_POLICY_LIMITS_HPP
#define AIKIT_POLICY_LIMITS_HPP

#include <aikit/core/observer.hpp>
#include <aikit/model/provider.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace aikit::inline v0::policy {

/// Whose calls count together.
enum class LimitBy { everyone, provider, model, tenant, user, key, project, tag };

/// "user" and so on, as in configurations. Static storage.
AIKIT_EXPORT char const* name(LimitBy by) noexcept;
AIKIT_EXPORT std::optional<LimitBy> limit_by_from_name(std::string_view text) noexcept;

/// Which calls a rule is for: those that are of `provider`, `model` and `tier`, where these are given, and have a value
/// of `by`. Each value has an allowance of its own, a call with several tags is held against each of them, and a call
/// without a user is under no rule by user.
struct CallScope {
    CallScope() = default;

    LimitBy by = LimitBy::everyone;
    std::string match;     ///< Only this value; empty: each.
    std::string provider;  ///< Only calls to it; empty: to all.
    std::string model;     ///< Only calls of it, as they name it; empty: of all.
    std::string tier;      ///< Only calls of callers in it (Caller::tier); empty: of all.
};

/// One limit.
struct LimitRule : CallScope {
    LimitRule() = default;

    std::string name;  ///< For sentences and status; unique.

    std::optional<std::int64_t> requests;  ///< In any `window`, wherever that begins.
    std::optional<std::int64_t> tokens;    ///< The same; input and output. Reserved before a call, corrected after it.
    std::chrono::milliseconds window{60'000};
    std::optional<std::int64_t> at_once;
};

struct LimitsConfig {
    LimitsConfig() = default;

    std::vector<LimitRule> rules;

    /// Calls without room wait for it, those of higher CallOptions::priority first, else in the order they came; one
    /// that could not go before its deadline, or `longest_wait`, is refused at once. false: all of them are.
    bool queue = true;
    std::chrono::milliseconds longest_wait{120'000};
    std::int64_t most_waiting = 1'000;  ///< One more is refused.

    /// What providers say of their limits holds as a rule does: nothing is sent before a Retry-After has passed, or
    /// beyond what their headers say remains; after a refusal calls start again with one, then two, four, ... at once.
    bool follow_providers = true;
};

/// ok, or invalid_argument with `lead` before the name of the field: "rules[0].requests".
AIKIT_EXPORT Result<void> check(LimitsConfig const& config, std::string const& lead);

/// What of a call matters to limits.
struct LimitedCall {
    LimitedCall() = default;

    std::string provider;
    std::string model;
    Caller caller;
    std::int64_t tokens = 0;  ///< What it may use, input and output. A chat without max_tokens is taken to write 1,024.
    int priority = 0;
    Deadline deadline;
};

/// How much of one allowance is used now.
struct LimitStatus {
    LimitStatus() = default;

    std::string rule;
    std::string value;  ///< Whose allowance: the user, the model, ...; empty for everyone.
    std::int64_t requests = 0;
    std::int64_t tokens = 0;
    std::int64_t running = 0;
};

/// All that is used now, and how many calls wait.
struct LimitsReport {
    LimitsReport() = default;

    std::vector<LimitStatus> used;
    std::int64_t waiting = 0;
};

/// Holds calls against limits. One for all who share the limits; they hold within a process.
/// Thread-safety: shared objects: safe.
class AIKIT_EXPORT RateLimiter {
public:
    struct State;

    /// A call's place. What is not settled keeps what was reserved, and leaves when it is destroyed.
    class AIKIT_EXPORT Permit {
    public:
        Permit() noexcept;
        Permit(Permit&& other) noexcept;
        Permit& operator=(Permit&& other) noexcept;
        ~Permit();

        /// The call has ended: what it used takes the place of what was reserved, and `told`, if there is any, is held
        /// on to. `error` is null when it did not fail. Does nothing the second time.
        void settle(std::optional<std::int64_t> tokens, RateLimits const* told, Error const* error) noexcept;

        /// How long the call waited.
        std::chrono::milliseconds waited() const noexcept { return waited_; }

    private:
        friend class RateLimiter;
        friend struct State;
        struct Grant;
        std::shared_ptr<State> state_;
        std::unique_ptr<Grant> grant_;
        std::chrono::milliseconds waited_{0};
    };

    /// Errors: invalid_argument, naming the rule and its field.
    static Result<std::shared_ptr<RateLimiter>> create(std::shared_ptr<Clock> clock, LimitsConfig config);

    /// A place for a call, at once or after waiting for it.
    ///
    /// Cancellation: terminal; the place in the queue is given up. Errors: rate_limited with retry_after, before
    /// anything was sent; cancelled.
    Task<Permit> acquire(LimitedCall call);

    /// The same without waiting.
    Result<Permit> try_acquire(LimitedCall const& call);

    /// Every allowance of which something is used, and who waits.
    LimitsReport status() const;

private:
    explicit RateLimiter(std::shared_ptr<State> state) : state_(std::move(state)) {}
    static Task<Permit> acquire_task(std::shared_ptr<State> state, LimitedCall call);

    std::shared_ptr<State> state_;
};

/// Asks `limiter` before each call of `next`: chats, streams, embeddings, moderations and counts of tokens. Around a
/// meter and inside a retry, each attempt has a place of its own. A stream keeps its place until it ends or is let go.
/// An `observer` is told how long each waited, and of those that were refused.
AIKIT_EXPORT Result<std::shared_ptr<AIProvider>> make_limited(std::shared_ptr<AIProvider> next,
                                                              std::shared_ptr<RateLimiter> limiter,
                                                              std::shared_ptr<Observer> observer = nullptr);

}  // namespace aikit::inline v0::policy

#endif  // AIKIT_POLICY_LIMITS_HPP
