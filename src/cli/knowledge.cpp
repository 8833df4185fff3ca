// SPDX-License-Identifier: MIT
// cli/knowledge.cpp - aikit ingest, search, ask.
#include "cli/commands.hpp"
#include "core/json.hpp"
#include "kit/json_views.hpp"

#include <algorithm>

namespace aikit::cli {
namespace {

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
    return open_kit(std::move(*config));
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
    Result<Session> kit = open_kit(std::move(*config));
    if (!kit) return console.fail(kit.error());

    auto const progress = [&console](knowledge::IngestProgress const& now) {
        console.progress(now.done, now.total, now.uri);
    };
    Result<knowledge::IngestReport> report =
        run(*kit, kit->ingest(settings.base, settings.paths, progress, std::move(*options)));
    console.end_progress();
    if (!report) return fail_call(console, *kit, report.error());
    settle(*kit, console);
    if (console.json()) {
        console.line(json::serialize(json_form::view(*report)));
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
    if (!chunks) return fail_call(console, *kit, chunks.error());
    settle(*kit, console);
    if (console.json()) {
        json::array hits;
        for (knowledge::RelevantChunk const& chunk : *chunks) hits.push_back(json_form::view(chunk));
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
    if (!stream) return fail_call(console, *kit, stream.error());
    for (;;) {
        Result<std::optional<rag::AnswerEvent>> event = run(*kit, stream->next());
        if (!event) {
            if (!console.json()) console.line("");
            return fail_call(console, *kit, event.error(), json::serialize(json_form::view(stream->so_far(), false)));
        }
        if (!*event) break;
        if (auto const* text = std::get_if<rag::AnswerText>(&**event); text && !console.json())
            console.write(text->text);
        if (output_lost()) return 0;  // as with a chat
    }
    rag::AnswerWithSources answer = stream->so_far();
    settle(*kit, answer.info.warnings);
    if (console.json()) {
        console.line(json::serialize(json_form::view(answer, true)));
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
