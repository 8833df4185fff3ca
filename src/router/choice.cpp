// SPDX-License-Identifier: MIT
// router/choice.cpp - constraints, expectations, scores.
#include "router/choice.hpp"

#include <aikit/policy/budget.hpp>

#include <algorithm>
#include <cmath>
#include <limits>

namespace aikit::inline v0::router {
namespace {

using std::chrono::microseconds;

constexpr std::int64_t usual_answer = 256, usual_thinking = 1'024;
// Below so many tokens hardly any provider keeps a prompt.
constexpr std::int64_t least_cached = 1'024;

/// The last steps of SplitMix64 (Steele, Lea and Flood, 2014): each bit of both depends on each of the result.
std::uint64_t mix(std::uint64_t hash, std::uint64_t value) noexcept {
    hash = hash * 0x9e3779b97f4a7c15ULL + value;
    hash = (hash ^ (hash >> 30U)) * 0xbf58476d1ce4e5b9ULL;
    hash = (hash ^ (hash >> 27U)) * 0x94d049bb133111ebULL;
    return hash ^ (hash >> 31U);
}

std::uint64_t mix(std::uint64_t hash, std::string_view text) noexcept {
    return mix(hash, std::hash<std::string_view>()(text));
}

/// Uniform above 0, at most 1.
double fraction(std::uint64_t hash) noexcept {
    constexpr double all = 9007199254740992.0;  // 2^53
    return (static_cast<double>(hash >> 11U) + 1) / all;
}

bool holds(std::vector<std::string> const& list, std::string_view word) {
    return std::find(list.begin(), list.end(), word) != list.end();
}

/// What a candidate is, before it is compared with others.
struct Weighed {
    std::size_t place = 0;
    RouteCandidate told;
    std::shared_ptr<cost::PriceEntry const> entry;
    bool shadow = false;                  // gets copies, and could take this one
    bool doubtful = false;                // asked only when nothing better is left
    std::optional<SteadyTime> usable_at;  // of those left alone for a while
};

class Weighing {
public:
    Weighing(RouterConfig const& config, Targets const& targets, WarmPrompts const& prompts, RouteQuery const& query)
        : config_(config), targets_(targets), prompts_(prompts), query_(query) {}

    Choice choose() {
        Choice out;
        RouteDecision& decision = out.decision;
        decision.policy = query_.policy;
        if (query_.chat != nullptr) {
            decision.analysis = analyze_request(*query_.chat);
            out.beginning = beginning_of(*query_.chat, query_.options->caller);
        } else {
            decision.analysis.input_tokens = query_.input_tokens;
        }
        std::vector<Weighed> all;
        all.reserve(targets_.size());
        for (std::size_t place = 0; place < targets_.size(); ++place) {
            all.push_back(weigh(place, decision.analysis, out.beginning));
        }
        score(all, decision.analysis.grade, out.beginning);
        std::stable_sort(all.begin(), all.end(), [](Weighed const& a, Weighed const& b) {
            if (a.told.left_out.empty() != b.told.left_out.empty()) return a.told.left_out.empty();
            if (!a.told.left_out.empty()) return false;
            if (a.doubtful != b.doubtful) return !a.doubtful;
            return a.told.score < b.told.score;
        });
        for (Weighed& one : all) {
            if (one.told.left_out.empty()) out.order.push_back(one.place);
            if (one.shadow) out.shadows.push_back(one.place);
            if (one.usable_at) put_retry_after(decision, *one.usable_at);
            decision.candidates.push_back(std::move(one.told));
        }
        decision.usable = out.order.size();
        return out;
    }

private:
    void put_retry_after(RouteDecision& decision, SteadyTime at) const {
        auto const wait = std::chrono::ceil<std::chrono::milliseconds>(at - query_.now);
        auto const least = std::max(wait, std::chrono::milliseconds(1));
        if (!decision.retry_after || least < *decision.retry_after) decision.retry_after = least;
    }

    Weighed weigh(std::size_t place, RequestAnalysis const& analysis, std::uint64_t beginning) const {
        Target& target = *targets_[place];
        Weighed one;
        one.place = place;
        one.told.deployment = target.name;
        one.told.quality = target.config.quality;
        std::string_view const tier = query_.chat == nullptr ? std::string_view() : query_.chat->service_tier;
        Result<std::shared_ptr<cost::PriceEntry const>> entry =
            target.prices.find(target.price_model, tier, {}, query_.at);
        if (entry) one.entry = std::move(*entry);
        one.told.left_out = unfit(target, one.entry.get(), analysis);
        if (!one.told.left_out.empty()) return one;
        if (target.config.shadow > 0) {
            one.shadow = true;
            one.told.left_out = "it gets copies only";
            return one;
        }
        HealthSnapshot health;
        if (!target.health.usable(query_.now)) {
            health = target.health.snapshot(query_.now);
            one.told.left_out = health.reason;
            one.usable_at = health.usable_at;
            return one;
        }
        one.told.running = target.health.running();
        constexpr double half = 0.5;
        one.told.latency = target.health.quantile(query_.now, query_.stream, half, 1);
        expect_cost(one, analysis, beginning);
        one.doubtful = doubtful(target, one.entry.get(), analysis);
        return one;
    }

    /// Why the deployment cannot take the request, whatever its state.
    std::string unfit(Target const& target, cost::PriceEntry const* entry, RequestAnalysis const& analysis) const {
        Deployment const& deployment = target.config;
        if (!deployment.unusable.empty()) return deployment.unusable;
        if (!query_.named.empty() && query_.named != target.name && query_.named != deployment.model) {
            return "another was asked for by name";
        }
        bool const sensitive =
            query_.options->privacy == Privacy::sensitive || (config_.sensitive_local && analysis.sensitive);
        if (sensitive && !deployment.local) return "the request is sensitive, and it is not local";
        if (query_.policy == RoutePolicy::local_only && !deployment.local) return "it is not local";
        std::string const& region = query_.options->region;
        if (!region.empty() && !holds(deployment.regions, region)) return "it does not work in the region asked for";
        if (query_.chat == nullptr) return {};
        auto const least = config_.least_quality.find(analysis.grade);
        if (least != config_.least_quality.end() && deployment.quality < least->second) {
            return std::string("its quality is below what ") + name(analysis.grade) + " requests need";
        }
        if (entry == nullptr) return {};
        for (std::string const& need : analysis.needs) {
            if (holds(entry->lacks, need)) return "its model does not take: " + need;
        }
        if (entry->context_window && analysis.input_tokens > *entry->context_window) {
            return "its context window is too small";
        }
        std::optional<std::int64_t> const most = query_.chat->max_tokens;
        if (most && entry->max_output && *most > *entry->max_output) return "it cannot write as much as was asked for";
        if (entry->facts && entry->facts->retires && *entry->facts->retires <= query_.at)
            return "its model was retired";
        return {};
    }

    /// What may well fail is asked last.
    bool doubtful(Target const& target, cost::PriceEntry const* entry, RequestAnalysis const& analysis) const {
        if (entry != nullptr && entry->facts && !entry->facts->can.empty()) {
            for (std::string const& need : analysis.needs) {
                if (!holds(entry->facts->can, need)) return true;
            }
        }
        if (!config_.budgets || (entry != nullptr && entry->free)) return false;
        policy::BudgetedCall call;
        call.provider = target.config.provider->name();
        call.model = target.config.model;
        call.caller = query_.options->caller;
        constexpr int all = 100;
        return config_.budgets->limits_cost(call) && config_.budgets->used_percent(call) >= all;
    }

    void expect_cost(Weighed& one, RequestAnalysis const& analysis, std::uint64_t beginning) const {
        if (!one.entry) return;
        Usage usage;
        usage.input = analysis.input_tokens;
        std::int64_t const warm = beginning == 0 ? 0 : prompts_.tokens(beginning, one.place, query_.now);
        std::int64_t const least =
            one.entry->facts ? one.entry->facts->least_cached.value_or(least_cached) : least_cached;
        if (warm >= least && one.entry->base.cache_read) {
            usage.cache_read = std::min(warm, usage.input);
            usage.input -= usage.cache_read;
            one.told.warm_cache = true;
        }
        if (query_.chat != nullptr) {
            std::int64_t const usual = one.entry->reasoning ? usual_thinking : usual_answer;
            usage.output = std::min(usual, query_.chat->max_tokens.value_or(usual)) * query_.chat->n.value_or(1);
        }
        Result<Money> const cost = cost::cost_of(*one.entry, usage);
        if (cost) one.told.cost = *cost;
    }

    /// How much cost, latency and quality count for a grade.
    struct Weights {
        double cost = 0;
        double latency = 0;
        double quality = 0;
    };
    static Weights weights_of(RequestGrade grade) noexcept {
        switch (grade) {
            case RequestGrade::simple: return {0.6, 0.3, 0.1};
            case RequestGrade::code: return {0.2, 0.2, 0.6};
            case RequestGrade::complex_reasoning: return {0.15, 0.1, 0.75};
            case RequestGrade::long_context: return {0.5, 0.2, 0.3};
        }
        return {};
    }

    /// What is not known: of a cost the worst, since nobody wants to find out; of a latency the best, since it is
    /// found out by one call.
    static double cost_or_worst(RouteCandidate const& told) {
        return told.cost ? static_cast<double>(told.cost->nanos()) : std::numeric_limits<double>::max();
    }
    static double latency_or_best(RouteCandidate const& told) {
        return told.latency ? static_cast<double>(told.latency->count()) : 0;
    }

    struct Range {
        double least = std::numeric_limits<double>::max();
        double most = 0;

        void take(double value) {
            least = std::min(least, value);
            most = std::max(most, value);
        }
        /// 0 for the least, 1 for the most and beyond.
        double part(double value) const {
            return most > least ? std::min((value - least) / (most - least), 1.0) : value > most ? 1.0 : 0.0;
        }
    };

    void score(std::vector<Weighed>& all, RequestGrade grade, std::uint64_t beginning) const {
        Range costs, latencies;
        for (Weighed const& one : all) {
            if (!one.told.left_out.empty()) continue;
            if (one.told.cost) costs.take(static_cast<double>(one.told.cost->nanos()));
            latencies.take(latency_or_best(one.told));
        }
        Weights const weights = weights_of(grade);
        // Ties go by the configuration's order, but those of sticky by the conversation, so that it stays.
        constexpr double tie = 1e-9;
        for (Weighed& one : all) {
            if (!one.told.left_out.empty()) continue;
            Deployment const& deployment = targets_[one.place]->config;
            double const place = static_cast<double>(one.place);
            double const cost = costs.part(cost_or_worst(one.told));
            double& score = one.told.score;
            switch (query_.policy) {
                case RoutePolicy::ordered: score = place; break;
                case RoutePolicy::local_only:
                case RoutePolicy::cheapest: score = cost; break;
                case RoutePolicy::fastest: score = latency_or_best(one.told); break;
                case RoutePolicy::best_quality: score = (1 - deployment.quality) * 1'000 + cost; break;
                case RoutePolicy::balanced:
                    score = weights.cost * cost + weights.latency * latencies.part(latency_or_best(one.told)) +
                            weights.quality * (1 - deployment.quality);
                    break;
                case RoutePolicy::weighted:
                    score = -std::log(fraction(mix(query_.random, one.place + 1))) / deployment.weight;
                    break;
                case RoutePolicy::least_busy: score = (one.told.running + 1) / deployment.weight; break;
                case RoutePolicy::sticky: score = cost + tie * fraction(mix(beginning, one.told.deployment)); break;
            }
        }
    }

    RouterConfig const& config_;
    Targets const& targets_;
    WarmPrompts const& prompts_;
    RouteQuery const& query_;
};

}  // namespace

Target::Target(Deployment config_, std::shared_ptr<cost::PriceCatalog const> catalog, HealthConfig const& health_)
    : config(std::move(config_)),
      name(name_of(config)),
      price_model(config.price_model.empty() ? config.model : config.price_model),
      prices(std::move(catalog),
             config.price_provider.empty() && config.provider ? config.provider->name() : config.price_provider),
      health(health_) {}

std::string name_of(Deployment const& deployment) {
    if (!deployment.name.empty() || !deployment.provider) return deployment.name;
    return deployment.provider->name() + "/" + deployment.model;
}

std::uint64_t beginning_of(ChatRequest const& request, Caller const& caller) {
    std::uint64_t hash = mix(1, caller.tenant);
    hash = mix(hash, caller.user);
    for (ToolSpec const& tool : request.tools) hash = mix(hash, tool.name);
    for (Message const& message : request.messages) {
        for (Part const& part : message.parts) {
            auto const* text = std::get_if<TextPart>(&part);
            if (text != nullptr) hash = mix(hash, text->text);
        }
        // What comes after the first thing that was asked differs from turn to turn.
        if (message.role == Role::user) return hash == 0 ? 1 : hash;
    }
    return 0;
}

Choice choose(RouterConfig const& config, Targets const& targets, WarmPrompts const& prompts, RouteQuery const& query) {
    return Weighing(config, targets, prompts, query).choose();
}

}  // namespace aikit::inline v0::router
