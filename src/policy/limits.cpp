// SPDX-License-Identifier: MIT
// policy/limits.cpp - the queue before the table.
#include "core/async.hpp"
#include "core/waiter.hpp"
#include "policy/limit_table.hpp"

#include <aikit/policy/limits.hpp>

#include <algorithm>
#include <array>
#include <list>
#include <mutex>
#include <set>

namespace aikit::inline v0::policy {
namespace {

constexpr std::array<char const*, 8> by_names{"everyone", "provider", "model",   "tenant",
                                              "user",     "key",      "project", "tag"};

Result<void> check_rule(LimitRule const& rule, std::string const& lead) {
    auto const wrong = [&](char const* what) { return fail(Errc::invalid_argument, lead + what); };
    auto const positive = [](std::optional<std::int64_t> const& value) { return !value || *value > 0; };
    if (rule.name.empty()) return wrong("name is empty; sentences and status need it");
    if (!rule.requests && !rule.tokens && !rule.at_once) return wrong("requests, tokens or at_once must be given");
    if (!positive(rule.requests)) return wrong("requests must be more than 0");
    if (!positive(rule.tokens)) return wrong("tokens must be more than 0");
    if (!positive(rule.at_once)) return wrong("at_once must be more than 0");
    bool const window = rule.window >= std::chrono::seconds(1) && rule.window <= std::chrono::hours(24 * 31);
    if (!window) return wrong("window must be 1 second to 31 days");
    if (rule.by == LimitBy::everyone && !rule.match.empty()) return wrong("match needs another 'by' than everyone");
    return ok();
}

}  // namespace

Result<void> check(LimitsConfig const& config, std::string const& lead) {
    std::set<std::string_view> names;
    for (std::size_t i = 0; i < config.rules.size(); ++i) {
        std::string const rule = lead + "rules[" + std::to_string(i) + "].";
        if (Result<void> good = check_rule(config.rules[i], rule); !good) return good.error();
        if (!names.insert(config.rules[i].name).second) {
            return fail(Errc::invalid_argument, rule + "name stands for another rule already");
        }
    }
    if (config.longest_wait.count() < 0)
        return fail(Errc::invalid_argument, lead + "longest_wait must not be negative");
    if (config.most_waiting < 0) return fail(Errc::invalid_argument, lead + "most_waiting must not be negative");
    return ok();
}

char const* name(LimitBy by) noexcept {
    auto const at = static_cast<std::size_t>(by);
    return at < by_names.size() ? by_names[at] : "unknown";
}

std::optional<LimitBy> limit_by_from_name(std::string_view text) noexcept {
    auto const found = std::find(by_names.begin(), by_names.end(), text);
    if (found == by_names.end()) return std::nullopt;
    return static_cast<LimitBy>(found - by_names.begin());
}

struct RateLimiter::Permit::Grant : policy::Grant {
    explicit Grant(policy::Grant&& grant) : policy::Grant(std::move(grant)) {}
};

struct RateLimiter::State : std::enable_shared_from_this<State> {
    State(std::shared_ptr<Clock> clock_, LimitsConfig config) : clock(std::move(clock_)), table(std::move(config)) {}

    /// A call that waits.
    struct Waiting {
        LimitedCall call;
        Places places;
        SteadyTime give_up;
        std::weak_ptr<Waiter<bool>> waiter;
        SteadyTime looks;                    ///< When it looks for itself.
        std::optional<policy::Grant> grant;  ///< Set when it may go; it is then no longer in the queue.
    };
    using Queue = std::list<std::shared_ptr<Waiting>>;

    /// Lets all go that may, in their order. Who goes later takes nothing that an earlier one waits for. With the mutex
    /// held.
    void let_go(SteadyTime now) noexcept {
        ++round;
        for (auto at = queue.begin(); at != queue.end();) {
            std::shared_ptr<Waiting> const waiting = *at;
            if (!may_go(*waiting, now)) {
                ++at;
                continue;
            }
            at = queue.erase(at);
            wake(*waiting);
        }
    }

    /// One that cannot be woken for want of memory looks for itself when its time has come.
    static void wake(Waiting& waiting) noexcept {
        (void)guarded([&]() -> Result<bool> {
            Result<bool> look = true;
            std::shared_ptr<Waiter<bool>> const waiter = waiting.waiter.lock();
            return waiter && waiter->give(look);
        });
    }

    /// Grants what there is room for.
    bool may_go(Waiting& waiting, SteadyTime now) noexcept {
        if (LimitTable::blocked(waiting.places, round)) return false;
        Room const room = table.room(waiting.places, waiting.call.tokens, now, round);
        if (!room.now) {
            // What it waited for has become a matter of time, or of less.
            if (room.later && *room.later < waiting.looks) wake(waiting);
            return false;
        }
        Result<bool> const taken = guarded([&]() -> Result<bool> {
            waiting.grant = table.take(waiting.places, waiting.call.tokens, now);
            return true;
        });
        return taken.has_value();
    }

    /// Behind those that go first or came before. With the mutex held.
    void line_up(std::shared_ptr<Waiting> waiting) {
        auto place = queue.end();
        while (place != queue.begin() && (*std::prev(place))->call.priority < waiting->call.priority) --place;
        queue.insert(place, std::move(waiting));
    }

    /// Gives up a place, or what was granted meanwhile.
    void leave(std::shared_ptr<Waiting> const& waiting) noexcept {
        std::lock_guard const lock(mutex);
        SteadyTime const now = clock->now();
        if (waiting->grant) {
            table.end(*waiting->grant, 0, now);
            waiting->grant.reset();
        } else {
            queue.remove(waiting);
        }
        let_go(now);
    }

    Error refusal(Room const& room, SteadyTime now, char const* why) const {
        std::string const whose = room.rule == nullptr ? "the provider's own limit" : "limit '" + room.rule->name + "'";
        if (room.never) {
            Error error = fail(Errc::rate_limited, whose +
                                                       " allows fewer tokens in its whole window than the call may "
                                                       "use; ask for less with max_tokens, or raise it");
            error.provider_retry = false;
            return error;
        }
        Error error = fail(Errc::rate_limited, whose + " has no room for the call now" + why);
        if (room.later) error.retry_after = std::chrono::ceil<std::chrono::milliseconds>(*room.later - now);
        return error;
    }

    /// The first look: a grant, or a place in the queue, or a refusal. With the mutex held.
    Result<std::shared_ptr<Waiting>> ask(LimitedCall const& call, bool wait) {
        SteadyTime const now = clock->now();
        auto waiting = std::make_shared<Waiting>();
        waiting->call = call;
        waiting->places = table.places_of(call, now);
        Room room = table.room(waiting->places, call.tokens, now);
        if (room.now && queue.empty()) {
            waiting->grant = table.take(waiting->places, call.tokens, now);
            return waiting;
        }
        LimitsConfig const& config = table.config();
        if (room.never) return refusal(room, now, "");
        waiting->give_up = std::min(call.deadline.at(), now + config.longest_wait);
        bool const full = static_cast<std::int64_t>(queue.size()) >= config.most_waiting;
        bool const late = room.later && *room.later > waiting->give_up;
        wait = wait && config.queue && !late && !full;
        if (!wait && !room.now) {
            return refusal(room, now, full ? ", and as many wait as may; try again later" : "; try again later");
        }
        line_up(waiting);
        let_go(now);
        if (waiting->grant || wait) return waiting;
        queue.remove(waiting);
        return refusal(table.room(waiting->places, call.tokens, now), now, ", others wait for it; try again later");
    }

    std::shared_ptr<Clock> const clock;
    mutable std::mutex mutex;  // guards what follows; never held across a suspension
    LimitTable table;
    Queue queue;  // who goes first stands first
    std::uint64_t round = 0;
};

namespace {

/// A place in the queue that is given up on every way out.
template <class State, class Waiting>
class Place {
public:
    Place(std::shared_ptr<State> state, std::shared_ptr<Waiting> waiting)
        : state_(std::move(state)), waiting_(std::move(waiting)) {}
    Place(Place const&) = delete;
    Place& operator=(Place const&) = delete;
    ~Place() {
        if (waiting_) state_->leave(waiting_);
    }

    Waiting& operator*() const { return *waiting_; }
    Waiting* operator->() const { return waiting_.get(); }
    void keep() { waiting_.reset(); }

private:
    std::shared_ptr<State> state_;
    std::shared_ptr<Waiting> waiting_;
};

}  // namespace

RateLimiter::Permit::Permit() noexcept = default;
RateLimiter::Permit::Permit(Permit&& other) noexcept = default;
RateLimiter::Permit& RateLimiter::Permit::operator=(Permit&& other) noexcept {
    if (this != &other) {
        settle(std::nullopt, nullptr, nullptr);
        state_ = std::move(other.state_);
        grant_ = std::move(other.grant_);
        waited_ = other.waited_;
    }
    return *this;
}
RateLimiter::Permit::~Permit() {
    if (!grant_) return;
    std::lock_guard const lock(state_->mutex);
    SteadyTime const now = state_->clock->now();
    state_->table.end(*grant_, std::nullopt, now);
    state_->let_go(now);
}

void RateLimiter::Permit::settle(std::optional<std::int64_t> tokens, RateLimits const* told,
                                 Error const* error) noexcept {
    if (!grant_) return;
    std::unique_ptr<Grant> const grant = std::move(grant_);
    std::lock_guard const lock(state_->mutex);
    SteadyTime const now = state_->clock->now();
    state_->table.end(*grant, tokens, now);
    state_->table.told(*grant, told, error, now);
    state_->let_go(now);
}

Result<std::shared_ptr<RateLimiter>> RateLimiter::create(std::shared_ptr<Clock> clock, LimitsConfig config) {
    if (!clock) return fail(Errc::invalid_argument, "RateLimiter: 'clock' is null");
    if (Result<void> good = check(config, "limits."); !good) return good.error();
    auto state = std::make_shared<State>(std::move(clock), std::move(config));
    return std::shared_ptr<RateLimiter>(new RateLimiter(std::move(state)));
}

Task<RateLimiter::Permit> RateLimiter::acquire(LimitedCall call) {
    return acquire_task(state_, std::move(call));
}

Task<RateLimiter::Permit> RateLimiter::acquire_task(std::shared_ptr<State> state, LimitedCall call) {
    try {
        SteadyTime const began = state->clock->now();
        Result<std::shared_ptr<State::Waiting>> asked;
        {
            std::lock_guard const lock(state->mutex);
            asked = state->ask(call, true);
        }
        if (!asked) co_return asked.error();
        Place<State, State::Waiting> place(state, std::move(*asked));
        for (;;) {
            std::shared_ptr<Waiter<bool>> waiter;
            SteadyTime until;
            {
                std::lock_guard const lock(state->mutex);
                SteadyTime const now = state->clock->now();
                if (!place->grant) state->let_go(now);
                if (place->grant) {
                    Permit permit;
                    permit.grant_ = std::make_unique<Permit::Grant>(std::move(*place->grant));
                    permit.state_ = state;
                    permit.waited_ = std::chrono::floor<std::chrono::milliseconds>(now - began);
                    place.keep();
                    co_return permit;
                }
                Room const room = state->table.room(place->places, call.tokens, now);
                if (now >= place->give_up) {
                    co_return state->refusal(room, now, ", and the call waited as long as it may; try again later");
                }
                until = std::min(place->give_up, room.later.value_or(place->give_up));
                if (until <= now) until = now + std::chrono::milliseconds(1);
                place->looks = until;
                waiter = std::make_shared<Waiter<bool>>();
                place->waiter = waiter;
            }
            // Whoever is next is woken when somebody ends; what time alone allows is looked for by each for itself.
            Task<bool> waiting = Waiter<bool>::wait(std::move(waiter), state->clock, until);
            Result<bool> const woken = co_await std::move(waiting);
            if (!woken && woken.error().code == Errc::cancelled) {
                co_return fail(Errc::cancelled, "the call was cancelled while it waited for room under its limits");
            }
        }
    } catch (...) {
        co_return current_exception_error();
    }
}

Result<RateLimiter::Permit> RateLimiter::try_acquire(LimitedCall const& call) {
    std::lock_guard const lock(state_->mutex);
    Result<std::shared_ptr<State::Waiting>> asked = state_->ask(call, false);
    if (!asked) return asked.error();
    Permit permit;
    permit.grant_ = std::make_unique<Permit::Grant>(std::move(*(*asked)->grant));
    permit.state_ = state_;
    return permit;
}

LimitsReport RateLimiter::status() const {
    std::lock_guard const lock(state_->mutex);
    LimitsReport report;
    report.used = state_->table.status(state_->clock->now());
    report.waiting = static_cast<std::int64_t>(state_->queue.size());
    return report;
}

}  // namespace aikit::inline v0::policy
