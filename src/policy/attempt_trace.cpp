// SPDX-License-Identifier: MIT
// policy/attempt_trace.cpp - one attempt as metrics and as a span.
#include "policy/attempt_trace.hpp"

#include <array>
#include <utility>

namespace aikit::inline v0::policy {
namespace {

using Name = std::pair<std::string_view, std::string_view>;

constexpr std::array<Name, 2> operations{{{"embed", "embeddings"}, {"moderate", "moderation"}}};

// By the catalog's names and by those that configurations have.
constexpr std::array<Name, 10> providers{{{"azure", "azure.ai.openai"},
                                          {"azure_ai", "azure.ai.inference"},
                                          {"bedrock", "aws.bedrock"},
                                          {"gemini", "gcp.gemini"},
                                          {"google", "gcp.gemini"},
                                          {"mistral", "mistral_ai"},
                                          {"moonshot", "moonshot_ai"},
                                          {"vertex", "gcp.vertex_ai"},
                                          {"vertex_ai", "gcp.vertex_ai"},
                                          {"xai", "x_ai"}}};

template <std::size_t Count>
std::string_view renamed(std::array<Name, Count> const& names, std::string_view own) noexcept {
    for (auto const& [ours, theirs] : names) {
        if (ours == own) return theirs;
    }
    return own;
}

void add_request(std::vector<TraceField>& fields, ChatRequest const& request) {
    if (request.max_tokens) fields.emplace_back("gen_ai.request.max_tokens", *request.max_tokens);
    if (request.temperature) fields.emplace_back("gen_ai.request.temperature", *request.temperature);
    if (request.top_p) fields.emplace_back("gen_ai.request.top_p", *request.top_p);
    if (request.presence_penalty) fields.emplace_back("gen_ai.request.presence_penalty", *request.presence_penalty);
    if (request.frequency_penalty) fields.emplace_back("gen_ai.request.frequency_penalty", *request.frequency_penalty);
    if (request.seed) fields.emplace_back("gen_ai.request.seed", *request.seed);
    if (request.n && *request.n != 1) fields.emplace_back("gen_ai.request.choice.count", std::int64_t(*request.n));
}

void add_usage(std::vector<TraceField>& fields, Usage const& usage) {
    if (usage.total() == 0) return;
    fields.emplace_back("gen_ai.usage.input_tokens", usage.total_input());
    fields.emplace_back("gen_ai.usage.output_tokens", usage.output);
    std::int64_t const written = usage.cache_write_5m + usage.cache_write_1h;
    if (usage.cache_read > 0) fields.emplace_back("gen_ai.usage.cache_read.input_tokens", usage.cache_read);
    if (written > 0) fields.emplace_back("gen_ai.usage.cache_creation.input_tokens", written);
    if (usage.reasoning > 0) fields.emplace_back("gen_ai.usage.reasoning.output_tokens", usage.reasoning);
    if (usage.estimated) fields.emplace_back("aikit.usage.estimated", true);
}

double seconds(std::chrono::microseconds time) noexcept {
    return std::chrono::duration<double>(time).count();
}

}  // namespace

std::string_view observed_operation(std::string_view operation) noexcept {
    return renamed(operations, operation);
}

std::string_view observed_provider(std::string_view provider) noexcept {
    return renamed(providers, provider.substr(0, provider.find('+')));  // without its region
}

AttemptTrace::AttemptTrace(MeterConfig const& config, std::string_view operation, std::string const& provider,
                           std::string const& catalog_provider, std::string const& model, CallOptions& options)
    : observer_(*config.observer), operation_(observed_operation(operation)) {
    labels_.reserve(8);  // with those that only some values have
    labels_.emplace_back("aikit.provider", provider);
    labels_.emplace_back("gen_ai.operation.name", operation_);
    labels_.emplace_back("gen_ai.provider.name", observed_provider(catalog_provider));
    if (!model.empty()) labels_.emplace_back("gen_ai.request.model", model);
    if (!config.server_address.empty()) {
        labels_.emplace_back("server.address", config.server_address);
        labels_.emplace_back("server.port", std::int64_t(config.server_port));
    }
    std::optional<TraceContext> const within = TraceContext::parse(options.trace);
    context_ = within ? within->child() : TraceContext::begin();
    if (within) parent_ = within->span_id;
    options.trace = context_.traceparent();
}

void AttemptTrace::piece(SteadyTime now, std::optional<std::chrono::microseconds> first) {
    if (first) {
        observer_.record("gen_ai.client.operation.time_to_first_chunk", first->count(), labels_);
    } else {
        auto const passed = std::chrono::duration_cast<std::chrono::microseconds>(now - last_piece_);
        observer_.record("gen_ai.client.operation.time_per_output_chunk", passed.count(), labels_);
    }
    last_piece_ = now;
}

void AttemptTrace::answered(std::string_view id) {
    if (!id.empty()) answer_id_ = id;
}

void AttemptTrace::finished(FinishReason reason) {
    if (reason != FinishReason::unknown) finish_reasons_.emplace_back(name(reason));
}

void AttemptTrace::ended(Attempt const& attempt, ChatRequest const* request) {
    if (context_.sampled && context_.valid()) tell_span(attempt, request);
    tell_metrics(attempt);
}

void AttemptTrace::tell_metrics(Attempt const& attempt) {
    if (attempt.outcome == "ok" && !attempt.model.empty()) labels_.emplace_back("gen_ai.response.model", attempt.model);
    if (attempt.outcome != "ok") labels_.emplace_back("error.type", attempt.outcome);
    observer_.record("gen_ai.client.operation.duration", attempt.latency.count(), labels_);
    if (attempt.cost) observer_.count("aikit.cost", attempt.cost->nanos(), labels_);
    if (attempt.usage.total() == 0) return;
    // The conventions give this one no type of error.
    if (attempt.outcome != "ok") labels_.pop_back();
    labels_.emplace_back("gen_ai.token.type", "input");
    observer_.record("gen_ai.client.token.usage", attempt.usage.total_input(), labels_);
    labels_.back().value = std::string("output");
    observer_.record("gen_ai.client.token.usage", attempt.usage.output, labels_);
}

void AttemptTrace::tell_span(Attempt const& attempt, ChatRequest const* request) {
    Span span;
    span.context = context_;
    span.parent = parent_;
    span.kind = Span::Kind::client;
    span.name = operation_;
    if (request != nullptr || !attempt.model.empty()) span.fields.reserve(24);
    for (LogField const& label : labels_) {
        std::visit([&](auto const& value) { span.fields.emplace_back(label.key, value); }, label.value);
        if (label.key == "gen_ai.request.model") span.name += " " + std::get<std::string>(label.value);
    }
    span.start = attempt.started;
    span.end = attempt.started + attempt.latency;
    if (streams_) span.fields.emplace_back("gen_ai.request.stream", true);
    if (request != nullptr) add_request(span.fields, *request);
    if (attempt.outcome == "ok") span.fields.emplace_back("gen_ai.response.model", attempt.model);
    if (!answer_id_.empty()) span.fields.emplace_back("gen_ai.response.id", answer_id_);
    if (!finish_reasons_.empty()) span.fields.emplace_back("gen_ai.response.finish_reasons", finish_reasons_);
    if (attempt.first_token) {
        span.fields.emplace_back("gen_ai.response.time_to_first_chunk", seconds(*attempt.first_token));
    }
    add_usage(span.fields, attempt.usage);
    if (attempt.cost) span.fields.emplace_back("aikit.cost", attempt.cost->nanos());
    if (attempt.http_status != 0) {
        span.fields.emplace_back("http.response.status_code", std::int64_t(attempt.http_status));
    }
    if (attempt.outcome != "ok") span.fields.emplace_back("error.type", attempt.outcome);
    if (attempt.error) {
        span.status = Span::Status::error;
        span.message = message_;
    }
    observer_.span(span);
}

void count_budget_refusal(MeterConfig const& config, std::string_view operation, std::string const& provider,
                          std::string const& model, Error const& error) {
    if (!config.observer) return;
    std::array<LogField, 4> const labels{LogField("aikit.provider", provider), LogField("error.type", name(error.code)),
                                         LogField("gen_ai.operation.name", observed_operation(operation)),
                                         LogField("gen_ai.request.model", model)};
    config.observer->count("aikit.budget.refusals", 1, labels);
}

}  // namespace aikit::inline v0::policy
