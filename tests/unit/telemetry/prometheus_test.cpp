// SPDX-License-Identifier: MIT
// Covers include/aikit/telemetry/prometheus.hpp; formats_test.py has its text read by Prometheus's parsers.
#include <aikit/telemetry/prometheus.hpp>

#include <doctest/doctest.h>

namespace aikit::telemetry {
namespace {

TEST_CASE("the text is that of Prometheus's documentation: help, type, buckets, sum and count") {
    MetricsConfig config;
    config.metrics.emplace_back("http.duration", "s", "Time \\ of\nrequests.", std::vector<double>{0.05, 1});
    std::shared_ptr<PrometheusExporter> const exporter = PrometheusExporter::create(config).value();
    std::vector<LogField> const labels{{"path", "a\"b\\c\nd"}, {"code", std::int64_t(200)}};
    exporter->record("http.duration", 50'000, labels);
    exporter->record("http.duration", 750'000, labels);
    exporter->record("http.duration", 2'000'000, labels);
    exporter->count("requests", 3, {});
    std::string const labelled = R"({code="200",path="a\"b\\c\nd")";
    CHECK(exporter->text() ==
          "# HELP aikit_telemetry_lost_total Values that were counted nowhere.\n"
          "# TYPE aikit_telemetry_lost_total counter\n"
          "aikit_telemetry_lost_total 0\n"
          "# HELP aikit_telemetry_overflows_total Values gathered under otel.metric.overflow.\n"
          "# TYPE aikit_telemetry_overflows_total counter\n"
          "aikit_telemetry_overflows_total 0\n"
          "# HELP http_duration_seconds Time \\\\ of\\nrequests.\n"
          "# TYPE http_duration_seconds histogram\n"
          "http_duration_seconds_bucket" +
              labelled +
              ",le=\"0.05\"} 1\n"
              "http_duration_seconds_bucket" +
              labelled +
              ",le=\"1.0\"} 2\n"
              "http_duration_seconds_bucket" +
              labelled +
              ",le=\"+Inf\"} 3\n"
              "http_duration_seconds_sum" +
              labelled +
              "} 2.8\n"
              "http_duration_seconds_count" +
              labelled +
              "} 3\n"
              "# TYPE requests_total counter\n"
              "requests_total 3\n");
}

TEST_CASE("the content type names the format") {
    using Format = PrometheusExporter::Format;
    CHECK(std::string(PrometheusExporter::content_type()) == "text/plain; version=0.0.4; charset=utf-8");
    CHECK(std::string(PrometheusExporter::content_type(Format::openmetrics)) ==
          "application/openmetrics-text; version=1.0.0; charset=utf-8");
}

TEST_CASE("several observers are all told, and none or one needs no other") {
    CHECK(observe_all({}) == nullptr);
    CHECK(observe_all({nullptr, nullptr}) == nullptr);
    std::shared_ptr<PrometheusExporter> const one = PrometheusExporter::create().value();
    std::shared_ptr<PrometheusExporter> const two = PrometheusExporter::create().value();
    CHECK(observe_all({nullptr, one}) == one);
    std::shared_ptr<Observer> const both = observe_all({one, two});
    both->count("m", 2, {});
    both->record("d", 1, {});
    both->span(Span());
    CHECK(one->text().find("m_total 2\n") != std::string::npos);
    CHECK(one->text() == two->text());
}

}  // namespace
}  // namespace aikit::telemetry
