// SPDX-License-Identifier: MIT
// telemetry/otlp_form.cpp - writing OTLP's JSON.
//
// Ids are hexadecimal, 64-bit integers are strings, enumerations are numbers, names are in lowerCamelCase.
#include "telemetry/otlp_form.hpp"

#include "core/json.hpp"

#include <aikit/core/config.hpp>

#include <algorithm>
#include <limits>

namespace aikit::inline v0::telemetry {
namespace {

constexpr int kind_internal = 1;
constexpr int kind_client = 3;
constexpr int cumulative = 2;

std::string nanos(SystemTime time) {
    return std::to_string(std::chrono::duration_cast<std::chrono::nanoseconds>(time.time_since_epoch()).count());
}

json::object string_value(std::string_view text) {
    json::object value;
    value["stringValue"] = scrubbed(text);
    return value;
}

json::object value_of(std::string const& text) {
    return string_value(text);
}
json::object value_of(std::int64_t number) {
    json::object value;
    value["intValue"] = std::to_string(number);
    return value;
}
json::object value_of(double number) {
    json::object value;
    value["doubleValue"] = number;
    return value;
}
json::object value_of(bool truth) {
    json::object value;
    value["boolValue"] = truth;
    return value;
}
json::object value_of(std::vector<std::string> const& texts) {
    json::array values;
    for (std::string const& text : texts) values.emplace_back(string_value(text));
    json::object list;
    list["values"] = std::move(values);
    json::object value;
    value["arrayValue"] = std::move(list);
    return value;
}

void add(json::array& attributes, std::string_view key, json::object value) {
    json::object attribute;
    attribute["key"] = scrubbed(key);
    attribute["value"] = std::move(value);
    attributes.emplace_back(std::move(attribute));
}

template <class Fields>
json::array attributes_of(Fields const& fields) {
    json::array attributes;
    for (auto const& field : fields) {
        add(attributes, field.key, std::visit([](auto const& value) { return value_of(value); }, field.value));
    }
    return attributes;
}

json::object resource_of(Resource const& resource) {
    json::array attributes;
    for (auto const& [key, value] : resource) add(attributes, key, string_value(value));
    json::object out;
    out["attributes"] = std::move(attributes);
    return out;
}

json::object scope() {
    json::object out;
    out["name"] = "aikit";
    out["version"] = AIKIT_VERSION_STRING;
    return out;
}

/// {"resourceSpans":[{"resource":..,"scopeSpans":[{"scope":..,"spans":[..]}]}]}, or the same of metrics.
std::string request_of(Resource const& resource, char const* resources, char const* scopes, char const* name,
                       json::array items) {
    json::object of_scope;
    of_scope["scope"] = scope();
    of_scope[name] = std::move(items);
    json::object of_resource;
    of_resource["resource"] = resource_of(resource);
    of_resource[scopes] = json::array{std::move(of_scope)};
    json::object out;
    out[resources] = json::array{std::move(of_resource)};
    return json::serialize(out);
}

json::object event_of(SpanEvent const& event) {
    json::object out;
    out["timeUnixNano"] = nanos(event.time);
    out["name"] = scrubbed(event.name);
    out["attributes"] = attributes_of(event.fields);
    return out;
}

json::object span_of(Span const& span) {
    json::object out;
    out["traceId"] = trace_hex(span.context.trace_id);
    out["spanId"] = trace_hex(span.context.span_id);
    bool const root = std::all_of(span.parent.begin(), span.parent.end(), [](std::uint8_t byte) { return byte == 0; });
    if (!root) out["parentSpanId"] = trace_hex(span.parent);
    out["flags"] = span.context.sampled ? 1 : 0;
    out["name"] = scrubbed(span.name);
    out["kind"] = span.kind == Span::Kind::client ? kind_client : kind_internal;
    out["startTimeUnixNano"] = nanos(span.start);
    out["endTimeUnixNano"] = nanos(span.end);
    out["attributes"] = attributes_of(span.fields);
    json::array events;
    for (SpanEvent const& event : span.events) events.emplace_back(event_of(event));
    if (!events.empty()) out["events"] = std::move(events);
    json::object status;
    if (span.status != Span::Status::unset) status["code"] = static_cast<int>(span.status);  // ok is 1, error 2
    if (!span.message.empty()) status["message"] = scrubbed(span.message);
    if (!status.empty()) out["status"] = std::move(status);
    return out;
}

json::object histogram_point(MetricShot const& metric, SeriesShot const& series) {
    json::object out;
    json::array counts;
    std::uint64_t count = 0;
    for (std::uint64_t const bucket : series.buckets) {
        count += bucket;
        counts.emplace_back(std::to_string(bucket));
    }
    json::array bounds;
    for (double const bound : metric.description->bounds) bounds.emplace_back(bound);
    out["count"] = std::to_string(count);
    out["sum"] = static_cast<double>(series.sum) / steps_of(*metric.description);
    out["bucketCounts"] = std::move(counts);
    out["explicitBounds"] = std::move(bounds);
    return out;
}

json::object counter_point(MetricShot const& metric, SeriesShot const& series) {
    json::object out;
    double const steps = steps_of(*metric.description);
    if (steps == 1) {
        out["asInt"] = std::to_string(series.sum);
    } else {
        out["asDouble"] = static_cast<double>(series.sum) / steps;
    }
    return out;
}

json::object metric_of(MetricShot const& metric, std::string const& start, std::string const& now) {
    bool const counter = metric.kind == MetricKind::counter;
    json::array points;
    for (SeriesShot const& series : metric.series) {
        json::object point = counter ? counter_point(metric, series) : histogram_point(metric, series);
        point["attributes"] = attributes_of(series.labels);
        point["startTimeUnixNano"] = start;
        point["timeUnixNano"] = now;
        points.emplace_back(std::move(point));
    }
    json::object data;
    data["dataPoints"] = std::move(points);
    data["aggregationTemporality"] = cumulative;
    if (counter) data["isMonotonic"] = true;
    json::object out;
    out["name"] = scrubbed(metric.description->name);
    out["unit"] = scrubbed(metric.description->unit);
    if (!metric.description->help.empty()) out["description"] = scrubbed(metric.description->help);
    out[counter ? "sum" : "histogram"] = std::move(data);
    return out;
}

/// A count as OTLP's JSON may have it: a number or a string of digits.
std::int64_t count_of(json::value const* value) noexcept {
    if (value == nullptr) return 0;
    if (std::optional<std::int64_t> const number = json::as_integer(*value)) return std::max<std::int64_t>(*number, 0);
    if (!value->is_string()) return 0;
    std::int64_t count = 0;
    for (char const c : value->get_string()) {
        if (c < '0' || c > '9' || count > std::numeric_limits<std::int32_t>::max()) return 0;
        count = count * 10 + (c - '0');
    }
    return count;
}

}  // namespace

std::string spans_json(std::vector<Span> const& spans, Resource const& resource) {
    json::array items;
    for (Span const& span : spans) items.emplace_back(span_of(span));
    return request_of(resource, "resourceSpans", "scopeSpans", "spans", std::move(items));
}

std::string metrics_json(std::vector<MetricShot> const& metrics, Resource const& resource, SystemTime start,
                         SystemTime now) {
    json::array items;
    for (MetricShot const& metric : metrics) items.emplace_back(metric_of(metric, nanos(start), nanos(now)));
    return request_of(resource, "resourceMetrics", "scopeMetrics", "metrics", std::move(items));
}

PartialSuccess read_partial_success(std::string_view body) {
    PartialSuccess told;
    Result<json::value> const read = json::parse(body, "answer");
    json::object const* const partial = read ? json::member_object(*read, "partialSuccess") : nullptr;
    if (partial == nullptr) return told;
    told.rejected =
        std::max(count_of(json::find(*partial, "rejectedSpans")), count_of(json::find(*partial, "rejectedDataPoints")));
    json::value const* const message = json::find(*partial, "errorMessage");
    told.warned = message != nullptr && message->is_string() && !message->get_string().empty();
    return told;
}

bool is_retryable(int http_status) noexcept {
    return http_status == 429 || http_status == 502 || http_status == 503 || http_status == 504;
}

std::optional<std::chrono::milliseconds> retry_wait(int failed, std::optional<std::chrono::milliseconds> retry_after,
                                                    std::chrono::milliseconds passed,
                                                    std::chrono::milliseconds retry_for, std::uint32_t random) {
    constexpr std::int64_t first = 1'000;
    constexpr std::int64_t most = 30'000;
    constexpr int most_doublings = 5;
    std::int64_t const full = std::min(first << std::min(failed - 1, most_doublings), most);
    auto const spared = static_cast<std::int64_t>(static_cast<std::uint64_t>(full / 2) * random /
                                                  std::numeric_limits<std::uint32_t>::max());
    std::chrono::milliseconds const wait = retry_after.value_or(std::chrono::milliseconds(full - spared));
    if (passed + wait > retry_for) return std::nullopt;
    return wait;
}

}  // namespace aikit::inline v0::telemetry
