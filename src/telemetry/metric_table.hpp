// SPDX-License-Identifier: MIT
// telemetry/metric_table.hpp - what observers are told, added up by metric and labels.
#ifndef AIKIT_SRC_TELEMETRY_METRIC_TABLE_HPP
#define AIKIT_SRC_TELEMETRY_METRIC_TABLE_HPP

#include <aikit/core/result.hpp>
#include <aikit/telemetry/metric.hpp>

#include <array>
#include <atomic>
#include <map>
#include <memory>
#include <shared_mutex>
#include <span>
#include <unordered_map>
#include <utility>

namespace aikit::inline v0::telemetry {

enum class MetricKind : std::uint8_t { counter, histogram };

/// One set of labels, at one moment. In the unit as observers tell it: microseconds where the description has "s".
struct SeriesShot {
    SeriesShot() = default;

    std::vector<LogField> labels;  ///< By key, each once.
    std::int64_t sum = 0;
    std::vector<std::uint64_t> buckets;  ///< Of a histogram: one for each bound, and one for what is above them all.
};

struct MetricShot {
    MetricShot() = default;

    MetricKind kind = MetricKind::counter;
    MetricDescription const* description = nullptr;  ///< Lives as long as the table.
    std::vector<SeriesShot> series;                  ///< By labels.
};

/// How many of a unit's observed steps make one of it: 1,000,000 where it is seconds.
double steps_of(MetricDescription const& description) noexcept;

/// The text without what is no UTF-8, each run of it replaced by U+FFFD.
std::string scrubbed(std::string_view text);

/// Thread-safety: shared objects: safe.
class MetricTable {
public:
    /// Errors: invalid_argument, naming the field.
    static Result<std::unique_ptr<MetricTable>> create(MetricsConfig config);

    void add(MetricKind kind, std::string_view metric, std::int64_t value, std::span<LogField const> labels) noexcept;

    /// By name, counters before histograms of that name.
    std::vector<MetricShot> snapshot() const;

private:
    static constexpr std::size_t most_labels = 16;
    static constexpr std::size_t most_metrics = 500;
    static constexpr std::size_t shard_count = 8;

    using Labels = std::span<LogField const* const>;

    struct Metric {
        MetricKind kind = MetricKind::counter;
        MetricDescription description;
        std::vector<std::int64_t> bounds;  // in observed steps
        std::int64_t series = 0;           // guarded by metrics_mutex_
    };

    struct Series {
        Metric const* metric = nullptr;
        std::vector<LogField> labels;
        std::atomic<std::int64_t> sum{0};
        std::unique_ptr<std::atomic<std::uint64_t>[]> buckets;

        void add(std::int64_t value) noexcept;
        bool is(MetricKind kind, std::string_view name, Labels labels) const noexcept;
    };

    struct Shard {
        mutable std::shared_mutex mutex;
        std::unordered_multimap<std::uint64_t, std::unique_ptr<Series>> series;
    };

    explicit MetricTable(MetricsConfig config) : config_(std::move(config)) {}

    bool add_to_known(std::uint64_t hash, MetricKind kind, std::string_view metric, std::int64_t value,
                      Labels labels) const noexcept;
    void add_new(std::uint64_t hash, MetricKind kind, std::string_view metric, std::int64_t value, Labels labels);
    void add_sorted(MetricKind kind, std::string_view metric, std::int64_t value, Labels labels);
    Metric* take_place(MetricKind kind, std::string_view metric, bool overflow, bool& full);
    MetricDescription describe(std::string_view metric) const;

    MetricsConfig const config_;
    std::array<Shard, shard_count> shards_;
    mutable std::shared_mutex metrics_mutex_;
    std::map<std::pair<std::string, MetricKind>, std::unique_ptr<Metric>> metrics_;
    std::atomic<std::int64_t> overflows_{0};
    std::atomic<std::int64_t> lost_{0};  // without memory, of too many metrics, or of negative counts
    MetricDescription const overflows_description_{"aikit.telemetry.overflows", "1",
                                                   "Values gathered under otel.metric.overflow."};
    MetricDescription const lost_description_{"aikit.telemetry.lost", "1", "Values that were counted nowhere."};
};

}  // namespace aikit::inline v0::telemetry

#endif  // AIKIT_SRC_TELEMETRY_METRIC_TABLE_HPP
