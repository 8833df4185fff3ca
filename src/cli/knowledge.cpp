// SPDX-License-Identifier: MIT
// cli/knowledge.cpp - aikit ingest, search, ask.
#include "cli/commands.hpp"
#include "core/json.hpp"

#include <algorithm>

namespace aikit::cli {
namespace {

json::object chunk_json(knowledge::RelevantChunk const& chunk) {
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
    out["dense_score"] = chunk.dense_score ? json::value(*chunk.dense_score) : json::value(nullptr);
    out["sparse_score"] = chunk.sparse_score ? json::value(*chunk.sparse_score) : json::value(nullptr);
    return out;
}

/// A chunk in one line: where it is, and its first words.
std::string chunk_place(knowledge::RelevantChunk const& chunk) {
    std::string out = chunk.uri;
    for (std::string const& heading : chunk.headings) out += " > " + heading;
    return out + " (bytes " + std::to_string(chunk.begin) + "-" + std::to_string(chunk.end) + ")";
}

std::string first_line(std::string_view text, std::size_t most) {
    std::string out;
    for (char const c : text) {
        bool const space = c == '\n' || c == '\r' || c == '\t' || c == ' ';
        if (space && (out.empty() || out.back() == ' ')) continue;
        out += space ? ' ' : c;
        if (out.size() > most) break;
    }
    if (out.size() <= most) return out;
    out.resize(text::floor_char(out, most));
    return out + "...";
}

json::object ingest_json(knowledge::IngestReport const& report) {
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

json::object answer_json(rag::AnswerWithSources const& answer) {
    json::object out;
    out["answer"] = answer.text;
    out["supported"] = answer.supported;
    json::array sources;
    for (rag::AnswerSource const& source : answer.sources) {
        json::object entry = chunk_json(source.chunk);
        entry["number"] = source.number;
        entry["cited"] = source.cited;
        sources.push_back(std::move(entry));
    }
    out["sources"] = std::move(sources);
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
    out["aikit"] = json::parse(json_form::write_info(answer.info, true), "the call's facts").value();
    return out;
}

void print_sources(Console& console, rag::AnswerWithSources const& answer) {
    bool first = true;
    for (rag::AnswerSource const& source : answer.sources) {
        if (!source.cited) continue;
        if (first) console.line("");
        first = false;
        console.line(console.dim("[" + std::to_string(source.number) + "] " + chunk_place(source.chunk)));
    }
}

Result<Session> open_for(CommonOptions const& common, CallSettings const& call) {
    Result<KitConfig> config = configure(common, call);
    if (!config) return config.error();
    return open_kit(common, std::move(*config));
}

}  // namespace

int run_ingest(CommonOptions const& common, IngestSettings const& settings) {
    Console console(common.json, common.quiet);
    Result<KitConfig> config = configure(common, settings.call);
    if (!config) return console.fail(config.error());
    if (settings.chunking == "fixed") config->chunking.kind = knowledge::ChunkingStrategy::Kind::fixed;
    if (settings.chunking == "paragraph") config->chunking.kind = knowledge::ChunkingStrategy::Kind::paragraph;
    if (settings.chunking == "markdown") config->chunking.kind = knowledge::ChunkingStrategy::Kind::markdown;
    if (settings.chunk_size) config->chunking.size = *settings.chunk_size;
    Result<CallOptions> options = call_options(settings.call);
    if (!options) return console.fail(options.error());
    Result<Session> kit = open_kit(common, std::move(*config));
    if (!kit) return console.fail(kit.error());

    auto const progress = [&console](knowledge::IngestProgress const& now) {
        console.progress(now.done, now.total, now.uri);
    };
    Result<knowledge::IngestReport> report =
        run(*kit, kit->ingest(settings.base, settings.paths, progress, std::move(*options)));
    console.end_progress();
    if (!report) return console.fail(report.error());
    if (console.json()) {
        console.line(json::serialize(ingest_json(*report)));
    } else {
        for (knowledge::Document const& document : report->failed) console.warn(document.uri + ": " + document.error);
        std::string line = settings.base + ": " + std::to_string(report->added) + " added, " +
                           std::to_string(report->changed) + " changed, " + std::to_string(report->unchanged) +
                           " unchanged, " + std::to_string(report->failed.size()) + " failed; " +
                           std::to_string(report->chunks) + " chunks";
        if (report->cost) line += ", $" + report->cost->usd();
        console.line(line);
    }
    // Nothing of what was asked for could be taken in: that is a failure of the command too.
    if (!report->failed.empty() && report->added + report->changed + report->unchanged == 0) {
        return exit_code(Errc::invalid_argument);
    }
    return 0;
}

int run_search(CommonOptions const& common, SearchSettings const& settings) {
    Console console(common.json, common.quiet);
    knowledge::SearchRequest request;
    request.query = settings.query;
    request.top = settings.top;
    request.mode = settings.mode == "dense"    ? knowledge::SearchMode::dense
                   : settings.mode == "sparse" ? knowledge::SearchMode::sparse
                                               : knowledge::SearchMode::hybrid;
    Result<CallOptions> options = call_options(settings.call);
    if (!options) return console.fail(options.error());
    Result<Session> kit = open_for(common, settings.call);
    if (!kit) return console.fail(kit.error());
    Result<std::vector<knowledge::RelevantChunk>> chunks =
        run(*kit, kit->search(settings.base, std::move(request), std::move(*options)));
    if (!chunks) return console.fail(chunks.error());
    if (console.json()) {
        json::array hits;
        for (knowledge::RelevantChunk const& chunk : *chunks) hits.push_back(chunk_json(chunk));
        console.line(json::serialize(
            json::object{{"query", settings.query}, {"mode", settings.mode}, {"hits", std::move(hits)}}));
        return 0;
    }
    int rank = 0;
    for (knowledge::RelevantChunk const& chunk : *chunks) {
        char score[32];
        std::snprintf(score, sizeof score, "%.4f", chunk.score);
        console.line(std::to_string(++rank) + ". " + console.bold(chunk_place(chunk)) + "  " + score);
        console.line("   " + first_line(chunk.text, 200));
    }
    return 0;
}

int run_ask(CommonOptions const& common, AskSettings const& settings) {
    Console console(common.json, common.quiet);
    rag::Question question(settings.question);
    question.top = settings.top;
    Result<CallOptions> options = call_options(settings.call);
    if (!options) return console.fail(options.error());
    Result<Session> kit = open_for(common, settings.call);
    if (!kit) return console.fail(kit.error());
    Result<rag::AnswerStream> stream =
        run(*kit, kit->ask(settings.base, std::move(question), settings.call.model, std::move(*options)));
    if (!stream) return console.fail(stream.error());
    for (;;) {
        Result<std::optional<rag::AnswerEvent>> event = run(*kit, stream->next());
        if (!event) {
            if (!console.json()) console.line("");
            return console.fail(event.error(), json::serialize(answer_json(stream->so_far())));
        }
        if (!*event) break;
        if (auto const* text = std::get_if<rag::AnswerText>(&**event); text && !console.json())
            console.write(text->text);
    }
    rag::AnswerWithSources const answer = stream->so_far();
    if (console.json()) {
        console.line(json::serialize(answer_json(answer)));
        return 0;
    }
    console.line("");
    print_sources(console, answer);
    for (int const number : answer.unresolved) {
        console.warn("the answer cites [" + std::to_string(number) + "], which is no source of it");
    }
    note_cost(console, answer.info);
    return 0;
}

}  // namespace aikit::cli
