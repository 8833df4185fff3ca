// SPDX-License-Identifier: MIT
// provider/openai_wire/fine_tune.cpp - training of one's own models, as OpenAI offers it.
#include "core/async.hpp"
#include "model/json_exact.hpp"
#include "provider/openai_wire/jobs.hpp"

namespace aikit::inline v0::provider::openai_wire {

namespace {

using carrier::Call;
using carrier::Told;

using Shared = std::shared_ptr<Endpoint const>;

constexpr char const* folder = "/fine_tuning/jobs";

JobStatus status_of(std::string_view word) noexcept {
    if (word == "validating_files" || word == "queued" || word == "pending" || word == "notRunning") {
        return JobStatus::waiting;
    }
    if (word == "running") return JobStatus::running;
    if (word == "paused") return JobStatus::paused;
    if (word == "succeeded") return JobStatus::succeeded;
    if (word == "failed") return JobStatus::failed;
    if (word == "cancelling") return JobStatus::cancelling;
    return word == "cancelled" || word == "canceled" ? JobStatus::cancelled : JobStatus::unknown;
}

Result<FineTuneJob> read_job(carrier::Head const& head, json::object const& given) {
    FineTuneJob job;
    job.handle = JobHandle(head.exchange.provider, JobKind::fine_tune, carrier::text_of(given, "id"));
    if (job.handle.id.empty()) return carrier::lacking(head, "a training's id");
    job.status_text = carrier::text_of(given, "status");
    job.status = status_of(job.status_text);
    job.model = carrier::text_of(given, "model");
    job.fine_tuned_model = carrier::text_of(given, "fine_tuned_model");
    job.training_file = carrier::text_of(given, "training_file");
    job.validation_file = carrier::text_of(given, "validation_file");
    if (json::value const* files = given.if_contains("result_files"); files != nullptr && files->is_array()) {
        for (json::value const& file : files->get_array()) {
            if (file.is_string()) job.result_files.emplace_back(file.get_string());
        }
    }
    job.trained_tokens = carrier::number_of(given, "trained_tokens");
    job.created = carrier::seconds_of(given, "created_at");
    job.ended = carrier::seconds_of(given, "finished_at");
    job.estimated_end = carrier::seconds_of(given, "estimated_finish");
    // An object without members stands for none.
    if (json::object const error = carrier::object_of(given, "error"); !carrier::text_of(error, "message").empty()) {
        job.error = carrier::reply_error(head.exchange, Errc::invalid_request,
                                         "The training failed at the provider " + head.exchange.provider + ".",
                                         json_exact::write(error));
        job.error->http_status = 0;
        job.error->provider_code = carrier::text_of(error, "code");
    }
    job.handle.created = job.created;
    job.handle.model = job.model;
    job.raw = json_exact::write(given);
    return job;
}

Result<FineTuneEvent> read_event(carrier::Head const&, json::object const& given) {
    FineTuneEvent event;
    event.id = carrier::text_of(given, "id");
    event.created = carrier::seconds_of(given, "created_at");
    event.level = carrier::text_of(given, "level");
    event.message = carrier::text_of(given, "message");
    if (json::object const data = carrier::object_of(given, "data"); !data.empty())
        event.data = json_exact::write(data);
    event.raw = json_exact::write(given);
    return event;
}

Task<FineTuneJob> one_job(Shared endpoint, Call call, Caller caller) {
    Task<Told> asking = carrier::ask_about(endpoint, std::move(call));
    Result<Told> const told = co_await std::move(asking);
    if (!told) co_return told.error();
    Result<FineTuneJob> job = read_job(told->head, told->object);
    if (!job) co_return job.error();
    job->handle.caller = std::move(caller);
    job->info = carrier::describe(*endpoint, told->head, job->model, Usage());
    co_return job;
}

Result<json::object> body_of(FineTuneRequest const& request) {
    auto const wrong = [](char const* field, char const* why) {
        return fail(Errc::invalid_argument, std::string("The request is wrong: ") + field + " " + why + ".");
    };
    if (request.model.empty()) return wrong("model", "is missing");
    if (request.training_file.empty()) return wrong("training_file", "is missing; it is the id of an uploaded file");
    json::object body;
    body["model"] = request.model;
    body["training_file"] = request.training_file;
    if (!request.validation_file.empty()) body["validation_file"] = request.validation_file;
    if (!request.suffix.empty()) body["suffix"] = request.suffix;
    if (request.seed) body["seed"] = *request.seed;
    if (!request.method.empty() || !request.hyperparameters.empty()) {
        std::string const type = request.method.empty() ? "supervised" : request.method;
        json::object method;
        method["type"] = type;
        if (!request.hyperparameters.empty()) {
            Result<json::value> given =
                json_exact::parse(request.hyperparameters, "hyperparameters", Errc::invalid_argument);
            if (!given || !given->is_object()) return wrong("hyperparameters", "must be a JSON object");
            json::object of_type;
            of_type["hyperparameters"] = std::move(*given);
            method[type] = std::move(of_type);
        }
        body["method"] = std::move(method);
    }
    if (Result<void> put = carrier::put_extra(body, request.extra, "extra"); !put) return put.error();
    return body;
}

Task<FineTuneJob> create_job(Shared endpoint, FineTuneRequest request, CallOptions options) {
    Result<json::object> const body = body_of(request);
    if (!body) co_return carrier::named(body.error(), *endpoint);
    Caller caller = options.caller;
    Call call = carrier::plain_call("POST", endpoint->path(folder, ""), std::move(options));
    call.body = json_exact::write(*body);
    Task<FineTuneJob> asking = one_job(endpoint, std::move(call), std::move(caller));
    co_return co_await std::move(asking);
}

/// Asks about a job, or does something to it.
Task<FineTuneJob> at_job(Shared endpoint, JobHandle handle, char const* method, char const* rest, CallOptions options) {
    if (Result<void> good = carrier::check_id(*endpoint, handle.id, "training"); !good) co_return good.error();
    Call call = carrier::plain_call(method, item_path(*endpoint, folder, handle.id, rest), std::move(options));
    Task<FineTuneJob> asking = one_job(endpoint, std::move(call), std::move(handle.caller));
    co_return co_await std::move(asking);
}

Task<Told> ask_page(Shared endpoint, std::string path, PageQuery page, CallOptions options) {
    if (page.limit > 0) carrier::add_query(path, "limit", std::to_string(page.limit));
    if (!page.after.empty()) carrier::add_query(path, "after", page.after);
    return carrier::ask(endpoint, carrier::plain_call("GET", std::move(path), std::move(options)));
}

Task<FineTuneEvents> job_events(Shared endpoint, JobHandle handle, PageQuery page, CallOptions options) {
    if (Result<void> good = carrier::check_id(*endpoint, handle.id, "training"); !good) co_return good.error();
    std::string path = item_path(*endpoint, folder, handle.id, "/events");
    Task<Told> asking = ask_page(endpoint, std::move(path), std::move(page), std::move(options));
    Result<Told> const told = co_await std::move(asking);
    if (!told) co_return told.error();
    FineTuneEvents events;
    if (Result<void> read = read_page(*told, events.events, events.next, read_event); !read) co_return read.error();
    events.info = carrier::describe(*endpoint, told->head, "", Usage());
    co_return events;
}

Task<FineTuneList> list_jobs(Shared endpoint, PageQuery page, CallOptions options) {
    Task<Told> asking = ask_page(endpoint, endpoint->path(folder, ""), std::move(page), std::move(options));
    Result<Told> const told = co_await std::move(asking);
    if (!told) co_return told.error();
    FineTuneList list;
    if (Result<void> read = read_page(*told, list.jobs, list.next, read_job); !read) co_return read.error();
    list.info = carrier::describe(*endpoint, told->head, "", Usage());
    co_return list;
}

class FineTune final : public FineTuneApi {
public:
    explicit FineTune(Shared endpoint) : endpoint_(std::move(endpoint)) {}

    Task<FineTuneJob> create(FineTuneRequest request, CallOptions options) override {
        return guard(create_job(endpoint_, std::move(request), std::move(options)));
    }
    Task<FineTuneJob> poll(JobHandle handle, CallOptions options) override {
        return guard(at_job(endpoint_, std::move(handle), "GET", "", std::move(options)));
    }
    Task<FineTuneEvents> events(JobHandle handle, PageQuery page, CallOptions options) override {
        return guard(job_events(endpoint_, std::move(handle), std::move(page), std::move(options)));
    }
    Task<FineTuneJob> cancel(JobHandle handle, CallOptions options) override {
        return guard(at_job(endpoint_, std::move(handle), "POST", "/cancel", std::move(options)));
    }
    Task<FineTuneList> list(PageQuery page, CallOptions options) override {
        return guard(list_jobs(endpoint_, std::move(page), std::move(options)));
    }

private:
    Shared endpoint_;
};

}  // namespace

std::unique_ptr<FineTuneApi> make_fine_tune(Shared endpoint) {
    return std::make_unique<FineTune>(std::move(endpoint));
}

}  // namespace aikit::inline v0::provider::openai_wire
