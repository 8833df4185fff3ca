// SPDX-License-Identifier: MIT
// Covers src/telemetry/metric_table.hpp: what is told is added up once, in bounded memory, from any thread.
#include "telemetry/metric_table.hpp"

#include <doctest/doctest.h>

#include <thread>

namespace aikit::telemetry {
namespace {

using Label = LogField;

std::unique_ptr<MetricTable> table(std::int64_t most_series = 2'000) {
    MetricsConfig config;
    config.most_series = most_series;
    return MetricTable::create(config).value();
}

/// The metric of that name, without the table's own.
MetricShot shot(MetricTable const& table, std::string_view name) {
    for (MetricShot& metric : table.snapshot()) {
        if (metric.description->name == name) return metric;
    }
    return MetricShot();
}

std::int64_t own(MetricTable const& table, std::string_view name) {
    return shot(table, name).series.at(0).sum;
}

TEST_CASE("labels in another order are the same series, and the last of a name holds") {
    auto const metrics = table();
    std::vector<Label> const one{{"a", "1"}, {"b", "2"}, {"c", std::int64_t(3)}};
    std::vector<Label> const two{{"c", std::int64_t(3)}, {"a", "x"}, {"b", "2"}, {"a", "1"}};
    metrics->add(MetricKind::counter, "m", 1, one);
    metrics->add(MetricKind::counter, "m", 2, two);
    MetricShot const told = shot(*metrics, "m");
    REQUIRE(told.series.size() == 1);
    CHECK(told.series[0].sum == 3);
    REQUIRE(told.series[0].labels.size() == 3);
    CHECK(told.series[0].labels[0].key == "a");
    CHECK(std::get<std::string>(told.series[0].labels[0].value) == "1");
    std::vector<Label> const text{{"a", "1"}, {"b", "2"}, {"c", "3"}};
    metrics->add(MetricKind::counter, "m", 1, text);
    CHECK(shot(*metrics, "m").series.size() == 2);
}

TEST_CASE("a value on a bound is below it, and one above all has a bucket of its own") {
    MetricsConfig config;
    config.metrics.emplace_back("m", "1", "help", std::vector<double>{-1, 0, 10});
    auto const metrics = MetricTable::create(config).value();
    for (std::int64_t const value : {-2, -1, 0, 1, 10, 11, 1'000}) {
        metrics->add(MetricKind::histogram, "m", value, {});
    }
    SeriesShot const series = shot(*metrics, "m").series.at(0);
    CHECK(series.buckets == std::vector<std::uint64_t>{2, 1, 2, 2});
    CHECK(series.sum == 1'019);
}

TEST_CASE("beyond the most series what is told is gathered under one label, and counted") {
    auto const metrics = table(10);
    for (std::int64_t i = 0; i < 1'000; ++i) {
        std::vector<Label> const labels{{"user", i}};
        metrics->add(MetricKind::counter, "m", 1, labels);
        metrics->add(MetricKind::histogram, "other", 1, labels);
    }
    for (char const* const name : {"m", "other"}) {
        MetricShot const told = shot(*metrics, name);
        CHECK(told.series.size() == 11);
        SeriesShot const* gathered = nullptr;
        std::int64_t sum = 0;
        for (SeriesShot const& series : told.series) {
            sum += series.sum;
            if (series.labels[0].key == "otel.metric.overflow") gathered = &series;
        }
        REQUIRE(gathered != nullptr);
        CHECK(std::get<std::string>(gathered->labels[0].value) == "true");
        CHECK(gathered->sum == 990);
        CHECK(sum == 1'000);
    }
    CHECK(own(*metrics, "aikit.telemetry.overflows") == 2 * 990);
    // What has a series goes on having it.
    std::vector<Label> const known{{"user", std::int64_t(3)}};
    metrics->add(MetricKind::counter, "m", 1, known);
    CHECK(own(*metrics, "aikit.telemetry.overflows") == 2 * 990);
}

TEST_CASE("what cannot be counted is said: counters that go down, too many labels, too many metrics") {
    auto const metrics = table();
    metrics->add(MetricKind::counter, "m", -1, {});
    CHECK(own(*metrics, "aikit.telemetry.lost") == 1);
    std::vector<Label> labels;
    for (int i = 0; i < 17; ++i) labels.emplace_back("l" + std::to_string(i), "x");
    metrics->add(MetricKind::counter, "m", 1, labels);
    CHECK(own(*metrics, "aikit.telemetry.lost") == 2);
    for (int i = 0; i < 600; ++i) metrics->add(MetricKind::counter, "n" + std::to_string(i), 1, {});
    CHECK(own(*metrics, "aikit.telemetry.lost") == 102);
    CHECK(shot(*metrics, "m").series.empty());
}

TEST_CASE("threads that tell at once lose nothing") {
    auto const metrics = table(50);
    constexpr int threads = 4;
    constexpr std::int64_t each = 20'000;
    {
        std::vector<std::jthread> running;
        for (int t = 0; t < threads; ++t) {
            running.emplace_back([&] {
                for (std::int64_t i = 0; i < each; ++i) {
                    std::vector<Label> const labels{{"i", i % 97}};
                    metrics->add(MetricKind::histogram, "m", 2, labels);
                    if (i % 1'000 == 0) (void)metrics->snapshot();
                }
            });
        }
    }
    std::int64_t sum = 0;
    std::uint64_t count = 0;
    MetricShot const told = shot(*metrics, "m");
    for (SeriesShot const& series : told.series) {
        sum += series.sum;
        for (std::uint64_t const bucket : series.buckets) count += bucket;
    }
    CHECK(told.series.size() == 51);
    CHECK(sum == 2 * threads * each);
    CHECK(count == threads * each);
}

TEST_CASE("a configuration that makes no sense is refused by the field's name") {
    auto const refused = [](MetricsConfig const& config) { return MetricTable::create(config).error().message; };
    MetricsConfig config;
    config.most_series = 0;
    CHECK(refused(config).find("most_series") != std::string::npos);
    config = MetricsConfig();
    config.metrics.emplace_back("", "1", "");
    CHECK(refused(config).find("metrics[0].name") != std::string::npos);
    config.metrics[0] = MetricDescription("m", "1", "", {1, 1});
    CHECK(refused(config).find("metrics[0].bounds") != std::string::npos);
}

TEST_CASE("runs of bytes that are no UTF-8 become one mark") {
    CHECK(scrubbed("caf\xC3\xA9") == "caf\xC3\xA9");
    CHECK(scrubbed("a\xFF\xFE"
                   "b\xFF") ==
          "a\xEF\xBF\xBD"
          "b\xEF\xBF\xBD");
    CHECK(scrubbed("\xFF") == "\xEF\xBF\xBD");
    CHECK(scrubbed("").empty());
}

}  // namespace
}  // namespace aikit::telemetry
