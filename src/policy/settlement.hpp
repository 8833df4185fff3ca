// SPDX-License-Identifier: MIT
// policy/settlement.hpp - one attempt from its start to its row in the ledger, whatever happens in between.
#ifndef AIKIT_SRC_POLICY_SETTLEMENT_HPP
#define AIKIT_SRC_POLICY_SETTLEMENT_HPP

#include <aikit/policy/meter.hpp>

#include <memory>
#include <optional>
#include <string>

namespace aikit::inline v0::policy {

/// What is known before an attempt starts.
struct AttemptPlan {
    AttemptPlan() = default;

    std::string operation;
    std::string provider;        ///< The configured name.
    std::string price_provider;  ///< The catalog's.
    std::string model;
    std::string service_tier;
    CallOptions options;
    std::optional<cost::PriceEntry> price;  ///< Missing: it cannot be priced.
    Usage expected;                         ///< What it counts as when nobody will ever know.
};

/// Settles exactly once: by succeeded(), failed(), or its end (the attempt was let go).
///
/// Thread-safety: distinct objects: safe. Shared objects: unsafe.
class Settlement {
public:
    Settlement(std::shared_ptr<MeterConfig const> config, AttemptPlan plan);
    ~Settlement();
    Settlement(Settlement const&) = delete;
    Settlement& operator=(Settlement const&) = delete;

    /// A piece of a stream came; `text` is what of it was generated.
    void delivered(std::string_view text);

    /// The provider has told what was used so far.
    void told(Usage const& usage) { told_ = usage; }

    /// `usage` as the provider told it; when it told nothing, `text` is counted here, or what a stream delivered.
    void succeeded(Usage usage, std::string const& model, std::string const& service_tier,
                   std::string const& request_id, std::string_view text);
    void failed(Error const& error);

    /// Puts what is known into a reply's facts: attempts, usage, cost. Before it is settled: what there is so far.
    void describe(CallInfo& info) const;

private:
    void settle(std::string outcome, Usage usage);
    Usage counted_so_far() const;
    Result<cost::PricedUsage> priced(Usage const& usage) const;

    std::shared_ptr<MeterConfig const> config_;
    AttemptPlan plan_;
    SteadyTime started_;
    Attempt attempt_;
    std::optional<Usage> told_;
    std::string delivered_;
    bool streaming_ = false;
    bool settled_ = false;
};

}  // namespace aikit::inline v0::policy

#endif  // AIKIT_SRC_POLICY_SETTLEMENT_HPP
