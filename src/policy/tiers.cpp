// SPDX-License-Identifier: MIT
// policy/tiers.cpp - who is in which tier, and what each member has.
#include "core/async.hpp"
#include "policy/tier_rules.hpp"
#include "storage/connection.hpp"

#include <algorithm>
#include <map>
#include <mutex>
#include <set>
#include <unordered_map>

namespace aikit::inline v0::policy {
namespace {

using storage::Connection;
using storage::Statement;

// How long what the file said of a member holds.
constexpr std::chrono::seconds fresh_for{5};

// Costs nothing, and is what knowledge bases embed with.
constexpr std::string_view builtin = "builtin";

// Members that are remembered; beyond that all are forgotten, and asked for again.
constexpr std::size_t most_known = 50'000;

std::string const* member_of(Caller const& caller, LimitBy by) noexcept {
    switch (by) {
        case LimitBy::user: return &caller.user;
        case LimitBy::key: return &caller.key;
        case LimitBy::tenant: return &caller.tenant;
        case LimitBy::project: return &caller.project;
        default: return nullptr;
    }
}

struct Assigned {
    std::string tier;
    SystemTime since;
};

Result<std::optional<Assigned>> read_assigned(Connection& db, LimitBy by, std::string const& member) {
    Statement find(db, "SELECT tier, since FROM tier_member WHERE by = $1 AND member = $2");
    find.bind(1, name(by)).bind(2, member);
    std::optional<Assigned> assigned;
    if (find.step()) assigned = {std::string(find.text(0)), storage::from_micros(find.integer(1))};
    if (Result<void> const done = find.done(); !done) return done.error();
    return assigned;
}

Result<std::map<std::string, std::int64_t>> read_counts(Connection& db, LimitBy by, std::string const& member) {
    Statement find(db, "SELECT kind, count(*) FROM tier_item WHERE by = $1 AND member = $2 GROUP BY kind");
    find.bind(1, name(by)).bind(2, member);
    std::map<std::string, std::int64_t> counts;
    while (find.step()) counts[std::string(find.text(0))] = find.integer(1);
    if (Result<void> const done = find.done(); !done) return done.error();
    return counts;
}

Result<std::vector<std::string>> read_members(Connection& db, LimitBy by) {
    Statement find(db, R"(
        SELECT member FROM tier_member WHERE by = $1 UNION SELECT member FROM tier_item WHERE by = $1 ORDER BY 1)");
    find.bind(1, name(by));
    std::vector<std::string> members;
    while (find.step()) members.emplace_back(find.text(0));
    if (Result<void> const done = find.done(); !done) return done.error();
    return members;
}

bool covers(std::string const& pattern, std::string const& provider, std::string const& model) {
    if (pattern == "*") return true;
    std::string const whole = provider + "/" + model;
    if (!pattern.empty() && pattern.back() == '*') return whole.starts_with(pattern.substr(0, pattern.size() - 1));
    return pattern == whole;
}

}  // namespace

struct SubscriptionTiers::State {
    State(storage::Database database_, TiersConfig config_, std::shared_ptr<BudgetGuardian> budgets_)
        : database(std::move(database_)),
          clock(database.runtime().clock()),
          config(std::move(config_)),
          budgets(std::move(budgets_)) {}

    std::string const& member(Caller const& caller) const noexcept { return *member_of(caller, config.by); }

    std::string whose(Caller const& caller) const { return std::string(name(config.by)) + " '" + member(caller) + "'"; }

    Result<SubscriptionTier const*> told(Caller const& caller) const {
        SubscriptionTier const* const tier = tier_named(config.tiers, caller.tier);
        if (tier != nullptr) return tier;
        return fail(Errc::invalid_argument, "caller.tier is '" + caller.tier + "', which is no tier of this kit");
    }

    /// What the configuration says of a member.
    std::string const& configured(std::string const& member) const {
        auto const found = config.members.find(member);
        return found == config.members.end() ? config.default_tier : found->second;
    }

    /// A tier that was assigned and is configured no more counts as none.
    SubscriptionTier const& in_force(std::optional<Assigned> const& assigned, std::string const& member) const {
        SubscriptionTier const* tier = assigned ? tier_named(config.tiers, assigned->tier) : nullptr;
        return tier != nullptr ? *tier : *tier_named(config.tiers, configured(member));
    }

    /// The tier as far as it is known without the file; nullopt: it has to be read. Null: in none.
    Result<std::optional<SubscriptionTier const*>> known(Caller const& caller) {
        using Maybe = std::optional<SubscriptionTier const*>;
        if (!caller.tier.empty()) {
            Result<SubscriptionTier const*> const tier = told(caller);
            if (!tier) return tier.error();
            return Maybe(*tier);
        }
        if (member(caller).empty()) return Maybe(nullptr);
        std::lock_guard const lock(mutex);
        auto const found = members.find(member(caller));
        if (found == members.end() || clock->now() - found->second.read > fresh_for) return Maybe();
        return Maybe(found->second.tier);
    }

    void remember(std::string const& member, SubscriptionTier const* tier) {
        std::lock_guard const lock(mutex);
        if (members.size() >= most_known) members.clear();
        members[member] = {tier, clock->now()};
    }

    void forget(std::string const& member) {
        std::lock_guard const lock(mutex);
        members.erase(member);
    }

    /// ok, or what the tier lacks.
    Result<void> allows(SubscriptionTier const& tier, Caller const& caller, std::vector<std::string> const& features,
                        std::string const& provider, std::string const& model) const {
        auto const lacks = [&](std::string const& what) {
            return fail(Errc::permission, "the tier '" + tier.name + "' of " + whose(caller) + " does not include " +
                                              what + "; assign another tier, or add it to this one");
        };
        for (std::string const& feature : features) {
            if (!tier.features) break;
            bool const has = std::find(tier.features->begin(), tier.features->end(), feature) != tier.features->end();
            if (!has) return lacks("the feature '" + feature + "'");
        }
        if (tier.models.empty() || provider.empty() || provider == builtin) return ok();
        bool const may = std::any_of(tier.models.begin(), tier.models.end(),
                                     [&](std::string const& pattern) { return covers(pattern, provider, model); });
        return may ? Result<void>() : lacks("the model '" + provider + "/" + model + "'");
    }

    storage::Database const database;
    std::shared_ptr<Clock> const clock;
    TiersConfig const config;
    std::shared_ptr<BudgetGuardian> const budgets;  // may be null

    struct Known {
        SubscriptionTier const* tier = nullptr;
        SteadyTime read;
    };
    std::mutex mutex;  // guards what follows; never held across a suspension
    std::unordered_map<std::string, Known> members;
};

namespace {

template <class State>
Task<SubscriptionTier const*> find_tier(std::shared_ptr<State> state, Caller caller) {
    Result<std::optional<SubscriptionTier const*>> const known = state->known(caller);
    if (!known) co_return known.error();
    if (*known) co_return **known;
    std::string const member = state->member(caller);
    std::function<Result<std::optional<Assigned>>(Connection&)> work = [by = state->config.by, member](Connection& db) {
        return read_assigned(db, by, member);
    };
    Task<std::optional<Assigned>> reading = state->database.template read<std::optional<Assigned>>(std::move(work));
    Result<std::optional<Assigned>> const assigned = co_await std::move(reading);
    if (!assigned) co_return assigned.error();
    SubscriptionTier const& tier = state->in_force(*assigned, member);
    state->remember(member, &tier);
    co_return &tier;
}

template <class State>
Task<std::string> tier_task(std::shared_ptr<State> state, Caller caller) {
    Task<SubscriptionTier const*> finding = find_tier(state, std::move(caller));
    Result<SubscriptionTier const*> const tier = co_await std::move(finding);
    if (!tier) co_return tier.error();
    co_return *tier == nullptr ? std::string() : (*tier)->name;
}

template <class State>
Task<void> assign_task(std::shared_ptr<State> state, std::string member, std::string tier) {
    if (member.empty()) co_return fail(Errc::invalid_argument, "a tier is assigned to a member; none is named");
    if (!tier.empty() && tier_named(state->config.tiers, tier) == nullptr) {
        co_return fail(Errc::not_found, "there is no tier '" + tier + "' in the configuration");
    }
    std::function<Result<bool>(Connection&)> work = [by = state->config.by, member, tier,
                                                     now = state->clock->system_now()](Connection& db) -> Result<bool> {
        if (tier.empty()) {
            Statement remove(db, "DELETE FROM tier_member WHERE by = $1 AND member = $2");
            remove.bind(1, name(by)).bind(2, member);
            if (Result<void> const done = remove.run(); !done) return done.error();
            return true;
        }
        Statement put(db, R"(
            INSERT INTO tier_member (by, member, tier, since) VALUES ($1, $2, $3, $4)
            ON CONFLICT (by, member) DO UPDATE SET since = CASE WHEN tier = excluded.tier THEN since ELSE excluded.since END,
                                                   tier = excluded.tier)");
        put.bind(1, name(by)).bind(2, member).bind(3, tier).bind(4, storage::to_micros(now));
        if (Result<void> const done = put.run(); !done) return done.error();
        return true;
    };
    Task<bool> writing = state->database.template write<bool>(std::move(work));
    Result<bool> const done = co_await std::move(writing);
    state->forget(member);
    if (!done) co_return done.error();
    co_return ok();
}

/// Whether a caller's thing of that kind can be counted at all.
template <class State>
Result<void> check_item(State const& state, Caller const& caller, std::string const& kind, std::string const& id) {
    if (kind.empty() || id.empty()) {
        return fail(Errc::invalid_argument, "what a member has is counted by kind and id; one of them is empty");
    }
    if (!caller.tier.empty()) {
        if (Result<SubscriptionTier const*> const told = state.told(caller); !told) return told.error();
    }
    return ok();
}

template <class State>
Result<bool> claim_in(Connection& db, State const& state, Caller const& caller, std::string const& kind,
                      std::string const& id) {
    LimitBy const by = state.config.by;
    std::string const& member = state.member(caller);
    // Under the write lock, so that two who claim the last one do not both get it.
    Statement find(db, "SELECT 1 FROM tier_item WHERE by = $1 AND member = $2 AND kind = $3 AND id = $4");
    find.bind(1, name(by)).bind(2, member).bind(3, kind).bind(4, id);
    bool const there = find.step();
    if (Result<void> const done = find.done(); !done) return done.error();
    if (there) return false;
    Result<std::optional<Assigned>> const assigned = read_assigned(db, by, member);
    if (!assigned) return assigned.error();
    SubscriptionTier const& tier = caller.tier.empty() ? state.in_force(*assigned, member) : **state.told(caller);
    auto const limit = tier.counts.find(kind);
    if (limit != tier.counts.end()) {
        Result<std::map<std::string, std::int64_t>> counts = read_counts(db, by, member);
        if (!counts) return counts.error();
        std::int64_t const has = (*counts)[kind];
        if (has >= limit->second) {
            return fail(Errc::quota_exceeded, "the tier '" + tier.name + "' includes " + std::to_string(limit->second) +
                                                  " " + kind + ", and " + state.whose(caller) + " has " +
                                                  std::to_string(has) + "; remove one, or assign another tier");
        }
    }
    Statement add(db, "INSERT INTO tier_item (by, member, kind, id, claimed) VALUES ($1, $2, $3, $4, $5)");
    add.bind(1, name(by)).bind(2, member).bind(3, kind).bind(4, id);
    add.bind(5, storage::to_micros(state.clock->system_now()));
    if (Result<void> const done = add.run(); !done) return done.error();
    return true;
}

template <class State>
Task<bool> claim_task(std::shared_ptr<State> state, Caller caller, std::string kind, std::string id) {
    if (Result<void> const good = check_item(*state, caller, kind, id); !good) co_return good.error();
    if (state->member(caller).empty()) co_return false;
    std::function<Result<bool>(Connection&)> work = [state, caller, kind, id](Connection& db) {
        return claim_in(db, *state, caller, kind, id);
    };
    Task<bool> writing = state->database.template write<bool>(std::move(work));
    co_return co_await std::move(writing);
}

template <class State>
Task<bool> release_task(std::shared_ptr<State> state, Caller caller, std::string kind, std::string id) {
    if (Result<void> const good = check_item(*state, caller, kind, id); !good) co_return good.error();
    std::function<Result<bool>(Connection&)> work = [by = state->config.by, member = state->member(caller), kind,
                                                     id](Connection& db) -> Result<bool> {
        Statement remove(db, "DELETE FROM tier_item WHERE by = $1 AND member = $2 AND kind = $3 AND id = $4");
        remove.bind(1, name(by)).bind(2, member).bind(3, kind).bind(4, id);
        if (Result<void> const done = remove.run(); !done) return done.error();
        return db.changes() > 0;
    };
    Task<bool> writing = state->database.template write<bool>(std::move(work));
    co_return co_await std::move(writing);
}

template <class State>
Task<void> feature_task(std::shared_ptr<State> state, Caller caller, std::string feature) {
    if (!is_feature(feature)) {
        co_return fail(Errc::invalid_argument,
                       "there is no feature '" + feature + "'; one of your own has a colon (shop:export)");
    }
    Task<SubscriptionTier const*> finding = find_tier(state, caller);
    Result<SubscriptionTier const*> const tier = co_await std::move(finding);
    if (!tier) co_return tier.error();
    if (*tier == nullptr) co_return ok();
    co_return state->allows(**tier, caller, {feature}, "", "");
}

template <class State>
Result<TierStatus> read_status_of(Connection& db, State const& state, std::string const& member) {
    Result<std::optional<Assigned>> const assigned = read_assigned(db, state.config.by, member);
    if (!assigned) return assigned.error();
    Result<std::map<std::string, std::int64_t>> const counts = read_counts(db, state.config.by, member);
    if (!counts) return counts.error();
    SubscriptionTier const& tier = state.in_force(*assigned, member);
    TierStatus status;
    status.member = member;
    status.tier = tier.name;
    if (*assigned && (*assigned)->tier == tier.name) status.since = (*assigned)->since;
    std::set<std::string> kinds;
    for (auto const& [kind, used] : *counts) kinds.insert(kind);
    for (auto const& [kind, limit] : tier.counts) kinds.insert(kind);
    for (std::string const& kind : kinds) {
        TierCount count;
        count.kind = kind;
        auto const used = counts->find(kind);
        if (used != counts->end()) count.used = used->second;
        auto const limit = tier.counts.find(kind);
        if (limit != tier.counts.end()) count.limit = limit->second;
        status.counts.push_back(std::move(count));
    }
    return status;
}

/// `member` empty: all.
template <class State>
Task<std::vector<TierStatus>> status_task(std::shared_ptr<State> state, std::string member) {
    std::function<Result<std::vector<TierStatus>>(Connection&)> work =
        [state, member](Connection& db) -> Result<std::vector<TierStatus>> {
        Result<std::vector<std::string>> members = std::vector<std::string>{member};
        if (member.empty()) members = read_members(db, state->config.by);
        if (!members) return members.error();
        std::vector<TierStatus> all;
        for (std::string const& one : *members) {
            Result<TierStatus> status = read_status_of(db, *state, one);
            if (!status) return status.error();
            all.push_back(std::move(*status));
        }
        return all;
    };
    Task<std::vector<TierStatus>> reading = state->database.template read<std::vector<TierStatus>>(std::move(work));
    Result<std::vector<TierStatus>> all = co_await std::move(reading);
    if (!all || !state->budgets) co_return all;
    Task<std::vector<BudgetStatus>> asking = state->budgets->status();
    Result<std::vector<BudgetStatus>> const budgets = co_await std::move(asking);
    if (!budgets) co_return budgets.error();
    std::map<std::pair<std::string, std::string>, BudgetStatus const*> used;
    for (BudgetStatus const& budget : *budgets) used[{budget.budget, budget.value}] = &budget;
    for (TierStatus& status : *all) {
        auto const found = used.find({budget_of(*tier_named(state->config.tiers, status.tier)), status.member});
        if (found != used.end()) status.use = *found->second;
    }
    co_return all;
}

template <class State>
Task<TierStatus> one_status_task(std::shared_ptr<State> state, std::string member) {
    if (member.empty()) co_return fail(Errc::invalid_argument, "the status of a tier is a member's; none is named");
    Task<std::vector<TierStatus>> reading = status_task(state, std::move(member));
    Result<std::vector<TierStatus>> all = co_await std::move(reading);
    if (!all) co_return all.error();
    co_return std::move(all->front());
}

}  // namespace

Result<std::shared_ptr<SubscriptionTiers>> SubscriptionTiers::create(storage::Database database, TiersConfig config,
                                                                     std::shared_ptr<BudgetGuardian> budgets) {
    if (!database) return fail(Errc::invalid_argument, "SubscriptionTiers: 'database' is not open");
    if (Result<void> const good = check(config, ""); !good) return good.error();
    auto state = std::make_shared<State>(std::move(database), completed(std::move(config)), std::move(budgets));
    return std::shared_ptr<SubscriptionTiers>(new SubscriptionTiers(std::move(state)));
}

TiersConfig const& SubscriptionTiers::config() const noexcept {
    return state_->config;
}

Task<std::string> SubscriptionTiers::tier_of(Caller caller) {
    return guard(tier_task(state_, std::move(caller)));
}

Task<void> SubscriptionTiers::assign(std::string member, std::string tier) {
    return guard(assign_task(state_, std::move(member), std::move(tier)));
}

Task<bool> SubscriptionTiers::claim(Caller caller, std::string kind, std::string id) {
    return guard(claim_task(state_, std::move(caller), std::move(kind), std::move(id)));
}

Task<bool> SubscriptionTiers::release(Caller caller, std::string kind, std::string id) {
    return guard(release_task(state_, std::move(caller), std::move(kind), std::move(id)));
}

Task<void> SubscriptionTiers::check_feature(Caller caller, std::string feature) {
    return guard(feature_task(state_, std::move(caller), std::move(feature)));
}

Task<TierStatus> SubscriptionTiers::status(std::string member) {
    return guard(one_status_task(state_, std::move(member)));
}

Task<std::vector<TierStatus>> SubscriptionTiers::members() {
    return guard(status_task(state_, std::string()));
}

Result<bool> SubscriptionTiers::try_enter(Caller& caller, std::vector<std::string> const& features,
                                          std::string const& provider, std::string const& model) {
    return guarded([&]() -> Result<bool> {
        Result<std::optional<SubscriptionTier const*>> const tier = state_->known(caller);
        if (!tier) return tier.error();
        if (!*tier) return false;
        if (**tier == nullptr) return true;
        if (Result<void> const may = state_->allows(***tier, caller, features, provider, model); !may)
            return may.error();
        caller.tier = (**tier)->name;
        return true;
    });
}

}  // namespace aikit::inline v0::policy
