// SPDX-License-Identifier: MIT
// aikit/telemetry/prometheus.hpp - counters and histograms as text that Prometheus scrapes.
#ifndef AIKIT_TELEMETRY_PROMETHEUS_HPP
#define AIKIT_TELEMETRY_PROMETHEUS_HPP

#include <aikit/telemetry/metric.hpp>

#include <memory>
#include <string>

namespace aikit::inline v0::telemetry {

/// Adds up what it is told; the host serves text() where its Prometheus looks. Spans are passed over.
///
/// Names become Prometheus's as OpenTelemetry's specification has it: "gen_ai.client.operation.duration" in seconds is
/// gen_ai_client_operation_duration_seconds, and counters end in _total.
///
/// Thread-safety: shared objects: safe. Telling waits for others only where a set of labels is new.
class AIKIT_EXPORT PrometheusExporter final : public Observer {
public:
    enum class Format {
        text,         ///< Prometheus's text format 0.0.4.
        openmetrics,  ///< OpenMetrics 1.0.0.
    };

    /// Errors: invalid_argument, naming the field of the configuration.
    static Result<std::shared_ptr<PrometheusExporter>> create(MetricsConfig config);
    static Result<std::shared_ptr<PrometheusExporter>> create() { return create(MetricsConfig()); }
    ~PrometheusExporter() override;

    void count(std::string_view metric, std::int64_t amount, std::span<LogField const> labels) noexcept override;
    void record(std::string_view metric, std::int64_t value, std::span<LogField const> labels) noexcept override;

    /// All there is, by name and labels.
    std::string text(Format format = Format::text) const;

    /// What Content-Type says of that text. Static storage.
    static char const* content_type(Format format = Format::text) noexcept;

private:
    struct State;
    explicit PrometheusExporter(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

}  // namespace aikit::inline v0::telemetry

#endif  // AIKIT_TELEMETRY_PROMETHEUS_HPP
