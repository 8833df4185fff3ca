// SPDX-License-Identifier: MIT
// provider/anthropic/batch.cpp - batches of messages.
#include "core/async.hpp"
#include "model/json_exact.hpp"
#include "provider/anthropic/jobs.hpp"
#include "provider/anthropic/wire.hpp"

#include <algorithm>

namespace aikit::inline v0::provider::anthropic {

namespace {

using carrier::Call;
using carrier::Told;

using Shared = std::shared_ptr<carrier::Endpoint const>;
using MaxTokens = std::function<std::int64_t(std::string_view model)>;

constexpr std::size_t most_items = 100'000;
constexpr char const* folder = "/v1/messages/batches";

BatchCounts counts_of(json::object const& given) {
    json::object const told = carrier::object_of(given, "request_counts");
    BatchCounts counts;
    counts.waiting = carrier::number_of(told, "processing");
    counts.succeeded = carrier::number_of(told, "succeeded");
    counts.failed = carrier::number_of(told, "errored");
    counts.cancelled = carrier::number_of(told, "canceled");
    counts.expired = carrier::number_of(told, "expired");
    counts.total = counts.waiting + counts.succeeded + counts.failed + counts.cancelled + counts.expired;
    return counts;
}

/// "ended" says nothing of how: that is in the counts.
JobStatus status_of(std::string_view word, BatchCounts const& counts, bool asked_to_stop) noexcept {
    if (word == "in_progress") return JobStatus::running;
    if (word == "canceling") return JobStatus::cancelling;
    if (word != "ended") return JobStatus::unknown;
    if (asked_to_stop && counts.cancelled > 0) return JobStatus::cancelled;
    return counts.total > 0 && counts.expired == counts.total ? JobStatus::expired : JobStatus::succeeded;
}

Result<BatchJob> read_batch(carrier::Head const& head, json::object const& given) {
    BatchJob job;
    job.handle = JobHandle(head.exchange.provider, JobKind::batch, carrier::text_of(given, "id"));
    if (job.handle.id.empty()) return carrier::lacking(head, "a batch's id");
    job.counts = counts_of(given);
    job.status_text = carrier::text_of(given, "processing_status");
    job.status = status_of(job.status_text, job.counts, !carrier::text_of(given, "cancel_initiated_at").empty());
    job.created = carrier::seconds_of(given, "created_at");
    job.ended = carrier::seconds_of(given, "ended_at");
    job.expires = carrier::seconds_of(given, "expires_at");
    job.has_results = !carrier::text_of(given, "results_url").empty();
    job.handle.created = job.created;
    job.raw = json_exact::write(given);
    return job;
}

/// Keeps what only the caller knows of it.
void remember(BatchJob& job, JobHandle const& handle) {
    job.handle.caller = handle.caller;
    job.handle.model = handle.model;
}

Task<BatchJob> one_batch(Shared endpoint, Call call, JobHandle handle) {
    Task<Told> asking = carrier::ask(endpoint, std::move(call));
    Result<Told> const told = co_await std::move(asking);
    if (!told) co_return told.error();
    Result<BatchJob> job = read_batch(told->head, told->object);
    if (!job) co_return job.error();
    remember(*job, handle);
    job->info = carrier::describe(*endpoint, told->head, handle.model, Usage());
    co_return job;
}

bool is_custom_id(std::string_view id) noexcept {
    return !id.empty() && id.size() <= 64 && std::all_of(id.begin(), id.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
    });
}

Result<carrier::Encoded> encode(BatchRequest const& request, carrier::Endpoint const& endpoint,
                                MaxTokens const& max_tokens) {
    Result<std::vector<std::string>> const ids = carrier::ids_of(request, most_items, endpoint);
    if (!ids) return ids.error();
    carrier::Encoded out;
    JsonWriter body(out.body);
    body.begin_object();
    body.key("requests").begin_array();
    for (std::size_t i = 0; i < request.items.size(); ++i) {
        ChatRequest const& chat = request.items[i].request;
        auto const wrong = [&](char const* sentence) {
            return carrier::of_item(fail(Errc::invalid_argument, sentence), i, endpoint);
        };
        if (!is_custom_id((*ids)[i])) return wrong("custom_id must be 1 to 64 letters, digits, - and _.");
        if (chat.model.empty()) return wrong("model is missing.");
        Result<carrier::Encoded> encoded = encode_chat(chat, max_tokens(chat.model), false);
        if (!encoded) return carrier::of_item(encoded.error(), i, endpoint);
        body.begin_object();
        body.key("custom_id").text((*ids)[i]);
        body.key("params").raw(encoded->body);
        body.end_object();
        for (std::string& warning : encoded->warnings) {
            bool const known = std::find(out.warnings.begin(), out.warnings.end(), warning) != out.warnings.end();
            if (!known) out.warnings.push_back(std::move(warning));
        }
    }
    body.end_array();
    body.end_object();
    return out;
}

Task<BatchJob> create_batch(Shared endpoint, MaxTokens max_tokens, BatchRequest request, CallOptions options) {
    if (!request.input_file.empty()) {
        co_return carrier::named(fail(Errc::unsupported, "The provider " + endpoint->name +
                                                             " takes no file of requests; give the requests."),
                                 *endpoint);
    }
    Result<carrier::Encoded> encoded = encode(request, *endpoint, max_tokens);
    if (!encoded) co_return encoded.error();
    JobHandle known;
    known.model = request.items.front().request.model;
    for (BatchItem const& item : request.items) {
        if (item.request.model != known.model) known.model.clear();
    }
    known.caller = options.caller;
    if (!request.metadata.empty()) carrier::left_out(encoded->warnings, "metadata", "this provider keeps none");
    if (!request.name.empty()) carrier::left_out(encoded->warnings, "name", "batches have no names here");
    Call call = carrier::plain_call("POST", folder, std::move(options));
    call.body = std::move(encoded->body);
    Task<BatchJob> asking = one_batch(endpoint, std::move(call), std::move(known));
    Result<BatchJob> job = co_await std::move(asking);
    if (job) job->info.warnings = std::move(encoded->warnings);
    co_return job;
}

/// Asks about a batch, or does something to it.
Task<BatchJob> at_batch(Shared endpoint, JobHandle handle, char const* method, char const* rest, CallOptions options) {
    if (Result<void> good = carrier::check_id(*endpoint, handle.id, "batch"); !good) co_return good.error();
    std::string path = folder + ("/" + carrier::escaped(handle.id)) + rest;
    Call call = carrier::plain_call(method, std::move(path), std::move(options));
    Task<BatchJob> asking = one_batch(endpoint, std::move(call), std::move(handle));
    co_return co_await std::move(asking);
}

Task<BatchList> list_batches(Shared endpoint, PageQuery page, CallOptions options) {
    std::string path = folder;
    if (page.limit > 0) carrier::add_query(path, "limit", std::to_string(page.limit));
    if (!page.after.empty()) carrier::add_query(path, "after_id", page.after);
    Task<Told> asking = carrier::ask(endpoint, carrier::plain_call("GET", std::move(path), std::move(options)));
    Result<Told> const told = co_await std::move(asking);
    if (!told) co_return told.error();
    Result<std::vector<json::object>> const given = carrier::list_of(*told, "data");
    if (!given) co_return given.error();
    BatchList list;
    for (json::object const& one : *given) {
        Result<BatchJob> job = read_batch(told->head, one);
        if (!job) co_return job.error();
        list.jobs.push_back(std::move(*job));
    }
    json::value const* more = told->object.if_contains("has_more");
    if (more != nullptr && *more == true) list.next = carrier::text_of(told->object, "last_id");
    list.info = carrier::describe(*endpoint, told->head, "", Usage());
    co_return list;
}

/// Polled first: how many there must be, and when it was begun.
Task<BatchResults> batch_results(Shared endpoint, JobHandle handle, CallOptions options) {
    Task<BatchJob> polling = at_batch(endpoint, std::move(handle), "GET", "", options);
    Result<BatchJob> job = co_await std::move(polling);
    if (!job) co_return job.error();
    if (!job->has_results) {
        co_return carrier::without_results(*job, *endpoint);
    }
    carrier::ResultLines lines;
    Call call =
        carrier::plain_call("GET", folder + ("/" + carrier::escaped(job->handle.id)) + "/results", std::move(options));
    call.accept = "*/*";
    call.streaming = true;
    lines.calls.push_back(std::move(call));
    lines.read = read_result;
    lines.expected = job->counts.total;
    co_return BatchResults(std::move(job->handle), carrier::read_lines(endpoint, std::move(lines)));
}

class Batch final : public BatchApi {
public:
    Batch(Shared endpoint, MaxTokens max_tokens) : endpoint_(std::move(endpoint)), max_tokens_(std::move(max_tokens)) {}

    Task<BatchJob> create(BatchRequest request, CallOptions options) override {
        return guard(create_batch(endpoint_, max_tokens_, std::move(request), std::move(options)));
    }
    Task<BatchJob> poll(JobHandle handle, CallOptions options) override {
        return guard(at_batch(endpoint_, std::move(handle), "GET", "", std::move(options)));
    }
    Task<BatchResults> results(JobHandle handle, CallOptions options) override {
        return guard(batch_results(endpoint_, std::move(handle), std::move(options)));
    }
    Task<BatchJob> cancel(JobHandle handle, CallOptions options) override {
        return guard(at_batch(endpoint_, std::move(handle), "POST", "/cancel", std::move(options)));
    }
    Task<BatchList> list(PageQuery page, CallOptions options) override {
        return guard(list_batches(endpoint_, std::move(page), std::move(options)));
    }

private:
    Shared endpoint_;
    MaxTokens max_tokens_;
};

}  // namespace

Result<BatchResult> read_result(carrier::Head const& head, json::object line) {
    BatchResult result;
    result.custom_id = carrier::text_of(line, "custom_id");
    json::object const given = carrier::object_of(line, "result");
    std::string const type = carrier::text_of(given, "type");
    if (line.if_contains("custom_id") == nullptr || type.empty()) return carrier::lacking(head, "a result's type");
    carrier::Exchange exchange = head.exchange;
    exchange.status = 0;
    exchange.request_id.clear();
    exchange.retry_after.reset();
    if (type == "succeeded") {
        result.reply = decode_chat(exchange, json_exact::write(carrier::object_of(given, "message")));
    } else if (type == "canceled") {
        result.reply =
            carrier::reply_error(exchange, Errc::cancelled, "The batch was cancelled before this request's turn.");
    } else if (type == "expired") {
        result.reply =
            carrier::reply_error(exchange, Errc::timeout, "The batch's time was over before this request's turn.");
    } else {
        json::object const error = carrier::object_of(given, "error");
        std::optional<Error> told = carrier::in_band_error(exchange, error, true);
        result.reply = told ? *told : carrier::lacking(head, "a result's error");
    }
    return result;
}

std::unique_ptr<BatchApi> make_batch(Shared endpoint, MaxTokens max_tokens) {
    return std::make_unique<Batch>(std::move(endpoint), std::move(max_tokens));
}

}  // namespace aikit::inline v0::provider::anthropic
