// SPDX-License-Identifier: MIT
// fault/sim_plan.cpp - drawing a world.
#include "sim_plan.hpp"

#include <algorithm>

namespace sim {
namespace {

using aikit::CacheUse;
using aikit::Replay;
using aikit::router::RoutePolicy;

constexpr std::array<char const*, fault_kinds> fault_names{"none",
                                                           "refused",
                                                           "reset_unread",
                                                           "reset_executed",
                                                           "limited",
                                                           "limited_seconds",
                                                           "limited_date",
                                                           "limited_huge",
                                                           "limited_garbage",
                                                           "failed",
                                                           "bad_gateway",
                                                           "unavailable",
                                                           "unavailable_seconds",
                                                           "unauthorized",
                                                           "too_long",
                                                           "filtered",
                                                           "cut",
                                                           "reset_midway",
                                                           "ends_early",
                                                           "no_marker",
                                                           "stall",
                                                           "stall_first",
                                                           "stall_midway",
                                                           "slow",
                                                           "malformed",
                                                           "error_midway",
                                                           "stopped_by_limit"};

std::string seconds(milliseconds time) {
    std::string const rest = std::to_string(time.count() % 1'000);
    return std::to_string(time.count() / 1'000) + "." + std::string(3 - rest.size(), '0') + rest + " s";
}

class Drawing {
public:
    explicit Drawing(std::uint64_t seed) : dice_(seed * 0x9e3779b97f4a7c15ULL + 0x51ULL) { plan_.seed = seed; }

    Plan draw() {
        plan_.mood =
            dice_.pick<std::string_view>({"calm", "stormy", "stormy", "stormy", "outage", "dead", "dead", "poor"});
        draw_fleet();
        draw_rules();
        draw_calls();
        draw_world();
        return std::move(plan_);
    }

private:
    milliseconds ms(std::int64_t first, std::int64_t last) { return milliseconds(dice_.between(first, last)); }

    Fault any_fault() { return static_cast<Fault>(dice_.between(1, static_cast<std::int64_t>(fault_kinds) - 1)); }

    Spell spell(milliseconds from, milliseconds until, Fault fault, int percent) {
        Spell one;
        one.from = from;
        one.until = until;
        one.fault = fault;
        one.percent = percent;
        return one;
    }

    void draw_fleet() {
        bool const outage = plan_.mood == "outage";
        bool const dead = plan_.mood == "dead";
        length_ = outage ? ms(20'000, 60'000) : ms(5'000, 30'000);
        std::int64_t const count = dead ? dice_.between(2, 4) : dice_.between(1, 4);
        Fault const down = dice_.pick({Fault::refused, Fault::failed, Fault::bad_gateway, Fault::unavailable,
                                       Fault::reset_unread, Fault::stall_first});
        milliseconds const from = outage ? ms(0, 5'000) : ms(1'000, 6'000);
        milliseconds const until = outage ? std::min(length_, from + ms(15'000, 40'000)) : from + ms(2'000, 12'000);
        for (std::int64_t i = 0; i < count; ++i) {
            DeploymentPlan one;
            one.head_after = ms(1, 400);
            one.piece_after = ms(0, 60);
            one.words = static_cast<int>(dice_.between(1, 14));
            bool const sick = plan_.mood == "stormy" || plan_.mood == "poor";
            if (sick) one.faulty = static_cast<int>(dice_.pick<std::int64_t>({0, 10, 30, 60, 90}));
            if (sick && dice_.chance(40)) {
                milliseconds const begins = ms(0, 10'000);
                one.spells.push_back(
                    spell(begins, begins + ms(1'000, 8'000), any_fault(), dice_.chance(50) ? 100 : 60));
            }
            if (outage || (dead && i == 0)) one.spells.push_back(spell(from, until, down, 100));
            plan_.deployments.push_back(std::move(one));
        }
        // Long enough to see that it is back.
        if (dead) length_ = until + milliseconds(20'000);
    }

    void draw_rules() {
        plan_.policy = dice_.chance(60)
                           ? RoutePolicy::ordered
                           : dice_.pick({RoutePolicy::cheapest, RoutePolicy::fastest, RoutePolicy::weighted,
                                         RoutePolicy::least_busy, RoutePolicy::balanced, RoutePolicy::sticky});
        bool const outage = plan_.mood == "outage";
        if (plan_.mood == "dead") plan_.policy = RoutePolicy::ordered;
        plan_.max_retries = static_cast<int>(dice_.between(outage ? 1 : 0, 3));
        plan_.retry_floor = static_cast<int>(outage ? dice_.between(0, 1) : dice_.between(0, 10));
        plan_.breaker = outage ? dice_.chance(30) : dice_.chance(90);
        if (!outage && plan_.deployments.size() > 1 && dice_.chance(40)) plan_.hedge = dice_.pick({0.3, 0.5, 0.9});
        // Not beside hedges: a stream that is resumed may go to who was overtaken, and has it carried out twice.
        plan_.resume = dice_.chance(25) && plan_.hedge == 0;
        aikit::router::HealthConfig& health = plan_.health;
        health.failures = static_cast<int>(dice_.between(2, 5));
        // Without an error rate the judge knows when a circuit opens.
        health.least_calls = dice_.chance(60) ? never_so_many : static_cast<int>(dice_.between(5, 20));
        health.window = ms(5'000, 30'000);
        health.probe_after = ms(500, 4'000);
        health.longest_pause = health.probe_after * dice_.between(1, 3);
        health.limited_pause = ms(100, 1'000);
        health.refused_pause = ms(2'000, 20'000);
        if (plan_.breaker) return;
        health.failures = 1'000;
        health.error_rate = 1;
        health.least_calls = never_so_many;
    }

    CallPlan draw_call(milliseconds at) {
        bool const outage = plan_.mood == "outage";
        CallPlan call;
        call.at = at;
        call.stream = dice_.chance(50);
        call.tenant = static_cast<int>(dice_.between(0, 2));
        call.question = static_cast<int>(dice_.between(0, outage ? 1'000 : 5));
        if (!outage && plan_.mood != "dead" && dice_.chance(15)) {
            call.direct = static_cast<int>(dice_.between(0, static_cast<std::int64_t>(plan_.deployments.size()) - 1));
        }
        if (dice_.chance(90)) call.total = dice_.chance(25) ? ms(50, 900) : ms(1'000, 20'000);
        call.idle = ms(500, 4'000);
        call.first_byte = ms(500, 4'000);
        call.replay = dice_.pick({Replay::other_deployment, Replay::other_deployment, Replay::never, Replay::any});
        if (!outage && dice_.chance(30)) call.max_retries = static_cast<int>(dice_.between(0, 4));
        if (dice_.chance(15)) call.cache = dice_.chance(50) ? CacheUse::refresh : CacheUse::bypass;
        if (!outage && dice_.chance(10)) call.cancel_after = ms(0, 3'000);
        if (call.stream && !outage && dice_.chance(12)) call.leave_after = static_cast<int>(dice_.between(0, 6));
        return call;
    }

    void draw_calls() {
        bool const many = plan_.mood == "outage" || plan_.mood == "dead";
        std::int64_t const count = many ? dice_.between(30, 45) : dice_.between(8, 24);
        std::vector<milliseconds> times;
        bool const crowd = dice_.chance(30);
        for (std::int64_t i = 0; i < count; ++i) {
            milliseconds const anywhere = ms(0, length_.count());
            times.push_back(crowd && dice_.chance(50) ? anywhere / 1'000 * 1'000 : anywhere);
        }
        std::sort(times.begin(), times.end());
        for (milliseconds const at : times) {
            plan_.calls.push_back(draw_call(at));
            plan_.calls.back().number = static_cast<int>(plan_.calls.size());
        }
    }

    void draw_world() {
        bool const poor = plan_.mood == "poor";
        if (poor || dice_.chance(15)) {
            // From too little for one call to enough for several; the worst case of one is some 300,000 to a million.
            plan_.budget = poor ? dice_.between(100'000, 3'000'000) : dice_.between(1'000'000, 100'000'000);
        }
        plan_.cache = dice_.chance(40);
        if (plan_.mood == "stormy" && dice_.chance(20)) plan_.at_once = static_cast<int>(dice_.between(1, 4));
        if (dice_.chance(12)) {
            DiskFull full;
            full.from = ms(0, length_.count());
            full.until = full.from + ms(100, 8'000);
            plan_.disk_full.push_back(full);
        }
        for (std::int64_t i = dice_.chance(20) ? dice_.between(1, 3) : 0; i > 0; --i) {
            ClockJump jump;
            jump.at = ms(0, length_.count());
            jump.by = std::chrono::seconds(dice_.between(-3'600, 3'600));
            plan_.jumps.push_back(jump);
        }
    }

    Dice dice_;
    Plan plan_;
    milliseconds length_{0};
};

std::string describe(CallPlan const& call) {
    std::string line = "call c" + std::to_string(call.number) + " at " + seconds(call.at);
    line += call.stream ? ": stream" : ": chat";
    line += " of tenant " + std::to_string(call.tenant) + ", question " + std::to_string(call.question);
    if (call.direct >= 0) line += ", to d" + std::to_string(call.direct);
    if (call.total) line += ", total " + seconds(*call.total);
    if (call.first_byte) line += ", first byte " + seconds(*call.first_byte);
    if (call.idle) line += ", idle " + seconds(*call.idle);
    if (call.replay == Replay::never) line += ", replay never";
    if (call.replay == Replay::any) line += ", replay any";
    if (call.max_retries) line += ", max_retries " + std::to_string(*call.max_retries);
    if (call.cache == CacheUse::refresh) line += ", cache refresh";
    if (call.cache == CacheUse::bypass) line += ", cache bypass";
    if (call.cancel_after) line += ", cancelled after " + seconds(*call.cancel_after);
    if (call.leave_after) line += ", left after " + std::to_string(*call.leave_after) + " events";
    return line + "\n";
}

std::string describe(DeploymentPlan const& one, std::size_t number) {
    std::string line = "deployment d" + std::to_string(number) + ": head within " + seconds(one.head_after) +
                       ", piece after " + seconds(one.piece_after) + ", " + std::to_string(one.faulty) +
                       " of 100 requests meet a fault";
    for (Spell const& spell : one.spells) {
        line += "; " + std::to_string(spell.percent) + " of 100 meet " + name(spell.fault) + " from " +
                seconds(spell.from) + " to " + seconds(spell.until);
    }
    return line + "\n";
}

}  // namespace

char const* name(Fault fault) noexcept {
    return fault_names[static_cast<std::size_t>(fault)];
}

Plan draw(std::uint64_t seed) {
    return Drawing(seed).draw();
}

std::string describe(Plan const& plan) {
    aikit::router::HealthConfig const& health = plan.health;
    std::string text = "seed " + std::to_string(plan.seed) + ", " + std::string(plan.mood) + "\n";
    text += std::string("router: ") + aikit::router::name(plan.policy) + ", max_retries " +
            std::to_string(plan.max_retries) + ", retry_floor " + std::to_string(plan.retry_floor) + ", failures " +
            std::to_string(health.failures) + ", probe_after " + seconds(health.probe_after) + ", longest_pause " +
            seconds(health.longest_pause) + ", limited_pause " + seconds(health.limited_pause) + ", refused_pause " +
            seconds(health.refused_pause) + "\n";
    if (plan.hedge > 0) text += "hedged beyond the quantile " + std::to_string(plan.hedge) + "\n";
    if (plan.resume) text += "cut streams are resumed\n";
    if (plan.budget) text += "budget: " + std::to_string(*plan.budget) + " nano-dollars for each tenant\n";
    if (plan.cache) text += "a cache of replies\n";
    if (plan.at_once) text += "at most " + std::to_string(*plan.at_once) + " calls at once\n";
    for (DiskFull const& full : plan.disk_full) {
        text += "the disk is full from " + seconds(full.from) + " to " + seconds(full.until) + "\n";
    }
    for (ClockJump const& jump : plan.jumps) {
        text += "the wall clock jumps by " + std::to_string(jump.by.count()) + " s at " + seconds(jump.at) + "\n";
    }
    for (std::size_t i = 0; i < plan.deployments.size(); ++i) text += describe(plan.deployments[i], i);
    for (CallPlan const& call : plan.calls) text += describe(call);
    return text;
}

}  // namespace sim
