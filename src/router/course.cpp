// SPDX-License-Identifier: MIT
// router/course.cpp - where an operation goes after a failure.
#include "policy/operation.hpp"
#include "router/route.hpp"

#include <algorithm>

namespace aikit::inline v0::router {
namespace {

using std::chrono::milliseconds;

// Longer than so nobody is kept waiting for a deployment that asked to be left alone.
constexpr milliseconds longest_wait{60'000};

// A deployment of which more fail is sick: asking it once more feeds its outage.
constexpr double sick = 0.1;

// What came of a stream whose end nobody has seen.
constexpr char left_open[] = "left";

// Calls of ten seconds that may be hedged however few there are.
constexpr int hedge_floor = 2;

bool belongs_to_the_call(Errc code) noexcept {
    switch (code) {
        case Errc::invalid_argument:
        case Errc::invalid_request:
        case Errc::cancelled:
        case Errc::storage:
        case Errc::invalid_state:
        case Errc::out_of_memory:
        case Errc::internal: return true;
        default: return false;
    }
}

}  // namespace

RouterCore::RouterCore(Runtime runtime_, RouterConfig config_)
    : runtime(std::move(runtime_)),
      config(std::move(config_)),
      retries(config.retry_budget, config.retry_floor),
      hedges(config.hedge.share, hedge_floor) {
    for (Deployment const& deployment : config.deployments) {
        targets.push_back(std::make_unique<Target>(deployment, config.costs->catalog(), config.health));
    }
}

void RouterCore::count(std::string_view metric, std::size_t target, char const* key, std::string_view value) const {
    if (!config.observer) return;
    std::vector<LogField> labels{LogField("aikit.router", config.name),
                                 LogField("aikit.deployment", targets[target]->name)};
    if (!value.empty()) labels.emplace_back(key, std::string(value));
    config.observer->count(metric, 1, labels);
}

Place& Place::operator=(Place&& other) noexcept {
    if (this == &other) return *this;
    leave();
    core_ = std::move(other.core_);
    target_ = other.target_;
    permit_ = other.permit_;
    began_ = other.began_;
    first_token_ = other.first_token_;
    settled_ = other.settled_;
    return *this;
}

void Place::first_token() {
    if (open() && !first_token_) {
        first_token_ = std::chrono::duration_cast<std::chrono::microseconds>(core_->now() - began_);
    }
}

void Place::succeeded() {
    if (!open()) return;
    SteadyTime const now = core_->now();
    target().health.succeeded(permit_, now, std::chrono::duration_cast<std::chrono::microseconds>(now - began_),
                              first_token_);
    settled_ = true;
}

void Place::failed(Error const& error) {
    if (!open()) return;
    bool const opened = target().health.failed(permit_, core_->now(), error);
    if (opened) core_->count("aikit.router.circuit.openings", target_, "", {});
    settled_ = true;
}

void Place::overtaken(bool stream) {
    if (!open()) return;
    SteadyTime const now = core_->now();
    target().health.overtaken(permit_, now, std::chrono::duration_cast<std::chrono::microseconds>(now - began_),
                              stream);
    settled_ = true;
}

void Place::leave() noexcept {
    if (!open()) return;
    target().health.abandoned(permit_);
    settled_ = true;
}

Course::Course(std::shared_ptr<RouterCore> core, CallOptions options, Choice choice)
    : core_(std::move(core)), options_(std::move(options)), choice_(std::move(choice)) {
    int const retries = options_.max_retries.value_or(core_->config.max_retries);
    left_ = std::clamp(retries, 0, policy::most_retries) + 1;
    SteadyTime const now = core_->now();
    core_->retries.call(now);
    ++core_->operations;
    if (core_->config.hedge.quantile > 0) core_->hedges.call(now);
}

CallOptions Course::attempt_options() const {
    CallOptions options = options_;
    // The router itself is what tries again, so that attempts of several layers do not multiply.
    options.max_retries = 0;
    options.attempt = number_;
    options.keep.reset();
    return options;
}

std::optional<Place> Course::enter(std::size_t target) {
    std::optional<DeploymentHealth::Permit> const permit = core_->targets[target]->health.admit(core_->now());
    if (!permit) return std::nullopt;
    --left_;
    // Beside one that is still under way a list of those that ended is too short.
    number_ = std::max(number_, static_cast<int>(options_.attempts->size())) + 1;
    return Place(core_, target, *permit);
}

bool Course::allowed(std::size_t target) const {
    return model_.empty() || core_->targets[target]->price_model == model_;
}

Result<Place> Course::first() {
    for (std::size_t const target : choice_.order) {
        if (!allowed(target)) continue;
        if (std::optional<Place> place = enter(target)) return std::move(*place);
    }
    return none_left();
}

Error Course::none_left() const {
    RouteDecision const& decision = choice_.decision;
    std::string why;
    for (RouteCandidate const& candidate : decision.candidates) {
        if (candidate.left_out.empty()) continue;
        why += (why.empty() ? "" : "; ") + candidate.deployment + ": " + candidate.left_out;
    }
    bool const waiting_helps = decision.retry_after.has_value() || decision.usable > 0;
    Error error = fail(waiting_helps ? Errc::overloaded : Errc::unsupported,
                       core_->config.name + ": no deployment can take the request" + (waiting_helps ? " now" : "") +
                           (why.empty() ? "" : " (" + why + ")"));
    error.retry_after = decision.retry_after;
    if (waiting_helps && !error.retry_after) error.retry_after = core_->config.health.probe_after;
    return error;
}

Course::Move Course::move_of(Error const& error) const {
    if (error.maybe_executed && options_.replay == Replay::never) return Move::stop;
    if (options_.deadline.passed(core_->now())) return Move::stop;
    if (belongs_to_the_call(error.code)) return Move::stop;
    if (error.code == Errc::context_length) return core_->config.on_context_length ? Move::larger : Move::stop;
    if (error.code == Errc::content_filtered) return core_->config.on_content_filter ? Move::other : Move::stop;
    return Move::other;
}

std::int64_t Course::window_of(std::size_t target) const {
    Target& one = *core_->targets[target];
    Result<std::shared_ptr<cost::PriceEntry const>> const entry =
        one.prices.find(one.price_model, {}, {}, core_->runtime.clock()->system_now());
    return entry ? (*entry)->context_window.value_or(0) : 0;
}

bool Course::was_at(std::size_t target) const {
    bool const overtaken = std::find(overtaken_.begin(), overtaken_.end(), target) != overtaken_.end();
    return overtaken || hedged_ == target ||
           std::any_of(seen_.begin(), seen_.end(), [&](Seen const& one) { return one.target == target; });
}

std::optional<Place> Course::other(Move move, std::size_t failed) {
    for (std::size_t const target : choice_.order) {
        if (was_at(target) || !allowed(target)) continue;
        if (move == Move::larger && window_of(target) <= window_of(failed)) continue;
        SteadyTime const now = core_->now();
        if (core_->targets[target]->health.error_rate(now) > sick && !core_->retries.take(now)) continue;
        if (std::optional<Place> place = enter(target)) return place;
    }
    return std::nullopt;
}

std::optional<Course::Again> Course::again() const {
    std::optional<Again> best;
    for (Seen const& one : seen_) {
        if (!retryable(one.error) || (one.error.maybe_executed && options_.replay != Replay::any)) continue;
        // A limit of this program's own has let it wait as long as it may.
        if (one.error.code == Errc::rate_limited && one.error.provider.empty()) continue;
        SteadyTime const now = core_->now();
        Again next;
        next.target = one.target;
        next.at =
            std::max(now, core_->targets[one.target]->health.snapshot(now).usable_at) +
            policy::jittered(core_->config.first_delay, core_->config.max_delay, one.times, policy::random_number());
        bool const in_time = next.at - now <= longest_wait && !options_.deadline.passed(next.at);
        if (in_time && (!best || next.at < best->at)) best = next;
    }
    return best;
}

void Course::note(std::size_t target, std::string outcome) {
    asked_.emplace_back(core_->targets[target]->name, std::move(outcome));
}

std::optional<SteadyTime> Course::hedge_at(std::size_t running, bool stream) const {
    HedgeConfig const& hedge = core_->config.hedge;
    if (hedge.quantile <= 0 || hedged_ || left_ <= 0 || options_.replay == Replay::never) return std::nullopt;
    SteadyTime const now = core_->now();
    std::optional<std::chrono::microseconds> const mostly =
        core_->targets[running]->health.quantile(now, stream, hedge.quantile, hedge.least_calls);
    if (!mostly || options_.deadline.passed(now + *mostly)) return std::nullopt;
    return now + *mostly;
}

std::optional<Place> Course::beside(std::size_t running) {
    if (hedged_ || left_ <= 0) return std::nullopt;
    hedged_ = running;
    SteadyTime const now = core_->now();
    for (std::size_t const target : choice_.order) {
        if (was_at(target) || !allowed(target)) continue;
        // What is sick, or may be, is no help, and not to be asked for it.
        DeploymentHealth& health = core_->targets[target]->health;
        if (health.error_rate(now) > sick || health.snapshot(now).circuit != Circuit::closed) continue;
        if (!health.usable(now)) continue;
        if (!core_->hedges.take(now)) return std::nullopt;
        if (std::optional<Place> place = enter(target)) {
            core_->count("aikit.router.hedges", target, "", {});
            return place;
        }
    }
    return std::nullopt;
}

void Course::cut(Error const& error, std::size_t target) {
    ended(aikit::name(error.code));
    core_->count("aikit.router.failures", target, "error.type", aikit::name(error.code));
}

void Course::failed(Error error, std::size_t target) {
    // A stream that was under way there is noted already.
    bool const under_way = !asked_.empty() && asked_.back().outcome == left_open &&
                           asked_.back().deployment == core_->targets[target]->name;
    if (under_way) asked_.pop_back();
    note(target, aikit::name(error.code));
    core_->count("aikit.router.failures", target, "error.type", aikit::name(error.code));
    auto found = std::find_if(seen_.begin(), seen_.end(), [&](Seen const& one) { return one.target == target; });
    if (found == seen_.end()) {
        seen_.emplace_back().target = target;
        found = std::prev(seen_.end());
    }
    last_failed_ = target;
    found->error = std::move(error);
    ++found->times;
}

void Course::add_up(CallInfo& info) const {
    if (!hedged_ || options_.attempts->empty()) return;
    info.attempts = *options_.attempts;
    policy::add_up_attempts(info);
}

Task<Place> Course::after(std::shared_ptr<Course> self, Error error, std::size_t failed) {
    self->failed(error, failed);
    Move const move = self->move_of(error);
    if (move == Move::stop || self->left_ <= 0) co_return error;
    if (std::optional<Place> place = self->other(move, failed)) co_return std::move(*place);
    while (move == Move::other) {
        std::optional<Again> const next = self->again();
        if (!next || !self->core_->retries.take(self->core_->now())) break;
        Task<void> nap = sleep_until(self->core_->runtime.clock(), next->at);
        Result<void> const slept = co_await std::move(nap);
        if (!slept) co_return slept.error();
        if (std::optional<Place> place = self->enter(next->target)) co_return std::move(*place);
    }
    co_return error;
}

void Course::overtaken(std::size_t target) {
    note(target, "overtaken");
    overtaken_.push_back(target);
    core_->count("aikit.router.overtaken", target, "", {});
}

void Course::opened(std::size_t target) {
    note(target, left_open);
}

void Course::answered(std::size_t target, CallInfo& info, std::int64_t input_tokens) {
    note(target, "ok");
    info.route = explanation();
    warm(target, input_tokens);
}

void Course::warm(std::size_t target, std::int64_t input_tokens) {
    if (choice_.beginning != 0 && input_tokens > 0) {
        core_->prompts.note(choice_.beginning, target, input_tokens, core_->now());
    }
}

}  // namespace aikit::inline v0::router
