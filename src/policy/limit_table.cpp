// SPDX-License-Identifier: MIT
// policy/limit_table.cpp - rules, allowances, and what providers told.
#include "policy/limit_table.hpp"

#include "policy/values_of.hpp"

#include <algorithm>
#include <cmath>

namespace aikit::inline v0::policy {
namespace {

// Provider and model names are few; a host that makes them up is not followed beyond this.
constexpr std::size_t most_gates = 1'024;

// From here on a provider is taken to have no trouble with the number of calls.
constexpr std::int64_t at_once_enough = 64;

using Seconds = std::chrono::duration<double>;

/// The later of two times, where one that is not known is later than all.
void wait_for(Room& room, std::optional<SteadyTime> at, LimitRule const* rule) {
    bool const first = room.now;
    room.now = false;
    if (!first && (!room.later || (at && *at <= *room.later))) return;
    room.later = at;
    room.rule = rule;
}

}  // namespace

void ToldLimit::told(RateLimit const& limit, SteadyTime now, std::int64_t sent_before) {
    // Without a reset nobody knows how long it holds.
    if (!limit.remaining || !limit.reset) return;
    known_ = limit.reset->count() > 0;
    at_ = now;
    reset_ = *limit.reset;
    remaining_ = *limit.remaining;
    limit_ = std::max(limit.limit.value_or(0), remaining_);
    sent_then_ = sent_before;
}

SteadyTime ToldLimit::room_at(SteadyTime now, std::int64_t amount) const {
    if (!known_ || now >= at_ + reset_) return now;
    auto const sent = static_cast<double>(sent_ - sent_then_);
    double const wanted = static_cast<double>(limit_ > 0 ? std::min(amount, limit_) : amount) + sent;
    double const missing = wanted - static_cast<double>(remaining_);
    if (missing <= 0) return now;
    auto const filling = static_cast<double>(limit_ - remaining_);
    if (missing >= filling) return at_ + reset_;
    auto const wait = std::chrono::ceil<SteadyTime::duration>(Seconds(reset_) * (missing / filling));
    return std::max(now, at_ + wait);
}

std::shared_ptr<Allowance> LimitTable::allowance(std::size_t rule, std::string const& value, SteadyTime now) {
    std::string const key = std::to_string(rule) + '/' + value;
    if (auto const found = allowances_.find(key); found != allowances_.end()) return found->second;
    if (allowances_.size() >= tidy_at_) forget_idle(now);
    auto made = std::make_shared<Allowance>(config_.rules[rule], value);
    allowances_.emplace(key, made);
    return made;
}

/// Users come and go; who has used nothing for a window is as good as new.
void LimitTable::forget_idle(SteadyTime now) {
    for (auto at = allowances_.begin(); at != allowances_.end();) {
        Allowance& allowance = *at->second;
        bool const idle = at->second.use_count() == 1 && allowance.running == 0 && allowance.requests.empty(now) &&
                          allowance.tokens.empty(now);
        at = idle ? allowances_.erase(at) : std::next(at);
    }
    tidy_at_ = std::max<std::size_t>(1'024, 2 * allowances_.size());
}

void LimitTable::add_allowances(Places& places, std::size_t index, LimitedCall const& call, SteadyTime now) {
    for_each_value(config_.rules[index], call.provider, call.model, call.caller, [&](std::string const& value) {
        std::shared_ptr<Allowance> place = allowance(index, value, now);
        bool const there =
            std::find(places.allowances.begin(), places.allowances.end(), place) != places.allowances.end();
        if (!there) places.allowances.push_back(std::move(place));
    });
}

Places LimitTable::places_of(LimitedCall const& call, SteadyTime now) {
    Places places;
    for (std::size_t i = 0; i < config_.rules.size(); ++i) add_allowances(places, i, call, now);
    if (!config_.follow_providers) return places;
    std::string const key = call.provider + '\n' + call.model;
    auto const found = gates_.find(key);
    if (found != gates_.end()) {
        places.gate = found->second;
    } else if (gates_.size() < most_gates) {
        places.gate = std::make_shared<Gate>();
        gates_.emplace(key, places.gate);
    }
    return places;
}

Room LimitTable::room(Places const& places, std::int64_t tokens, SteadyTime now, std::uint64_t round) {
    Room room;
    room.now = true;
    for (std::shared_ptr<Allowance> const& place : places.allowances) {
        LimitRule const& rule = *place->rule;
        bool full = false;
        auto const until = [&](SteadyTime at) {
            if (at <= now) return;
            full = true;
            wait_for(room, at, &rule);
        };
        if (rule.tokens && tokens > *rule.tokens) {
            room.now = false;
            room.never = true;
            room.rule = &rule;
            return room;
        }
        if (rule.requests) until(place->requests.room_at(now, 1, *rule.requests));
        if (rule.tokens) until(place->tokens.room_at(now, tokens, *rule.tokens));
        if (rule.at_once && place->running >= *rule.at_once) {
            full = true;
            wait_for(room, std::nullopt, &rule);
        }
        if (full) place->full_in = round;
    }
    if (!places.gate) return room;
    Gate& gate = *places.gate;
    SteadyTime at = std::max(gate.closed_until, gate.requests.room_at(now, 1));
    at = std::max(
        {at, gate.tokens.room_at(now, tokens), gate.input_tokens.room_at(now, 1), gate.output_tokens.room_at(now, 1)});
    bool const busy = gate.at_once && gate.running >= *gate.at_once;
    if (at > now) wait_for(room, at, nullptr);
    if (busy) wait_for(room, std::nullopt, nullptr);
    if (at > now || busy) gate.full_in = round;
    return room;
}

bool LimitTable::blocked(Places const& places, std::uint64_t round) noexcept {
    if (places.gate && places.gate->full_in == round) return true;
    return std::any_of(places.allowances.begin(), places.allowances.end(),
                       [&](std::shared_ptr<Allowance> const& place) { return place->full_in == round; });
}

Grant LimitTable::take(Places places, std::int64_t tokens, SteadyTime now) {
    Grant grant;
    grant.tokens = tokens;
    grant.slots.reserve(places.allowances.size());
    for (std::shared_ptr<Allowance> const& place : places.allowances) {
        grant.slots.push_back(place->tokens.slot(now));
        if (place->rule->requests) place->requests.take(now, 1);
        if (place->rule->tokens) place->tokens.take(now, tokens);
        ++place->running;
    }
    if (places.gate) {
        Gate& gate = *places.gate;
        grant.tokens_before = gate.sent_tokens;
        gate.sent_tokens += tokens;
        grant.number = ++gate.sent;
        ++gate.running;
        gate.requests.sent(1);
        gate.tokens.sent(tokens);
    }
    grant.places = std::move(places);
    return grant;
}

void LimitTable::end(Grant const& grant, std::optional<std::int64_t> tokens, SteadyTime now) {
    for (std::size_t i = 0; i < grant.slots.size(); ++i) {
        Allowance& place = *grant.places.allowances[i];
        --place.running;
        if (tokens && place.rule->tokens) place.tokens.correct(now, grant.slots[i], *tokens - grant.tokens);
    }
    if (grant.places.gate) --grant.places.gate->running;
}

void LimitTable::told(Grant const& grant, RateLimits const* limits, Error const* error, SteadyTime now) {
    if (!grant.places.gate) return;
    Gate& gate = *grant.places.gate;
    // Answers come in any order: that of an older call knows less.
    if (limits != nullptr && grant.number >= gate.told_of) {
        gate.told_of = grant.number;
        gate.requests.told(limits->requests, now, grant.number);
        gate.tokens.told(limits->tokens, now, grant.tokens_before + grant.tokens);
        gate.input_tokens.told(limits->input_tokens, now, 0);
        gate.output_tokens.told(limits->output_tokens, now, 0);
    }
    if (error == nullptr) {
        // What was sent before the refusal says nothing of the time after it.
        if (!gate.at_once || grant.number <= gate.refused) return;
        *gate.at_once *= 2;
        if (*gate.at_once >= at_once_enough) gate.at_once.reset();
        return;
    }
    if (error->code != Errc::rate_limited && error->code != Errc::overloaded) return;
    if (error->retry_after) gate.closed_until = std::max(gate.closed_until, now + *error->retry_after);
    gate.at_once = 1;
    gate.refused = gate.sent;
}

std::vector<LimitStatus> LimitTable::status(SteadyTime now) {
    std::vector<LimitStatus> all;
    for (auto const& [key, place] : allowances_) {
        LimitStatus one;
        one.rule = place->rule->name;
        one.value = place->value;
        one.requests = place->requests.used(now);
        one.tokens = place->tokens.used(now);
        one.running = place->running;
        if (one.requests != 0 || one.tokens != 0 || one.running != 0) all.push_back(std::move(one));
    }
    std::sort(all.begin(), all.end(), [](LimitStatus const& a, LimitStatus const& b) {
        return a.rule != b.rule ? a.rule < b.rule : a.value < b.value;
    });
    return all;
}

}  // namespace aikit::inline v0::policy
