// SPDX-License-Identifier: MIT
// policy/budget_table.cpp - setting aside in several accounts at once.
#include "policy/budget_table.hpp"

#include "policy/values_of.hpp"

namespace aikit::inline v0::policy {
namespace {

/// Sums of amounts stay far below what fits; a caller's absurd number must not wrap around.
std::int64_t bounded_sum(std::int64_t a, std::int64_t b) noexcept {
    std::int64_t sum = 0;
    if (!__builtin_add_overflow(a, b, &sum)) return sum;
    return a > 0 ? unlimited : std::numeric_limits<std::int64_t>::min();
}

std::int64_t bounded_difference(std::int64_t a, std::int64_t b) noexcept {
    std::int64_t difference = 0;
    if (!__builtin_sub_overflow(a, b, &difference)) return difference;
    return a > 0 ? unlimited : std::numeric_limits<std::int64_t>::min();
}

}  // namespace

Amounts& Amounts::operator+=(Amounts const& more) noexcept {
    cost = bounded_sum(cost, more.cost);
    tokens = bounded_sum(tokens, more.tokens);
    return *this;
}

Amounts& Amounts::operator-=(Amounts const& less) noexcept {
    cost = bounded_difference(cost, less.cost);
    tokens = bounded_difference(tokens, less.tokens);
    return *this;
}

BudgetTable::BudgetTable(std::vector<BudgetRule> const& rules, std::vector<TimeZone> zones) {
    rules_.resize(rules.size());
    for (std::size_t i = 0; i < rules.size(); ++i) {
        rules_[i].rule = &rules[i];
        rules_[i].zone = std::move(zones[i]);
    }
}

void BudgetTable::add(BudgetPlaces& places, Rule& rule, std::string const& value, SystemTime now) {
    if (!rule.window.holds(now) || rule.lead.empty()) {
        rule.window = window_at(rule.rule->window, rule.zone, now);
        rule.lead = std::to_string(&rule - rules_.data()) + '/' +
                    std::to_string(rule.window.begins.time_since_epoch().count()) + '/';
    }
    key_.assign(rule.lead).append(value);
    auto const found = accounts_.find(key_);
    if (found != accounts_.end()) {
        // A tag that is named twice is one.
        if (std::find(places.begin(), places.end(), found->second) == places.end()) places.push_back(found->second);
        return;
    }
    if (accounts_.size() >= tidy_at_) tidy(now);
    auto account = std::make_shared<BudgetAccount>();
    account->rule = rule.rule;
    account->value = value;
    account->window = rule.window;
    if (rule.rule->cost) account->limit.cost = rule.rule->cost->nanos();
    if (rule.rule->tokens) account->limit.tokens = *rule.rule->tokens;
    accounts_.emplace(key_, account);
    places.push_back(std::move(account));
}

BudgetPlaces BudgetTable::places_of(BudgetedCall const& call, SystemTime now) {
    BudgetPlaces places;
    places.reserve(rules_.size());
    for (Rule& rule : rules_) {
        for_each_value(*rule.rule, call.provider, call.model, call.caller,
                       [&](std::string const& value) { add(places, rule, value, now); });
    }
    return places;
}

bool BudgetTable::never_fits(BudgetPlaces const& places, Amounts const& need, BudgetAccount const** which) {
    for (std::shared_ptr<BudgetAccount> const& place : places) {
        if (!place->rule->hard) continue;
        if (need.cost > 0 && need.cost > place->limit.cost) return *which = place.get(), true;
        if (need.tokens > 0 && need.tokens > place->limit.tokens) return *which = place.get(), true;
    }
    return false;
}

bool BudgetTable::take(BudgetPlaces const& places, Amounts const& need, SteadyTime now) {
    for (std::shared_ptr<BudgetAccount> const& place : places) {
        Amounts const wanted = place->limited(need);
        Amounts const idle = place->idle();
        // What needs nothing passes, however much is overdrawn.
        if ((wanted.cost > 0 && wanted.cost > idle.cost) || (wanted.tokens > 0 && wanted.tokens > idle.tokens)) {
            return false;
        }
    }
    active_.insert(places.begin(), places.end());
    for (std::shared_ptr<BudgetAccount> const& place : places) {
        place->held += place->limited(need);
        place->flow += place->limited(need);
        place->used = now;
    }
    return true;
}

void BudgetTable::end(BudgetPlaces const& places, Amounts const& held, Amounts const& spent, SteadyTime now) {
    for (std::shared_ptr<BudgetAccount> const& place : places) {
        place->held -= place->limited(held);
        place->spent += spent;
        place->used = now;
        // What was given back may do for somebody.
        if (!(spent == held)) place->full_until = SteadyTime{};
    }
}

void BudgetTable::want(BudgetPlaces const& places, Amounts const& need) {
    active_.insert(places.begin(), places.end());
    for (std::shared_ptr<BudgetAccount> const& place : places) place->wanted += place->limited(need);
}

void BudgetTable::tidy(SystemTime now) {
    for (auto at = active_.begin(); at != active_.end();) at = (*at)->active() ? std::next(at) : active_.erase(at);
    if (accounts_.size() >= tidy_at_) {
        for (auto at = accounts_.begin(); at != accounts_.end();) {
            bool const unused = at->second.use_count() == 1;
            bool const gone = !at->second->window.holds(now) || !at->second->active();
            at = unused && gone ? accounts_.erase(at) : std::next(at);
        }
        tidy_at_ = std::max<std::size_t>(1'024, 2 * accounts_.size());
    }
}

}  // namespace aikit::inline v0::policy
