// SPDX-License-Identifier: MIT
// router/explain.cpp - names, and a decision as JSON.
#include "model/json_writer.hpp"
#include "router/route.hpp"

#include <array>
#include <utility>

namespace aikit::inline v0::router {
namespace {

constexpr std::array<std::pair<RoutePolicy, char const*>, 9> policies{{{RoutePolicy::ordered, "ordered"},
                                                                       {RoutePolicy::cheapest, "cheapest"},
                                                                       {RoutePolicy::fastest, "fastest"},
                                                                       {RoutePolicy::best_quality, "best_quality"},
                                                                       {RoutePolicy::balanced, "balanced"},
                                                                       {RoutePolicy::weighted, "weighted"},
                                                                       {RoutePolicy::least_busy, "least_busy"},
                                                                       {RoutePolicy::sticky, "sticky"},
                                                                       {RoutePolicy::local_only, "local_only"}}};

void write_candidate(JsonWriter& out, RouteCandidate const& candidate) {
    out.begin_object();
    out.member("deployment", candidate.deployment);
    if (!candidate.left_out.empty()) {
        out.member("left_out", candidate.left_out);
    } else {
        if (candidate.cost) out.member("cost_usd", candidate.cost->usd());
        constexpr double micros = 1'000;
        if (candidate.latency) out.key("latency_ms").number(static_cast<double>(candidate.latency->count()) / micros);
        out.key("quality").number(candidate.quality);
        out.key("running").number(std::int64_t(candidate.running));
        if (candidate.warm_cache) out.key("warm_cache").boolean(true);
        out.key("score").number(candidate.score);
    }
    out.end_object();
}

void write_members(JsonWriter& out, RouteDecision const& decision) {
    out.member("policy", name(decision.policy));
    out.member("grade", name(decision.analysis.grade));
    if (decision.analysis.sensitive) out.key("sensitive").boolean(true);
    out.key("reasons").begin_array();
    for (std::string const& reason : decision.analysis.reasons) out.text(reason);
    out.end_array();
    out.key("input_tokens").number(decision.analysis.input_tokens);
    out.key("candidates").begin_array();
    for (RouteCandidate const& candidate : decision.candidates) write_candidate(out, candidate);
    out.end_array();
    if (decision.retry_after) out.key("retry_after_ms").number(std::int64_t(decision.retry_after->count()));
}

}  // namespace

char const* name(RoutePolicy policy) noexcept {
    for (auto const& [value, text] : policies) {
        if (value == policy) return text;
    }
    return "";
}

std::optional<RoutePolicy> policy_from_name(std::string_view text) noexcept {
    for (auto const& [value, known] : policies) {
        if (text == known) return value;
    }
    return std::nullopt;
}

std::string RouteDecision::to_json() const {
    std::string text;
    JsonWriter out(text);
    out.begin_object();
    write_members(out, *this);
    out.end_object();
    return text;
}

std::string explain(RouteDecision const& decision, std::vector<Asked> const& asked) {
    constexpr std::size_t usual = 256, each = 128;
    std::string text;
    text.reserve(usual + each * (decision.candidates.size() + asked.size()));
    JsonWriter out(text);
    out.begin_object();
    write_members(out, decision);
    out.key("asked").begin_array();
    for (Asked const& one : asked) {
        out.begin_object();
        out.member("deployment", one.deployment);
        out.member("outcome", one.outcome);
        out.end_object();
    }
    out.end_array();
    if (!asked.empty()) out.member("chosen", asked.back().deployment);
    out.end_object();
    return text;
}

}  // namespace aikit::inline v0::router
