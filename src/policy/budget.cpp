// SPDX-License-Identifier: MIT
// policy/budget.cpp - calls before their budgets: let through at once, after a word with the file, or not at all.
#include "core/async.hpp"
#include "policy/budget_state.hpp"
#include "policy/values_of.hpp"

namespace aikit::inline v0::policy {
namespace {

/// A place in the queue that is given up on every way out. (A template, since the guardian's insides are private.)
template <class State, class Waiting>
class WaitingPlace {
public:
    WaitingPlace(std::shared_ptr<State> state, std::shared_ptr<Waiting> waiting)
        : state_(std::move(state)), waiting_(std::move(waiting)) {}
    WaitingPlace(WaitingPlace const&) = delete;
    WaitingPlace& operator=(WaitingPlace const&) = delete;
    ~WaitingPlace() {
        if (waiting_) state_->leave(waiting_);
    }
    void keep() { waiting_.reset(); }

private:
    std::shared_ptr<State> state_;
    std::shared_ptr<Waiting> waiting_;
};

/// Waits until `waiting` has what it needs. It is in the queue already.
template <class State, class Waiting>
Task<void> wait_for_room(std::shared_ptr<State> state, std::shared_ptr<Waiting> waiting) {
    WaitingPlace<State, Waiting> place(state, waiting);
    for (;;) {
        std::shared_ptr<Waiter<bool>> waiter;
        SteadyTime until;
        bool ask = false;
        {
            std::lock_guard const lock(state->mutex);
            if (waiting->granted) {
                place.keep();
                co_return ok();
            }
            auto verdict = state->judge(*waiting, state->clock->now());
            if (verdict.refusal) co_return std::move(*verdict.refusal);
            until = verdict.look;
            ask = state->again && !state->contacting;
            waiter = std::make_shared<Waiter<bool>>();
            waiting->waiter = waiter;
        }
        if (ask) state->contact_file();
        Task<bool> pending = Waiter<bool>::wait(std::move(waiter), state->clock, until);
        Result<bool> const woken = co_await std::move(pending);
        if (!woken && woken.error().code == Errc::cancelled) {
            co_return fail(Errc::cancelled, "the call was cancelled while it waited for room in its budgets");
        }
    }
}

/// Puts a call into the queue. With the mutex held.
template <class State>
auto line_up(State& state, BudgetPlaces places, Amounts const& need, std::chrono::milliseconds wait) {
    auto waiting = std::make_shared<typename State::Waiting>();
    waiting->places = std::move(places);
    waiting->need = need;
    waiting->contact = state.begun + 1;
    waiting->began = state.clock->now();
    waiting->wait = wait;
    state.queue.push_back(waiting);
    Result<void> const wanted = guarded([&]() -> Result<void> {
        state.table.want(waiting->places, need);
        return ok();
    });
    if (!wanted) {
        state.queue.pop_back();
        waiting.reset();
    }
    return waiting;
}

template <class State>
Task<void> flush_task(std::shared_ptr<State> state) {
    try {
        auto const waiter = std::make_shared<Waiter<bool>>();
        {
            std::lock_guard const lock(state->mutex);
            typename State::Flushing flushing;
            flushing.waiter = waiter;
            flushing.contact = state->begun + 1;
            state->flushing.push_back(std::move(flushing));
            state->all_due = true;
        }
        state->contact_file();
        Task<bool> pending = Waiter<bool>::wait(waiter, state->clock, SteadyTime::max());
        Result<bool> const told = co_await std::move(pending);
        if (told) co_return ok();
        co_return told.error().code == Errc::cancelled ? fail(Errc::cancelled, "writing down the budgets was cancelled")
                                                       : told.error();
    } catch (...) {
        co_return current_exception_error();
    }
}

template <class State>
Task<std::vector<BudgetStatus>> status_task(std::shared_ptr<State> state) {
    Task<void> flushing = flush_task(state);
    Result<void> const flushed = co_await std::move(flushing);
    if (!flushed) co_return flushed.error();
    std::function<Result<std::vector<BudgetStatus>>(storage::Connection&)> work =
        [now = state->clock->system_now()](storage::Connection& db) { return read_status(db, now); };
    Task<std::vector<BudgetStatus>> pending = state->database.template read<std::vector<BudgetStatus>>(std::move(work));
    co_return co_await std::move(pending);
}

/// A call whose value in a budget is this one.
BudgetedCall call_with(BudgetRule const& rule, std::string const& value) {
    BudgetedCall call;
    call.provider = rule.provider;
    call.model = rule.model;
    call.caller.tier = rule.tier;
    call.cost = Money();
    switch (rule.by) {
        case LimitBy::everyone: break;
        case LimitBy::provider: call.provider = value; break;
        case LimitBy::model: call.model = value; break;
        case LimitBy::tenant: call.caller.tenant = value; break;
        case LimitBy::user: call.caller.user = value; break;
        case LimitBy::key: call.caller.key = value; break;
        case LimitBy::project: call.caller.project = value; break;
        case LimitBy::tag: call.caller.tags = {value}; break;
    }
    return call;
}

template <class State>
Task<void> adjust_task(std::shared_ptr<State> state, std::string budget, std::string value, Amounts more) {
    std::shared_ptr<BudgetAccount> account;
    {
        std::lock_guard const lock(state->mutex);
        auto const named = std::find_if(state->config.budgets.begin(), state->config.budgets.end(),
                                        [&](BudgetRule const& rule) { return rule.name == budget; });
        if (named == state->config.budgets.end()) {
            co_return fail(Errc::not_found, "there is no budget '" + budget + "' in the configuration");
        }
        BudgetPlaces const places = state->table.places_of(call_with(*named, value), state->clock->system_now());
        for (std::shared_ptr<BudgetAccount> const& place : places) {
            if (place->rule == &*named) account = place;
        }
    }
    if (!account) {
        co_return fail(Errc::invalid_argument, "budget '" + budget + "' has no allowance for '" + value + "'");
    }
    std::function<Result<bool>(storage::Connection&)> work = [account, more](storage::Connection& db) -> Result<bool> {
        if (Result<void> const done = adjust_account(db, *account, more); !done) return done.error();
        return true;
    };
    Task<bool> pending = state->database.template write<bool>(std::move(work));
    Result<bool> const done = co_await std::move(pending);
    if (!done) co_return done.error();
    co_return ok();
}

}  // namespace

BudgetGuardian::Hold::Hold() noexcept = default;
BudgetGuardian::Hold::Hold(Hold&& other) noexcept = default;
BudgetGuardian::Hold& BudgetGuardian::Hold::operator=(Hold&& other) noexcept {
    if (this != &other) {
        settle(cost_, tokens_);
        state_ = std::move(other.state_);
        part_ = std::move(other.part_);
        cost_ = other.cost_;
        tokens_ = other.tokens_;
    }
    return *this;
}
BudgetGuardian::Hold::~Hold() {
    settle(cost_, tokens_);
}

void BudgetGuardian::Hold::settle(Money cost, std::int64_t tokens) noexcept {
    if (!part_) return;
    std::unique_ptr<Part> const part = std::move(part_);
    state_->end(*part, {cost_.nanos(), tokens_}, {cost.nanos(), tokens});
}

bool BudgetGuardian::Hold::try_extend(Money cost, std::int64_t tokens) noexcept {
    if (!part_) return true;
    Result<bool> const taken = guarded([&]() -> Result<bool> {
        std::lock_guard const lock(state_->mutex);
        return state_->table.take(part_->places, {cost.nanos(), tokens}, state_->clock->now());
    });
    if (!taken || !*taken) return false;
    cost_ = Money::nanos(cost_.nanos() + cost.nanos());
    tokens_ += tokens;
    return true;
}

Task<void> BudgetGuardian::Hold::extend(Money cost, std::int64_t tokens) {
    if (try_extend(cost, tokens)) co_return ok();
    std::shared_ptr<State::Waiting> waiting;
    {
        std::lock_guard const lock(state_->mutex);
        Amounts const need{cost.nanos(), tokens};
        if (state_->known_full(part_->places, need, state_->clock->now())) {
            co_return state_->refusal(part_->places, need);
        }
        waiting = line_up(*state_, part_->places, need, std::chrono::milliseconds(0));
    }
    if (!waiting) co_return fail(Errc::out_of_memory, "there is no memory to wait for room in the budgets");
    Task<void> pending = wait_for_room(state_, std::move(waiting));
    Result<void> const done = co_await std::move(pending);
    if (!done) co_return done.error();
    cost_ = Money::nanos(cost_.nanos() + cost.nanos());
    tokens_ += tokens;
    co_return ok();
}

Result<std::shared_ptr<BudgetGuardian>> BudgetGuardian::create(storage::Database database, BudgetsConfig config) {
    if (!database) return fail(Errc::invalid_argument, "BudgetGuardian: 'database' is not open");
    if (Result<void> const good = check(config, ""); !good) return good.error();
    std::vector<TimeZone> zones;
    for (std::size_t i = 0; i < config.budgets.size(); ++i) {
        Result<TimeZone> zone = TimeZone::load(config.budgets[i].time_zone);
        if (!zone) {
            Error error = zone.error();
            error.message = "budgets[" + std::to_string(i) + "].time_zone: " + error.message;
            return error;
        }
        zones.push_back(std::move(*zone));
    }
    auto state = std::make_shared<State>(std::move(database), std::move(config), std::move(zones));
    return std::shared_ptr<BudgetGuardian>(new BudgetGuardian(std::move(state)));
}

BudgetGuardian::~BudgetGuardian() {
    {
        std::lock_guard const lock(state_->mutex);
        state_->all_due = true;
    }
    state_->contact_file();
    (void)guarded([&]() -> Result<bool> {
        return state_->database.runtime().post(state_->executor, [state = state_] { state->timer.reset(); });
    });
}

Result<std::optional<BudgetGuardian::Hold>> BudgetGuardian::try_hold_in(std::shared_ptr<State> const& state,
                                                                        BudgetedCall const& call) {
    return guarded([&]() -> Result<std::optional<Hold>> {
        Amounts const need{call.cost.value_or(Money()).nanos(), call.tokens};
        if (need.cost < 0 || need.tokens < 0) {
            return fail(Errc::invalid_argument, "budgets: a call cannot cost or use less than nothing");
        }
        std::lock_guard const lock(state->mutex);
        Result<BudgetPlaces> places = state->places_of(call);
        if (!places) return places.error();
        Hold hold;
        hold.cost_ = Money::nanos(need.cost);
        hold.tokens_ = need.tokens;
        if (places->empty()) return std::optional<Hold>(std::move(hold));
        BudgetAccount const* which = nullptr;
        SteadyTime const now = state->clock->now();
        if (BudgetTable::never_fits(*places, need, &which)) return state->refusal(*places, need);
        auto part = std::make_unique<Hold::Part>();
        // Nobody goes before those who wait.
        if (state->queue.empty() && state->table.take(*places, need, now)) {
            part->places = std::move(*places);
            hold.part_ = std::move(part);
            hold.state_ = state;
            return std::optional<Hold>(std::move(hold));
        }
        return std::optional<Hold>();
    });
}

Result<std::optional<BudgetGuardian::Hold>> BudgetGuardian::try_hold(BudgetedCall const& call) {
    return try_hold_in(state_, call);
}

Task<BudgetGuardian::Hold> BudgetGuardian::check_request_allowance(BudgetedCall call, std::chrono::milliseconds wait) {
    return guard(allow_task(state_, std::move(call), wait));
}

Task<BudgetGuardian::Hold> BudgetGuardian::allow_task(std::shared_ptr<State> state, BudgetedCall call,
                                                      std::chrono::milliseconds wait) {
    Result<std::optional<Hold>> at_once = try_hold_in(state, call);
    if (!at_once) co_return at_once.error();
    if (*at_once) co_return std::move(**at_once);
    auto part = std::make_unique<Hold::Part>();
    Amounts const need{call.cost.value_or(Money()).nanos(), call.tokens};
    std::shared_ptr<State::Waiting> waiting;
    {
        std::lock_guard const lock(state->mutex);
        Result<BudgetPlaces> places = state->places_of(call);
        if (!places) co_return places.error();
        part->places = *places;
        if (wait.count() == 0 && state->known_full(*places, need, state->clock->now())) {
            co_return state->refusal(*places, need);
        }
        waiting = line_up(*state, std::move(*places), need, wait);
    }
    if (!waiting) co_return fail(Errc::out_of_memory, "there is no memory to wait for room in the budgets");
    Task<void> pending = wait_for_room(state, std::move(waiting));
    Result<void> const done = co_await std::move(pending);
    if (!done) co_return done.error();
    Hold hold;
    hold.cost_ = Money::nanos(need.cost);
    hold.tokens_ = need.tokens;
    hold.part_ = std::move(part);
    hold.state_ = state;
    co_return hold;
}

int BudgetGuardian::used_percent(BudgetedCall const& call) {
    std::lock_guard const lock(state_->mutex);
    BudgetPlaces const places = state_->table.places_of(call, state_->clock->system_now());
    double most = 0;
    for (std::shared_ptr<BudgetAccount> const& place : places) {
        Amounts const used = place->booked + place->others + place->held + place->spent;
        for (auto const& [amount, limit] :
             {std::pair(used.cost, place->limit.cost), std::pair(used.tokens, place->limit.tokens)}) {
            if (limit == unlimited || amount <= 0) continue;
            double const share = limit > 0 ? static_cast<double>(amount) / static_cast<double>(limit) : 1.0;
            most = std::max(most, std::min(share, 1'000.0));
        }
    }
    return static_cast<int>(most * 100);
}

bool BudgetGuardian::limits_cost(BudgetedCall const& call) const {
    return std::any_of(state_->config.budgets.begin(), state_->config.budgets.end(), [&](BudgetRule const& rule) {
        bool meant = false;
        if (rule.hard && rule.cost && rule.cost->nanos() != unlimited) {
            for_each_value(rule, call.provider, call.model, call.caller, [&](std::string const&) { meant = true; });
        }
        return meant;
    });
}

Task<std::vector<BudgetStatus>> BudgetGuardian::status() {
    return guard(status_task(state_));
}

Task<void> BudgetGuardian::adjust(std::string budget, std::string value, std::int64_t nanos, std::int64_t tokens) {
    return guard(adjust_task(state_, std::move(budget), std::move(value), Amounts{nanos, tokens}));
}

Task<void> BudgetGuardian::flush() {
    return flush_task(state_);
}

BudgetsConfig const& BudgetGuardian::config() const noexcept {
    return state_->config;
}

std::optional<std::int64_t> BudgetGuardian::usual_output(std::string_view kind) const {
    std::lock_guard const lock(state_->mutex);
    return state_->outputs.usual(kind);
}

void BudgetGuardian::learn_output(std::string_view kind, std::int64_t tokens) noexcept {
    (void)guarded([&]() -> Result<void> {
        std::lock_guard const lock(state_->mutex);
        state_->outputs.learn(kind, tokens);
        return ok();
    });
}

}  // namespace aikit::inline v0::policy
