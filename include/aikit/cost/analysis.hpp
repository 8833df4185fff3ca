// SPDX-License-Identifier: MIT
// aikit/cost/analysis.hpp - providers beside each other: who would be cheapest for a request, and for many.
#ifndef AIKIT_COST_ANALYSIS_HPP
#define AIKIT_COST_ANALYSIS_HPP

#include <aikit/cost/import.hpp>
#include <aikit/cost/intelligence.hpp>

namespace aikit::inline v0::cost {

struct CompareQuery {
    CompareQuery() = default;

    std::vector<std::string> providers;  ///< As the catalog calls them. Empty: all of it.
    bool reasoning_only = false;
    bool free_too = false;  ///< Also what runs here, or costs nothing.
    int most = 1'000;       ///< Offers at most.
};

/// A model that can serve a request, and what it would ask for it.
struct ProviderOffer {
    ProviderOffer() = default;

    std::string provider;
    std::string model;
    CostEstimate estimate;
    bool reasoning = false;
    std::optional<std::int64_t> context_window;
};

/// What a provider takes off from an amount spent in a month on.
struct VolumeDiscount {
    VolumeDiscount() = default;

    std::string provider;           ///< Empty: any.
    Money from;                     ///< Of what is spent in a month, by list prices.
    std::int64_t basis_points = 0;  ///< Hundredths of a percent: 0 to 10,000. Taken off what lies above `from`.
};

struct VolumeProjection {
    VolumeProjection() = default;

    std::string provider;
    std::string model;
    std::string service_tier;
    Usage call;                        ///< What one call uses.
    std::int64_t calls_per_month = 0;  ///< 0 to a trillion.
};

struct VolumeQuote {
    VolumeQuote() = default;

    Money list;                      ///< A month by list prices.
    Money discounted;                ///< With what the discounts take off.
    Money batch;                     ///< A month by the provider's batch price, where it has one; else as `list`.
    std::optional<Money> next_from;  ///< The next discount begins there.
    std::int64_t next_basis_points = 0;
    std::string price_id;
};

/// Thread-safety: shared objects: safe.
class AIKIT_EXPORT ProviderCostAnalyzer {
public:
    explicit ProviderCostAnalyzer(std::shared_ptr<CostIntelligence const> costs);

    /// All models of the catalog that can serve the request (its kinds of content and its tools are taken, its input
    /// and its max_tokens fit), cheapest first by what is expected; `request.model` is not looked at. What the catalog
    /// does not know of a model does not rule it out. Errors: invalid_argument.
    Result<std::vector<ProviderOffer>> compare_providers(ChatRequest const& request, CompareQuery const& query) const;

    /// What many calls cost, with the discounts that apply: each takes its part of what lies between its amount and the
    /// next one's. Rounded half to even, once for each of the three sums. Errors: unknown_price, invalid_argument.
    Result<VolumeQuote> volume_discounts(VolumeProjection const& projection,
                                         std::vector<VolumeDiscount> const& discounts) const;

    /// As the function of that name.
    Result<std::vector<PriceChange>> track_provider_pricing_changes(std::string_view before,
                                                                    std::string_view after) const;

private:
    std::shared_ptr<CostIntelligence const> costs_;
};

}  // namespace aikit::inline v0::cost

#endif  // AIKIT_COST_ANALYSIS_HPP
