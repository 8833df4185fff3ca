// SPDX-License-Identifier: MIT
// fault/sim_judge.cpp - the promises, one function each.
#include "sim_judge.hpp"

#include <algorithm>
#include <set>

namespace sim {
namespace {

using aikit::Replay;
using Verdict = std::optional<Broken>;

constexpr Time grace = milliseconds(50);

std::string call_name(int number) {
    return "c" + std::to_string(number);
}

std::string arrival_name(Arrival const& arrival) {
    return "a" + std::to_string(arrival.number);
}

Broken broken(char const* promise, std::string how) {
    Broken out;
    out.promise = promise;
    out.how = std::move(how);
    return out;
}

class Judge {
public:
    Judge(Plan const& plan, Course const& course) : plan_(plan), course_(course) {
        for (Arrival const& arrival : course.arrivals) of_call_[arrival.call].push_back(&arrival);
    }

    Verdict run() const {
        using Promise = Verdict (Judge::*)() const;
        for (Promise const promise : {&Judge::all_end, &Judge::requests, &Judge::executions, &Judge::deadlines,
                                      &Judge::leftovers, &Judge::texts, &Judge::budgets, &Judge::rows, &Judge::bills,
                                      &Judge::holds, &Judge::waits, &Judge::probes, &Judge::revivals, &Judge::load}) {
            if (Verdict verdict = (this->*promise)()) return verdict;
        }
        return std::nullopt;
    }

private:
    using Sent = std::vector<Arrival const*>;

    Sent const& sent_for(int call) const {
        static Sent const none;
        auto const found = of_call_.find(call);
        return found == of_call_.end() ? none : found->second;
    }

    Verdict all_end() const {
        if (course_.stuck) return broken("every call ends", "some wait for what never happens");
        if (!course_.failure.empty()) return broken("what is left can be written down", course_.failure);
        if (course_.open_bodies != 0) {
            return broken("no answer is held on to", std::to_string(course_.open_bodies) + " are");
        }
        return std::nullopt;
    }

    Verdict deadlines() const {
        for (CallPlan const& call : plan_.calls) {
            Heard const& heard = course_.heard[static_cast<std::size_t>(call.number) - 1];
            Time const took = *heard.ended - call.at;
            bool const late = call.total && took > *call.total + grace;
            bool const deaf = call.cancel_after && took > *call.cancel_after + grace;
            if (!late && !deaf) continue;
            return broken(late ? "every call ends by its deadline" : "a call that is cancelled ends",
                          call_name(call.number) + " took " + std::to_string(took.count()) + " us");
        }
        return std::nullopt;
    }

    Verdict requests() const {
        for (CallPlan const& call : plan_.calls) {
            std::size_t const sent = sent_for(call.number).size();
            if (sent <= static_cast<std::size_t>(plan_.attempts_of(call))) continue;
            return broken("a call makes no more requests than it may",
                          call_name(call.number) + " made " + std::to_string(sent));
        }
        return std::nullopt;
    }

    Verdict executions() const {
        for (CallPlan const& call : plan_.calls) {
            if (call.replay == Replay::any) continue;
            std::set<std::size_t> by;
            for (Arrival const* const arrival : sent_for(call.number)) {
                bool const never = call.replay == Replay::never && !by.empty();
                if (never || by.count(arrival->deployment) > 0) {
                    return broken("what was carried out is not sent again where it must not be",
                                  arrival_name(*arrival) + " of " + call_name(call.number));
                }
                if (arrival->executed) by.insert(arrival->deployment);
            }
        }
        return std::nullopt;
    }

    /// When a call has ended nothing of it goes on; and of two requests that race the slower is let go.
    Verdict leftovers() const {
        for (CallPlan const& call : plan_.calls) {
            Time const ended = *course_.heard[static_cast<std::size_t>(call.number) - 1].ended;
            std::optional<Time> first;
            for (Arrival const* const arrival : sent_for(call.number)) {
                if (!arrival->whole || !arrival->first_word) continue;
                first = std::min(first.value_or(*arrival->first_word), *arrival->first_word);
            }
            for (Arrival const* const arrival : sent_for(call.number)) {
                bool const open = arrival->end == End::open;
                if (open || arrival->ended > ended) {
                    return broken("nothing of a call goes on after it", arrival_name(*arrival));
                }
                bool const lost = first && arrival->sent < *first && arrival->ended > *first && !arrival->first_word;
                if (lost) return broken("who lost a race is let go", arrival_name(*arrival));
            }
        }
        return std::nullopt;
    }

    Verdict texts() const {
        for (CallPlan const& call : plan_.calls) {
            Heard const& heard = course_.heard[static_cast<std::size_t>(call.number) - 1];
            bool own = false, whole = false;
            for (Arrival const* const arrival : sent_for(call.number)) {
                bool const begins = arrival->text.compare(0, heard.text.size(), heard.text) == 0;
                own = own || begins;
                whole = whole || (arrival->whole && arrival->text == heard.text);
            }
            if (heard.answered && !whole) {
                if (Verdict verdict = from_cache(call, heard)) return verdict;
            }
            if (!heard.answered && !heard.text.empty() && !own && !heard.from_cache) {
                return broken("what came of a text is one upstream's", call_name(call.number) + ": " + heard.text);
            }
        }
        return std::nullopt;
    }

    /// Nothing that was asked for itself: then a whole answer to the same question of the same tenant's.
    Verdict from_cache(CallPlan const& call, Heard const& heard) const {
        for (Arrival const& arrival : course_.arrivals) {
            if (arrival.text != heard.text || arrival.text.empty()) continue;
            std::string const how = call_name(call.number) + " got the answer of " + arrival_name(arrival);
            if (arrival.call == call.number) return broken("nothing incomplete is called whole", how);
            if (!plan_.cache || call.cache != aikit::CacheUse::use) {
                return broken("an answer that is kept serves who may have it", how);
            }
            bool const same = arrival.tenant == call.tenant && arrival.question == call.question;
            if (!same) return broken("an answer that is kept reaches nobody else", how);
            if (!arrival.whole) return broken("only whole answers are kept", how);
            return std::nullopt;
        }
        return broken("what is called whole is what one upstream sent", call_name(call.number) + ": " + heard.text);
    }

    Verdict budgets() const {
        if (!course_.overspent) return std::nullopt;
        return broken("no budget is exceeded by what was billed", "by a" + std::to_string(*course_.overspent));
    }

    Verdict rows() const {
        std::map<std::string, std::set<std::int64_t>> attempts;
        std::map<std::string, std::size_t> count;
        for (lab::Row const& row : course_.rows) {
            ++count[row.id];
            attempts[row.id].insert(row.attempt);
        }
        for (CallPlan const& call : plan_.calls) {
            std::string const id = call_name(call.number);
            std::size_t const sent = sent_for(call.number).size();
            if (count[id] == sent && attempts[id].size() == sent) continue;
            return broken("each request has one row",
                          id + " made " + std::to_string(sent) + " and has " + std::to_string(count[id]));
        }
        return std::nullopt;
    }

    Verdict bills() const {
        for (lab::Row const& row : course_.rows) {
            if (row.request.size() < 2) continue;
            Arrival const& arrival =
                course_.arrivals.at(static_cast<std::size_t>(std::stoi(row.request.substr(1))) - 1);
            bool const exact = row.outcome == "ok" ? row.nanos == arrival.nanos : !arrival.told || row.nanos == 0;
            if (exact) continue;
            return broken("a row's cost is what was billed", arrival_name(arrival) + ": " + std::to_string(row.nanos) +
                                                                 " for " + std::to_string(arrival.nanos));
        }
        return std::nullopt;
    }

    Verdict holds() const {
        if (course_.leases != 0) return broken("nothing stays set aside", std::to_string(course_.leases) + " leases");
        for (Account const& account : course_.accounts) {
            auto const billed = course_.billed.find(account.tenant);
            if (account.spent >= billed->second) continue;
            return broken("a budget counts what was billed", "tenant " + std::to_string(account.tenant) + ": " +
                                                                 std::to_string(account.spent) + " of " +
                                                                 std::to_string(billed->second));
        }
        return std::nullopt;
    }

    /// Who was told is the router, for its own calls; a call that names its deployment; with limits, all of them.
    bool hears(Arrival const& told, Arrival const& later) const {
        if (told.deployment != later.deployment) return false;
        return plan_.at_once || (told.routed && later.routed) || told.call == later.call;
    }

    /// A call that the router had let through by then, and that waited inside of it since: for room, or in a
    /// deployment's cache for the answer to an equal call. Where it goes after that is not decided again.
    bool waited(Arrival const& arrival, Time since) const {
        CallPlan const& call = plan_.calls[static_cast<std::size_t>(arrival.call) - 1];
        bool const could = plan_.at_once || (plan_.cache && call.cache == aikit::CacheUse::use);
        return could && call.at <= since;
    }

    Verdict waits() const {
        for (Arrival const& told : course_.arrivals) {
            if (!told.left_alone || !told.told) continue;
            for (Arrival const& later : course_.arrivals) {
                bool const within = later.sent > told.ended && later.sent < *told.left_alone;
                if (!within || !hears(told, later) || (!plan_.at_once && waited(later, told.ended))) continue;
                return broken("who asks to be left alone for a while is",
                              arrival_name(later) + " after " + arrival_name(told));
            }
        }
        return std::nullopt;
    }

    /// The arrivals of one deployment as they began and ended, in their order.
    struct Step {
        std::int64_t order = 0;
        Arrival const* arrival = nullptr;
        bool ends = false;
    };
    std::vector<Step> steps_of(std::size_t deployment) const {
        std::vector<Step> steps;
        for (Arrival const& arrival : course_.arrivals) {
            if (arrival.deployment != deployment || !arrival.routed) continue;
            steps.push_back({arrival.sent_order, &arrival, false});
            if (arrival.end != End::open) steps.push_back({arrival.ended_order, &arrival, true});
        }
        std::sort(steps.begin(), steps.end(), [](Step const& a, Step const& b) { return a.order < b.order; });
        return steps;
    }

    /// Who left a stream has not read how it ended.
    bool unseen(Arrival const& arrival) const {
        Heard const& heard = course_.heard[static_cast<std::size_t>(arrival.call) - 1];
        return heard.left && !heard.answered && sent_for(arrival.call).back() == &arrival;
    }

    Verdict probes() const {
        for (std::size_t i = 0; i < plan_.deployments.size(); ++i) {
            if (Verdict verdict = probes_of(i)) return verdict;
        }
        return std::nullopt;
    }

    Verdict probes_of(std::size_t deployment) const {
        int failures = 0;
        std::optional<Step> opened;  // by which failure
        Time failed{0};
        Arrival const* probe = nullptr;
        for (Step const& step : steps_of(deployment)) {
            Arrival const& one = *step.arrival;
            if (!step.ends) {
                if (!opened || one.sent == opened->arrival->ended || waited(one, opened->arrival->ended)) continue;
                if (probe != nullptr) {
                    return broken("an open circuit has one probe at a time",
                                  arrival_name(one) + " beside " + arrival_name(*probe));
                }
                bool const known = plan_.health.least_calls == never_so_many;
                if (known && one.sent < failed + plan_.health.probe_after) {
                    return broken("an open circuit stays open for its time", arrival_name(one));
                }
                probe = &one;
                continue;
            }
            if (probe == &one) probe = nullptr;
            // What had begun before says nothing; of what waited nobody knows whether it had. Where an error rate opens
            // circuits too, it may have opened earlier, and what was sent in the instant of the failure be its probe.
            bool const rated = plan_.health.least_calls != never_so_many;
            bool const before =
                opened && (rated ? one.sent < opened->arrival->ended : one.sent <= opened->arrival->ended);
            bool const doubtful = opened && waited(one, opened->arrival->ended) && one.end == End::failure;
            if (unseen(one) || before || doubtful) continue;
            // Who asks to be left alone answers a probe, and is no end of a row of failures. Where an error rate opens
            // circuits too it may have been one.
            bool const known = plan_.health.least_calls == never_so_many;
            if (one.end == End::success || (one.end == End::asked && (opened || !known))) {
                opened.reset();
                probe = nullptr;
                failures = 0;
            } else if (one.end == End::failure) {
                failed = one.ended;
                if (++failures >= plan_.health.failures && !opened) opened = step;
            }
        }
        return std::nullopt;
    }

    /// Who looks for an answer that is kept, or waits for one, has a deployment's place meanwhile: a probe's, maybe.
    bool may_hold_a_place(CallPlan const& call) const {
        if (!plan_.cache) return false;
        return std::any_of(plan_.calls.begin(), plan_.calls.end(), [&](CallPlan const& other) {
            Time const ended = *course_.heard[static_cast<std::size_t>(other.number) - 1].ended;
            return other.number != call.number && other.direct < 0 && other.at <= call.at && ended >= call.at;
        });
    }

    /// When the first deployment must be asked again by all that is known at that time; nothing: that cannot be said.
    std::optional<Time> asked_again_by(Time now) const {
        DeploymentPlan const& first = plan_.deployments.front();
        Time from{0};
        for (Spell const& spell : first.spells) from = std::max<Time>(from, spell.until);
        Time const pause = std::max(plan_.health.longest_pause, plan_.health.probe_after);
        for (Arrival const& arrival : course_.arrivals) {
            if (arrival.deployment != 0 || arrival.sent > now) continue;
            // It may be a probe, beside which there is none.
            if (arrival.end == End::open || arrival.ended >= now) return std::nullopt;
            if (arrival.left_alone) from = std::max(from, *arrival.left_alone);
            if (arrival.end == End::failure) from = std::max(from, arrival.ended + pause);
            if (arrival.end == End::asked) {
                from = std::max<Time>(from, arrival.ended + std::max(pause, Time(plan_.health.refused_pause)));
            }
        }
        return from;
    }

    Verdict revivals() const {
        bool const told = plan_.policy == aikit::router::RoutePolicy::ordered && !plan_.budget && !plan_.at_once &&
                          plan_.deployments.front().faulty == 0;
        if (!told) return std::nullopt;
        for (CallPlan const& call : plan_.calls) {
            Sent const& sent = sent_for(call.number);
            if (call.direct >= 0 || sent.empty() || may_hold_a_place(call)) continue;
            std::optional<Time> const by = asked_again_by(call.at);
            if (!by || call.at <= *by || sent.front()->deployment == 0) continue;
            return broken("a deployment that is well again is asked again",
                          call_name(call.number) + " went to d" + std::to_string(sent.front()->deployment) +
                              ", it could from " + std::to_string(by->count()) + " us on");
        }
        return std::nullopt;
    }

    Verdict load() const {
        bool const told =
            std::none_of(plan_.calls.begin(), plan_.calls.end(), [](CallPlan const& call) { return call.direct >= 0; });
        if (!told) return std::nullopt;
        for (std::size_t i = 0; i < plan_.deployments.size(); ++i) {
            for (Spell const& spell : plan_.deployments[i].spells) {
                bool const down = spell.percent == 100 && spell.fault != Fault::slow &&
                                  spell.fault != Fault::stopped_by_limit && spell.fault != Fault::none;
                if (!down) continue;
                if (Verdict verdict = load_of(i, spell)) return verdict;
            }
        }
        return std::nullopt;
    }

    /// What is retried is at most a fifth of the calls, or the floor, in each ten seconds; the calls before count a
    /// little while.
    Verdict load_of(std::size_t deployment, Spell const& spell) const {
        constexpr milliseconds span{10'000};
        std::int64_t calls = 0, before = 0, sent = 0;
        for (CallPlan const& call : plan_.calls) {
            Heard const& heard = course_.heard[static_cast<std::size_t>(call.number) - 1];
            if (call.at < spell.until && *heard.ended >= spell.from) ++calls;
            if (call.at < spell.from && call.at >= spell.from - 2 * span) ++before;
        }
        for (Arrival const& arrival : course_.arrivals) {
            bool const there = arrival.deployment == deployment;
            if (there && arrival.sent >= spell.from && arrival.sent < spell.until) ++sent;
        }
        std::int64_t const spans = (spell.until - spell.from) / span + 2;
        std::int64_t const most = calls + (calls + before) / 5 + spans * plan_.retry_floor + 1;
        if (sent <= most) return std::nullopt;
        return broken("an outage is not fed", std::to_string(calls) + " calls sent " + std::to_string(sent) +
                                                  " requests to d" + std::to_string(deployment));
    }

    Plan const& plan_;
    Course const& course_;
    std::map<int, Sent> of_call_;
};

}  // namespace

std::optional<Broken> judge(Plan const& plan, Course const& course) {
    return Judge(plan, course).run();
}

}  // namespace sim
