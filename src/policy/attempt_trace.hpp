// SPDX-License-Identifier: MIT
// policy/attempt_trace.hpp - what an observer is told of one attempt, by the names of OpenTelemetry's conventions.
//
// They are those of https://github.com/open-telemetry/semantic-conventions-genai (gen-ai-metrics.md, gen-ai-spans.md).
#ifndef AIKIT_SRC_POLICY_ATTEMPT_TRACE_HPP
#define AIKIT_SRC_POLICY_ATTEMPT_TRACE_HPP

#include <aikit/model/chat.hpp>
#include <aikit/policy/meter.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace aikit::inline v0::policy {

/// The conventions' name of an operation: "embeddings" for "embed". What they have no name for keeps its own.
std::string_view observed_operation(std::string_view operation) noexcept;

/// The conventions' name of a provider, by the catalog's: "gcp.gemini" for "google", "gcp.vertex_ai" for "vertex+eu".
/// What they have no name for keeps its own.
std::string_view observed_provider(std::string_view provider) noexcept;

/// Made where there is an observer, and only there.
///
/// Thread-safety: distinct objects: safe. Shared objects: unsafe.
class AttemptTrace {
public:
    /// Begins a piece of work within the options' trace, or a trace, and puts it into the options for those further in.
    /// `provider` is the configured name, `catalog_provider` what the catalog calls it.
    AttemptTrace(MeterConfig const& config, std::string_view operation, std::string const& provider,
                 std::string const& catalog_provider, std::string const& model, CallOptions& options);

    /// It was asked for as a stream.
    void streams() noexcept { streams_ = true; }

    /// A piece of a stream came; `first` is how long the first took, and missing for those after it.
    void piece(SteadyTime now, std::optional<std::chrono::microseconds> first);

    /// The answer's id, as far as the provider gave one.
    void answered(std::string_view id);

    /// One choice came to its end.
    void finished(FinishReason reason);

    /// What went wrong, in a sentence of aikit's.
    void failed(std::string const& message) { message_ = message; }

    /// Tells it all. `request` may be null.
    void ended(Attempt const& attempt, ChatRequest const* request);

private:
    void tell_metrics(Attempt const& attempt);
    void tell_span(Attempt const& attempt, ChatRequest const* request);

    Observer& observer_;
    std::string_view operation_;
    std::vector<LogField> labels_;
    TraceContext context_;
    std::array<std::uint8_t, 8> parent_{};
    SteadyTime last_piece_;
    std::string answer_id_;
    std::string message_;
    std::vector<std::string> finish_reasons_;
    bool streams_ = false;
};

/// Counts an attempt that its budgets refused before it was one.
void count_budget_refusal(MeterConfig const& config, std::string_view operation, std::string const& provider,
                          std::string const& model, Error const& error);

}  // namespace aikit::inline v0::policy

#endif  // AIKIT_SRC_POLICY_ATTEMPT_TRACE_HPP
