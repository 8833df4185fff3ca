// SPDX-License-Identifier: MIT
// fault/sim_plan.hpp - what is to happen in one world of the simulation: drawn from its seed, and nothing else.
#ifndef AIKIT_TESTS_FAULT_SIM_PLAN_HPP
#define AIKIT_TESTS_FAULT_SIM_PLAN_HPP

#include "sim_chance.hpp"

#include <aikit/model/call.hpp>
#include <aikit/router/router.hpp>

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sim {

using std::chrono::milliseconds;

/// What an upstream does with a request.
enum class Fault {
    none,
    refused,         ///< Nobody listens.
    reset_unread,    ///< The connection is reset, and nothing was carried out; who asked cannot know that.
    reset_executed,  ///< It is carried out, and then the connection is reset without a byte of an answer.
    limited,         ///< 429 without a time.
    limited_seconds,
    limited_date,     ///< By the upstream's own clock, which it shows.
    limited_huge,     ///< Half an hour or more.
    limited_garbage,  ///< A time that is none.
    failed,           ///< 500
    bad_gateway,      ///< 502
    unavailable,      ///< 503
    unavailable_seconds,
    unauthorized,     ///< 401
    too_long,         ///< The request exceeds the context.
    filtered,         ///< The request is withheld.
    cut,              ///< The answer ends in the middle of its framing.
    reset_midway,     ///< The same by a reset.
    ends_early,       ///< The answer ends properly, without what is left of it and its end marker.
    no_marker,        ///< All of the answer, but for the end marker.
    stall,            ///< Silence before the first byte of the head.
    stall_first,      ///< A head, and then silence.
    stall_midway,     ///< Silence after some of the answer.
    slow,             ///< A late head, and late pieces.
    malformed,        ///< A piece of no known form.
    error_midway,     ///< An error within the answer.
    stopped_by_limit  ///< No fault: a whole answer, of which a limit was the end.
};
inline constexpr std::size_t fault_kinds = 27;
char const* name(Fault fault) noexcept;

/// For a while an upstream does this to so many of a hundred requests.
struct Spell {
    milliseconds from{0}, until{0};
    Fault fault = Fault::none;
    int percent = 100;
};

struct DeploymentPlan {
    int faulty = 0;  ///< Of a hundred requests, so many meet a fault of any kind, at any time.
    std::vector<Spell> spells;
    milliseconds head_after{0};  ///< At most.
    milliseconds piece_after{0};
    int words = 8;  ///< Of an answer, at most.
};

struct CallPlan {
    int number = 0;
    milliseconds at{0};
    bool stream = false;
    int tenant = 0;
    int question = 0;
    int direct = -1;  ///< The deployment that it names; -1: the router.
    std::optional<milliseconds> total, idle, first_byte;
    aikit::Replay replay = aikit::Replay::other_deployment;
    std::optional<int> max_retries;
    aikit::CacheUse cache = aikit::CacheUse::use;
    std::optional<milliseconds> cancel_after;
    std::optional<int> leave_after;  ///< So many events are read of a stream.
};

struct ClockJump {
    milliseconds at{0};
    std::chrono::seconds by{0};
};

struct DiskFull {
    milliseconds from{0}, until{0};
};

/// As HealthConfig::least_calls: an error rate opens no circuit.
inline constexpr int never_so_many = 1'000'000;

struct Plan {
    std::uint64_t seed = 0;
    std::string_view mood;
    std::vector<DeploymentPlan> deployments;
    std::vector<CallPlan> calls;  ///< In the order of their times.

    aikit::router::RoutePolicy policy = aikit::router::RoutePolicy::ordered;
    aikit::router::HealthConfig health;
    bool breaker = true;
    int max_retries = 2;
    int retry_floor = 10;
    bool resume = false;
    double hedge = 0;  ///< As HedgeConfig::quantile.

    std::optional<std::int64_t> budget;  ///< In nano-dollars, for each tenant; missing: there is none.
    bool cache = false;
    std::optional<int> at_once;  ///< A limit on calls, for all together.
    std::vector<DiskFull> disk_full;
    std::vector<ClockJump> jumps;

    /// So many attempts a call may make.
    int attempts_of(CallPlan const& call) const {
        return call.max_retries.value_or(call.direct < 0 ? max_retries : 2) + 1;
    }
};

Plan draw(std::uint64_t seed);

/// For people, a line for each part.
std::string describe(Plan const& plan);

/// What one token costs at a deployment, in nano-dollars: read, written.
struct Rates {
    std::int64_t input = 0;
    std::int64_t output = 0;
};
constexpr Rates rates_of(std::size_t deployment) noexcept {
    auto const times = static_cast<std::int64_t>(deployment) + 1;
    return {1'000 * times, 4'000 * times};
}

inline constexpr std::int64_t input_tokens = 8;    ///< Of each request, as the upstreams count.
inline constexpr std::int64_t tokens_of_word = 2;  ///< The same of each word of an answer.
inline constexpr std::int64_t most_output = 64;    ///< What each request allows.

}  // namespace sim

#endif  // AIKIT_TESTS_FAULT_SIM_PLAN_HPP
