// SPDX-License-Identifier: MIT
// telemetry/otlp_form.hpp - OTLP's JSON, and what a collector answers. Pure.
//
// https://opentelemetry.io/docs/specs/otlp/ and the messages of https://github.com/open-telemetry/opentelemetry-proto.
#ifndef AIKIT_SRC_TELEMETRY_OTLP_FORM_HPP
#define AIKIT_SRC_TELEMETRY_OTLP_FORM_HPP

#include "telemetry/metric_table.hpp"

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace aikit::inline v0::telemetry {

using Resource = std::map<std::string, std::string>;

/// An ExportTraceServiceRequest.
std::string spans_json(std::vector<Span> const& spans, Resource const& resource);

/// An ExportMetricsServiceRequest: sums and histograms since `start`.
std::string metrics_json(std::vector<MetricShot> const& metrics, Resource const& resource, SystemTime start,
                         SystemTime now);

/// What a collector says in a 2xx answer that it did not take.
struct PartialSuccess {
    PartialSuccess() = default;

    std::int64_t rejected = 0;
    bool warned = false;  ///< It had something to say.
};

/// Reads the body of a 2xx answer; what is no JSON rejects nothing.
PartialSuccess read_partial_success(std::string_view body);

/// True for the answers after which OTLP lets one send again.
bool is_retryable(int http_status) noexcept;

/// When to send again what failed `failed` times, the first of them `passed` ago; nothing: not any more.
std::optional<std::chrono::milliseconds> retry_wait(int failed, std::optional<std::chrono::milliseconds> retry_after,
                                                    std::chrono::milliseconds passed,
                                                    std::chrono::milliseconds retry_for, std::uint32_t random);

}  // namespace aikit::inline v0::telemetry

#endif  // AIKIT_SRC_TELEMETRY_OTLP_FORM_HPP
