// SPDX-License-Identifier: MIT
// telemetry/metric_table.cpp - finding the series of a set of labels, and adding to it.
#include "telemetry/metric_table.hpp"

#include <aikit/core/no_destructor.hpp>
#include <aikit/text/unicode.hpp>

#include <algorithm>
#include <cmath>
#include <mutex>
#include <tuple>

namespace aikit::inline v0::telemetry {
namespace {

constexpr std::int64_t most_series_of_all = 1'000'000;
constexpr double micros = 1'000'000;

// What gen-ai-metrics.md of the conventions asks for.
constexpr std::array<double, 14> duration_bounds{0.01, 0.02, 0.04, 0.08,  0.16,  0.32,  0.64,
                                                 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92};
constexpr std::array<double, 14> token_bounds{1,     4,     16,     64,      256,     1024,     4096,
                                              16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864};

bool is_duration(std::string_view metric) noexcept {
    constexpr std::array<std::string_view, 3> ends{".duration", ".time_to_first_chunk", ".time_per_output_chunk"};
    return std::any_of(ends.begin(), ends.end(), [&](std::string_view end) { return metric.ends_with(end); });
}

std::uint64_t mixed(std::uint64_t hash, std::size_t more) noexcept {
    hash ^= more + 0x9E3779B97F4A7C15U + (hash << 6) + (hash >> 2);
    return hash * 0xFF51AFD7ED558CCDU;
}

std::uint64_t hash_of(MetricKind kind, std::string_view metric, std::span<LogField const* const> labels) noexcept {
    std::hash<std::string_view> const of_text;
    std::uint64_t hash = mixed(static_cast<std::uint64_t>(kind), of_text(metric));
    for (LogField const* const label : labels) {
        hash = mixed(hash, of_text(label->key));
        auto const* const text = std::get_if<std::string>(&label->value);
        hash = mixed(hash,
                     text != nullptr ? of_text(*text) : static_cast<std::size_t>(std::get<std::int64_t>(label->value)));
    }
    return hash ^ hash >> 32;
}

bool before(SeriesShot const& a, SeriesShot const& b) {
    auto const less = [](LogField const& x, LogField const& y) {
        return std::tie(x.key, x.value) < std::tie(y.key, y.value);
    };
    return std::lexicographical_compare(a.labels.begin(), a.labels.end(), b.labels.begin(), b.labels.end(), less);
}

}  // namespace

double steps_of(MetricDescription const& description) noexcept {
    return description.unit == "s" ? micros : 1;
}

std::string scrubbed(std::string_view text) {
    std::string good;
    for (std::size_t bad = text::first_bad_utf8(text); bad != std::string_view::npos;
         bad = text::first_bad_utf8(text)) {
        good.append(text.substr(0, bad));
        if (bad > 0 || good.empty()) good += "\xEF\xBF\xBD";
        text.remove_prefix(bad + 1);
    }
    return good.append(text);
}

Result<std::unique_ptr<MetricTable>> MetricTable::create(MetricsConfig config) {
    auto const wrong = [](std::string what) { return fail(Errc::invalid_argument, "MetricsConfig::" + what); };
    if (config.most_series < 1 || config.most_series > most_series_of_all) {
        return wrong("most_series must be 1 to 1,000,000");
    }
    for (std::size_t i = 0; i < config.metrics.size(); ++i) {
        MetricDescription const& metric = config.metrics[i];
        std::string const at = "metrics[" + std::to_string(i) + "].";
        if (metric.name.empty()) return wrong(at + "name is empty");
        bool const finite = std::all_of(metric.bounds.begin(), metric.bounds.end(), [](double bound) {
            return std::isfinite(bound) && std::abs(bound) < 9e12;  // as microseconds it has to fit
        });
        auto const not_rising = std::adjacent_find(metric.bounds.begin(), metric.bounds.end(), std::greater_equal<>());
        if (!finite || not_rising != metric.bounds.end()) return wrong(at + "bounds must rise, within 9e12");
    }
    return std::unique_ptr<MetricTable>(new MetricTable(std::move(config)));
}

void MetricTable::Series::add(std::int64_t value) noexcept {
    // Wraps where it must; no exporter can tell more than 64 bits.
    sum.fetch_add(value, std::memory_order_relaxed);
    if (metric->kind == MetricKind::counter) return;
    auto const bound = std::lower_bound(metric->bounds.begin(), metric->bounds.end(), value);
    auto const index = static_cast<std::size_t>(bound - metric->bounds.begin());
    buckets[index].fetch_add(1, std::memory_order_relaxed);
}

bool MetricTable::Series::is(MetricKind kind, std::string_view name, Labels wanted) const noexcept {
    if (metric->kind != kind || metric->description.name != name || labels.size() != wanted.size()) return false;
    for (std::size_t i = 0; i < wanted.size(); ++i) {
        if (labels[i].key != wanted[i]->key || labels[i].value != wanted[i]->value) return false;
    }
    return true;
}

void MetricTable::add(MetricKind kind, std::string_view metric, std::int64_t value,
                      std::span<LogField const> labels) noexcept {
    try {
        std::array<LogField const*, most_labels> sorted{};
        if (labels.size() > most_labels || (kind == MetricKind::counter && value < 0)) {
            lost_.fetch_add(1, std::memory_order_relaxed);
            return;
        }
        std::size_t count = 0;
        for (LogField const& label : labels) {
            std::size_t at = count;
            while (at > 0 && sorted[at - 1]->key > label.key) --at;
            if (at > 0 && sorted[at - 1]->key == label.key) {
                sorted[at - 1] = &label;  // the last of a name holds
                continue;
            }
            std::copy_backward(sorted.begin() + at, sorted.begin() + count, sorted.begin() + count + 1);
            sorted[at] = &label;
            ++count;
        }
        add_sorted(kind, metric, value, Labels(sorted.data(), count));
    } catch (...) {
        lost_.fetch_add(1, std::memory_order_relaxed);
    }
}

void MetricTable::add_sorted(MetricKind kind, std::string_view metric, std::int64_t value, Labels labels) {
    std::uint64_t const hash = hash_of(kind, metric, labels);
    if (add_to_known(hash, kind, metric, value, labels)) return;
    add_new(hash, kind, metric, value, labels);
}

bool MetricTable::add_to_known(std::uint64_t hash, MetricKind kind, std::string_view metric, std::int64_t value,
                               Labels labels) const noexcept {
    Shard const& shard = shards_[hash % shard_count];
    std::shared_lock const lock(shard.mutex);
    auto const [begin, end] = shard.series.equal_range(hash);
    for (auto at = begin; at != end; ++at) {
        if (!at->second->is(kind, metric, labels)) continue;
        at->second->add(value);
        return true;
    }
    return false;
}

/// Two threads that find the same set of labels new both take a place; the one that comes second keeps its for another.
void MetricTable::add_new(std::uint64_t hash, MetricKind kind, std::string_view metric, std::int64_t value,
                          Labels labels) {
    static NoDestructor<LogField> const gathered("otel.metric.overflow", "true");
    bool const overflow = labels.size() == 1 && labels[0]->key == gathered->key;
    bool full = false;
    Metric* const place = take_place(kind, metric, overflow, full);
    if (full) {
        overflows_.fetch_add(1, std::memory_order_relaxed);
        LogField const* const only = &*gathered;
        return add_sorted(kind, metric, value, Labels(&only, 1));
    }
    if (place == nullptr) {
        lost_.fetch_add(1, std::memory_order_relaxed);
        return;
    }
    auto series = std::make_unique<Series>();
    series->metric = place;
    series->labels.reserve(labels.size());
    for (LogField const* const label : labels) series->labels.push_back(*label);
    if (kind == MetricKind::histogram) {
        series->buckets = std::make_unique<std::atomic<std::uint64_t>[]>(place->bounds.size() + 1);
    }
    series->add(value);
    Shard& shard = shards_[hash % shard_count];
    std::unique_lock lock(shard.mutex);
    auto const [begin, end] = shard.series.equal_range(hash);
    auto const same = std::find_if(begin, end, [&](auto const& at) { return at.second->is(kind, metric, labels); });
    if (same == end) {
        shard.series.emplace(hash, std::move(series));
        return;
    }
    same->second->add(value);
    lock.unlock();
    std::unique_lock const metrics(metrics_mutex_);
    if (!overflow) --place->series;
}

/// The metric of a new series, or null where there are too many metrics; `full` says that it has all its series.
MetricTable::Metric* MetricTable::take_place(MetricKind kind, std::string_view metric, bool overflow, bool& full) {
    std::unique_lock const lock(metrics_mutex_);
    auto found = metrics_.find({std::string(metric), kind});
    if (found == metrics_.end()) {
        if (metrics_.size() >= most_metrics) return nullptr;
        auto made = std::make_unique<Metric>();
        made->kind = kind;
        made->description = describe(metric);
        if (made->description.bounds.empty()) {
            bool const time = made->description.unit == "s";
            auto const& bounds = time ? duration_bounds : token_bounds;
            made->description.bounds.assign(bounds.begin(), bounds.end());
        }
        for (double const bound : made->description.bounds) {
            made->bounds.push_back(std::llround(bound * steps_of(made->description)));
        }
        found = metrics_.emplace(std::pair(std::string(metric), kind), std::move(made)).first;
    }
    Metric& place = *found->second;
    if (overflow) return &place;
    full = place.series >= config_.most_series;
    if (!full) ++place.series;
    return &place;
}

MetricDescription MetricTable::describe(std::string_view metric) const {
    for (auto const* const list : {&config_.metrics, &standard_metrics()}) {
        auto const found =
            std::find_if(list->begin(), list->end(), [&](auto const& one) { return one.name == metric; });
        if (found != list->end()) return *found;
    }
    return MetricDescription(std::string(metric), is_duration(metric) ? "s" : "1", "");
}

std::vector<MetricShot> MetricTable::snapshot() const {
    std::map<Metric const*, std::vector<SeriesShot>> gathered;
    for (Shard const& shard : shards_) {
        std::shared_lock const lock(shard.mutex);
        for (auto const& [hash, series] : shard.series) {
            SeriesShot& shot = gathered[series->metric].emplace_back();
            shot.labels = series->labels;
            shot.sum = series->sum.load(std::memory_order_relaxed);
            if (!series->buckets) continue;
            for (std::size_t i = 0; i <= series->metric->bounds.size(); ++i) {
                shot.buckets.push_back(series->buckets[i].load(std::memory_order_relaxed));
            }
        }
    }
    std::vector<MetricShot> shots;
    {
        std::shared_lock const lock(metrics_mutex_);
        for (auto const& [key, metric] : metrics_) {
            auto const found = gathered.find(metric.get());
            if (found == gathered.end()) continue;
            MetricShot& shot = shots.emplace_back();
            shot.kind = metric->kind;
            shot.description = &metric->description;
            shot.series = std::move(found->second);
            std::sort(shot.series.begin(), shot.series.end(), before);
        }
    }
    using Own = std::pair<MetricDescription const*, std::atomic<std::int64_t> const*>;
    for (auto const& [description, counted] :
         {Own(&lost_description_, &lost_), Own(&overflows_description_, &overflows_)}) {
        MetricShot& shot = shots.emplace_back();
        shot.description = description;
        shot.series.emplace_back().sum = counted->load(std::memory_order_relaxed);
    }
    return shots;
}

}  // namespace aikit::inline v0::telemetry
