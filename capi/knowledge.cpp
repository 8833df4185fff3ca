// SPDX-License-Identifier: MIT
// capi/knowledge.cpp - the entries of knowledge bases: taking in, searching, answering.
#include "kit.hpp"
#include "kit/json_views.hpp"
#include "requests.hpp"

using namespace aikit;
using namespace aikit::capi;

namespace {

std::string progress_event(knowledge::IngestProgress const& now) {
    json::object out;
    out["type"] = "progress";
    out["done"] = now.done;
    out["total"] = now.total;
    out["uri"] = now.uri;
    out["failed"] = now.failed;
    return json::serialize(out);
}

Task<Reply> ingest_work(KitPointer kit, std::string base, IngestRequest request, std::shared_ptr<Op> op) {
    std::function<void(knowledge::IngestProgress const&)> progress;
    if (op && op->makes_events()) {
        // It is the state that counts: what finds no room is left out, and the next one is up to date.
        progress = [op](knowledge::IngestProgress const& now) {
            if (op->has_room()) op->emit(progress_event(now));
        };
    }
    Result<knowledge::IngestReport> report;
    if (!request.paths.empty() || request.documents.empty()) {
        Task<knowledge::IngestReport> taking =
            kit->kit.ingest(std::move(base), std::move(request.paths), std::move(progress), std::move(request.options));
        report = co_await std::move(taking);
    } else {
        Task<std::shared_ptr<knowledge::KnowledgeBase>> opening =
            kit->kit.knowledge_base(std::move(base), request.options);
        Result<std::shared_ptr<knowledge::KnowledgeBase>> const opened = co_await std::move(opening);
        if (!opened) co_return opened.error();
        Task<knowledge::IngestReport> taking =
            (*opened)->ingest(std::move(request.documents), std::move(progress), std::move(request.options));
        report = co_await std::move(taking);
    }
    if (!report) co_return report.error();
    co_return Reply(json::serialize(json_form::view(*report)));
}

Result<std::string> base_name(char const* base, std::size_t size) {
    Result<std::string_view> const text = required_text(base, size, "base");
    if (!text) return text.error();
    return std::string(*text);
}

Result<Work> ingest_of(KitPointer const& kit, char const* base, std::size_t base_size, char const* request,
                       std::size_t size, bool* stream) {
    Result<std::string> name = base_name(base, base_size);
    if (!name) return name.error();
    Result<std::string_view> const text = required_text(request, size, "request");
    if (!text) return text.error();
    Result<IngestRequest> read = read_ingest(*text);
    if (!read) return read.error();
    if (stream != nullptr) *stream = *stream || read->stream;
    return Work([kit, name = std::move(*name), read = std::move(*read)](std::shared_ptr<Op> op) mutable {
        return ingest_work(kit, std::move(name), std::move(read), std::move(op));
    });
}

Task<Reply> search_work(KitPointer kit, std::string base, SearchCall call) {
    Task<std::vector<knowledge::RelevantChunk>> searching =
        kit->kit.search(std::move(base), std::move(call.request), std::move(call.options));
    Result<std::vector<knowledge::RelevantChunk>> const chunks = co_await std::move(searching);
    if (!chunks) co_return chunks.error();
    json::array hits;
    for (knowledge::RelevantChunk const& chunk : *chunks) hits.push_back(json_form::view(chunk));
    json::object out;
    out["hits"] = std::move(hits);
    co_return Reply(json::serialize(out));
}

Result<Work> search_of(KitPointer const& kit, char const* base, std::size_t base_size, char const* request,
                       std::size_t size, float const* vector, std::size_t dimensions) {
    Result<std::string> name = base_name(base, base_size);
    if (!name) return name.error();
    Result<std::vector<float>> row = read_row(vector, dimensions, "vector");
    if (!row) return row.error();
    Result<std::string_view> const text =
        row->empty() ? required_text(request, size, "request") : optional_text(request, size, "request");
    if (!text) return text.error();
    Result<SearchCall> call = read_search(*text, std::move(*row));
    if (!call) return call.error();
    return Work([kit, name = std::move(*name), call = std::move(*call)](std::shared_ptr<Op>) mutable {
        return search_work(kit, std::move(name), std::move(call));
    });
}

/// An event as JSON; "" for the end, which is the whole reply's to tell.
std::string answer_event(rag::AnswerEvent const& event) {
    json::object out;
    if (auto const* found = std::get_if<rag::SourcesFound>(&event)) {
        out["type"] = "sources";
        out["sources"] = json_form::view(found->sources);
        return json::serialize(out);
    }
    if (auto const* piece = std::get_if<rag::AnswerText>(&event)) {
        out["type"] = "text";
        out["text"] = piece->text;
        return json::serialize(out);
    }
    return {};
}

Task<void> pass_on(std::shared_ptr<rag::AnswerStream> stream, std::shared_ptr<Op> op) {
    bool const events = op && op->makes_events();
    for (;;) {
        if (events && !op->may_go_on()) {
            Task<void> waiting = Op::room(op);
            Result<void> const room = co_await std::move(waiting);
            if (!room) co_return room.error();
        }
        Task<std::optional<rag::AnswerEvent>> pulling = stream->next();
        Result<std::optional<rag::AnswerEvent>> const event = co_await std::move(pulling);
        if (!event) co_return event.error();
        if (!*event) co_return ok();
        if (!events) continue;
        std::string text = answer_event(**event);
        if (!text.empty()) op->emit(std::move(text));
    }
}

Task<Reply> ask_work(KitPointer kit, std::string base, AskRequest request, std::shared_ptr<Op> op) {
    Task<rag::AnswerStream> starting = kit->kit.ask(std::move(base), std::move(request.question),
                                                    std::move(request.model), std::move(request.options));
    Result<rag::AnswerStream> stream = co_await std::move(starting);
    if (!stream) co_return stream.error();
    auto const shared = std::make_shared<rag::AnswerStream>(std::move(*stream));
    Task<void> passing = guard(pass_on(shared, op));
    Result<void> const passed = co_await std::move(passing);
    std::string answer = json::serialize(json_form::view(shared->so_far(), passed.has_value()));
    if (passed) co_return Reply(std::move(answer));
    if (op) op->keep(std::move(answer));
    co_return passed.error();
}

Result<Work> ask_of(KitPointer const& kit, char const* base, std::size_t base_size, char const* request,
                    std::size_t size, bool* stream) {
    Result<std::string> name = base_name(base, base_size);
    if (!name) return name.error();
    Result<std::string_view> const text = required_text(request, size, "request");
    if (!text) return text.error();
    Result<AskRequest> read = read_ask(*text);
    if (!read) return read.error();
    if (stream != nullptr) *stream = *stream || read->stream;
    return Work([kit, name = std::move(*name), read = std::move(*read)](std::shared_ptr<Op> op) mutable {
        return ask_work(kit, std::move(name), std::move(read), std::move(op));
    });
}

}  // namespace

aikit_status aikit_ingest(aikit_kit* kit, char const* base, size_t base_size, char const* request, size_t request_size,
                          aikit_bytes* report, aikit_error** error) {
    return blocking_reply(kit, report, "report", error, [&](KitPointer const& object) {
        return ingest_of(object, base, base_size, request, request_size, nullptr);
    });
}

aikit_status aikit_ingest_start(aikit_kit* kit, char const* base, size_t base_size, char const* request,
                                size_t request_size, uint32_t window, aikit_event_cb on_event, aikit_done_cb on_done,
                                void* user, aikit_op** out, aikit_error** error) {
    Listener const listener(on_event, on_done, user, window, on_event != nullptr);
    return starting(kit, listener, out, error, [&](KitPointer const& object, Listener& asked) {
        return ingest_of(object, base, base_size, request, request_size, &asked.events);
    });
}

aikit_status aikit_search(aikit_kit* kit, char const* base, size_t base_size, char const* request, size_t request_size,
                          float const* vector, size_t dimensions, aikit_bytes* result, aikit_error** error) {
    return blocking_reply(kit, result, "result", error, [&](KitPointer const& object) {
        return search_of(object, base, base_size, request, request_size, vector, dimensions);
    });
}

aikit_status aikit_search_start(aikit_kit* kit, char const* base, size_t base_size, char const* request,
                                size_t request_size, float const* vector, size_t dimensions, aikit_done_cb on_done,
                                void* user, aikit_op** out, aikit_error** error) {
    return starting(kit, Listener(on_done, user), out, error, [&](KitPointer const& object, Listener&) {
        return search_of(object, base, base_size, request, request_size, vector, dimensions);
    });
}

aikit_status aikit_ask(aikit_kit* kit, char const* base, size_t base_size, char const* request, size_t request_size,
                       aikit_bytes* answer, aikit_error** error) {
    return blocking_reply(kit, answer, "answer", error, [&](KitPointer const& object) {
        return ask_of(object, base, base_size, request, request_size, nullptr);
    });
}

aikit_status aikit_ask_start(aikit_kit* kit, char const* base, size_t base_size, char const* request,
                             size_t request_size, uint32_t window, aikit_event_cb on_event, aikit_done_cb on_done,
                             void* user, aikit_op** out, aikit_error** error) {
    Listener const listener(on_event, on_done, user, window, on_event != nullptr);
    return starting(kit, listener, out, error, [&](KitPointer const& object, Listener& asked) {
        return ask_of(object, base, base_size, request, request_size, &asked.events);
    });
}
