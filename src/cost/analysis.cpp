// SPDX-License-Identifier: MIT
// cost/analysis.cpp - every entry of the catalog asked for one request, and many calls at a discount.
#include "cost/model_limits.hpp"

#include <aikit/cost/analysis.hpp>

#include <algorithm>
#include <limits>
#include <set>
#include <utility>

namespace aikit::inline v0::cost {
namespace {

__extension__ typedef __int128 Wide;

/// Half to even, of what is not negative.
Result<Money> rounded(Wide numerator, Wide denominator) {
    Wide quotient = numerator / denominator;
    Wide const twice = 2 * (numerator % denominator);
    if (twice > denominator || (twice == denominator && quotient % 2 == 1)) ++quotient;
    if (quotient > std::numeric_limits<std::int64_t>::max()) {
        return fail(Errc::invalid_argument, "a sum of money is too large");
    }
    return Money::nanos(static_cast<std::int64_t>(quotient));
}

/// Whether a model is known to take what is asked, and to have room for it.
bool can_serve(PriceEntry const& entry, ChatRequest const& request, CostEstimate const& estimate) {
    if (!check_content(entry, request)) return false;
    std::int64_t const output = request.max_tokens.value_or(0);
    if (entry.context_window && estimate.input_tokens + output > *entry.context_window) return false;
    return !entry.max_output || output <= *entry.max_output;
}

std::vector<std::string> wanted_providers(PriceCatalog const& catalog, CompareQuery const& query) {
    return query.providers.empty() ? catalog.providers() : query.providers;
}

/// What ranks documents or makes pictures answers no chat, whatever its tokens cost.
bool answers(PriceEntry const& entry) {
    if (!entry.facts || entry.facts->mode.empty()) return true;
    std::string const& mode = entry.facts->mode;
    return mode == "chat" || mode == "responses" || mode == "completion";
}

}  // namespace

ProviderCostAnalyzer::ProviderCostAnalyzer(std::shared_ptr<CostIntelligence const> costs) : costs_(std::move(costs)) {}

Result<std::vector<ProviderOffer>> ProviderCostAnalyzer::compare_providers(ChatRequest const& request,
                                                                           CompareQuery const& query) const {
    if (request.max_tokens && *request.max_tokens < 0) {
        return fail(Errc::invalid_argument, "compare: max_tokens is negative");
    }
    if (query.most < 1) return fail(Errc::invalid_argument, "compare: most must be at least 1");
    std::vector<ProviderOffer> offers;
    std::set<std::string> seen;
    ChatRequest asked = request;
    for (std::string const& provider : wanted_providers(*costs_->catalog(), query)) {
        for (std::string const& model : costs_->catalog()->models(provider)) {
            asked.model = model;
            Result<PriceEntry> const entry = costs_->price_entry(provider, model, request.service_tier);
            // An embedding model has no price for what it writes: it writes nothing.
            if (!entry || (!entry->free && !entry->base.output) || !answers(*entry)) continue;
            if ((entry->free && !query.free_too) || (query.reasoning_only && !entry->reasoning)) continue;
            Result<CostEstimate> estimate = costs_->estimate_request_cost(provider, asked);
            if (!estimate || !can_serve(*entry, asked, *estimate)) continue;
            if (!seen.insert(provider + '\n' + estimate->price_id).second) continue;
            ProviderOffer offer;
            offer.provider = provider;
            offer.model = model;
            offer.estimate = std::move(*estimate);
            offer.reasoning = entry->reasoning;
            offer.context_window = entry->context_window;
            offers.push_back(std::move(offer));
        }
    }
    std::stable_sort(offers.begin(), offers.end(), [](ProviderOffer const& a, ProviderOffer const& b) {
        return std::pair(a.estimate.expected, a.estimate.at_most) < std::pair(b.estimate.expected, b.estimate.at_most);
    });
    if (offers.size() > static_cast<std::size_t>(query.most)) offers.resize(static_cast<std::size_t>(query.most));
    return offers;
}

Result<VolumeQuote> ProviderCostAnalyzer::volume_discounts(VolumeProjection const& projection,
                                                           std::vector<VolumeDiscount> const& discounts) const {
    constexpr std::int64_t most_calls = 1'000'000'000'000;
    if (projection.calls_per_month < 0 || projection.calls_per_month > most_calls) {
        return fail(Errc::invalid_argument, "volume: calls_per_month must be 0 to a trillion");
    }
    std::vector<VolumeDiscount> steps;
    for (VolumeDiscount const& discount : discounts) {
        if (discount.basis_points < 0 || discount.basis_points > 10'000 || discount.from < Money()) {
            return fail(Errc::invalid_argument, "volume: a discount is below 0 or above 10000 basis points");
        }
        if (discount.provider.empty() || discount.provider == projection.provider) steps.push_back(discount);
    }
    std::stable_sort(steps.begin(), steps.end(),
                     [](VolumeDiscount const& a, VolumeDiscount const& b) { return a.from < b.from; });
    auto const month = [&](std::string const& tier, std::string* id) -> Result<Money> {
        Result<PriceEntry> const entry = costs_->price_entry(projection.provider, projection.model, tier);
        if (!entry) return entry.error();
        Result<Money> const one = cost_of(*entry, projection.call);
        if (!one) return one.error();
        if (id != nullptr) *id = entry->id;
        return rounded(Wide{one->nanos()} * projection.calls_per_month, 1);
    };
    VolumeQuote quote;
    Result<Money> const list = month(projection.service_tier, &quote.price_id);
    if (!list) return list.error();
    Result<Money> const batch = month("batch", nullptr);
    quote.list = *list;
    quote.batch = batch ? std::min(*batch, *list) : *list;
    Wide parts = 0;  // ten-thousandths of nano-dollars
    std::int64_t last = 0, points = 0;
    for (VolumeDiscount const& step : steps) {
        if (step.from >= quote.list) {
            if (!quote.next_from) quote.next_basis_points = step.basis_points;
            if (!quote.next_from) quote.next_from = step.from;
            continue;
        }
        parts += Wide{step.from.nanos() - last} * (10'000 - points);
        last = step.from.nanos();
        points = step.basis_points;
    }
    parts += Wide{quote.list.nanos() - last} * (10'000 - points);
    Result<Money> const discounted = rounded(parts, 10'000);
    if (!discounted) return discounted.error();
    quote.discounted = *discounted;
    return quote;
}

Result<std::vector<PriceChange>> ProviderCostAnalyzer::track_provider_pricing_changes(std::string_view before,
                                                                                      std::string_view after) const {
    return cost::track_provider_pricing_changes(before, after);
}

}  // namespace aikit::inline v0::cost
