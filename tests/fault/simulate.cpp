// SPDX-License-Identifier: MIT
// fault/simulate.cpp - a program: a whole kit in worlds that are drawn from seeds, where everything goes wrong in
// virtual time on one thread, and the same every time.
//
//   simulate [--seeds N] [--seed S] [--break NAME] [--list]
//
// Each seed makes a world: upstreams that fail, stall, cut, limit and bill; clients that call, cancel and leave; a disk
// that is full for a while; a clock that jumps. When a promise is broken it prints the seed, the world and what was
// broken, and ends with 1. One seed alone prints what happened, event by event. The last line is JSON.
#include "sim_disk.hpp"
#include "sim_judge.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

namespace {

using sim::Sabotage;

struct Order {
    std::uint64_t seed = 1;
    std::int64_t seeds = 2'000;
    Sabotage sabotage = Sabotage::none;
    std::string_view sabotage_name = "none";
};

/// What all worlds together came to.
struct Sum {
    std::int64_t worlds = 0, calls = 0, answered = 0, cached = 0, left = 0, requests = 0, raced = 0, executed = 0;
    std::int64_t nanos = 0;
    std::array<std::int64_t, sim::fault_kinds> faults{};
    std::uint64_t digest = 0;

    void add(sim::Course const& course) {
        ++worlds;
        calls += static_cast<std::int64_t>(course.heard.size());
        for (sim::Heard const& heard : course.heard) {
            answered += heard.answered ? 1 : 0;
            cached += heard.answered && heard.from_cache ? 1 : 0;
            left += heard.left ? 1 : 0;
        }
        for (sim::Arrival const& arrival : course.arrivals) {
            ++requests;
            raced += races(course, arrival) ? 1 : 0;
            executed += arrival.executed ? 1 : 0;
            nanos += arrival.nanos;
            if (arrival.reached) ++faults[static_cast<std::size_t>(arrival.fault)];
        }
        digest = digest * 0x100000001b3ULL ^ course.digest;
    }

    /// It was sent beside another request of its call.
    static bool races(sim::Course const& course, sim::Arrival const& arrival) {
        return std::any_of(course.arrivals.begin(), course.arrivals.end(), [&](sim::Arrival const& other) {
            return other.call == arrival.call && other.sent_order < arrival.sent_order &&
                   other.ended_order > arrival.sent_order;
        });
    }
};

std::string hexadecimal(std::uint64_t number) {
    char text[17];
    std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(number));
    return text;
}

void report(Order const& order, Sum const& sum, bool broken, std::uint64_t seed, sim::Broken const& what) {
    boost::json::object line{{"program", "simulate"},    {"first_seed", order.seed}, {"seeds", sum.worlds},
                             {"calls", sum.calls},       {"answered", sum.answered}, {"cached", sum.cached},
                             {"left", sum.left},         {"requests", sum.requests}, {"raced", sum.raced},
                             {"executed", sum.executed}, {"nanos", sum.nanos},       {"break", order.sabotage_name}};
    boost::json::object faults;
    for (std::size_t i = 0; i < sum.faults.size(); ++i) faults[sim::name(static_cast<sim::Fault>(i))] = sum.faults[i];
    line["faults"] = std::move(faults);
    line["digest"] = hexadecimal(sum.digest);
    line["broken"] = broken ? 1 : 0;
    if (broken) {
        line["seed"] = seed;
        line["promise"] = what.promise;
        line["how"] = what.how;
    }
    std::printf("%s\n", boost::json::serialize(line).c_str());
}

int run(Order const& order) {
    sim::use_disk();
    sim::Ground ground;
    Sum sum;
    bool const alone = order.seeds == 1;
    for (std::int64_t i = 0; i < order.seeds; ++i) {
        std::uint64_t const seed = order.seed + static_cast<std::uint64_t>(i);
        sim::Plan const plan = sim::draw(seed);
        sim::World world(ground, plan, order.sabotage, alone);
        sim::Course const course = world.run();
        sum.add(course);
        std::optional<sim::Broken> const broken = sim::judge(plan, course);
        if (alone || broken) std::printf("%s%s", sim::describe(plan).c_str(), course.trace.c_str());
        if (!broken) continue;
        std::printf("broken: %s (%s)\n", broken->promise.c_str(), broken->how.c_str());
        report(order, sum, true, seed, *broken);
        return 1;
    }
    report(order, sum, false, 0, {});
    return 0;
}

int usage() {
    std::fprintf(stderr, "usage: simulate [--seeds N] [--seed S] [--break NAME] [--list]\n");
    return 2;
}

int list() {
    for (sim::SabotageName const& one : sim::sabotages) {
        std::printf("%-24s %s\n", std::string(one.name).c_str(), std::string(one.means).c_str());
    }
    return 0;
}

}  // namespace

int main(int count, char** words) {
    Order order;
    for (int i = 1; i < count; ++i) {
        std::string_view const word = words[i];
        if (word == "--list") return list();
        if (i + 1 == count) return usage();
        char const* const value = words[++i];
        if (word == "--seeds") {
            order.seeds = std::atoll(value);
        } else if (word == "--seed") {
            order.seed = static_cast<std::uint64_t>(std::atoll(value));
        } else if (word == "--break") {
            bool known = false;
            for (sim::SabotageName const& one : sim::sabotages) {
                if (one.name != value) continue;
                order.sabotage = one.what;
                order.sabotage_name = one.name;
                known = true;
            }
            if (!known) return usage();
        } else {
            return usage();
        }
    }
    if (order.seeds < 1) return usage();
    try {
        return run(order);
    } catch (std::exception const& wrong) {
        std::fprintf(stderr, "simulate: %s\n", wrong.what());
        return 2;
    }
}
