// SPDX-License-Identifier: MIT
// telemetry/metric.cpp - the metrics that aikit has, and telling several observers.
#include <aikit/core/no_destructor.hpp>
#include <aikit/telemetry/metric.hpp>

namespace aikit::inline v0::telemetry {
namespace {

class Several final : public Observer {
public:
    explicit Several(std::vector<std::shared_ptr<Observer>> observers) : observers_(std::move(observers)) {}

    void count(std::string_view metric, std::int64_t amount, std::span<LogField const> labels) noexcept override {
        for (auto const& each : observers_) each->count(metric, amount, labels);
    }
    void record(std::string_view metric, std::int64_t value, std::span<LogField const> labels) noexcept override {
        for (auto const& each : observers_) each->record(metric, value, labels);
    }
    void span(Span const& span) noexcept override {
        for (auto const& each : observers_) each->span(span);
    }

private:
    std::vector<std::shared_ptr<Observer>> observers_;
};

}  // namespace

std::vector<MetricDescription> const& standard_metrics() {
    static NoDestructor<std::vector<MetricDescription>> const metrics(std::initializer_list<MetricDescription>{
        {"gen_ai.client.operation.duration", "s", "GenAI operation duration."},
        {"gen_ai.client.operation.time_to_first_chunk", "s", "Time until a stream's first piece of the answer."},
        {"gen_ai.client.operation.time_per_output_chunk", "s", "Time between two pieces of a stream's answer."},
        {"gen_ai.client.token.usage", "{token}", "Number of input and output tokens used."},
        {"aikit.operation.duration", "s", "Duration of a whole operation, with its waits and tries."},
        {"aikit.operation.time_to_first_chunk", "s", "Time until a whole operation's first piece of the answer."},
        {"aikit.operation.retries", "{attempt}", "Attempts after the first."},
        {"aikit.cost", "{nano_usd}", "What attempts cost, in billionths of a dollar."},
        {"aikit.budget.refusals", "{attempt}", "Attempts that budgets refused."},
        {"aikit.limits.wait.duration", "s", "How long attempts waited for room under their limits."},
        {"aikit.router.failures", "{attempt}", "Attempts of routed calls that failed."},
        {"aikit.router.circuit.openings", "{opening}", "Circuits that opened, and deployments are left alone by it."},
        {"aikit.router.hedges", "{attempt}", "Second attempts beside ones that were late."},
        {"aikit.router.overtaken", "{attempt}", "Attempts that another answered before."},
        {"aikit.router.resumes", "{stream}", "Streams that were cut and went on at the deployment."},
        {"aikit.limits.refusals", "{attempt}", "Attempts that limits on calls refused."},
    });
    return *metrics;
}

std::shared_ptr<Observer> observe_all(std::vector<std::shared_ptr<Observer>> observers) {
    std::erase(observers, nullptr);
    if (observers.empty()) return nullptr;
    if (observers.size() == 1) return std::move(observers.front());
    return std::make_shared<Several>(std::move(observers));
}

}  // namespace aikit::inline v0::telemetry
