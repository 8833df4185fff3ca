// SPDX-License-Identifier: MIT
// kit/config_telemetry.cpp - what a kit tells of its calls, as JSON.
#include "kit/config_fields.hpp"

namespace aikit::inline v0 {
namespace {

Result<void> read_otlp(json::Fields& parent, std::optional<TelemetryConfig::Otlp>& out) {
    json::object const* const object = parent.take_object("otlp");
    if (object == nullptr) return ok();
    json::Fields fields(*object, parent.path() + ".otlp");
    TelemetryConfig::Otlp read;
    fields.read("endpoint", read.endpoint);
    fields.read("key_header", read.key_header);
    fields.read("key", read.key);
    if (!read.key.empty() && !is_key_reference(read.key)) {
        fields.refuse("key", "must be a reference, \"env:NAME\", \"file:PATH\" or \"callback:NAME\"");
    }
    if (read.key.empty() != read.key_header.empty()) fields.refuse("key_header", "goes with 'key', and neither alone");
    auto const add_header = [&](std::string name, std::string value) {
        read.headers.emplace_back(std::move(name), std::move(value));
    };
    auto const add_resource = [&](std::string name, std::string value) {
        read.resource[std::move(name)] = std::move(value);
    };
    for (Result<void> const& part :
         {read_text_members(fields, "headers", add_header), read_text_members(fields, "resource", add_resource)}) {
        if (!part) return part;
    }
    read_seconds(fields, "span_interval", read.span_interval);
    read_seconds(fields, "metric_interval", read.metric_interval);
    if (Result<void> done = fields.finish(); !done) return done;
    out = std::move(read);
    return ok();
}

json::object texts(std::map<std::string, std::string> const& members) {
    json::object out;
    for (auto const& [name, value] : members) out[name] = value;
    return out;
}

}  // namespace

Result<void> read_telemetry(json::Fields& parent, std::optional<TelemetryConfig>& out) {
    json::object const* const object = parent.take_object("telemetry");
    if (object == nullptr) return ok();
    json::Fields fields(*object, parent.path() + ".telemetry");
    TelemetryConfig read;
    fields.read("prometheus", read.prometheus);
    if (Result<void> part = read_otlp(fields, read.otlp); !part) return part;
    fields.read("sample", read.sample);
    if (!(read.sample >= 0 && read.sample <= 1)) fields.refuse("sample", "must be between 0 and 1");
    fields.read("tell_callers", read.tell_callers);
    fields.read("propagate_trace", read.propagate_trace);
    fields.read("most_series", read.most_series);
    if (Result<void> done = fields.finish(); !done) return done;
    out = std::move(read);
    return ok();
}

json::value write_telemetry(TelemetryConfig const& config) {
    json::object out;
    out["prometheus"] = config.prometheus;
    if (config.otlp) {
        json::object otlp;
        otlp["endpoint"] = config.otlp->endpoint;
        if (!config.otlp->headers.empty()) {
            otlp["headers"] = texts({config.otlp->headers.begin(), config.otlp->headers.end()});
        }
        if (!config.otlp->key.empty()) {
            otlp["key_header"] = config.otlp->key_header;
            otlp["key"] = config.otlp->key;
        }
        if (!config.otlp->resource.empty()) otlp["resource"] = texts(config.otlp->resource);
        otlp["span_interval"] = seconds(config.otlp->span_interval);
        otlp["metric_interval"] = seconds(config.otlp->metric_interval);
        out["otlp"] = std::move(otlp);
    }
    out["sample"] = config.sample;
    out["tell_callers"] = config.tell_callers;
    out["propagate_trace"] = config.propagate_trace;
    out["most_series"] = config.most_series;
    return out;
}

}  // namespace aikit::inline v0
