// SPDX-License-Identifier: MIT
// provider/openai_wire/batch.cpp - batches, as OpenAI runs them: a file of requests in, a file of answers out.
#include "core/async.hpp"
#include "model/json_exact.hpp"
#include "model/json_writer.hpp"
#include "provider/openai_wire/jobs.hpp"

#include <algorithm>

namespace aikit::inline v0::provider::openai_wire {

namespace {

using carrier::Call;
using carrier::Told;

using Shared = std::shared_ptr<Endpoint const>;

constexpr std::size_t most_items = 50'000;
constexpr std::string_view chat_endpoint = "/v1/chat/completions";

JobStatus status_of(std::string_view word) noexcept {
    if (word == "validating") return JobStatus::waiting;
    if (word == "in_progress" || word == "finalizing") return JobStatus::running;
    if (word == "completed") return JobStatus::succeeded;
    if (word == "failed") return JobStatus::failed;
    if (word == "expired") return JobStatus::expired;
    if (word == "cancelling") return JobStatus::cancelling;
    return word == "cancelled" ? JobStatus::cancelled : JobStatus::unknown;
}

/// The first of the errors for which all of a batch failed.
std::optional<Error> error_of(carrier::Head const& head, json::object const& given) {
    json::object const errors = carrier::object_of(given, "errors");
    json::value const* data = errors.if_contains("data");
    if (data == nullptr || !data->is_array() || data->get_array().empty()) return std::nullopt;
    json::value const& first = data->get_array().front();
    Error error = carrier::reply_error(head.exchange, Errc::invalid_request,
                                       "The provider " + head.exchange.provider + " refused the batch.",
                                       json_exact::write(first));
    error.http_status = 0;
    if (first.is_object()) error.provider_code = carrier::text_of(first.get_object(), "code");
    return error;
}

BatchCounts counts_of(json::object const& given) {
    json::object const told = carrier::object_of(given, "request_counts");
    BatchCounts counts;
    counts.total = carrier::number_of(told, "total");
    counts.succeeded = carrier::number_of(told, "completed");
    counts.failed = carrier::number_of(told, "failed");
    counts.waiting = std::max<std::int64_t>(counts.total - counts.succeeded - counts.failed, 0);
    return counts;
}

Result<BatchJob> read_batch(carrier::Head const& head, json::object const& given) {
    BatchJob job;
    job.handle = JobHandle(head.exchange.provider, JobKind::batch, carrier::text_of(given, "id"));
    if (job.handle.id.empty()) return carrier::lacking(head, "a batch's id");
    job.status_text = carrier::text_of(given, "status");
    job.status = status_of(job.status_text);
    job.counts = counts_of(given);
    job.created = carrier::seconds_of(given, "created_at");
    job.started = carrier::seconds_of(given, "in_progress_at");
    for (char const* const end : {"completed_at", "failed_at", "expired_at", "cancelled_at"}) {
        if (job.ended == 0) job.ended = carrier::seconds_of(given, end);
    }
    job.expires = carrier::seconds_of(given, "expires_at");
    job.input_file = carrier::text_of(given, "input_file_id");
    job.output_file = carrier::text_of(given, "output_file_id");
    job.error_file = carrier::text_of(given, "error_file_id");
    job.has_results = !job.output_file.empty() || !job.error_file.empty();
    job.error = error_of(head, given);
    job.handle.created = job.created;
    job.handle.model = carrier::text_of(given, "model");
    job.raw = json_exact::write(given);
    return job;
}

Task<BatchJob> one_batch(Shared endpoint, Call call) {
    Task<Told> asking = carrier::ask_about(endpoint, std::move(call));
    Result<Told> const told = co_await std::move(asking);
    if (!told) co_return told.error();
    Result<BatchJob> job = read_batch(told->head, told->object);
    if (!job) co_return job.error();
    job->info = carrier::describe(*endpoint, told->head, job->handle.model, Usage());
    co_return job;
}

/// The requests as a file, a line each.
Result<carrier::Encoded> lines_of(BatchRequest const& request, Endpoint const& endpoint) {
    Result<std::vector<std::string>> const ids = carrier::ids_of(request, most_items, endpoint);
    if (!ids) return ids.error();
    carrier::Encoded file;
    for (std::size_t i = 0; i < request.items.size(); ++i) {
        ChatRequest const& chat = request.items[i].request;
        Result<carrier::Encoded> encoded = chat.model.empty()
                                               ? fail(Errc::invalid_argument, "The request is wrong: model is missing.")
                                               : encode_chat(chat, endpoint.quirks, false);
        if (!encoded) return carrier::of_item(encoded.error(), i, endpoint);
        // A caller's own JSON may have line ends between its members.
        std::replace_if(
            encoded->body.begin(), encoded->body.end(), [](char c) { return c == '\n' || c == '\r'; }, ' ');
        JsonWriter line(file.body);
        line.begin_object();
        line.key("custom_id").text((*ids)[i]);
        line.key("method").text("POST");
        line.key("url").text(chat_endpoint);
        line.key("body").raw(encoded->body);
        line.end_object();
        file.body += '\n';
        for (std::string& warning : encoded->warnings) {
            bool const known = std::find(file.warnings.begin(), file.warnings.end(), warning) != file.warnings.end();
            if (!known) file.warnings.push_back(std::move(warning));
        }
    }
    return file;
}

Task<BatchJob> begin(Shared endpoint, BatchRequest request, CallOptions options) {
    json::object body;
    body["input_file_id"] = request.input_file;
    body["endpoint"] = request.endpoint.empty() ? std::string(chat_endpoint) : request.endpoint;
    body["completion_window"] = "24h";
    if (!request.metadata.empty()) {
        Result<json::value> metadata = json_exact::parse(request.metadata, "metadata", Errc::invalid_argument);
        if (!metadata) co_return carrier::named(metadata.error(), *endpoint);
        body["metadata"] = std::move(*metadata);
    }
    if (Result<void> put = carrier::put_extra(body, request.extra, "extra"); !put) {
        co_return carrier::named(put.error(), *endpoint);
    }
    Caller const caller = options.caller;
    Call call = carrier::plain_call("POST", endpoint->path("/batches", ""), std::move(options));
    call.body = json_exact::write(body);
    Task<BatchJob> asking = one_batch(endpoint, std::move(call));
    Result<BatchJob> job = co_await std::move(asking);
    if (job) job->handle.caller = caller;
    co_return job;
}

Task<BatchJob> create_batch(Shared endpoint, BatchRequest request, CallOptions options) {
    if (!request.input_file.empty()) {
        Task<BatchJob> beginning = begin(endpoint, std::move(request), std::move(options));
        co_return co_await std::move(beginning);
    }
    Result<carrier::Encoded> lines = lines_of(request, *endpoint);
    if (!lines) co_return lines.error();
    std::string model = request.items.front().request.model;
    for (BatchItem const& item : request.items) {
        if (item.request.model != model) model.clear();
    }
    request.items.clear();
    FileUpload file;
    file.name = "batch.jsonl";
    file.purpose = "batch";
    file.data = std::move(lines->body);
    CallOptions uploading = options;
    if (!uploading.idempotency_key.empty()) uploading.idempotency_key += "-file";
    Task<FileInfo> sending = upload_file(endpoint, std::move(file), std::move(uploading));
    Result<FileInfo> const sent = co_await std::move(sending);
    if (!sent) co_return sent.error();
    request.input_file = sent->id;
    CallOptions cleaning = options;
    Task<BatchJob> beginning = begin(endpoint, std::move(request), std::move(options));
    Result<BatchJob> job = co_await std::move(beginning);
    if (!job) {
        if (!job.error().maybe_executed) {  // nobody else knows of the file
            Task<FileInfo> removing = remove_file(endpoint, sent->id, std::move(cleaning));
            (void)co_await std::move(removing);
        }
        co_return job.error();
    }
    if (job->handle.model.empty()) job->handle.model = std::move(model);
    job->info.warnings = std::move(lines->warnings);
    co_return job;
}

Task<BatchJob> poll_batch(Shared endpoint, JobHandle handle, CallOptions options) {
    if (Result<void> good = carrier::check_id(*endpoint, handle.id, "batch"); !good) co_return good.error();
    Call call = carrier::plain_call("GET", item_path(*endpoint, "/batches", handle.id), std::move(options));
    Task<BatchJob> asking = one_batch(endpoint, std::move(call));
    Result<BatchJob> job = co_await std::move(asking);
    if (!job) co_return job.error();
    job->handle.caller = handle.caller;
    if (job->handle.model.empty()) job->handle.model = handle.model;
    co_return job;
}

Task<BatchJob> cancel_batch(Shared endpoint, JobHandle handle, CallOptions options) {
    if (Result<void> good = carrier::check_id(*endpoint, handle.id, "batch"); !good) co_return good.error();
    Call call = carrier::plain_call("POST", item_path(*endpoint, "/batches", handle.id, "/cancel"), std::move(options));
    Task<BatchJob> asking = one_batch(endpoint, std::move(call));
    Result<BatchJob> job = co_await std::move(asking);
    if (!job) co_return job.error();
    job->handle.caller = handle.caller;
    if (job->handle.model.empty()) job->handle.model = handle.model;
    co_return job;
}

Task<BatchList> list_batches(Shared endpoint, PageQuery page, CallOptions options) {
    std::string path = endpoint->path("/batches", "");
    if (page.limit > 0) carrier::add_query(path, "limit", std::to_string(page.limit));
    if (!page.after.empty()) carrier::add_query(path, "after", page.after);
    Task<Told> asking = carrier::ask(endpoint, carrier::plain_call("GET", std::move(path), std::move(options)));
    Result<Told> const told = co_await std::move(asking);
    if (!told) co_return told.error();
    BatchList list;
    if (Result<void> read = read_page(*told, list.jobs, list.next, read_batch); !read) co_return read.error();
    list.info = carrier::describe(*endpoint, told->head, "", Usage());
    co_return list;
}

Task<BatchResults> batch_results(Shared endpoint, JobHandle handle, CallOptions options) {
    Task<BatchJob> polling = poll_batch(endpoint, std::move(handle), options);
    Result<BatchJob> job = co_await std::move(polling);
    if (!job) co_return job.error();
    if (!job->has_results) {
        co_return carrier::without_results(*job, *endpoint);
    }
    carrier::ResultLines lines;
    for (std::string const& file : {job->output_file, job->error_file}) {
        if (file.empty()) continue;
        if (Result<void> good = carrier::check_id(*endpoint, file, "file"); !good) co_return good.error();
        Call call = carrier::plain_call("GET", item_path(*endpoint, "/files", file, "/content"), options);
        call.accept = "*/*";
        call.streaming = true;
        lines.calls.push_back(std::move(call));
    }
    lines.read = read_result;
    lines.expected = job->counts.succeeded;
    co_return BatchResults(std::move(job->handle), carrier::read_lines(endpoint, std::move(lines)));
}

class Batch final : public BatchApi {
public:
    explicit Batch(Shared endpoint) : endpoint_(std::move(endpoint)) {}

    Task<BatchJob> create(BatchRequest request, CallOptions options) override {
        return guard(create_batch(endpoint_, std::move(request), std::move(options)));
    }
    Task<BatchJob> poll(JobHandle handle, CallOptions options) override {
        return guard(poll_batch(endpoint_, std::move(handle), std::move(options)));
    }
    Task<BatchResults> results(JobHandle handle, CallOptions options) override {
        return guard(batch_results(endpoint_, std::move(handle), std::move(options)));
    }
    Task<BatchJob> cancel(JobHandle handle, CallOptions options) override {
        return guard(cancel_batch(endpoint_, std::move(handle), std::move(options)));
    }
    Task<BatchList> list(PageQuery page, CallOptions options) override {
        return guard(list_batches(endpoint_, std::move(page), std::move(options)));
    }

private:
    Shared endpoint_;
};

/// A request that was never begun: {code, message}.
Error not_begun(Exchange const& exchange, json::object const& given) {
    std::string const code = carrier::text_of(given, "code");
    Errc const kind = code == "batch_cancelled" ? Errc::cancelled
                      : code == "batch_expired" ? Errc::timeout
                                                : Errc::invalid_request;
    Error error = carrier::reply_error(exchange, kind,
                                       kind == Errc::cancelled ? "The batch was cancelled before this request's turn."
                                       : kind == Errc::timeout ? "The batch's time was over before this request's turn."
                                                               : "The provider did not carry out this request.",
                                       json_exact::write(given));
    error.provider_code = code;
    return error;
}

}  // namespace

Result<BatchResult> read_result(carrier::Head const& head, json::object line) {
    BatchResult result;
    result.custom_id = carrier::text_of(line, "custom_id");
    if (line.if_contains("custom_id") == nullptr) return carrier::lacking(head, "a result's custom_id");
    Exchange exchange = head.exchange;
    exchange.status = 0;
    exchange.request_id.clear();
    exchange.retry_after.reset();
    if (json::object const error = carrier::object_of(line, "error"); !error.empty()) {
        result.reply = not_begun(exchange, error);
        return result;
    }
    json::object const response = carrier::object_of(line, "response");
    json::value const* body = response.if_contains("body");
    if (body == nullptr) return carrier::lacking(head, "a result's response");
    exchange.status = static_cast<int>(carrier::number_of(response, "status_code"));
    exchange.request_id = carrier::text_of(response, "request_id");
    std::string const text = json_exact::write(*body);
    if (exchange.status / 100 == 2) {
        result.reply = decode_chat(exchange, text);
    } else {
        result.reply = carrier::http_error(exchange, text);
    }
    return result;
}

std::unique_ptr<BatchApi> make_batch(Shared endpoint) {
    return std::make_unique<Batch>(std::move(endpoint));
}

}  // namespace aikit::inline v0::provider::openai_wire
