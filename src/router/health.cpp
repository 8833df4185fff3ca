// SPDX-License-Identifier: MIT
// router/health.cpp - the circuit breaker of a deployment.
#include "core/json.hpp"
#include "router/latencies.hpp"

#include <aikit/router/health.hpp>

#include <mutex>

namespace aikit::inline v0::router {
namespace {

using std::chrono::milliseconds;

constexpr int most_doublings = 20;

milliseconds doubled(milliseconds first, int times, milliseconds most) {
    std::int64_t const long_one = first.count() << std::min(times, most_doublings);
    return std::min(milliseconds(long_one), std::max(most, first));
}

}  // namespace

Result<void> check(HealthConfig const& config, std::string const& lead) {
    auto const wrong = [&](char const* what) { return fail(Errc::invalid_argument, lead + what); };
    constexpr milliseconds hour = std::chrono::hours(1), day = std::chrono::hours(24);
    auto const pause = [&](milliseconds value) { return value > milliseconds(0) && value <= day; };
    if (config.failures < 1 || config.failures > 1'000) return wrong("failures must be 1 to 1000");
    if (!(config.error_rate > 0 && config.error_rate <= 1)) return wrong("error_rate must be above 0 and at most 1");
    if (config.least_calls < 1) return wrong("least_calls must be 1 or more");
    if (config.window < milliseconds(1'000) || config.window > hour) return wrong("window must be 1 second to 1 hour");
    if (!pause(config.probe_after)) return wrong("probe_after must be above 0 and at most a day");
    if (!pause(config.longest_pause)) return wrong("longest_pause must be above 0 and at most a day");
    if (!pause(config.refused_pause)) return wrong("refused_pause must be above 0 and at most a day");
    if (!pause(config.limited_pause)) return wrong("limited_pause must be above 0 and at most a day");
    return ok();
}

char const* name(Circuit circuit) noexcept {
    if (circuit == Circuit::closed) return "closed";
    return circuit == Circuit::open ? "open" : "half_open";
}

Effect effect_of(Error const& error) noexcept {
    switch (error.code) {
        case Errc::authentication:
        case Errc::permission:
        case Errc::quota_exceeded:
        case Errc::not_found: return error.provider.empty() ? Effect::none : Effect::refused;
        case Errc::rate_limited: return error.provider.empty() ? Effect::none : Effect::limited;
        case Errc::timeout: return error.provider.empty() ? Effect::none : Effect::failure;
        case Errc::overloaded:
        case Errc::server_error:
        case Errc::connection:
        case Errc::incomplete:
        case Errc::protocol: return Effect::failure;
        default: return Effect::none;
    }
}

struct DeploymentHealth::State {
    explicit State(HealthConfig const& config_) : config(config_), window(config_.window) {}

    bool open_now(SteadyTime now) const { return circuit == Circuit::open && now < probe_at; }
    bool probing() const { return circuit == Circuit::half_open; }

    void open(SteadyTime now) {
        circuit = Circuit::open;
        probe_at = now + doubled(config.probe_after, failed_probes, config.longest_pause);
        probe = 0;
    }
    void close(SteadyTime now) {
        circuit = Circuit::closed;
        failed_probes = failures_in_row = 0;
        probe = 0;
        window.forget(now);
    }

    void abandon(std::uint64_t permit) {
        --running;
        if (permit != probe) return;
        // The next call is the probe.
        circuit = Circuit::open;
        probe = 0;
    }

    double error_rate(SteadyTime now) const {
        std::int64_t const calls = window.calls(now);
        return calls > 0 ? static_cast<double>(window.failures(now)) / static_cast<double>(calls) : 0;
    }

    std::string why_not(SteadyTime now) const {
        if (now < paused_until) return pause_reason;
        if (open_now(now)) return "its circuit is open after " + std::to_string(failures_in_row) + " failures";
        return probing() ? "its circuit is half open, and a probe is under way" : std::string();
    }

    HealthConfig const config;
    std::mutex mutable mutex;
    CallWindow mutable window;
    Circuit circuit = Circuit::closed;
    SteadyTime probe_at;
    int failed_probes = 0;
    int failures_in_row = 0;
    int limited_in_row = 0;
    int running = 0;
    std::uint64_t probe = 0;  // the permit that is one; 0: none
    std::uint64_t last = 0;
    SteadyTime paused_until = SteadyTime::min();
    std::string pause_reason;
};

DeploymentHealth::DeploymentHealth(HealthConfig const& config) : state_(std::make_unique<State>(config)) {}
DeploymentHealth::~DeploymentHealth() = default;

bool DeploymentHealth::usable(SteadyTime now) const {
    std::lock_guard const lock(state_->mutex);
    return now >= state_->paused_until && !state_->open_now(now) && !state_->probing();
}

std::optional<DeploymentHealth::Permit> DeploymentHealth::admit(SteadyTime now) {
    State& state = *state_;
    std::lock_guard const lock(state.mutex);
    if (now < state.paused_until || state.open_now(now) || state.probing()) return std::nullopt;
    Permit permit;
    permit.number = ++state.last;
    if (state.circuit == Circuit::open) {
        state.circuit = Circuit::half_open;
        state.probe = permit.number;
        permit.probe = true;
    }
    ++state.running;
    return permit;
}

void DeploymentHealth::succeeded(Permit permit, SteadyTime now, std::chrono::microseconds latency,
                                 std::optional<std::chrono::microseconds> first_token) {
    State& state = *state_;
    std::lock_guard const lock(state.mutex);
    --state.running;
    // A call from before the circuit opened says nothing of how the deployment is since.
    if (state.circuit == Circuit::closed || permit.number == state.probe) {
        if (state.circuit != Circuit::closed) state.close(now);
        state.failures_in_row = 0;
        state.limited_in_row = 0;
    }
    state.window.ended(now, false);
    state.window.took(now, latency, first_token);
}

bool DeploymentHealth::failed(Permit permit, SteadyTime now, Error const& error) {
    State& state = *state_;
    std::lock_guard const lock(state.mutex);
    --state.running;
    bool const probe = permit.number == state.probe;
    Effect const effect = effect_of(error);
    milliseconds pause{0};
    if (error.retry_after && (effect == Effect::limited || effect == Effect::failure)) pause = *error.retry_after;
    if (effect == Effect::refused) pause = state.config.refused_pause;
    if (effect == Effect::limited && !error.retry_after) {
        pause = doubled(state.config.limited_pause, state.limited_in_row, state.config.longest_pause);
    }
    if (effect == Effect::limited) ++state.limited_in_row;
    if (pause > milliseconds(0) && now + pause > state.paused_until) {
        state.paused_until = now + pause;
        state.pause_reason = effect == Effect::refused
                                 ? "it refused the last call: " + std::string(aikit::name(error.code))
                                 : "it asked to be left alone for a while";
    }
    if (effect != Effect::failure) {
        // It answers: whatever it says, the circuit has nothing against it.
        if (probe && effect != Effect::none) state.close(now);
        if (probe && effect == Effect::none) {
            state.circuit = Circuit::open;
            state.probe = 0;
        }
        return false;
    }
    state.window.ended(now, true);
    ++state.failures_in_row;
    if (probe) {
        ++state.failed_probes;
        state.open(now);
        return true;
    }
    if (state.circuit != Circuit::closed) return false;
    std::int64_t const calls = state.window.calls(now);
    bool const too_many = calls >= state.config.least_calls && static_cast<double>(state.window.failures(now)) >=
                                                                   state.config.error_rate * static_cast<double>(calls);
    bool const opens = too_many || state.failures_in_row >= state.config.failures;
    if (opens) state.open(now);
    return opens;
}

void DeploymentHealth::abandoned(Permit permit) {
    std::lock_guard const lock(state_->mutex);
    state_->abandon(permit.number);
}

void DeploymentHealth::overtaken(Permit permit, SteadyTime now, std::chrono::microseconds waited, bool stream) {
    std::lock_guard const lock(state_->mutex);
    state_->abandon(permit.number);
    // Left out, the slowest would be missing from the quantile that decides when they are overtaken.
    state_->window.waited(now, waited, stream);
}

HealthSnapshot DeploymentHealth::snapshot(SteadyTime now) const {
    State const& state = *state_;
    std::lock_guard const lock(state.mutex);
    HealthSnapshot out;
    out.circuit = state.circuit;
    out.running = state.running;
    out.calls = state.window.calls(now);
    out.error_rate = state.error_rate(now);
    out.failures_in_row = state.failures_in_row;
    constexpr double half = 0.5, most = 0.95;
    out.latency_50 = state.window.quantile(now, false, half, 1);
    out.latency_95 = state.window.quantile(now, false, most, 1);
    out.first_token_50 = state.window.quantile(now, true, half, 1);
    out.first_token_95 = state.window.quantile(now, true, most, 1);
    out.usable_at = std::max(state.paused_until, state.circuit == Circuit::open ? state.probe_at : now);
    out.reason = state.why_not(now);
    return out;
}

int DeploymentHealth::running() const {
    std::lock_guard const lock(state_->mutex);
    return state_->running;
}

double DeploymentHealth::error_rate(SteadyTime now) const {
    std::lock_guard const lock(state_->mutex);
    return state_->error_rate(now);
}

std::optional<std::chrono::microseconds> DeploymentHealth::quantile(SteadyTime now, bool streams, double share,
                                                                    std::int64_t least) const {
    std::lock_guard const lock(state_->mutex);
    return state_->window.quantile(now, streams, share, least);
}

std::string DeploymentHealth::save(SteadyTime now) const {
    State const& state = *state_;
    std::lock_guard const lock(state.mutex);
    auto const left = [&](SteadyTime until) {
        return std::chrono::ceil<milliseconds>(std::max(until - now, SteadyTime::duration::zero())).count();
    };
    json::object out;
    if (state.circuit != Circuit::closed) {
        // Of a probe that is under way nobody will learn what became of it.
        out["open_ms"] = state.circuit == Circuit::open ? left(state.probe_at) : 0;
        out["failed_probes"] = state.failed_probes;
    }
    if (state.failures_in_row > 0) out["failures_in_row"] = state.failures_in_row;
    if (state.limited_in_row > 0) out["limited_in_row"] = state.limited_in_row;
    if (state.paused_until > now) {
        out["paused_ms"] = left(state.paused_until);
        out["paused"] = state.pause_reason;
    }
    for (bool const streams : {false, true}) {
        json::array counts;
        state.window.remembered(streams).each([&](std::size_t step, std::uint32_t count) {
            counts.push_back(json::array{static_cast<std::int64_t>(step), static_cast<std::int64_t>(count)});
        });
        if (!counts.empty()) out[streams ? "first_token" : "latency"] = std::move(counts);
    }
    return json::serialize(out);
}

namespace {

Error not_saved(std::string const& what) {
    return fail(Errc::protocol, "what was learned of a deployment: " + what + "; leave it out to begin anew");
}

Result<Durations> read_durations(json::value const& saved, char const* key) {
    Result<Durations> out;
    json::value const* const list = json::find(saved, key);
    if (list == nullptr) return out;
    if (!list->is_array()) return not_saved(std::string(key) + " is no list");
    for (json::value const& one : list->get_array()) {
        constexpr std::size_t two = 2;
        bool const pair = one.is_array() && one.get_array().size() == two;
        std::optional<std::int64_t> const step = pair ? json::as_integer(one.get_array()[0]) : std::nullopt;
        std::optional<std::int64_t> const count = pair ? json::as_integer(one.get_array()[1]) : std::nullopt;
        constexpr std::int64_t most = 1'000'000'000;
        bool const good = step && count && *step >= 0 && *count > 0 && *count <= most &&
                          out->put(static_cast<std::size_t>(*step), static_cast<std::uint32_t>(*count));
        if (!good) return not_saved(std::string(key) + " has an entry that is no step with its count");
    }
    return out;
}

}  // namespace

Result<void> DeploymentHealth::restore(std::string_view json, SteadyTime now, milliseconds age) {
    Result<json::value> const parsed = json::parse(json, "what was learned of a deployment");
    if (!parsed) return parsed.error();
    json::value const& saved = *parsed;
    if (!saved.is_object()) return not_saved("it is no object");
    Result<Durations> const latency = read_durations(saved, "latency");
    if (!latency) return latency.error();
    Result<Durations> const first_token = read_durations(saved, "first_token");
    if (!first_token) return first_token.error();
    constexpr std::int64_t most_row = 1'000'000;
    constexpr std::int64_t longest = std::chrono::milliseconds(std::chrono::hours(24)).count();
    bool wrong = false;
    auto const number = [&](char const* key, std::int64_t most) -> std::optional<std::int64_t> {
        if (json::find(saved, key) == nullptr) return std::nullopt;
        std::optional<std::int64_t> const value = json::integer(saved, key);
        wrong = wrong || !value || *value < 0 || *value > most;
        return value;
    };
    std::optional<std::int64_t> const open = number("open_ms", longest);
    std::optional<std::int64_t> const paused = number("paused_ms", longest);
    auto const failed_probes = number("failed_probes", most_row), failures = number("failures_in_row", most_row),
               limited = number("limited_in_row", most_row);
    if (wrong) return not_saved("a number is not what it can be");
    State& state = *state_;
    std::lock_guard const lock(state.mutex);
    if (open) {
        state.circuit = Circuit::open;
        state.probe_at = now + std::max(milliseconds(*open) - age, milliseconds(0));
        state.failed_probes = static_cast<int>(failed_probes.value_or(0));
    }
    state.failures_in_row = static_cast<int>(failures.value_or(0));
    state.limited_in_row = static_cast<int>(limited.value_or(0));
    if (paused && milliseconds(*paused) > age) {
        state.paused_until = now + (milliseconds(*paused) - age);
        state.pause_reason = std::string(json::text(saved, "paused").value_or("it is left alone for a while"));
    }
    state.window.put_back(false, *latency);
    state.window.put_back(true, *first_token);
    return ok();
}

}  // namespace aikit::inline v0::router
