// SPDX-License-Identifier: MIT
// provider/gemini/stream.cpp - a streamed reply: each event is a piece of a whole one.
#include "model/openai_form/form.hpp"
#include "provider/carrier/body.hpp"
#include "provider/gemini/wire.hpp"

#include <algorithm>

namespace aikit::inline v0::provider::gemini {

namespace {

constexpr std::size_t most_candidates = 128;

}  // namespace

void StreamDecoder::take(net::SseEvent const& event) {
    if (event.data.empty()) return;
    json::value const* const document = parse(event.data, event.type == "error");
    if (document == nullptr) return;
    if (std::optional<Error> told = carrier::in_band_error(exchange(), *document, event.type == "error")) {
        return fail_with(std::move(*told));
    }
    json::object const* chunk = document->if_object();
    if (chunk == nullptr) return wrong("an event is no JSON object");
    json::value const* candidates = chunk->if_contains("candidates");
    json::array const* list = candidates == nullptr ? nullptr : candidates->if_array();
    if (candidates != nullptr && list == nullptr) return wrong("candidates is no list");
    if (!started_) {
        started_ = true;
        ReplyStarted started;
        started.id = std::string(json::text(*document, "responseId").value_or(""));
        model_ = std::string(json::text(*document, "modelVersion").value_or(""));
        started.model = model_;
        push(std::move(started));
    }
    for (std::size_t i = 0; list != nullptr && i < list->size(); ++i) take_candidate((*list)[i], i);
    if (json::value const* usage = chunk->if_contains("usageMetadata"); usage != nullptr && usage->is_object()) {
        std::vector<std::string> odd;
        Usage read = read_usage(usage->get_object(), odd);
        for (Candidate const& candidate : candidates_) {
            if (candidate.searches > 0) read.pieces[Piece::web_searches] += candidate.searches;
        }
        take_usage(std::move(read), std::move(odd));
        if (std::string const tier = served_tier(usage->get_object()); !tier.empty()) extra_["service_tier"] = tier;
    }
    if (list == nullptr || list->empty()) {
        if (std::optional<Error> error = blocked(exchange(), *chunk)) return fail_with(std::move(*error));
    }
    for (auto const& member : *chunk) {
        std::string_view const key = member.key();
        if (key == "candidates" || key == "usageMetadata" || key == "responseId" || key == "modelVersion") continue;
        extra_[key] = json::value(member.value(), boost::json::storage_ptr());
    }
}

void StreamDecoder::take_candidate(json::value const& given, std::size_t position) {
    if (!given.is_object()) return wrong("a candidate is no object");
    std::int64_t const index = json::integer(given, "index").value_or(static_cast<std::int64_t>(position));
    auto found = std::find_if(candidates_.begin(), candidates_.end(),
                              [&](Candidate const& candidate) { return candidate.index == index; });
    if (found == candidates_.end()) {
        bool const sane = index >= 0 && index < static_cast<std::int64_t>(most_candidates);
        if (!sane || candidates_.size() == most_candidates) return wrong("a candidate's index is no index");
        candidates_.emplace_back().index = static_cast<int>(index);
        found = std::prev(candidates_.end());
    }
    Candidate& candidate = *found;
    json::value const* content = json::find(given, "content");
    json::array const* parts = content == nullptr ? nullptr : json::member_array(*content, "parts");
    for (std::size_t i = 0; parts != nullptr && i < parts->size(); ++i) take_part(candidate, (*parts)[i]);
    candidate.searches = std::max(candidate.searches, searches_of(given));
    // It may come more than once, with text in between: the last one holds.
    if (std::string word = finish_word(given); !word.empty()) candidate.finish = std::move(word);
    for (auto const& member : beside(given.get_object())) candidate.beside[member.key()] = member.value();
}

void StreamDecoder::push_call(Candidate& candidate, ToolCall call) {
    ToolCallProgress progress;
    progress.choice = candidate.index;
    progress.index = static_cast<int>(candidate.calls.size());
    progress.id = call.id;
    progress.name = call.name;
    progress.arguments = call.arguments;
    generating_ = true;
    push(std::move(progress));
    candidate.calls.push_back(std::move(call));
}

void StreamDecoder::take_part(Candidate& candidate, json::value const& part) {
    Result<PartReader::Piece> piece = candidate.parts.take(part);
    if (!piece) return wrong("a part makes no sense");
    for (ToolCall& call : piece->calls) push_call(candidate, std::move(call));
    if (piece->text.empty()) return;
    if (!piece->thought) return push_text(candidate.index, std::move(piece->text));
    ReasoningDelta reasoning;
    reasoning.choice = candidate.index;
    reasoning.text = std::move(piece->text);
    generating_ = true;
    push(std::move(reasoning));
}

void StreamDecoder::ended_without_marker() {
    bool const whole = !candidates_.empty() && std::all_of(candidates_.begin(), candidates_.end(),
                                                           [](Candidate const& one) { return !one.finish.empty(); });
    if (!whole) return cut();
    std::sort(candidates_.begin(), candidates_.end(),
              [](Candidate const& a, Candidate const& b) { return a.index < b.index; });
    for (Candidate& candidate : candidates_) {
        Result<std::optional<ToolCall>> last = candidate.parts.end(candidate.finish);
        if (!last) return wrong("a call is not whole");
        if (*last) push_call(candidate, std::move(**last));
    }
    push_extra(-1, extra_, false);
    for (Candidate& candidate : candidates_) {
        if (std::string const extra = candidate.parts.extra(); !extra.empty()) {
            ExtraDelta delta;
            delta.choice = candidate.index;
            delta.json = extra;
            push(std::move(delta));
        }
        push_extra(candidate.index, candidate.beside, true);
        ChoiceFinished finished;
        finished.choice = candidate.index;
        finished.reason = finish_of(candidate.finish, candidate.parts.called());
        finished.text = candidate.finish;
        push(std::move(finished));
    }
    for (Candidate& candidate : candidates_) {
        for (ToolCall& call : candidate.calls) {
            ToolCallReady ready;
            ready.choice = candidate.index;
            ready.call = std::move(call);
            push(std::move(ready));
        }
    }
    finish();
}

/// Without "alt=sse", which some proxies drop, the events come as the items of one list.
Result<ChatReply> StreamDecoder::read_document(std::string_view body) {
    json_exact::Arena arena;
    Result<json::value> document = json_exact::parse(body, "reply", Errc::protocol, arena.storage());
    json::array const* list = document ? document->if_array() : nullptr;
    if (list == nullptr) {
        // A list that does not end was cut; anything else that is no JSON is told as such.
        std::size_t const first = body.find_first_not_of(" \t\r\n");
        if (document || first == std::string_view::npos || body[first] != '[') return decode_chat(exchange(), body);
        Error error = carrier::reply_error(
            exchange(), Errc::incomplete,
            "The stream of " + exchange().provider + " ended before its end; the reply may be cut short.");
        error.maybe_executed = true;
        return error;
    }
    StreamDecoder items(exchange());
    ReplyAssembler assembler;
    for (json::value const& item : *list) items.feed("data: " + json_exact::write(item) + "\n\n");
    items.end();
    while (true) {
        Result<std::optional<ChatEvent>> event = items.next();
        if (!event) return event.error();
        if (!*event) break;
        assembler.take(**event);
    }
    ChatReply reply = assembler.release();
    reply.info.warnings = items.warnings();
    return reply;
}

}  // namespace aikit::inline v0::provider::gemini
