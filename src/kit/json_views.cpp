// SPDX-License-Identifier: MIT
// kit/json_views.cpp - chunks, answers, ingests and costs as JSON.
#include "kit/json_views.hpp"

#include "model/json_writer.hpp"
#include "model/openai_form/form.hpp"

#include <aikit/model/json_form.hpp>
#include <aikit/telemetry/prometheus.hpp>

namespace aikit::inline v0::json_form {
namespace {

json::value number_or_null(std::optional<double> const& number) {
    return number ? json::value(*number) : json::value(nullptr);
}

json::object line_view(cost::ReportLine const& line) {
    json::object out;
    out["key"] = line.key;
    out["calls"] = line.calls;
    out["failed"] = line.failed;
    out["input_tokens"] = line.input_tokens;
    out["output_tokens"] = line.output_tokens;
    out["cost_usd"] = line.cost.usd();
    out["estimated"] = line.estimated;
    out["unpriced"] = line.unpriced;
    if (line.calls_before) out["calls_before"] = *line.calls_before;
    if (line.cost_before) out["cost_before_usd"] = line.cost_before->usd();
    return out;
}

json::object recost_view(cost::RecostLine const& line) {
    json::object out;
    out["provider"] = line.provider;
    out["model"] = line.model;
    out["rows"] = line.rows;
    out["changed"] = line.changed;
    out["unpriced"] = line.unpriced;
    out["before_usd"] = line.before.usd();
    out["after_usd"] = line.after.usd();
    return out;
}

/// null where nothing failed.
json::value failure_view(std::optional<Error> const& failure) {
    if (!failure) return nullptr;
    // Our own writer's output, so it always parses.
    return json::parse(write_error(*failure), "error").value();
}

template <class T>
json::object list_view(std::vector<T> const& items, json::object (*each)(T const&)) {
    json::object out;
    out["object"] = "list";
    json::array data;
    for (T const& item : items) data.push_back(each(item));
    out["data"] = std::move(data);
    return out;
}

json::object status_view(ProviderStatus const& status) {
    json::object out;
    out["name"] = status.name;
    out["type"] = status.type;
    out["base_url"] = status.base_url;
    out["key"] = status.key;
    out["model"] = status.model;
    out["local"] = status.local;
    out["default"] = status.is_default;
    out["error"] = failure_view(status.failure);
    return out;
}

json::object check_view(ProviderCheck const& check) {
    json::object out;
    out["name"] = check.name;
    out["ok"] = !check.failure;
    out["call"] = check.call;
    out["latency"] = std::chrono::duration<double>(check.latency).count();
    out["models"] = check.models;
    json::array notes;
    for (std::string const& note : check.notes) notes.push_back(json::value(note));
    out["notes"] = std::move(notes);
    out["error"] = failure_view(check.failure);
    return out;
}

}  // namespace

json::object view(std::vector<ProviderStatus> const& providers) {
    return list_view(providers, status_view);
}

json::object view(std::vector<ProviderCheck> const& checks) {
    return list_view(checks, check_view);
}

json::object metrics_view(std::string const& text) {
    json::object out;
    out["content_type"] = telemetry::PrometheusExporter::content_type();
    out["text"] = text;
    return out;
}

json::object view(policy::LimitsReport const& report) {
    json::array used;
    for (policy::LimitStatus const& one : report.used) {
        used.push_back({{"rule", one.rule},
                        {"value", one.value},
                        {"requests", one.requests},
                        {"tokens", one.tokens},
                        {"running", one.running}});
    }
    json::object out;
    out["used"] = std::move(used);
    out["waiting"] = report.waiting;
    return out;
}

namespace {

/// What an alert and a status tell alike.
template <class T>
json::object budget_members(T const& one) {
    json::object out;
    out["budget"] = one.budget;
    out["value"] = one.value;
    if (one.resets_at != SystemTime::max()) out["resets_at"] = to_rfc3339(one.resets_at);
    if (one.cost_limit) out["cost_limit_usd"] = one.cost_limit->usd();
    if (one.token_limit) out["token_limit"] = *one.token_limit;
    out["cost_usd"] = one.cost.usd();
    out["tokens"] = one.tokens;
    return out;
}

json::object one_view(policy::BudgetStatus const& one) {
    json::object out = budget_members(one);
    out["by"] = policy::name(one.by);
    out["window"] = policy::name(one.window);
    out["hard"] = one.hard;
    out["began_at"] = to_rfc3339(one.began_at);
    out["held_usd"] = one.held_cost.usd();
    out["held_tokens"] = one.held_tokens;
    out["lost_usd"] = one.lost_cost.usd();
    out["lost_tokens"] = one.lost_tokens;
    return out;
}

}  // namespace

json::object view(std::vector<policy::BudgetStatus> const& budgets) {
    json::array all;
    for (policy::BudgetStatus const& one : budgets) all.push_back(one_view(one));
    json::object out;
    out["budgets"] = std::move(all);
    return out;
}

json::object view(BudgetAlerts const& alerts) {
    json::array all;
    for (policy::BudgetAlert const& alert : alerts.alerts) {
        json::object one = budget_members(alert);
        one["percent"] = alert.percent;
        all.push_back(std::move(one));
    }
    json::object out;
    out["alerts"] = std::move(all);
    out["last_alert"] = alerts.last;
    out["missed"] = alerts.missed;
    return out;
}

json::object view(policy::TierStatus const& status) {
    json::object out;
    out["member"] = status.member;
    out["tier"] = status.tier;
    if (status.since) out["since"] = to_rfc3339(*status.since);
    json::array counts;
    for (policy::TierCount const& count : status.counts) {
        json::object one;
        one["kind"] = count.kind;
        one["used"] = count.used;
        if (count.limit) one["limit"] = *count.limit;
        counts.push_back(std::move(one));
    }
    out["counts"] = std::move(counts);
    if (status.use) out["use"] = one_view(*status.use);
    return out;
}

json::object view(std::vector<policy::TierStatus> const& members) {
    json::array all;
    for (policy::TierStatus const& one : members) all.push_back(view(one));
    json::object out;
    out["members"] = std::move(all);
    return out;
}

json::object view(knowledge::RelevantChunk const& chunk) {
    json::object out;
    out["id"] = chunk.id;
    out["uri"] = chunk.uri;
    out["title"] = chunk.title;
    json::array headings;
    for (std::string const& heading : chunk.headings) headings.push_back(json::value(heading));
    out["headings"] = std::move(headings);
    out["text"] = chunk.text;
    out["begin"] = chunk.begin;
    out["end"] = chunk.end;
    out["score"] = chunk.score;
    out["dense_score"] = number_or_null(chunk.dense_score);
    out["sparse_score"] = number_or_null(chunk.sparse_score);
    return out;
}

json::array view(std::vector<rag::AnswerSource> const& sources) {
    json::array out;
    for (rag::AnswerSource const& source : sources) {
        json::object entry = view(source.chunk);
        entry["number"] = source.number;
        entry["cited"] = source.cited;
        out.push_back(std::move(entry));
    }
    return out;
}

json::object view(rag::AnswerWithSources const& answer, bool complete) {
    json::object out;
    out["answer"] = answer.text;
    out["supported"] = answer.supported;
    out["sources"] = view(answer.sources);
    json::array citations;
    for (rag::Citation const& citation : answer.citations) {
        citations.push_back(
            json::object{{"source", citation.source}, {"begin", citation.begin}, {"end", citation.end}});
    }
    out["citations"] = std::move(citations);
    json::array unresolved;
    for (int const number : answer.unresolved) unresolved.push_back(number);
    out["unresolved"] = std::move(unresolved);
    // Our own writer's output, so it always parses.
    out["aikit"] = json::parse(write_info(answer.info, complete), "the call's facts").value();
    return out;
}

json::object view(knowledge::IngestReport const& report) {
    json::object out;
    out["added"] = report.added;
    out["changed"] = report.changed;
    out["unchanged"] = report.unchanged;
    out["chunks"] = report.chunks;
    out["embedded_from_cache"] = report.embedded_from_cache;
    json::array failed;
    for (knowledge::Document const& document : report.failed) {
        failed.push_back(json::object{{"uri", document.uri}, {"error", document.error}});
    }
    out["failed"] = std::move(failed);
    out["cost_usd"] = report.cost ? json::value(report.cost->usd()) : json::value(nullptr);
    return out;
}

json::object view(cost::Report const& report, cost::ReportBy by) {
    json::array lines;
    for (cost::ReportLine const& line : report.lines) lines.push_back(line_view(line));
    json::object out;
    out["by"] = cost::name(by);
    out["lines"] = std::move(lines);
    out["total"] = line_view(report.total);
    return out;
}

json::object view(cost::RecostReport const& report, bool applied) {
    json::array lines;
    for (cost::RecostLine const& line : report.lines) lines.push_back(recost_view(line));
    json::object out;
    out["applied"] = applied;
    out["lines"] = std::move(lines);
    out["total"] = recost_view(report.total);
    return out;
}

json::object view(cost::PruneReport const& report) {
    json::object out;
    out["before"] = to_rfc3339(report.before);
    out["rows"] = report.rows;
    out["cost_usd"] = report.cost.usd();
    return out;
}

json::object view(cost::CostEstimate const& estimate) {
    json::object out;
    out["input_tokens"] = estimate.input_tokens;
    out["input_tokens_at_most"] = estimate.input_tokens_at_most;
    out["output_tokens"] = estimate.output_tokens;
    out["output_tokens_at_most"] = estimate.output_tokens_at_most;
    out["expected_usd"] = estimate.expected.usd();
    out["at_most_usd"] = estimate.at_most.usd();
    out["exact_tokens"] = estimate.exact_tokens;
    out["price_id"] = estimate.price_id;
    if (estimate.low) out["low_usd"] = estimate.low->usd();
    if (estimate.high) out["high_usd"] = estimate.high->usd();
    if (estimate.learned_from > 0) out["learned_from"] = estimate.learned_from;
    return out;
}

namespace {

/// Dollars per million tokens.
json::object prices_of(cost::TokenPrices const& prices) {
    json::object out;
    auto const put = [&](char const* name, std::optional<Price> const& price) {
        if (price) out[name] = price->usd_per_million();
    };
    put("input", prices.input);
    put("output", prices.output);
    put("cache_read", prices.cache_read);
    put("cache_write_5m", prices.cache_write_5m);
    put("cache_write_1h", prices.cache_write_1h);
    put("audio_input", prices.audio_input);
    put("audio_cache_read", prices.audio_cache_read);
    put("audio_output", prices.audio_output);
    put("image_input", prices.image_input);
    put("image_output", prices.image_output);
    put("reasoning", prices.reasoning);
    return out;
}

void put_facts(json::object& out, cost::ModelFacts const& facts) {
    auto const count = [&](char const* name, std::optional<std::int64_t> const& value) {
        if (value) out[name] = *value;
    };
    auto const texts = [&](char const* name, std::vector<std::string> const& list) {
        json::array all;
        for (std::string const& text : list) all.push_back(json::string(text));
        if (!all.empty()) out[name] = std::move(all);
    };
    constexpr std::size_t length_of_day = 10;
    if (!facts.mode.empty()) out["mode"] = facts.mode;
    texts("can", facts.can);
    texts("regions", facts.regions);
    if (facts.deprecated) out["deprecated"] = true;
    if (facts.searches_once) out["searches_once"] = true;
    if (facts.always_searches) out["always_searches"] = true;
    if (facts.retires) out["retires"] = to_rfc3339(*facts.retires).substr(0, length_of_day);
    count("requests_per_minute", facts.requests_per_minute);
    count("tokens_per_minute", facts.tokens_per_minute);
    count("dimensions", facts.dimensions);
    count("least_cached", facts.least_cached);
}

}  // namespace

json::object view(cost::PriceEntry const& entry) {
    json::object out;
    out["price_id"] = entry.id;
    out["model"] = entry.model;
    if (entry.free) out["free"] = true;
    out["prices"] = prices_of(entry.base);
    json::array steps;
    for (cost::PriceStep const& step : entry.steps) {
        json::object prices = prices_of(step.prices);
        prices["above"] = step.above_input;
        steps.push_back(std::move(prices));
    }
    if (!steps.empty()) out["steps"] = std::move(steps);
    json::array pieces;
    for (cost::PiecePrice const& piece : entry.pieces) {
        json::object one{{"piece", name(piece.piece)}, {"usd_per_million", piece.price.usd_per_million()}};
        if (piece.above != 0) one["above"] = piece.above;
        pieces.push_back(std::move(one));
    }
    if (!pieces.empty()) out["pieces"] = std::move(pieces);
    if (entry.per_request) out["usd_per_million_requests"] = entry.per_request->usd_per_million();
    if (entry.discount_basis_points != 0) out["discount_basis_points"] = entry.discount_basis_points;
    if (entry.context_window) out["context_window"] = *entry.context_window;
    if (entry.max_output) out["max_output"] = *entry.max_output;
    if (entry.reasoning) out["reasoning"] = true;
    json::array lacks;
    for (std::string const& kind : entry.lacks) lacks.push_back(json::string(kind));
    if (!lacks.empty()) out["lacks"] = std::move(lacks);
    if (entry.facts) put_facts(out, *entry.facts);
    return out;
}

std::string write_priced(cost::PricedReply const& reply) {
    std::string text;
    JsonWriter out(text);
    out.begin_object();
    out.member("provider", reply.provider);
    out.member("model", reply.model);
    out.member("service_tier", reply.service_tier);
    openai_form::write_counts(out.key("aikit_usage"), reply.usage);
    out.key("usage").begin_object();
    for (cost::NamedCount const& named : reply.counts) out.key(named.name).number(named.count);
    out.end_object();
    out.member("input_price", reply.price.input_usd);
    out.member("output_price", reply.price.output_usd);
    if (!reply.price.pieces_usd.empty()) out.member("pieces_price", reply.price.pieces_usd);
    out.member("cost_usd", reply.price.cost.usd());
    out.member("price_id", reply.price.price_id);
    out.key("warnings").begin_array();
    for (std::string const& warning : reply.warnings) out.text(warning);
    out.end_array();
    out.key("entry").object(view(reply.entry));
    out.end_object();
    return text;
}

}  // namespace aikit::inline v0::json_form
