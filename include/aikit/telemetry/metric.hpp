// SPDX-License-Identifier: MIT
// aikit/telemetry/metric.hpp - what exporters know of a metric beside its name, and how much they keep.
#ifndef AIKIT_TELEMETRY_METRIC_HPP
#define AIKIT_TELEMETRY_METRIC_HPP

#include <aikit/core/observer.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace aikit::inline v0::telemetry {

/// What a metric is measured in and how its values are sorted.
struct MetricDescription {
    MetricDescription() = default;
    MetricDescription(std::string name_, std::string unit_, std::string help_, std::vector<double> bounds_ = {})
        : name(std::move(name_)), unit(std::move(unit_)), help(std::move(help_)), bounds(std::move(bounds_)) {}

    std::string name;  ///< As an Observer is told it.

    /// By UCUM, as OpenTelemetry writes it: "s", "{token}", "1". What is in "s" is told to observers in microseconds.
    std::string unit;
    std::string help;  ///< One line.

    /// The upper bounds of a distribution's buckets in the unit, rising; a value on a bound belongs below it. Empty:
    /// those of the GenAI conventions for durations, or for tokens where the unit is another.
    std::vector<double> bounds;
};

/// aikit's own metrics; see policy/observed.hpp. A metric that is not among them is in seconds where its name ends as
/// Observer::record() says.
AIKIT_EXPORT std::vector<MetricDescription> const& standard_metrics();

struct MetricsConfig {
    MetricsConfig() = default;

    /// Sets of labels that one metric may have, 1 to 1,000,000. What comes beyond is gathered under the one label
    /// otel.metric.overflow="true", and counted by aikit.telemetry.overflows.
    std::int64_t most_series = 2'000;

    /// Beside standard_metrics(), or in the place of one of them.
    std::vector<MetricDescription> metrics;
};

/// One observer that tells several, in their order; nulls are left out. Null where none is left, and the one itself
/// where it is alone.
AIKIT_EXPORT std::shared_ptr<Observer> observe_all(std::vector<std::shared_ptr<Observer>> observers);

}  // namespace aikit::inline v0::telemetry

#endif  // AIKIT_TELEMETRY_METRIC_HPP
