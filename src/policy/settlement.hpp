// SPDX-License-Identifier: MIT
// policy/settlement.hpp - one attempt from its start to its row in the ledger, whatever happens in between.
#ifndef AIKIT_SRC_POLICY_SETTLEMENT_HPP
#define AIKIT_SRC_POLICY_SETTLEMENT_HPP

#include <aikit/policy/meter.hpp>

#include <functional>
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

    /// What it counts as when nobody will ever know. Counting takes time: it is asked only then.
    std::function<Usage()> expected;
};

/// Settles exactly once: by succeeded(), failed(), or its end (the attempt was let go). What comes later is ignored.
///
/// Thread-safety: distinct objects: safe. Shared objects: unsafe.
class Settlement {
public:
    Settlement(std::shared_ptr<MeterConfig const> config, AttemptPlan plan);
    ~Settlement();
    Settlement(Settlement const&) = delete;
    Settlement& operator=(Settlement const&) = delete;

    /// The answer has begun: from here on it runs, and is billed, until it is stopped.
    void opened() noexcept { opened_ = true; }

    /// A piece of a stream came; `text` is what of it was generated.
    void delivered(std::string_view text);

    /// The provider has told what was used so far.
    void told(Usage const& usage);

    /// A choice is complete: what is told from here on is all there is.
    void ended() noexcept { ended_ = true; }

    /// `usage` as the provider told it; when it told nothing, `text` is counted here, or what a stream delivered.
    void succeeded(Usage usage, std::string const& model, std::string const& service_tier,
                   std::string const& request_id, std::string_view text);
    void failed(Error const& error);

    bool settled() const noexcept { return settled_; }

    /// Puts what is known into a reply's facts: attempts, usage, cost. Before it is settled: what there is so far.
    void describe(CallInfo& info) const;

private:
    void settle(std::string outcome, Usage usage);
    void write_down();
    void use_nearer_price(std::string const& model, std::string const& service_tier);
    Usage expected() const;
    Usage counted_so_far() const;
    std::int64_t tokens_of(std::string_view text) const;
    Result<cost::PricedUsage> priced(Usage const& usage) const;

    std::shared_ptr<MeterConfig const> config_;
    AttemptPlan plan_;
    SteadyTime started_;
    Attempt attempt_;
    std::optional<Usage> told_;
    std::string delivered_;     // not yet counted
    std::int64_t counted_ = 0;  // tokens of what was delivered before
    bool told_last_ = false;    // nothing was delivered since told_
    bool opened_ = false;
    bool ended_ = false;
    bool settled_ = false;
};

}  // namespace aikit::inline v0::policy

#endif  // AIKIT_SRC_POLICY_SETTLEMENT_HPP
