// SPDX-License-Identifier: MIT
// policy/settlement.hpp - one attempt from its start to its row in the ledger, whatever happens in between.
#ifndef AIKIT_SRC_POLICY_SETTLEMENT_HPP
#define AIKIT_SRC_POLICY_SETTLEMENT_HPP

#include "cost/interrupted.hpp"
#include "policy/attempt_trace.hpp"
#include "policy/price_memo.hpp"

#include <aikit/policy/budget.hpp>
#include <aikit/policy/meter.hpp>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace aikit::inline v0::policy {

/// What the attempts of one provider share.
struct Metering {
    Metering(MeterConfig config_, std::string const& provider)
        : config(std::move(config_)),
          price_provider(config.price_provider.empty() ? provider : config.price_provider),
          prices(config.costs->catalog(), price_provider, config.spending) {}

    MeterConfig const config;
    std::string const price_provider;  ///< The catalog's name of it.
    PriceMemo mutable prices;

    /// The catalog's name of a model.
    std::string_view priced_name(std::string_view model) const {
        auto const named = config.price_models.find(model);
        return named == config.price_models.end() ? model : std::string_view(named->second);
    }
};

/// Not billed by those who offer it.
inline constexpr std::string_view moderate_operation = "moderate";

/// What an attempt has set aside in its budgets.
struct HeldAttempt {
    HeldAttempt() = default;

    BudgetGuardian::Hold hold;
    std::shared_ptr<BudgetGuardian> budgets;  ///< Learns how long answers are; null: not of this one.
    std::string kind;
    std::int64_t output = 0;       ///< Tokens of output that the hold is for.
    std::int64_t most_output = 0;  ///< And as many as there can be.
    std::optional<Price> output_price;
    std::vector<std::string> warnings;
};

/// What is known before an attempt starts.
struct AttemptPlan {
    AttemptPlan() = default;

    std::string_view operation;  ///< A literal.
    std::string provider;        ///< The configured name.
    std::string model;
    std::string price_model;  ///< The catalog's name of it.
    std::string service_tier;
    std::vector<std::string> warnings;

    // From the CallOptions.
    std::string request_id;
    Caller caller;
    int number = 1;
    std::shared_ptr<std::vector<Attempt>> attempts;

    std::shared_ptr<cost::PriceEntry const> price;  ///< Null: it cannot be priced.

    // What is asked, to estimate what it counts as when nobody will ever know. One of them, or none; of the model by
    // the catalog's name.
    std::shared_ptr<ChatRequest const> chat;
    std::shared_ptr<EmbedRequest const> embed;

    std::unique_ptr<AttemptTrace> trace;  ///< Null: nobody watches.

    HeldAttempt held;
};

/// Settles exactly once: by succeeded(), failed(), or its end (the attempt was let go). What comes later is ignored.
///
/// Thread-safety: distinct objects: safe. Shared objects: unsafe.
class Settlement {
public:
    Settlement(std::shared_ptr<Metering const> shared, AttemptPlan&& plan);
    ~Settlement();
    Settlement(Settlement const&) = delete;
    Settlement& operator=(Settlement const&) = delete;

    /// What the adapter knows of its attempt: the provider's id of it, the account's limits.
    void answered(CallInfo const& told);

    /// The answer has begun: from here on it runs, and is billed, until it is stopped.
    void opened() noexcept { opened_ = true; }

    /// A piece of a stream came; `text` is what of it was generated.
    void delivered(std::string_view text);

    // What says how far from the provider's count ours may be.
    void reasoned() noexcept { interrupted_.reasoned = true; }
    void called() noexcept { ++interrupted_.calls; }  ///< A call of a tool has begun.
    void beside(std::size_t bytes) noexcept { interrupted_.other += static_cast<std::int64_t>(bytes); }

    /// The provider has told what was used so far. What says nothing is passed over.
    void told(Usage const& usage);

    /// A choice is complete: what is told from here on is all there is.
    void ended() noexcept { ended_ = true; }

    /// `usage` as the provider told it; when it told nothing, `text` is counted here, or what a stream delivered.
    void succeeded(Usage const& usage, std::string_view model, std::string_view service_tier, std::string_view text);
    void failed(Error const& error);

    bool settled() const noexcept { return settled_; }

    /// What an observer will be told beside what is settled; null: nobody watches.
    AttemptTrace* trace() noexcept { return plan_.trace.get(); }

    /// What is set aside for it; to be extended, not settled.
    HeldAttempt& held() noexcept { return plan_.held; }

    /// Puts what is known into a reply's facts: attempts, usage, cost. Before it is settled: what there is so far.
    void describe(CallInfo& info) const;

private:
    struct Amount {
        Money cost;
        std::int64_t tokens = 0;
    };

    void settle(std::string outcome, Usage usage);
    Amount at_most() const;
    void settle_budgets() noexcept;
    void note_piece();
    void warn_of_unpriced();
    void write_down();
    void use_nearer_price(std::string_view model, std::string_view service_tier, std::string_view region);
    Usage expected() const;
    Usage counted_so_far(std::string_view text = {}) const;
    std::int64_t tokens_of(std::string_view text, bool* exact = nullptr) const;
    void put_price(Attempt& attempt) const;

    std::shared_ptr<Metering const> shared_;
    AttemptPlan plan_;
    SteadyTime started_;
    Attempt attempt_;
    std::optional<std::size_t> noted_;  // once settled: where in plan_.attempts it went
    std::optional<Usage> told_;
    std::string delivered_;          // not yet counted
    std::int64_t counted_ = 0;       // tokens of what was delivered before
    cost::Interrupted interrupted_;  // what was noted for it
    bool told_last_ = false;         // nothing was delivered since told_
    bool opened_ = false;
    bool ended_ = false;
    bool settled_ = false;
};

}  // namespace aikit::inline v0::policy

#endif  // AIKIT_SRC_POLICY_SETTLEMENT_HPP
