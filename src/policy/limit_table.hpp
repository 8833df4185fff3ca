// SPDX-License-Identifier: MIT
// policy/limit_table.hpp - who has how much room, as a machine without clock and lock.
#ifndef AIKIT_SRC_POLICY_LIMIT_TABLE_HPP
#define AIKIT_SRC_POLICY_LIMIT_TABLE_HPP

#include "policy/sliding_window.hpp"

#include <aikit/policy/limits.hpp>

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

namespace aikit::inline v0::policy {

/// What a rule allows one of its values, and what is used of it.
struct Allowance {
    Allowance(LimitRule const& rule_, std::string value_)
        : rule(&rule_), value(std::move(value_)), requests(rule_.window), tokens(rule_.window) {}

    LimitRule const* rule;
    std::string value;
    SlidingWindow requests;
    SlidingWindow tokens;
    std::int64_t running = 0;
    std::uint64_t full_in = 0;  ///< The round of the queue in which somebody found no room here.
};

/// One number that a provider told of what is left, and what was sent since. A bucket that fills up evenly until it is
/// full at the reset: so OpenAI and Anthropic describe theirs.
class ToldLimit {
public:
    void told(RateLimit const& limit, SteadyTime now, std::int64_t sent_before);
    void sent(std::int64_t amount) noexcept { sent_ += amount; }

    /// When there will be `amount`; `now` when there is, or nothing is known. No more is asked for than there can be.
    SteadyTime room_at(SteadyTime now, std::int64_t amount) const;

private:
    bool known_ = false;
    SteadyTime at_;
    SteadyTime::duration reset_{0};
    std::int64_t limit_ = 0;
    std::int64_t remaining_ = 0;
    std::int64_t sent_ = 0;       // of all time
    std::int64_t sent_then_ = 0;  // when the answer that told was asked for
};

/// What a provider has said of one of its models.
struct Gate {
    SteadyTime closed_until{};
    std::optional<std::int64_t> at_once;  ///< After a refusal: how many may run, until it is known that all may.
    std::int64_t running = 0;
    std::int64_t sent = 0;     ///< Calls of all time.
    std::int64_t refused = 0;  ///< The number of calls that were sent when one was refused last.
    std::int64_t told_of = 0;  ///< The number of the newest call whose answer told limits.
    std::int64_t sent_tokens = 0;
    ToldLimit requests;
    ToldLimit tokens;
    ToldLimit input_tokens;
    ToldLimit output_tokens;
    std::uint64_t full_in = 0;
};

/// What a call is under.
struct Places {
    Places() = default;

    std::vector<std::shared_ptr<Allowance>> allowances;
    std::shared_ptr<Gate> gate;  ///< Null: providers are not followed.
};

/// Whether there is room.
struct Room {
    Room() = default;

    bool now = false;
    bool never = false;               ///< It asks for more than is allowed in a whole window.
    std::optional<SteadyTime> later;  ///< Not before; missing: when another call has ended.
    LimitRule const* rule = nullptr;  ///< The one that lets it wait longest; null: the provider does.
};

/// What a call has taken.
struct Grant {
    Grant() = default;

    Places places;
    std::vector<std::int64_t> slots;  ///< By allowance: where its tokens were counted.
    std::int64_t tokens = 0;
    std::int64_t number = 0;  ///< Of the gate's calls.
    std::int64_t tokens_before = 0;
};

/// Thread-safety: distinct objects: safe. Shared objects: unsafe.
class LimitTable {
public:
    explicit LimitTable(LimitsConfig config) : config_(std::move(config)) {}

    LimitsConfig const& config() const noexcept { return config_; }

    Places places_of(LimitedCall const& call, SteadyTime now);

    /// In a round that is not 0, what has no room is marked with it.
    Room room(Places const& places, std::int64_t tokens, SteadyTime now, std::uint64_t round = 0);

    /// True when a place was found full in this round by one who goes first.
    static bool blocked(Places const& places, std::uint64_t round) noexcept;

    /// To be called where there is room.
    Grant take(Places places, std::int64_t tokens, SteadyTime now);

    /// The call has ended. `tokens` is what it used, when that is known.
    void end(Grant const& grant, std::optional<std::int64_t> tokens, SteadyTime now);

    /// What its answer, or its error, said.
    void told(Grant const& grant, RateLimits const* limits, Error const* error, SteadyTime now);

    std::vector<LimitStatus> status(SteadyTime now);

private:
    void add_allowances(Places& places, std::size_t rule, LimitedCall const& call, SteadyTime now);
    std::shared_ptr<Allowance> allowance(std::size_t rule, std::string const& value, SteadyTime now);
    void forget_idle(SteadyTime now);

    LimitsConfig config_;
    std::unordered_map<std::string, std::shared_ptr<Allowance>> allowances_;
    std::unordered_map<std::string, std::shared_ptr<Gate>> gates_;
    std::size_t tidy_at_ = 1'024;
};

}  // namespace aikit::inline v0::policy

#endif  // AIKIT_SRC_POLICY_LIMIT_TABLE_HPP
