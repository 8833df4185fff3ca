// SPDX-License-Identifier: MIT
// examples/14_telemetry.cpp - what a kit tells of its calls: metrics for Prometheus, and spans for whoever listens.
#include <aikit/aikit.hpp>

#include <iostream>
#include <sstream>

namespace {

/// An observer of one's own: here it prints spans; metrics it leaves to others.
class Printer final : public aikit::Observer {
public:
    void count(std::string_view, std::int64_t, std::span<aikit::LogField const>) noexcept override {}
    void record(std::string_view, std::int64_t, std::span<aikit::LogField const>) noexcept override {}
    void span(aikit::Span const& span) noexcept override {
        std::cout << "span: " << span.name << " of trace " << aikit::trace_hex(span.context.trace_id) << "\n";
    }
};

}  // namespace

int main() {
    aikit::KitConfig config = aikit::KitConfig::from_env().value();
    config.observer = std::make_shared<Printer>();
    config.telemetry.emplace();
    config.telemetry->prometheus = true;
    // config.telemetry->otlp.emplace() would send spans and metrics to a collector at http://localhost:4318.
    aikit::Kit kit = aikit::Kit::open(config).value();

    aikit::CallOptions options;
    options.trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";  // of the request that is being served
    aikit::ChatRequest const request("gpt-4o-mini", "What is the capital of France?");
    std::cout << aikit::sync::wait(kit, kit.chat(request, options)).value().text() << "\n";

    std::istringstream metrics(kit.metrics_text().value());
    for (std::string line; std::getline(metrics, line);) {
        bool const tokens = line.starts_with("gen_ai_client_token_usage_sum") || line.starts_with("aikit_cost_total");
        if (tokens) std::cout << line.substr(0, line.find('{')) << line.substr(line.rfind('}') + 1) << "\n";
    }
}
