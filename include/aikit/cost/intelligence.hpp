// SPDX-License-Identifier: MIT
// aikit/cost/intelligence.hpp - what a request will cost, before it is sent.
#ifndef AIKIT_COST_INTELLIGENCE_HPP
#define AIKIT_COST_INTELLIGENCE_HPP

#include <aikit/cost/catalog.hpp>
#include <aikit/model/chat.hpp>
#include <aikit/model/embedding.hpp>

#include <memory>

namespace aikit::inline v0::cost {

class Ledger;
struct TrackedCall;
struct ForecastQuery;
struct CostForecast;
struct AnomalyQuery;
struct AnomalyReport;
struct SavingsQuery;
struct SavingsPlan;
struct HistoryQuery;

struct CostEstimate {
    CostEstimate() = default;

    std::int64_t input_tokens = 0;  ///< Expected.
    std::int64_t input_tokens_at_most = 0;
    std::int64_t output_tokens = 0;  ///< Expected.
    std::int64_t output_tokens_at_most = 0;

    Money expected;
    Money at_most;  ///< Never below what the provider bills, while the catalog is right.

    /// True when the model's own tokenizer counted the input.
    bool exact_tokens = false;
    std::string price_id;

    // Of what calls of the same kind came to, where there were at least 20 of them: the interval that holds 80 percent.
    std::optional<Money> low;
    std::optional<Money> high;
    std::int64_t learned_from = 0;  ///< So many calls.
};

/// Counts tokens and prices requests. Thread-safety: shared objects: safe.
class AIKIT_EXPORT CostIntelligence {
public:
    /// `ledger` is what the past is read from; without one, what needs it gives invalid_state.
    CostIntelligence(std::shared_ptr<PriceCatalog const> catalog, std::shared_ptr<Clock> clock,
                     std::shared_ptr<Ledger> ledger = nullptr);

    /// Errors: unknown_price, invalid_argument.
    Result<CostEstimate> estimate_request_cost(std::string const& provider, ChatRequest const& request) const;
    Result<CostEstimate> estimate_request_cost(std::string const& provider, EmbedRequest const& request) const;

    /// Tokens of a text for a model: exact where its tokenizer is known and installed, `*exact` says which.
    std::int64_t count_tokens(std::string const& provider, std::string const& model, std::string_view text,
                              bool* exact = nullptr) const;

    /// Prices what a call used, as of now.
    Result<PricedUsage> price_usage(std::string const& provider, std::string const& model,
                                    std::string const& service_tier, Usage const& usage) const;

    // What follows reads and writes the ledger; its values stand in cost/forecast.hpp and cost/savings.hpp.
    // Errors beside their own: invalid_state (there is no ledger), and those of Ledger::flush().

    /// The estimate with what the latest calls of one kind say of its output: they wrote as much, or as little.
    Task<CostEstimate> estimate_request_cost(std::string provider, ChatRequest request, HistoryQuery history) const;

    /// Prices a call that was made elsewhere, and writes its row. Errors: unknown_price, invalid_argument.
    Result<PricedUsage> track_actual_cost(TrackedCall const& call) const;

    /// What this month will come to. Errors: invalid_argument (fewer than 7 days of history, a field).
    Task<CostForecast> predict_monthly_cost(ForecastQuery query) const;

    /// Days that stand out. Errors: invalid_argument (a field).
    Task<AnomalyReport> detect_cost_anomalies(AnomalyQuery query) const;

    /// What would have been cheaper, greatest saving first.
    Task<SavingsPlan> suggest_optimizations(SavingsQuery query) const;

    /// The least risky changes that bring a month's cost below `per_month`.
    Task<SavingsPlan> optimize_for_budget(Money per_month, SavingsQuery query) const;

    /// The entry of the catalog, as of now. Errors: unknown_price.
    Result<PriceEntry> price_entry(std::string const& provider, std::string const& model,
                                   std::string const& service_tier) const;

    std::shared_ptr<PriceCatalog const> const& catalog() const noexcept { return catalog_; }
    std::shared_ptr<Ledger> const& ledger() const noexcept { return ledger_; }

private:
    std::shared_ptr<PriceCatalog const> catalog_;
    std::shared_ptr<Clock> clock_;
    std::shared_ptr<Ledger> ledger_;
};

}  // namespace aikit::inline v0::cost

#endif  // AIKIT_COST_INTELLIGENCE_HPP
