// SPDX-License-Identifier: MIT
// model/jobs.cpp - handles of jobs as JSON, words for how they stand, and what reading results promises.
#include "core/async.hpp"
#include "core/json.hpp"

#include <aikit/model/batch.hpp>
#include <aikit/model/files.hpp>
#include <aikit/model/fine_tune.hpp>

namespace aikit::inline v0 {

BatchApi::~BatchApi() = default;
FilesApi::~FilesApi() = default;
FineTuneApi::~FineTuneApi() = default;

char const* name(JobKind kind) noexcept {
    return kind == JobKind::batch ? "batch" : "fine_tune";
}

char const* name(JobStatus status) noexcept {
    switch (status) {
        case JobStatus::unknown: break;
        case JobStatus::waiting: return "waiting";
        case JobStatus::running: return "running";
        case JobStatus::paused: return "paused";
        case JobStatus::cancelling: return "cancelling";
        case JobStatus::succeeded: return "succeeded";
        case JobStatus::failed: return "failed";
        case JobStatus::cancelled: return "cancelled";
        case JobStatus::expired: return "expired";
    }
    return "unknown";
}

char const* name(FileStatus status) noexcept {
    switch (status) {
        case FileStatus::unknown: break;
        case FileStatus::processing: return "processing";
        case FileStatus::ready: return "ready";
        case FileStatus::failed: return "failed";
    }
    return "unknown";
}

bool ended(JobStatus status) noexcept {
    return status == JobStatus::succeeded || status == JobStatus::failed || status == JobStatus::cancelled ||
           status == JobStatus::expired;
}

std::string JobHandle::to_json() const {
    json::object out;
    out["provider"] = provider;
    out["kind"] = aikit::name(kind);
    out["id"] = id;
    if (!model.empty()) out["model"] = model;
    if (created != 0) out["created"] = created;
    json::object who;
    for (auto const& [member, value] :
         {std::pair{"tenant", &caller.tenant}, std::pair{"user", &caller.user}, std::pair{"key", &caller.key},
          std::pair{"project", &caller.project}, std::pair{"tier", &caller.tier}}) {
        if (!value->empty()) who[member] = *value;
    }
    if (!caller.tags.empty()) who["tags"] = json::array(caller.tags.begin(), caller.tags.end());
    if (!who.empty()) out["caller"] = std::move(who);
    return json::serialize(out);
}

Result<JobHandle> JobHandle::from_json(std::string_view text) {
    Result<json::value> const document = json::parse(text, "handle", Errc::invalid_argument);
    if (!document) return document.error();
    if (!document->is_object()) return fail(Errc::invalid_argument, "The handle of the job is no JSON object.");
    JobHandle handle;
    std::string kind;
    json::Fields fields(document->get_object(), "handle");
    fields.read("provider", handle.provider);
    fields.read("kind", kind);
    fields.read("id", handle.id);
    fields.read("model", handle.model);
    fields.read("created", handle.created);
    if (handle.id.empty()) fields.refuse("id", "must be the job's id");
    if (kind != "batch" && kind != "fine_tune") fields.refuse("kind", "must be batch or fine_tune");
    handle.kind = kind == "batch" ? JobKind::batch : JobKind::fine_tune;
    if (json::object const* who = fields.take_object("caller")) {
        json::Fields caller(*who, "handle.caller");
        caller.read("tenant", handle.caller.tenant);
        caller.read("user", handle.caller.user);
        caller.read("key", handle.caller.key);
        caller.read("project", handle.caller.project);
        caller.read("tier", handle.caller.tier);
        if (json::array const* tags = caller.take_array("tags")) {
            for (json::value const& tag : *tags) {
                if (!tag.is_string()) caller.refuse("tags", "must be a list of texts");
                if (tag.is_string()) handle.caller.tags.emplace_back(tag.get_string());
            }
        }
        if (Result<void> good = caller.finish(); !good) return good.error();
    }
    if (Result<void> good = fields.finish(); !good) return good.error();
    return handle;
}

Task<std::optional<BatchResult>> BatchResults::next() {
    if (busy_) co_return fail(Errc::invalid_state, "The results are being read already; wait for that next() first.");
    if (failed_) co_return fail(Errc::invalid_state, "The results have ended with an error; nothing more comes.");
    if (!source_) co_return std::optional<BatchResult>();
    busy_ = true;
    Result<std::optional<BatchResult>> result;
    try {
        Task<std::optional<BatchResult>> pending = source_->next();
        result = co_await std::move(pending);
    } catch (...) {
        result = current_exception_error();
    }
    busy_ = false;
    failed_ = !result;
    if (result && !*result) source_.reset();
    co_return result;
}

}  // namespace aikit::inline v0
