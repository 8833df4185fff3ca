// SPDX-License-Identifier: MIT
// kit/json_views.cpp - chunks, answers, ingests and costs as JSON.
#include "kit/json_views.hpp"

#include "model/json_writer.hpp"
#include "model/openai_form/form.hpp"

#include <aikit/model/json_form.hpp>

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
    out.member("cost_usd", reply.price.cost.usd());
    out.member("price_id", reply.price.price_id);
    out.key("warnings").begin_array();
    for (std::string const& warning : reply.warnings) out.text(warning);
    out.end_array();
    out.end_object();
    return text;
}

}  // namespace aikit::inline v0::json_form
