// SPDX-License-Identifier: MIT
// fault/fault_failover.cpp - a program: does a router find its way through real sockets, whatever its first deployment
// does?
//
//   fault_failover [--calls N] [--seed N] [--break NAME]
//
// Two servers in processes of their own: the first does what each prompt says, the other answers in other words. For
// each way to fail before the first piece N calls are made (60 without a number), half of them streams; then streams
// that are cut in the middle; then a deployment that is dead, and comes back. Prints a line of JSON for each promise,
// and ends with 1 when one of them was broken.
#include "lab.hpp"
#include "script.hpp"

#include <aikit/aikit.hpp>

#include <boost/json.hpp>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iterator>
#include <random>
#include <stdexcept>
#include <thread>

namespace {

using lab::Script;
using std::chrono::milliseconds;

constexpr int threads = 16;
constexpr std::int64_t words = 20;
constexpr milliseconds probe_after{300};

constexpr char const* kinds[] = {"429",    "500",  "cut",   "reset", "hang", "error",
                                 "unread", "long", "short", "drip",  "dead", "none"};

struct Sabotage {
    std::string_view name;
    std::string_view what;
};
constexpr Sabotage sabotages[] = {
    {"none", "nothing"},
    {"no_spare", "there is no other deployment"},
    {"no_breaker", "the circuit never opens"},
    {"asks_twice", "what may have been carried out is sent to the same deployment again"},
    {"wrong_words", "the other deployment's words pass for the first one's"},
};

struct Plan {
    std::int64_t calls = 60;
    unsigned seed = 1;
    std::string sabotage = "none";
};

/// What came of one call.
struct Heard {
    bool complete = false;
    std::string error;
    std::string text;
};

/// The words of a server, from its first on.
std::string words_from(std::int64_t first, std::int64_t count) {
    std::string text;
    for (std::int64_t i = 0; i < count; ++i) text += lab::answer_word(first + i);
    return text;
}

class Lab {
public:
    explicit Lab(Plan const& plan) : plan_(plan) {
        std::ofstream(scratch_.file("prices"))
            << R"({"lab-small": {"input": 1, "cached": 1, "written": 1, "output": 1}})";
        first_ =
            std::make_unique<lab::Child>("fault_mock", std::vector<std::string>{scratch_.file("prices"), invoice()});
        spare_ = std::make_unique<lab::Child>(
            "fault_mock", std::vector<std::string>{scratch_.file("prices"), scratch_.file("spare"), "spare"});
        first_port_ = first_->number();
        spare_port_ = spare_->number();
    }

    /// A kit whose router has the first server, or a port where nobody listens, before the spare one.
    aikit::Kit open(bool dead, bool breaker) const {
        constexpr int nobody = 9;
        ::setenv("AIKIT_LAB_KEY", "sk-lab", 1);
        aikit::KitConfig config;
        config.unknown_price = aikit::policy::UnknownPrice::allow;
        aikit::RouterSetup router;
        router.rules.name = "main";
        router.rules.health.probe_after = probe_after;
        router.rules.health.longest_pause = probe_after;
        if (!breaker) {
            router.rules.health.failures = 1'000;
            router.rules.health.error_rate = 1;
            router.rules.health.least_calls = 1'000'000;
            router.rules.health.limited_pause = milliseconds(1);
            router.rules.health.longest_pause = milliseconds(1);
            router.rules.health.probe_after = milliseconds(1);
        }
        for (auto const& [name, port] :
             {std::pair("first", dead ? nobody : first_port_), std::pair("spare", spare_port_)}) {
            aikit::ProviderConfig provider;
            provider.name = name;
            provider.type = "openai";
            provider.base_url = "http://127.0.0.1:" + std::to_string(port) + "/v1";
            provider.api_key = "env:AIKIT_LAB_KEY";
            provider.limits.idle = milliseconds(300);
            provider.limits.first_byte = milliseconds(300);
            config.providers.push_back(provider);
            if (plan_.sabotage == "no_spare" && provider.name == "spare") continue;
            router.deployments.emplace_back().model = provider.name + "/lab-small";
        }
        config.routers.push_back(std::move(router));
        aikit::Result<aikit::Kit> kit = aikit::Kit::open(std::move(config));
        if (!kit) throw std::runtime_error(kit.error().message);
        return *kit;
    }

    Heard ask(aikit::Kit& kit, Script const& script, bool stream) const {
        aikit::ChatRequest request("main", "Say something. " + script.text());
        aikit::CallOptions options;
        options.max_retries = 1;
        if (plan_.sabotage == "asks_twice") {
            request.model = "first/lab-small";
            options.replay = aikit::Replay::any;
        }
        Heard heard;
        if (!stream) {
            aikit::Result<aikit::ChatReply> const reply =
                aikit::sync::wait(kit, kit.chat(std::move(request), std::move(options)));
            heard.complete = reply && reply->complete;
            heard.text = reply ? reply->text() : "";
            heard.error = reply ? "" : aikit::name(reply.error().code);
            return heard;
        }
        aikit::Result<aikit::ChatStream> opened =
            aikit::sync::wait(kit, kit.stream_chat(std::move(request), std::move(options)));
        if (!opened) {
            heard.error = aikit::name(opened.error().code);
            return heard;
        }
        for (aikit::Result<aikit::ChatEvent>& event : aikit::sync::events(kit, std::move(*opened))) {
            if (!event) {
                heard.error = aikit::name(event.error().code);
                break;
            }
            if (auto const* text = std::get_if<aikit::TextDelta>(&*event)) heard.text += text->text;
            heard.complete = heard.complete || std::holds_alternative<aikit::Finished>(*event);
        }
        return heard;
    }

    std::vector<Heard> ask_many(aikit::Kit& kit, std::string const& group, std::string const& fault, bool midway,
                                std::int64_t calls) const {
        std::vector<Heard> all(static_cast<std::size_t>(calls));
        std::atomic<std::int64_t> next = 0;
        std::vector<std::thread> crowd;
        for (int i = 0; i < threads; ++i) {
            crowd.emplace_back([&] {
                for (std::int64_t number = next++; number < calls; number = next++) {
                    std::mt19937 random(plan_.seed * 7'919U + static_cast<unsigned>(number));
                    Script script;
                    script.id = group + "-" + std::to_string(number);
                    script.words = words;
                    script.fault = fault == "dead" ? "none" : fault;
                    script.at = midway ? 1 + static_cast<std::int64_t>(random() % (words - 1)) : 0;
                    if (fault == "429" || fault == "500") script.at = 1'000;
                    all[static_cast<std::size_t>(number)] = ask(kit, script, midway || number % 2 == 0);
                }
            });
        }
        for (std::thread& one : crowd) one.join();
        return all;
    }

    /// How often each call of a group arrived at the first server: the most of any, and all together.
    std::pair<std::int64_t, std::int64_t> arrivals(std::string const& group) const {
        std::map<std::string, std::int64_t> times;
        std::int64_t all = 0;
        for (lab::InvoiceLine const& line : lab::read_invoice(invoice()).lines) {
            if (line.id.rfind(group + "-", 0) != 0) continue;
            ++times[line.id];
            ++all;
        }
        std::int64_t most = 0;
        for (auto const& [id, count] : times) most = std::max(most, count);
        return {most, all};
    }

    std::string invoice() const { return scratch_.file("invoice"); }

private:
    Plan const& plan_;
    lab::Scratch scratch_;
    std::unique_ptr<lab::Child> first_, spare_;
    std::int64_t first_port_ = 0, spare_port_ = 0;
};

class Judge {
public:
    Judge(Plan const& plan, Lab const& lab) : plan_(plan), lab_(lab) {}

    int run() {
        for (char const* kind : kinds) before_the_first_piece(kind);
        in_the_middle();
        dead_and_back();
        return promises_.report("fault_failover");
    }

private:
    bool unmixed(Heard const& heard) const {
        std::int64_t const spare = plan_.sabotage == "wrong_words" ? 9 : 8;
        return words_from(0, words).rfind(heard.text, 0) == 0 || words_from(spare, words).rfind(heard.text, 0) == 0;
    }

    void before_the_first_piece(std::string const& kind) {
        aikit::Kit kit = lab_.open(kind == "dead", false);
        std::vector<Heard> const all = lab_.ask_many(kit, "before-" + kind, kind, false, plan_.calls);
        kit.close();
        auto const complete = std::count_if(all.begin(), all.end(), [](Heard const& one) { return one.complete; });
        std::string error;
        for (Heard const& one : all) {
            if (!one.complete) error = one.error;
            promises_.hold("no text of two deployments is mixed", unmixed(one), kind + ":" + one.text);
        }
        constexpr std::int64_t thousand = 1'000;
        promises_.hold("999 of 1,000 calls are answered, whatever fails before the first piece",
                       complete * thousand >= plan_.calls * 999,
                       kind + ": " + std::to_string(complete) + " of " + std::to_string(plan_.calls) + ", " + error);
        promises_.hold("no call is carried out twice by one deployment", lab_.arrivals("before-" + kind).first <= 1,
                       kind);
        std::printf("%s\n", boost::json::serialize(boost::json::object{{"program", "fault_failover"},
                                                                       {"fault", kind},
                                                                       {"calls", plan_.calls},
                                                                       {"answered", complete}})
                                .c_str());
    }

    void in_the_middle() {
        for (char const* kind : {"cut", "reset", "hang", "error"}) {
            aikit::Kit kit = lab_.open(false, false);
            for (Heard const& one : lab_.ask_many(kit, std::string("middle-") + kind, kind, true, plan_.calls)) {
                promises_.hold("a stream that is cut in the middle is an error, and keeps what came",
                               !one.complete && !one.error.empty() && !one.text.empty(), kind);
                promises_.hold("no text of two deployments is mixed", unmixed(one), one.text);
                promises_.hold("what has begun at one deployment is not gone on with at another",
                               words_from(0, words).rfind(one.text, 0) == 0, one.text);
            }
            kit.close();
        }
    }

    void dead_and_back() {
        bool const breaker = plan_.sabotage != "no_breaker";
        aikit::Kit kit = lab_.open(false, breaker);
        std::int64_t const calls = std::max<std::int64_t>(2'000, plan_.calls * 10);
        auto const began = std::chrono::steady_clock::now();
        std::vector<Heard> const all = lab_.ask_many(kit, "dead", "unread", false, calls);
        std::chrono::duration<double> const took = std::chrono::steady_clock::now() - began;
        auto const complete = std::count_if(all.begin(), all.end(), [](Heard const& one) { return one.complete; });
        promises_.hold("all calls are answered while a deployment is dead", complete == calls,
                       std::to_string(complete) + " of " + std::to_string(calls));
        // Those that were under way together when the fifth failed, and a probe each pause.
        auto const probes = static_cast<std::int64_t>(took / probe_after) + 1;
        std::int64_t const reached = lab_.arrivals("dead").second;
        promises_.hold("a dead deployment gets five calls, those beside them, and its probes",
                       reached <= 5 + threads + probes, std::to_string(reached) + " of " + std::to_string(calls));
        // From now on it is well: within one pause, and the probe itself, it answers again.
        std::this_thread::sleep_for(probe_after + milliseconds(20));
        std::vector<Heard> const after = lab_.ask_many(kit, "back", "none", false, threads * 20);
        auto const back = std::count_if(after.begin(), after.end(),
                                        [](Heard const& one) { return one.text == words_from(0, words); });
        promises_.hold("a deployment that is well again is asked again within one pause",
                       plan_.sabotage == "no_spare" || back > 0, std::to_string(back));
        kit.close();
        std::printf("%s\n", boost::json::serialize(boost::json::object{{"program", "fault_failover"},
                                                                       {"fault", "dead for a while"},
                                                                       {"calls", calls},
                                                                       {"answered", complete},
                                                                       {"reached", reached},
                                                                       {"probes_at_most", probes},
                                                                       {"seconds", took.count()}})
                                .c_str());
    }

    Plan const& plan_;
    Lab const& lab_;
    lab::Promises promises_;
};

int usage() {
    std::fprintf(stderr, "usage: fault_failover [--calls N] [--seed N] [--break NAME] | --breaks\n");
    return 2;
}

}  // namespace

int main(int argc, char** argv) {
    Plan plan;
    try {
        if (argc == 2 && std::strcmp(argv[1], "--breaks") == 0) {
            for (Sabotage const& one : sabotages) std::printf("%s\n", one.name.data());
            return 0;
        }
        for (int i = 1; i < argc; i += 2) {
            std::string const option = argv[i];
            if (i + 1 == argc) return usage();
            if (option == "--calls") {
                plan.calls = std::max<std::int64_t>(std::atoll(argv[i + 1]), 2);
            } else if (option == "--seed") {
                plan.seed = static_cast<unsigned>(std::atoi(argv[i + 1]));
            } else if (option == "--break") {
                plan.sabotage = argv[i + 1];
            } else {
                return usage();
            }
        }
        bool const known = std::any_of(std::begin(sabotages), std::end(sabotages),
                                       [&](Sabotage const& one) { return one.name == plan.sabotage; });
        if (!known) return usage();
        Lab const lab(plan);
        return Judge(plan, lab).run();
    } catch (std::exception const& failure) {
        std::fprintf(stderr, "fault_failover: %s\n", failure.what());
        return 2;
    }
}
