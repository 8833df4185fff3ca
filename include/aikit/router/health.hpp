// SPDX-License-Identifier: MIT
// aikit/router/health.hpp - is a deployment fit to be asked? A circuit breaker, pauses, and what its calls were like.
#ifndef AIKIT_ROUTER_HEALTH_HPP
#define AIKIT_ROUTER_HEALTH_HPP

#include <aikit/core/clock.hpp>
#include <aikit/core/result.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace aikit::inline v0::router {

/// When a deployment is no longer asked, and for how long.
struct HealthConfig {
    HealthConfig() = default;

    int failures = 5;         ///< So many failures in a row open the circuit. 1 to 1,000.
    double error_rate = 0.5;  ///< Or such a share of the calls in `window`, 0 to 1, when there were `least_calls`.
    int least_calls = 20;

    /// What error rates are taken from, and latencies too, unless too few were measured in it: then from all that is
    /// remembered, of which the older counts the less. 1 s to 1 h.
    std::chrono::milliseconds window{30'000};

    /// An open circuit lets one call through after so long, to see; each time that fails the pause is twice as long, up
    /// to `longest_pause`. One that works closes it.
    std::chrono::milliseconds probe_after{5'000};
    std::chrono::milliseconds longest_pause{60'000};

    /// For as long a deployment is left alone whose key was refused, whose account is empty, or which does not have the
    /// model.
    std::chrono::milliseconds refused_pause{600'000};

    /// The pause after a 429 that names no time; twice as long after each further one, up to `longest_pause`.
    std::chrono::milliseconds limited_pause{1'000};
};

/// ok, or invalid_argument with `lead` before the name of the field.
AIKIT_EXPORT Result<void> check(HealthConfig const& config, std::string const& lead);

enum class Circuit {
    closed,     ///< Calls go through.
    open,       ///< None do, until it is time for a probe.
    half_open,  ///< One does; the others wait for what becomes of it.
};

/// "closed", "open", "half_open". Static storage.
AIKIT_EXPORT char const* name(Circuit circuit) noexcept;

/// What an error says of the deployment that gave it.
enum class Effect {
    none,     ///< Nothing: the request was at fault, or the caller stopped.
    failure,  ///< It failed.
    limited,  ///< It is well, but asks to be left alone for a while.
    refused,  ///< It refuses whoever asks with this key, or for this model.
};

/// The matrix of error classes: a dead key, an empty account and a missing model are `refused`; 429 is `limited`; 5xx,
/// connections, timeouts, cut and garbled answers are `failure`. A refusal or a timeout that names no provider is this
/// program's own (a limit, a tier, a wait for the answer to an equal call), and is `none`.
AIKIT_EXPORT Effect effect_of(Error const& error) noexcept;

/// One deployment as it stands.
struct HealthSnapshot {
    HealthSnapshot() = default;

    Circuit circuit = Circuit::closed;
    int running = 0;
    std::int64_t calls = 0;  ///< Ended in the window.
    double error_rate = 0;   ///< Of these, those that failed.
    int failures_in_row = 0;
    std::optional<std::chrono::microseconds> latency_50, latency_95;  ///< Of whole answers.
    std::optional<std::chrono::microseconds> first_token_50, first_token_95;
    SteadyTime usable_at;  ///< It may be asked from then on; in the past: now.
    std::string reason;    ///< Why it may not be asked now; empty: it may.
};

/// Keeps the health of one deployment. A pure machine: it is told the time.
///
/// Thread-safety: shared objects: safe.
class AIKIT_EXPORT DeploymentHealth {
public:
    explicit DeploymentHealth(HealthConfig const& config);
    DeploymentHealth(DeploymentHealth const&) = delete;
    DeploymentHealth& operator=(DeploymentHealth const&) = delete;
    ~DeploymentHealth();

    /// A call's place; to be ended by one of the three below.
    struct Permit {
        Permit() = default;

        bool probe = false;
        std::uint64_t number = 0;
    };

    /// True when admit() would let a call through.
    bool usable(SteadyTime now) const;

    /// nullopt: it is not to be asked now.
    std::optional<Permit> admit(SteadyTime now);

    /// `first_token` only of streams.
    void succeeded(Permit permit, SteadyTime now, std::chrono::microseconds latency,
                   std::optional<std::chrono::microseconds> first_token);

    /// True when the circuit opens by it.
    bool failed(Permit permit, SteadyTime now, Error const& error);

    /// Nothing is known of how it would have ended.
    void abandoned(Permit permit);

    /// Another answered before it: all that is known is that it would have taken longer than `waited`, for its first
    /// token where it is a stream.
    void overtaken(Permit permit, SteadyTime now, std::chrono::microseconds waited, bool stream);

    HealthSnapshot snapshot(SteadyTime now) const;
    int running() const;

    /// Of the calls that ended in the window, those that failed: 0 to 1.
    double error_rate(SteadyTime now) const;

    /// What only a quantile is needed of: of first tokens when `streams`, else of whole answers. nullopt: fewer than
    /// `least` are remembered.
    std::optional<std::chrono::microseconds> quantile(SteadyTime now, bool streams, double share,
                                                      std::int64_t least) const;

    /// The members of a JSON object with what restore() needs: circuit, pauses, and how long calls took.
    std::string save(SteadyTime now) const;

    /// Puts back what save() gave `age` ago: pauses have run on since. Errors: protocol.
    Result<void> restore(std::string_view json, SteadyTime now, std::chrono::milliseconds age);

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace aikit::inline v0::router

#endif  // AIKIT_ROUTER_HEALTH_HPP
