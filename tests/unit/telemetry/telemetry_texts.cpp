// SPDX-License-Identifier: MIT
// telemetry_texts: adds up what it reads and prints it in a format, for formats_test.py.
//
//   telemetry_texts text|openmetrics|metrics < LINES      each line ["count"|"record", METRIC, VALUE, {LABEL: VALUE}]
//   telemetry_texts traces                                a span with everything and one with nothing
#include "core/json.hpp"
#include "telemetry/otlp_form.hpp"

#include <aikit/telemetry/prometheus.hpp>

#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <string>

namespace {

using aikit::LogField;
using aikit::telemetry::MetricKind;
namespace telemetry = aikit::telemetry;

[[noreturn]] void die(std::string const& why) {
    std::fprintf(stderr, "telemetry_texts: %s\n", why.c_str());
    std::exit(2);
}

/// Calls `add(kind, metric, value, labels)` for each line.
template <class Add>
void read_lines(Add const& add) {
    std::string line;
    while (std::getline(std::cin, line)) {
        aikit::Result<aikit::json::value> const read = aikit::json::parse(line, "line");
        if (!read || !read->is_array() || read->get_array().size() != 4) die("no such line: " + line);
        aikit::json::array const& parts = read->get_array();
        std::vector<LogField> labels;
        for (auto const& [key, value] : parts[3].get_object()) {
            if (value.is_string()) {
                labels.emplace_back(std::string(key), std::string(value.get_string()));
            } else {
                labels.emplace_back(std::string(key), value.get_int64());
            }
        }
        MetricKind const kind = parts[0].get_string() == "count" ? MetricKind::counter : MetricKind::histogram;
        add(kind, std::string(parts[1].get_string()), parts[2].get_int64(), labels);
    }
}

std::string prometheus_text(telemetry::PrometheusExporter::Format format) {
    std::shared_ptr<telemetry::PrometheusExporter> const exporter = telemetry::PrometheusExporter::create().value();
    read_lines(
        [&](MetricKind kind, std::string const& metric, std::int64_t value, std::vector<LogField> const& labels) {
            if (kind == MetricKind::counter) return exporter->count(metric, value, labels);
            exporter->record(metric, value, labels);
        });
    return exporter->text(format);
}

aikit::SystemTime at(std::int64_t micros) {
    return aikit::SystemTime(std::chrono::microseconds(micros));
}

std::string metrics_text() {
    std::unique_ptr<telemetry::MetricTable> const table =
        telemetry::MetricTable::create(telemetry::MetricsConfig()).value();
    read_lines([&](MetricKind kind, std::string const& metric, std::int64_t value,
                   std::vector<LogField> const& labels) { table->add(kind, metric, value, labels); });
    telemetry::Resource const resource{{"service.name", "tests"}};
    return telemetry::metrics_json(table->snapshot(), resource, at(1'700'000'000'000'001), at(1'700'000'060'000'000));
}

std::string traces_text() {
    aikit::Span whole;
    whole.context = *aikit::TraceContext::parse("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
    whole.parent = {1, 2, 3, 4, 5, 6, 7, 8};
    whole.name = "chat \"gpt\"\n\xC3\xBC";
    whole.kind = aikit::Span::Kind::client;
    whole.start = at(1'700'000'000'000'001);
    whole.end = at(1'700'000'001'000'002);
    whole.status = aikit::Span::Status::error;
    whole.message = "no \xFF such model";
    whole.fields.emplace_back("text", "a\\b\"c");
    whole.fields.emplace_back("number", std::int64_t(-9'007'199'254'740'993));
    whole.fields.emplace_back("fraction", 0.1);
    whole.fields.emplace_back("truth", true);
    whole.fields.emplace_back("list", std::vector<std::string>{"stop", "length"});
    aikit::SpanEvent event;
    event.name = "aikit.retry";
    event.time = at(1'700'000'000'500'000);
    event.fields.emplace_back("error.type", "overloaded");
    whole.events.push_back(event);
    aikit::Span bare;
    bare.context = whole.context;
    bare.name = "bare";
    telemetry::Resource const resource{{"service.name", "tests"}, {"service.version", "1"}};
    return telemetry::spans_json({whole, bare}, resource);
}

}  // namespace

int main(int argc, char** argv) {
    using Format = telemetry::PrometheusExporter::Format;
    std::string const what = argc == 2 ? argv[1] : "";
    std::string out;
    if (what == "text") {
        out = prometheus_text(Format::text);
    } else if (what == "openmetrics") {
        out = prometheus_text(Format::openmetrics);
    } else if (what == "metrics") {
        out = metrics_text();
    } else if (what == "traces") {
        out = traces_text();
    } else {
        die("say text, openmetrics, metrics or traces");
    }
    std::fwrite(out.data(), 1, out.size(), stdout);
    return 0;
}
