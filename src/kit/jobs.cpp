// SPDX-License-Identifier: MIT
// kit/jobs.cpp - reads what is asked of batches, files and trainings, and asks the provider.
#include "kit/jobs.hpp"

#include "core/async.hpp"
#include "core/os/files.hpp"
#include "model/base64.hpp"
#include "model/json_exact.hpp"
#include "model/openai_form/form.hpp"

#include <aikit/model/json_form.hpp>

#include <array>

namespace aikit::inline v0::jobs {

namespace {

constexpr std::int64_t most_file_bytes = 512 * 1024 * 1024;

/// What is asked, before its own members are read.
struct Asked {
    Asked() = default;

    json::object given;
    std::string provider;
    CallOptions options;
};

Result<Asked> read_asked(std::string_view request) {
    Result<json::value> document =
        json_exact::parse(request.empty() ? "{}" : request, "request", Errc::invalid_argument);
    if (!document) return document.error();
    if (!document->is_object()) return openai_form::wrong("request", "must be an object");
    Asked asked;
    asked.given = std::move(document->get_object());
    if (json::value const* house = asked.given.if_contains("aikit")) {
        if (!house->is_object()) return openai_form::wrong("aikit", "must be an object");
        if (Result<void> read = openai_form::read_options(house->get_object(), asked.options); !read) {
            return read.error();
        }
        asked.given.erase("aikit");
    }
    asked.given.erase("stream");  // says how the results are wanted, which is the caller's
    if (json::value const* provider = asked.given.if_contains("provider")) {
        if (!provider->is_string()) return openai_form::wrong("provider", "must be the name of a provider");
        asked.provider = std::string(provider->get_string());
        asked.given.erase("provider");
    }
    return asked;
}

/// A member that is an object, as text; empty: there is none.
std::string object_text(json::Fields& fields, std::string_view key) {
    json::object const* given = fields.take_object(key);
    return given == nullptr ? std::string() : json_exact::write(*given);
}

Result<PageQuery> read_page(json::Fields& fields) {
    PageQuery page;
    fields.read("limit", page.limit);
    fields.read("after", page.after);
    if (page.limit < 0) fields.refuse("limit", "must be 0 or more");
    return page;
}

/// "handle", as it was handed out, or just an "id".
Result<JobHandle> read_handle(json::Fields& fields, Asked& asked, JobKind kind) {
    JobHandle handle(asked.provider, kind, std::string());
    fields.read("id", handle.id);
    if (json::object const* given = fields.take_object("handle")) {
        Result<JobHandle> read = JobHandle::from_json(json_exact::write(*given));
        if (!read) return read.error();
        if (read->kind != kind) return openai_form::wrong("handle.kind", "is of another kind of job");
        handle = std::move(*read);
        if (asked.provider.empty()) asked.provider = handle.provider;
    }
    if (handle.id.empty()) fields.refuse("id", "is missing; give the id or the handle of the job");
    return handle;
}

template <class Api>
Result<Api*> service(AIProvider& provider, Api* (AIProvider::*of)() noexcept, char const* what) {
    Api* const api = (provider.*of)();
    if (api != nullptr) return api;
    Error error = fail(Errc::unsupported, "The provider " + provider.name() + " has no " + what + ".");
    error.provider = provider.name();
    return error;
}

/// Awaits a reply and writes it. Whoever asks keeps the kit.
template <class T>
Task<std::string> written(Task<T> pending) {
    Result<T> const reply = co_await std::move(pending);
    if (!reply) co_return reply.error();
    co_return write(*reply);
}

// ---- batches ----

/// "provider/model", where that is the provider's own name.
void strip(std::string& model, std::string const& provider) {
    if (model.size() > provider.size() && model.starts_with(provider) && model[provider.size()] == '/') {
        model.erase(0, provider.size() + 1);
    }
}

Result<std::vector<BatchItem>> read_items(json::array const& given, std::string const& provider) {
    std::vector<BatchItem> items;
    items.reserve(given.size());
    for (json::value const& one : given) {
        std::string const path = "requests[" + std::to_string(items.size()) + "]";
        json::value const* body = json::find(one, "body");
        if (body == nullptr || !body->is_object())
            return openai_form::wrong(path + ".body", "must be a chat's request");
        if (body->get_object().if_contains("aikit") != nullptr) {
            return openai_form::wrong(path + ".body.aikit", "belongs to the whole batch");
        }
        Result<json_form::ChatCall> call = json_form::read_chat(json_exact::write(*body));
        if (!call) {
            Error error = call.error();
            error.message = "In " + path + ": " + error.message;
            return error;
        }
        BatchItem& item = items.emplace_back();
        if (json::value const* id = json::find(one, "custom_id"); id != nullptr && !id->is_null()) {
            if (!id->is_string()) return openai_form::wrong(path + ".custom_id", "must be a text");
            item.custom_id = std::string(id->get_string());
        }
        item.request = std::move(call->request);
        strip(item.request.model, provider);
    }
    return items;
}

Result<BatchRequest> read_batch(Asked const& asked, std::string const& provider) {
    BatchRequest request;
    json::Fields fields(asked.given, "request");
    if (json::array const* items = fields.take_array("requests")) {
        Result<std::vector<BatchItem>> read = read_items(*items, provider);
        if (!read) return read.error();
        request.items = std::move(*read);
    }
    fields.read("input_file_id", request.input_file);
    fields.read("endpoint", request.endpoint);
    fields.read("model", request.model);
    fields.read("name", request.name);
    request.metadata = object_text(fields, "metadata");
    request.extra = object_text(fields, "extra");
    if (!request.items.empty() && !request.input_file.empty()) {
        fields.refuse("input_file_id", "must not stand beside requests");
    }
    if (Result<void> good = fields.finish(); !good) return good.error();
    for (BatchItem& item : request.items) {
        if (item.request.model.empty()) item.request.model = request.model;
    }
    return request;
}

Task<std::string> all_results(Task<BatchResults> opening, TakeResult take) {
    Result<BatchResults> results = co_await std::move(opening);
    if (!results) co_return results.error();
    std::string data;
    std::int64_t count = 0;
    std::int64_t failed = 0;
    while (true) {
        Task<std::optional<BatchResult>> pulling = results->next();
        Result<std::optional<BatchResult>> const result = co_await std::move(pulling);
        if (!result) co_return result.error();
        if (!*result) break;
        ++count;
        if (!(*result)->reply) ++failed;
        if (take) {
            Task<void> taking = take(write(**result));
            Result<void> const taken = co_await std::move(taking);
            if (!taken) co_return taken.error();
        } else {
            data.append(data.empty() ? "" : ",").append(write(**result));
        }
    }
    co_return R"({"object":"batch.results","data":[)" + data + R"(],"count":)" + std::to_string(count) +
        R"(,"failed":)" + std::to_string(failed) + R"(,"handle":)" + results->handle().to_json() + "}";
}

Result<Task<std::string>> start_batch(Kit const& kit, std::string const& what, Asked asked, TakeResult take) {
    json::Fields fields(asked.given, "request");
    JobHandle handle;
    PageQuery page;
    if (what == "list") {
        Result<PageQuery> read = read_page(fields);
        page = *read;
    } else if (what != "create") {
        Result<JobHandle> read = read_handle(fields, asked, JobKind::batch);
        if (!read) return read.error();
        handle = std::move(*read);
    }
    if (what != "create") {
        if (Result<void> good = fields.finish(); !good) return good.error();
    }
    Result<std::shared_ptr<AIProvider>> provider = kit.find_provider(asked.provider, asked.options.privacy);
    if (!provider) return provider.error();
    Result<BatchApi*> const api = service(**provider, &AIProvider::batch, "batches");
    if (!api) return api.error();
    if (what == "create") {
        Result<BatchRequest> request = read_batch(asked, (*provider)->name());
        if (!request) return request.error();
        return written((*api)->create(std::move(*request), std::move(asked.options)));
    }
    if (what == "poll") return written((*api)->poll(std::move(handle), std::move(asked.options)));
    if (what == "cancel") return written((*api)->cancel(std::move(handle), std::move(asked.options)));
    if (what == "list") return written((*api)->list(std::move(page), std::move(asked.options)));
    return all_results((*api)->results(std::move(handle), std::move(asked.options)), std::move(take));
}

// ---- files ----

/// Where the bytes of an upload are.
struct Source {
    Source() = default;

    FileUpload file;
    std::string path;  ///< To be read; empty: they are in `file`.
};

Result<Source> read_upload(json::Fields& fields) {
    Source source;
    std::optional<std::string> data;
    std::optional<std::string> text;
    fields.read("name", source.file.name);
    fields.read("media_type", source.file.media_type);
    fields.read("purpose", source.file.purpose);
    fields.read("expires_after", source.file.expires_after);
    fields.read("path", source.path);
    fields.read("data", data);
    fields.read("text", text);
    int const given = (source.path.empty() ? 0 : 1) + (data ? 1 : 0) + (text ? 1 : 0);
    if (given != 1) fields.refuse("path", "or data or text must be given, and one of them only");
    if (data) {
        std::optional<std::string> bytes = from_base64(*data);
        if (!bytes) fields.refuse("data", "must be base64");
        if (bytes) source.file.data = std::move(*bytes);
    }
    if (text) source.file.data = std::move(*text);
    if (source.file.name.empty()) source.file.name = source.path.substr(source.path.find_last_of('/') + 1);
    if (Result<void> good = fields.finish(); !good) return good.error();
    return source;
}

/// Reading a file touches the disk, so it runs beside the loop.
Task<std::string> upload(Kit kit, FilesApi* api, Source source, CallOptions options) {
    if (!source.path.empty()) {
        std::function<Result<std::string>()> read = [path = source.path] {
            return os::read_regular_file(path, most_file_bytes);
        };
        Task<std::string> reading = run_on<std::string>(kit.runtime().cpu(), std::move(read));
        Result<std::string> bytes = co_await std::move(reading);
        if (!bytes) co_return bytes.error();
        source.file.data = std::move(*bytes);
    }
    Task<FileInfo> uploading = api->upload(std::move(source.file), std::move(options));
    Result<FileInfo> const file = co_await std::move(uploading);
    if (!file) co_return file.error();
    co_return write(*file);
}

Task<std::string> content(Task<FileContent> pending, std::string id) {
    Result<FileContent> const given = co_await std::move(pending);
    if (!given) co_return given.error();
    co_return write(*given, id);
}

Result<Task<std::string>> start_files(Kit const& kit, std::string const& what, Asked asked) {
    json::Fields fields(asked.given, "request");
    Result<Source> source;
    std::string id;
    std::string purpose;
    PageQuery page;
    if (what == "upload") {
        source = read_upload(fields);
        if (!source) return source.error();
    } else if (what == "list") {
        fields.read("purpose", purpose);
        page = *read_page(fields);
    } else {
        fields.read("id", id);
        if (id.empty()) fields.refuse("id", "is missing");
    }
    if (Result<void> good = fields.finish(); !good) return good.error();
    Result<std::shared_ptr<AIProvider>> provider = kit.find_provider(asked.provider, asked.options.privacy);
    if (!provider) return provider.error();
    Result<FilesApi*> const api = service(**provider, &AIProvider::files, "files");
    if (!api) return api.error();
    if (what == "upload") return upload(kit, *api, std::move(*source), std::move(asked.options));
    if (what == "list") {
        return written((*api)->list(std::move(purpose), std::move(page), std::move(asked.options)));
    }
    if (what == "find") return written((*api)->find(std::move(id), std::move(asked.options)));
    if (what == "remove") return written((*api)->remove(std::move(id), std::move(asked.options)));
    return content((*api)->content(id, std::move(asked.options)), id);
}

// ---- trainings ----

Result<FineTuneRequest> read_training(json::Fields& fields) {
    FineTuneRequest request;
    fields.read("model", request.model);
    fields.read("training_file", request.training_file);
    fields.read("validation_file", request.validation_file);
    fields.read("suffix", request.suffix);
    fields.read("seed", request.seed);
    fields.read("method", request.method);
    request.hyperparameters = object_text(fields, "hyperparameters");
    request.extra = object_text(fields, "extra");
    if (Result<void> good = fields.finish(); !good) return good.error();
    return request;
}

Result<Task<std::string>> start_training(Kit const& kit, std::string const& what, Asked asked) {
    json::Fields fields(asked.given, "request");
    Result<FineTuneRequest> request;
    JobHandle handle;
    PageQuery page;
    if (what == "create") {
        request = read_training(fields);
        if (!request) return request.error();
    } else {
        if (what == "list" || what == "events") page = *read_page(fields);
        if (what != "list") {
            Result<JobHandle> read = read_handle(fields, asked, JobKind::fine_tune);
            if (!read) return read.error();
            handle = std::move(*read);
        }
        if (Result<void> good = fields.finish(); !good) return good.error();
    }
    Result<std::shared_ptr<AIProvider>> provider = kit.find_provider(asked.provider, asked.options.privacy);
    if (!provider) return provider.error();
    Result<FineTuneApi*> const api = service(**provider, &AIProvider::fine_tune, "fine-tuning");
    if (!api) return api.error();
    if (what == "create") {
        strip(request->model, (*provider)->name());
        return written((*api)->create(std::move(*request), std::move(asked.options)));
    }
    if (what == "poll") return written((*api)->poll(std::move(handle), std::move(asked.options)));
    if (what == "cancel") return written((*api)->cancel(std::move(handle), std::move(asked.options)));
    if (what == "list") return written((*api)->list(std::move(page), std::move(asked.options)));
    return written((*api)->events(std::move(handle), std::move(page), std::move(asked.options)));
}

bool is_action(std::string_view action) noexcept {
    constexpr std::array<std::string_view, 15> known{
        "batch.create",     "batch.poll",     "batch.results",    "batch.cancel",     "batch.list",
        "files.upload",     "files.find",     "files.list",       "files.content",    "files.remove",
        "fine_tune.create", "fine_tune.poll", "fine_tune.events", "fine_tune.cancel", "fine_tune.list"};
    for (std::string_view const one : known) {
        if (one == action) return true;
    }
    return false;
}

Task<std::string> run_task(Kit kit, std::string action, std::string request, TakeResult take) {
    if (!is_action(action)) {
        co_return fail(Errc::invalid_argument, "There is no action of that name; see batch.create and its like.");
    }
    Result<Asked> asked = read_asked(request);
    if (!asked) co_return asked.error();
    std::size_t const dot = action.find('.');
    std::string const of = action.substr(0, dot);
    std::string const what = action.substr(dot + 1);
    Result<Task<std::string>> started = of == "batch"   ? start_batch(kit, what, std::move(*asked), std::move(take))
                                        : of == "files" ? start_files(kit, what, std::move(*asked))
                                                        : start_training(kit, what, std::move(*asked));
    if (!started) co_return started.error();
    Task<std::string> pending = std::move(*started);
    co_return co_await std::move(pending);
}

}  // namespace

Task<std::string> run(Kit kit, std::string action, std::string request, TakeResult take) {
    return guard(run_task(std::move(kit), std::move(action), std::move(request), std::move(take)));
}

}  // namespace aikit::inline v0::jobs
