// SPDX-License-Identifier: MIT
// kit/telemetry.cpp - observers from configuration.
#include "kit/telemetry.hpp"

#include <aikit/core/wait.hpp>

namespace aikit::inline v0 {
namespace {

// How long the end of a kit may wait for a collector.
constexpr std::chrono::seconds last_flush{3};

Error wrong_part(char const* part, Error error) {
    error.message = std::string("configuration.telemetry") + part + ": " + error.message;
    return error;
}

Result<void> make_otlp(Kit::State& state, ProviderTable::Parts const& parts,
                       std::shared_ptr<net::HttpTransport> transport) {
    TelemetryConfig::Otlp const& from = *state.config.telemetry->otlp;
    telemetry::OtlpConfig otlp;
    otlp.endpoint = from.endpoint;
    for (auto const& [name, value] : from.headers) otlp.headers.add(name, value);
    Result<Secret> key = resolve_key(from.key, parts, "telemetry.otlp", "key", "key");
    if (!key) return key.error();
    otlp.credential_header = from.key_header;
    otlp.credential = std::move(*key);
    otlp.resource = from.resource;
    if (!state.config.app.empty()) otlp.resource.try_emplace("service.name", state.config.app);
    otlp.span_interval = from.span_interval;
    otlp.metric_interval = from.metric_interval;
    otlp.series.most_series = state.config.telemetry->most_series;
    Result<std::shared_ptr<telemetry::OtlpExporter>> made =
        telemetry::OtlpExporter::create(state.runtime, std::move(transport), std::move(otlp));
    if (!made) return wrong_part(".otlp", made.error());
    state.otlp = std::move(*made);
    return ok();
}

}  // namespace

Result<void> make_telemetry(Kit::State& state, ProviderTable::Parts& parts,
                            std::shared_ptr<net::HttpTransport> transport) {
    TelemetryConfig const config = state.config.telemetry.value_or(TelemetryConfig());
    if (config.prometheus) {
        telemetry::MetricsConfig metrics;
        metrics.most_series = config.most_series;
        Result<std::shared_ptr<telemetry::PrometheusExporter>> made =
            telemetry::PrometheusExporter::create(std::move(metrics));
        if (!made) return wrong_part("", made.error());
        state.prometheus = std::move(*made);
    }
    if (config.otlp) {
        if (Result<void> const made = make_otlp(state, parts, std::move(transport)); !made) return made;
    }
    std::shared_ptr<Observer> const all = telemetry::observe_all({state.config.observer, state.prometheus, state.otlp});
    parts.meter.observer = all;
    parts.meter.propagate_trace = config.propagate_trace;
    parts.observed.observer = all;
    parts.observed.clock = state.runtime.clock();
    parts.observed.sample = config.sample;
    parts.observed.tell_callers = config.tell_callers;
    return ok();
}

void end_telemetry(Kit::State& state) noexcept {
    if (!state.otlp) return;
    // What could not be sent was told by the log, and is lost.
    (void)sync::wait(state.runtime, state.otlp->close(last_flush));
}

Result<std::string> Kit::metrics_text() const {
    if (!state_) return closed_kit();
    if (Result<void> usable = state_->usable(); !usable) return usable.error();
    if (state_->prometheus) return state_->prometheus->text();
    return fail(Errc::not_found, "there are no metrics: set telemetry.prometheus in the configuration");
}

}  // namespace aikit::inline v0
