// SPDX-License-Identifier: MIT
// kit/jobs_json.cpp - jobs, files and results as JSON: our own words, and the provider's under "native".
#include "kit/jobs.hpp"
#include "model/base64.hpp"
#include "model/json_writer.hpp"

#include <aikit/model/json_form.hpp>

namespace aikit::inline v0::jobs {

namespace {

void put_time(JsonWriter& out, std::string_view key, std::int64_t seconds) {
    out.key(key);
    if (seconds == 0) return out.null();
    out.number(seconds);
}

void put_text(JsonWriter& out, std::string_view key, std::string const& text) {
    out.key(key);
    if (text.empty()) return out.null();
    out.text(text);
}

void put_error(JsonWriter& out, std::optional<Error> const& error) {
    out.key("error");
    if (!error) return out.null();
    out.raw(json_form::write_error(*error));
}

void put_native(JsonWriter& out, std::string const& raw) {
    out.key("native").raw(raw.empty() ? std::string("null") : raw);
}

void put_info(JsonWriter& out, CallInfo const& info) {
    out.key("aikit").raw(json_form::write_info(info, true));
}

void put(JsonWriter& out, BatchJob const& job) {
    out.key("id").text(job.handle.id);
    out.key("object").text("batch");
    out.key("status").text(name(job.status));
    put_text(out, "provider_status", job.status_text);
    out.key("ended").boolean(ended(job.status));
    out.key("has_results").boolean(job.has_results);
    out.key("counts").begin_object();
    out.counts({{"total", job.counts.total},
                {"waiting", job.counts.waiting},
                {"succeeded", job.counts.succeeded},
                {"failed", job.counts.failed},
                {"cancelled", job.counts.cancelled},
                {"expired", job.counts.expired}});
    out.end_object();
    put_time(out, "created_at", job.created);
    put_time(out, "started_at", job.started);
    put_time(out, "ended_at", job.ended);
    put_time(out, "expires_at", job.expires);
    put_text(out, "input_file_id", job.input_file);
    put_text(out, "output_file_id", job.output_file);
    put_text(out, "error_file_id", job.error_file);
    put_error(out, job.error);
    out.key("handle").raw(job.handle.to_json());
    put_native(out, job.raw);
}

void put(JsonWriter& out, FileInfo const& file) {
    out.key("id").text(file.id);
    out.key("object").text("file");
    put_text(out, "filename", file.name);
    out.key("bytes").number(file.size);
    put_text(out, "media_type", file.media_type);
    put_text(out, "purpose", file.purpose);
    out.key("status").text(name(file.status));
    put_text(out, "provider_status", file.status_text);
    put_text(out, "uri", file.uri);
    put_time(out, "created_at", file.created);
    put_time(out, "expires_at", file.expires);
    put_native(out, file.raw);
}

void put(JsonWriter& out, FineTuneJob const& job) {
    out.key("id").text(job.handle.id);
    out.key("object").text("fine_tuning.job");
    out.key("status").text(name(job.status));
    put_text(out, "provider_status", job.status_text);
    out.key("ended").boolean(ended(job.status));
    put_text(out, "model", job.model);
    put_text(out, "fine_tuned_model", job.fine_tuned_model);
    put_text(out, "training_file", job.training_file);
    put_text(out, "validation_file", job.validation_file);
    out.key("result_files").begin_array();
    for (std::string const& file : job.result_files) out.text(file);
    out.end_array();
    out.key("trained_tokens").number(job.trained_tokens);
    put_time(out, "created_at", job.created);
    put_time(out, "ended_at", job.ended);
    put_time(out, "estimated_end_at", job.estimated_end);
    put_error(out, job.error);
    out.key("handle").raw(job.handle.to_json());
    put_native(out, job.raw);
}

void put(JsonWriter& out, FineTuneEvent const& event) {
    out.key("id").text(event.id);
    out.key("object").text("fine_tuning.job.event");
    put_time(out, "created_at", event.created);
    out.key("level").text(event.level);
    out.key("message").text(event.message);
    out.key("data").raw(event.data.empty() ? std::string("null") : event.data);
    put_native(out, event.raw);
}

template <class Item>
std::string one(Item const& item) {
    std::string text;
    JsonWriter out(text);
    out.begin_object();
    put(out, item);
    put_info(out, item.info);
    out.end_object();
    return text;
}

template <class Item>
std::string many(std::vector<Item> const& items, std::string const& next, CallInfo const& info) {
    std::string text;
    JsonWriter out(text);
    out.begin_object();
    out.key("object").text("list");
    out.key("data").begin_array();
    for (Item const& item : items) {
        out.begin_object();
        put(out, item);
        out.end_object();
    }
    out.end_array();
    put_text(out, "next", next);
    put_info(out, info);
    out.end_object();
    return text;
}

}  // namespace

std::string write(BatchJob const& job) {
    return one(job);
}

std::string write(BatchList const& list) {
    return many(list.jobs, list.next, list.info);
}

std::string write(BatchResult const& result) {
    std::string text;
    JsonWriter out(text);
    out.begin_object();
    out.key("custom_id").text(result.custom_id);
    if (result.reply) {
        out.key("reply").raw(json_form::write_reply(*result.reply));
    } else {
        out.key("error").raw(json_form::write_error(result.reply.error()));
    }
    out.end_object();
    return text;
}

std::string write(FileInfo const& file) {
    return one(file);
}

std::string write(FileList const& list) {
    return many(list.files, list.next, list.info);
}

std::string write(FileContent const& content, std::string const& id) {
    std::string text;
    JsonWriter out(text);
    out.begin_object();
    out.key("id").text(id);
    out.key("object").text("file.content");
    out.key("bytes").number(static_cast<std::int64_t>(content.data.size()));
    put_text(out, "media_type", content.media_type);
    out.key("data").text(to_base64(content.data));
    put_info(out, content.info);
    out.end_object();
    return text;
}

std::string write(FineTuneJob const& job) {
    return one(job);
}

std::string write(FineTuneList const& list) {
    return many(list.jobs, list.next, list.info);
}

std::string write(FineTuneEvents const& events) {
    return many(events.events, events.next, events.info);
}

}  // namespace aikit::inline v0::jobs
