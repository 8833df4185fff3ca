// SPDX-License-Identifier: MIT
// provider/gemini/batch.cpp - batches of Google's own API: requests and answers inside the job, or in files.
#include "core/async.hpp"
#include "model/json_exact.hpp"
#include "provider/gemini/jobs.hpp"
#include "provider/gemini/wire.hpp"

#include <algorithm>

namespace aikit::inline v0::provider::gemini {

namespace {

using carrier::Call;
using carrier::Told;

using Shared = std::shared_ptr<carrier::Endpoint const>;

constexpr std::size_t most_items = 100'000;

std::string full_model(std::string const& model) {
    return model.starts_with("models/") ? model : "models/" + model;
}

JobStatus status_of(std::string_view word) noexcept {
    for (std::string_view const prefix : {"BATCH_STATE_", "JOB_STATE_"}) {
        if (word.starts_with(prefix)) word.remove_prefix(prefix.size());
    }
    if (word == "PENDING" || word == "QUEUED") return JobStatus::waiting;
    if (word == "RUNNING" || word == "UPDATING") return JobStatus::running;
    if (word == "PAUSED") return JobStatus::paused;
    if (word == "SUCCEEDED" || word == "PARTIALLY_SUCCEEDED") return JobStatus::succeeded;
    if (word == "FAILED") return JobStatus::failed;
    if (word == "CANCELLING") return JobStatus::cancelling;
    if (word == "CANCELLED") return JobStatus::cancelled;
    return word == "EXPIRED" ? JobStatus::expired : JobStatus::unknown;
}

BatchCounts counts_of(json::object const& metadata) {
    json::object const told = carrier::object_of(metadata, "batchStats");
    BatchCounts counts;
    counts.total = carrier::number_of(told, "requestCount");
    counts.waiting = carrier::number_of(told, "pendingRequestCount");
    counts.succeeded = carrier::number_of(told, "successfulRequestCount");
    counts.failed = carrier::number_of(told, "failedRequestCount");
    return counts;
}

/// Where the answers are: beside the operation, or in what it tells of itself.
json::object output_of(json::object const& given) {
    json::object response = carrier::object_of(given, "response");
    if (response.if_contains("inlinedResponses") != nullptr || response.if_contains("responsesFile") != nullptr) {
        return response;
    }
    return carrier::object_of(carrier::object_of(given, "metadata"), "output");
}

Result<BatchJob> read_batch(carrier::Head const& head, json::object const& given) {
    json::object const metadata = carrier::object_of(given, "metadata");
    BatchJob job;
    job.handle = JobHandle(head.exchange.provider, JobKind::batch, carrier::text_of(given, "name"));
    if (job.handle.id.empty()) job.handle.id = carrier::text_of(metadata, "name");
    if (job.handle.id.empty()) return carrier::lacking(head, "a batch's name");
    job.status_text = carrier::text_of(metadata, "state");
    job.status = status_of(job.status_text);
    job.counts = counts_of(metadata);
    job.created = carrier::seconds_of(metadata, "createTime");
    job.ended = carrier::seconds_of(metadata, "endTime");
    json::object const output = output_of(given);
    job.output_file = carrier::text_of(output, "responsesFile");
    job.has_results = !output.empty();
    if (json::value const* error = given.if_contains("error"); error != nullptr && error->is_object()) {
        carrier::Exchange exchange = head.exchange;
        exchange.status = 0;
        job.error = carrier::http_error(exchange, json_exact::write(given));
        if (job.status == JobStatus::unknown) job.status = JobStatus::failed;
    }
    job.handle.created = job.created;
    job.handle.model = carrier::text_of(metadata, "model");
    if (job.handle.model.starts_with("models/")) job.handle.model.erase(0, 7);
    job.raw = json_exact::write(given);
    return job;
}

Task<BatchJob> one_batch(Shared endpoint, Call call, JobHandle handle) {
    Task<Told> asking = carrier::ask_about(endpoint, std::move(call));
    Result<Told> const told = co_await std::move(asking);
    if (!told) co_return told.error();
    Result<BatchJob> job = read_batch(told->head, told->object);
    if (!job) co_return job.error();
    job->handle.caller = std::move(handle.caller);
    if (job->handle.model.empty()) job->handle.model = std::move(handle.model);
    job->info = carrier::describe(*endpoint, told->head, job->handle.model, Usage());
    co_return job;
}

/// The requests of a batch, which are all to one model.
Result<json::object> inlined(BatchRequest const& request, carrier::Endpoint const& endpoint,
                             std::vector<std::string>& warnings) {
    Result<std::vector<std::string>> const ids = carrier::ids_of(request, most_items, endpoint);
    if (!ids) return ids.error();
    std::string const& model = request.items.front().request.model;
    json::array requests;
    for (std::size_t i = 0; i < request.items.size(); ++i) {
        ChatRequest const& chat = request.items[i].request;
        if (full_model(chat.model) != full_model(model)) {
            return carrier::of_item(fail(Errc::invalid_argument, "model differs; a batch has one here."), i, endpoint);
        }
        Result<carrier::Encoded> encoded = encode_chat(chat);
        if (!encoded) return carrier::of_item(encoded.error(), i, endpoint);
        Result<json::value> body = json_exact::parse(encoded->body, "request", Errc::internal);
        if (!body) return body.error();
        body->as_object()["model"] = full_model(model);
        json::object metadata;
        metadata["key"] = (*ids)[i];
        json::object one;
        one["request"] = std::move(*body);
        one["metadata"] = std::move(metadata);
        requests.push_back(std::move(one));
        for (std::string& warning : encoded->warnings) {
            bool const known = std::find(warnings.begin(), warnings.end(), warning) != warnings.end();
            if (!known) warnings.push_back(std::move(warning));
        }
    }
    json::object list;
    list["requests"] = std::move(requests);
    json::object config;
    config["requests"] = std::move(list);
    return config;
}

Task<BatchJob> create_batch(Shared endpoint, ModelPath path_of, BatchRequest request, CallOptions options) {
    JobHandle known;
    known.caller = options.caller;
    std::vector<std::string> warnings;
    json::object config;
    if (!request.input_file.empty()) {
        known.model = request.model;
        config["fileName"] = request.input_file;
    } else {
        Result<json::object> given = inlined(request, *endpoint, warnings);
        if (!given) co_return given.error();
        known.model = request.items.front().request.model;
        config = std::move(*given);
    }
    Result<std::string> path = path_of(known.model, "batchGenerateContent");
    if (!path) co_return path.error();
    json::object batch;
    batch["displayName"] = request.name.empty() ? std::string("aikit") : request.name;
    batch["inputConfig"] = std::move(config);
    if (Result<void> put = carrier::put_extra(batch, request.extra, "extra"); !put) {
        co_return carrier::named(put.error(), *endpoint);
    }
    if (!request.metadata.empty()) carrier::left_out(warnings, "metadata", "this provider keeps none");
    json::object body;
    body["batch"] = std::move(batch);
    Call call = carrier::plain_call("POST", std::move(*path), std::move(options));
    call.body = json_exact::write(body);
    Task<BatchJob> asking = one_batch(endpoint, std::move(call), std::move(known));
    Result<BatchJob> job = co_await std::move(asking);
    if (job) job->info.warnings = std::move(warnings);
    co_return job;
}

Task<BatchJob> poll_batch(Shared endpoint, JobHandle handle, CallOptions options) {
    Result<std::string> path = named_path(*endpoint, "batches/", handle.id);
    if (!path) co_return path.error();
    Task<BatchJob> asking =
        one_batch(endpoint, carrier::plain_call("GET", std::move(*path), std::move(options)), std::move(handle));
    co_return co_await std::move(asking);
}

/// The answer to it is empty.
Task<BatchJob> cancel_batch(Shared endpoint, JobHandle handle, CallOptions options) {
    Result<std::string> path = named_path(*endpoint, "batches/", handle.id);
    if (!path) co_return path.error();
    Task<Told> asking = carrier::ask(endpoint, carrier::plain_call("POST", *path + ":cancel", std::move(options)));
    Result<Told> const told = co_await std::move(asking);
    if (!told) co_return told.error();
    BatchJob job;
    job.handle = std::move(handle);
    job.handle.provider = endpoint->name;
    job.created = job.handle.created;
    job.status = JobStatus::cancelling;
    job.raw = json_exact::write(told->object);
    job.info = carrier::describe(*endpoint, told->head, job.handle.model, Usage());
    co_return job;
}

Task<BatchList> list_batches(Shared endpoint, PageQuery page, CallOptions options) {
    std::string path = "/batches";
    if (page.limit > 0) carrier::add_query(path, "pageSize", std::to_string(page.limit));
    if (!page.after.empty()) carrier::add_query(path, "pageToken", page.after);
    Task<Told> asking = carrier::ask(endpoint, carrier::plain_call("GET", std::move(path), std::move(options)));
    Result<Told> const told = co_await std::move(asking);
    if (!told) co_return told.error();
    Result<std::vector<json::object>> const given = carrier::list_of(*told, "operations");
    if (!given) co_return given.error();
    BatchList list;
    for (json::object const& one : *given) {
        Result<BatchJob> job = read_batch(told->head, one);
        if (!job) co_return job.error();
        list.jobs.push_back(std::move(*job));
    }
    list.next = carrier::text_of(told->object, "nextPageToken");
    list.info = carrier::describe(*endpoint, told->head, "", Usage());
    co_return list;
}

/// Answers that came with the job.
Result<std::vector<BatchResult>> inlined_results(Told const& told, json::object const& output,
                                                 carrier::Endpoint const& endpoint) {
    Told around;
    around.head.exchange = told.head.exchange;
    around.object = carrier::object_of(output, "inlinedResponses");
    Result<std::vector<json::object>> const given = carrier::list_of(around, "inlinedResponses");
    if (!given) return given.error();
    std::vector<BatchResult> results;
    for (json::object const& one : *given) {
        Result<BatchResult> result = read_result(told.head, one, results.size());
        if (!result) return result.error();
        carrier::tell_result(*result, endpoint, told.head);
        results.push_back(std::move(*result));
    }
    return results;
}

Task<BatchResults> batch_results(Shared endpoint, JobHandle handle, CallOptions options) {
    Result<std::string> path = named_path(*endpoint, "batches/", handle.id);
    if (!path) co_return path.error();
    Task<Told> asking = carrier::ask_about(endpoint, carrier::plain_call("GET", std::move(*path), options));
    Result<Told> const told = co_await std::move(asking);
    if (!told) co_return told.error();
    Result<BatchJob> job = read_batch(told->head, told->object);
    if (!job) co_return job.error();
    job->handle.caller = std::move(handle.caller);
    if (!job->has_results) {
        if (job->error) co_return *job->error;
        co_return carrier::without_results(*job, *endpoint);
    }
    if (job->output_file.empty()) {
        Result<std::vector<BatchResult>> results = inlined_results(*told, output_of(told->object), *endpoint);
        if (!results) co_return carrier::without_key(results.error(), *endpoint, told->head);
        co_return BatchResults(std::move(job->handle), carrier::give(std::move(*results)));
    }
    Result<std::string> const file = named_path(*endpoint, "files/", job->output_file);
    if (!file) co_return file.error();
    carrier::ResultLines lines;
    Call call = carrier::plain_call("GET", *file + ":download?alt=media", std::move(options));
    call.root = under(endpoint->base_url, "download");
    call.accept = "*/*";
    call.streaming = true;
    lines.calls.push_back(std::move(call));
    lines.read = [position = std::size_t{0}](carrier::Head const& head, json::object line) mutable {
        return read_result(head, line, position++);
    };
    lines.expected = job->counts.succeeded;
    co_return BatchResults(std::move(job->handle), carrier::read_lines(endpoint, std::move(lines)));
}

class Batch final : public BatchApi {
public:
    Batch(Shared endpoint, ModelPath path) : endpoint_(std::move(endpoint)), path_(std::move(path)) {}

    Task<BatchJob> create(BatchRequest request, CallOptions options) override {
        return guard(create_batch(endpoint_, path_, std::move(request), std::move(options)));
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
    ModelPath path_;
};

/// By what was sent beside the request; other clients name it otherwise.
std::string key_of(json::object const& given, std::size_t position) {
    std::string key = carrier::text_of(given, "key");
    json::object const metadata = carrier::object_of(given, "metadata");
    for (char const* const name : {"key", "custom_id"}) {
        if (key.empty()) key = carrier::text_of(metadata, name);
    }
    return key.empty() ? std::to_string(position) : key;
}

}  // namespace

Result<BatchResult> read_result(carrier::Head const& head, json::object const& given, std::size_t position) {
    BatchResult result;
    result.custom_id = key_of(given, position);
    carrier::Exchange exchange = head.exchange;
    exchange.status = 0;
    exchange.request_id.clear();
    exchange.retry_after.reset();
    json::object const response = carrier::object_of(given, "response");
    if (!response.empty()) {
        result.reply = decode_chat(exchange, json_exact::write(response));
    } else if (given.if_contains("error") != nullptr) {
        result.reply = carrier::http_error(exchange, json_exact::write(given));
    } else {
        return carrier::lacking(head, "a result's response");
    }
    return result;
}

std::unique_ptr<BatchApi> make_batch(Shared endpoint, ModelPath path) {
    return std::make_unique<Batch>(std::move(endpoint), std::move(path));
}

}  // namespace aikit::inline v0::provider::gemini
