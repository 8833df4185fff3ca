// SPDX-License-Identifier: MIT
// model/openai_form/options.cpp - what stands under a request's "aikit": CallOptions, field for field.
#include "model/openai_form/form.hpp"

#include <aikit/core/trace.hpp>

#include <cmath>

namespace aikit::inline v0::openai_form {

namespace {

constexpr double longest_seconds = 1e9;

void read_seconds(json::Fields& fields, std::string_view key, std::optional<std::chrono::milliseconds>& out) {
    std::optional<double> seconds;
    fields.read(key, seconds);
    if (!seconds) return;
    if (!std::isfinite(*seconds) || std::abs(*seconds) > longest_seconds) {
        return fields.refuse(key, "must be a number of seconds");
    }
    out = std::chrono::milliseconds(std::llround(*seconds * 1000));
}

Result<void> read_limits(json::object const& given, CallLimits& out) {
    json::Fields fields(given, "aikit.timeouts");
    read_seconds(fields, "connect", out.connect);
    read_seconds(fields, "first_byte", out.first_byte);
    read_seconds(fields, "idle", out.idle);
    read_seconds(fields, "total", out.total);
    return fields.finish();
}

Result<void> read_caller(json::object const& given, Caller& out) {
    json::Fields fields(given, "aikit.caller");
    fields.read("tenant", out.tenant);
    fields.read("user", out.user);
    fields.read("key", out.key);
    fields.read("project", out.project);
    fields.read("tier", out.tier);
    if (json::array const* tags = fields.take_array("tags")) {
        for (json::value const& tag : *tags) {
            if (!tag.is_string()) {
                fields.refuse("tags", "must be a list of strings");
                break;
            }
            out.tags.emplace_back(tag.get_string());
        }
    }
    return fields.finish();
}

void read_words(json::Fields& fields, CallOptions& out) {
    std::optional<std::string> privacy;
    fields.read("privacy", privacy);
    if (privacy == "sensitive") out.privacy = Privacy::sensitive;
    if (privacy && *privacy != "sensitive" && *privacy != "normal") {
        fields.refuse("privacy", "must be normal or sensitive");
    }
    std::optional<std::string> replay;
    fields.read("replay", replay);
    if (replay == "never") out.replay = Replay::never;
    if (replay == "any") out.replay = Replay::any;
    if (replay && *replay != "never" && *replay != "any" && *replay != "other_deployment") {
        fields.refuse("replay", "must be other_deployment, never or any");
    }
    fields.read("resume", out.resume);
    std::optional<std::string> cache;
    fields.read("cache", cache);
    if (cache == "refresh") out.cache = CacheUse::refresh;
    if (cache == "bypass") out.cache = CacheUse::bypass;
    if (cache && *cache != "refresh" && *cache != "bypass" && *cache != "use") {
        fields.refuse("cache", "must be use, refresh or bypass");
    }
}

}  // namespace

Result<void> read_options(json::object const& given, CallOptions& out) {
    if (given.empty()) return ok();
    json::Fields fields(given, "aikit");
    if (json::object const* timeouts = fields.take_object("timeouts")) {
        if (Result<void> read = read_limits(*timeouts, out.limits); !read) return read;
    }
    if (json::object const* caller = fields.take_object("caller")) {
        if (Result<void> read = read_caller(*caller, out.caller); !read) return read;
    }
    read_words(fields, out);
    fields.read("priority", out.priority);
    if (out.priority < -100 || out.priority > 100) fields.refuse("priority", "must be between -100 and 100");
    fields.read("max_retries", out.max_retries);
    if (out.max_retries && (*out.max_retries < 0 || *out.max_retries > 10)) {
        fields.refuse("max_retries", "must be between 0 and 10");
    }
    fields.read("repairs", out.repairs);
    if (out.repairs && (*out.repairs < 0 || *out.repairs > 10)) fields.refuse("repairs", "must be between 0 and 10");
    fields.read("idempotency_key", out.idempotency_key);
    fields.read("request_id", out.request_id);
    fields.read("region", out.region);
    fields.read("trace", out.trace);
    if (!out.trace.empty() && !TraceContext::parse(out.trace)) fields.refuse("trace", "must be a W3C traceparent");
    return fields.finish();
}

}  // namespace aikit::inline v0::openai_form
