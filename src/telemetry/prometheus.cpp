// SPDX-License-Identifier: MIT
// telemetry/prometheus.cpp - the exposition formats of Prometheus and OpenMetrics.
//
// https://prometheus.io/docs/instrumenting/exposition_formats/ and
// https://github.com/prometheus/OpenMetrics/blob/main/specification/OpenMetrics.md; names by
// https://opentelemetry.io/docs/specs/otel/compatibility/prometheus_and_openmetrics/.
#include "telemetry/metric_table.hpp"

#include <aikit/telemetry/prometheus.hpp>

#include <algorithm>
#include <charconv>

namespace aikit::inline v0::telemetry {
namespace {

using Format = PrometheusExporter::Format;

/// What a name may hold; the first character is no digit. Runs of others are one underscore.
std::string name_of(std::string_view text, bool colons) {
    std::string name;
    for (char const c : text) {
        bool const letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (colons && c == ':');
        bool const digit = c >= '0' && c <= '9';
        if (digit && name.empty()) name += '_';
        if (letter || digit) {
            name += c;
        } else if (name.empty() || name.back() != '_') {
            name += '_';
        }
    }
    return name.empty() ? "_" : name;
}

/// The unit as names end in it; empty for what UCUM writes in braces, and for none.
std::string_view unit_word(std::string_view unit) noexcept {
    if (unit == "s") return "seconds";
    if (unit == "By") return "bytes";
    return {};
}

std::string family_of(MetricShot const& metric) {
    std::string name = name_of(metric.description->name, true);
    std::string_view const unit = unit_word(metric.description->unit);
    if (metric.kind == MetricKind::counter && name.ends_with("_total")) name.resize(name.size() - 6);
    if (!unit.empty() && !name.ends_with("_" + std::string(unit))) name.append("_").append(unit);
    return name;
}

void escape(std::string& out, std::string_view text, bool quotes) {
    for (char const c : scrubbed(text)) {
        if (c == '\n') {
            out += "\\n";
            continue;
        }
        if (c == '\\' || (quotes && c == '"')) out += '\\';
        out += c;
    }
}

std::string number(double value) {
    std::array<char, 32> digits{};
    std::to_chars_result const end = std::to_chars(digits.data(), digits.data() + digits.size(), value);
    return std::string(digits.data(), end.ptr);
}

/// A bound as OpenMetrics wants it, with its fraction.
std::string bound_of(double value) {
    std::string text = number(value);
    if (text.find_first_of(".e") == std::string::npos) text += ".0";
    return text;
}

std::string text_of(LogField const& label) {
    auto const* const text = std::get_if<std::string>(&label.value);
    return text != nullptr ? *text : std::to_string(std::get<std::int64_t>(label.value));
}

/// `key="value",key="value"`. Labels whose names become the same are one, with their values joined.
std::string labels_of(std::vector<LogField> const& labels) {
    std::map<std::string, std::string> named;
    for (LogField const& label : labels) {
        std::string const value = text_of(label);
        if (value.empty()) continue;  // the same as no label
        std::string name = name_of(label.key, false);
        if (name == "le" || name.starts_with("__")) name.insert(0, "label_");  // Prometheus's own
        std::string& joined = named[std::move(name)];
        if (!joined.empty()) joined += ';';
        joined += value;
    }
    std::string text;
    for (auto const& [name, value] : named) {
        if (!text.empty()) text += ',';
        text.append(name).append("=\"");
        escape(text, value, true);
        text += '"';
    }
    return text;
}

/// Everything of one family: metrics of different names may become one.
struct Family {
    MetricShot const* first = nullptr;
    std::map<std::string, SeriesShot> series;  // by the text of their labels
};

void add_series(Family& family, MetricShot const& metric) {
    for (SeriesShot const& series : metric.series) {
        auto const [at, fresh] = family.series.try_emplace(labels_of(series.labels), series);
        if (fresh) continue;
        at->second.sum += series.sum;
        for (std::size_t i = 0; i < series.buckets.size(); ++i) at->second.buckets[i] += series.buckets[i];
    }
}

void add_line(std::string& out, std::string const& name, std::string const& labels, std::string const& value) {
    out += name;
    if (!labels.empty()) out.append("{").append(labels).append("}");
    out.append(" ").append(value).append("\n");
}

void add_histogram(std::string& out, std::string const& name, std::string const& labels, MetricShot const& metric,
                   SeriesShot const& series) {
    std::vector<double> const& bounds = metric.description->bounds;
    std::string const lead = labels.empty() ? std::string() : labels + ",";
    std::uint64_t count = 0;
    for (std::size_t i = 0; i < series.buckets.size(); ++i) {
        count += series.buckets[i];
        std::string const bound = i < bounds.size() ? bound_of(bounds[i]) : "+Inf";
        add_line(out, name + "_bucket", lead + "le=\"" + bound + "\"", std::to_string(count));
    }
    double const sum = static_cast<double>(series.sum) / steps_of(*metric.description);
    add_line(out, name + "_sum", labels, number(sum));
    add_line(out, name + "_count", labels, std::to_string(count));
}

void add_family(std::string& out, std::string const& name, Family const& family, Format format) {
    MetricShot const& metric = *family.first;
    bool const counter = metric.kind == MetricKind::counter;
    bool const open = format == Format::openmetrics;
    std::string const told = counter && !open ? name + "_total" : name;
    if (!metric.description->help.empty()) {
        out.append("# HELP ").append(told).append(" ");
        escape(out, metric.description->help, open);
        out += '\n';
    }
    out.append("# TYPE ").append(told).append(counter ? " counter\n" : " histogram\n");
    std::string_view const unit = unit_word(metric.description->unit);
    if (open && !unit.empty()) out.append("# UNIT ").append(told).append(" ").append(unit).append("\n");
    for (auto const& [labels, series] : family.series) {
        if (counter) {
            double const steps = steps_of(*metric.description);
            std::string const value =
                steps == 1 ? std::to_string(series.sum) : number(static_cast<double>(series.sum) / steps);
            add_line(out, name + "_total", labels, value);
        } else {
            add_histogram(out, name, labels, metric, series);
        }
    }
}

}  // namespace

struct PrometheusExporter::State {
    explicit State(std::unique_ptr<MetricTable> table_) : table(std::move(table_)) {}
    std::unique_ptr<MetricTable> table;
};

PrometheusExporter::PrometheusExporter(std::unique_ptr<State> state) : state_(std::move(state)) {}
PrometheusExporter::~PrometheusExporter() = default;

Result<std::shared_ptr<PrometheusExporter>> PrometheusExporter::create(MetricsConfig config) {
    Result<std::unique_ptr<MetricTable>> table = MetricTable::create(std::move(config));
    if (!table) return table.error();
    auto state = std::make_unique<State>(std::move(*table));
    return std::shared_ptr<PrometheusExporter>(new PrometheusExporter(std::move(state)));
}

void PrometheusExporter::count(std::string_view metric, std::int64_t amount,
                               std::span<LogField const> labels) noexcept {
    state_->table->add(MetricKind::counter, metric, amount, labels);
}

void PrometheusExporter::record(std::string_view metric, std::int64_t value,
                                std::span<LogField const> labels) noexcept {
    state_->table->add(MetricKind::histogram, metric, value, labels);
}

std::string PrometheusExporter::text(Format format) const {
    std::vector<MetricShot> const metrics = state_->table->snapshot();
    std::map<std::string, Family> families;
    for (MetricShot const& metric : metrics) {
        std::string name = family_of(metric);
        auto found = families.find(name);
        // Of another kind, or other bounds: they cannot be one.
        while (found != families.end() && (found->second.first->kind != metric.kind ||
                                           found->second.first->description->bounds != metric.description->bounds)) {
            name += metric.kind == MetricKind::counter ? "_count_of" : "_of";
            found = families.find(name);
        }
        Family& family = families[name];
        if (family.first == nullptr) family.first = &metric;
        add_series(family, metric);
    }
    std::string out;
    for (auto const& [name, family] : families) add_family(out, name, family, format);
    if (format == Format::openmetrics) out += "# EOF\n";
    return out;
}

char const* PrometheusExporter::content_type(Format format) noexcept {
    if (format == Format::openmetrics) return "application/openmetrics-text; version=1.0.0; charset=utf-8";
    return "text/plain; version=0.0.4; charset=utf-8";
}

}  // namespace aikit::inline v0::telemetry
