// SPDX-License-Identifier: MIT
// cost/rules.hpp - the catalog's file as values: providers, their models' rules, dated prices.
#ifndef AIKIT_SRC_COST_RULES_HPP
#define AIKIT_SRC_COST_RULES_HPP

#include "cost/match.hpp"

#include <aikit/cost/catalog.hpp>

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace aikit::inline v0::cost {

/// Prices and when they hold. With neither a date nor a window: always.
struct PriceSet {
    PriceSet() = default;

    bool active(SystemTime at) const noexcept;

    std::optional<SystemTime> from;                     // midnight UTC of its first day
    std::optional<SystemTime> until;                    // midnight UTC of the day after its last
    std::optional<std::chrono::minutes> opens, closes;  // of each day, UTC; may run over midnight
    std::string label;                                  // "", "@2025-06-10", "@00:30-16:30"
    TokenPrices base;
    std::vector<PriceStep> steps;
    std::optional<Price> request;
    std::vector<PiecePrice> pieces;
};

/// A factor of prices, in millionths.
using Factor = std::int64_t;
inline constexpr Factor one_factor = 1'000'000;

/// The prices of a service tier: its own, or the standard ones times a factor.
struct TierPrices {
    TierPrices() = default;

    PriceSet set;
    std::optional<Factor> factor;
};

using Tiers = std::map<std::string, TierPrices, std::less<>>;  // "batch", "flex", "priority", "fast"

/// The prices of a place: its own, or the usual ones times a factor.
struct RegionPrices {
    RegionPrices() = default;

    std::optional<Factor> factor;
    std::vector<PriceSet> prices;
    Tiers tiers;
};

/// A family of models. Neither free nor priced: it is known, and known to have no price.
struct ModelRule {
    ModelRule() = default;

    std::string id;
    MatchRule match;
    bool free = false;
    std::optional<std::int64_t> context;
    std::optional<std::int64_t> max_output;
    bool reasoning = false;
    std::vector<std::string> lacks;
    std::string tokenizer;
    std::vector<PriceSet> prices;  // the last active one holds, the first when none is
    Tiers tiers;
    std::map<std::string, RegionPrices, std::less<>> regions;
    std::shared_ptr<ModelFacts const> facts;
};

/// Reads "prices", "tiers" and "regions" of a model.
Result<void> read_price_sets(json::Fields& fields, ModelRule& rule);

/// Reads what is known of a model beside its prices; `regions` are those that have prices.
Result<void> read_facts(json::Fields& fields, ModelRule& rule);

/// A list of one text or more.
Result<std::vector<std::string>> read_texts(json::value const& source, std::string const& path);

/// What a piece's price is called ("pages", "input_audio_seconds"), and how many of the piece it is for.
std::string price_name(Piece piece);
std::int64_t price_units(Piece piece) noexcept;

/// "1.1" of 1'100'000.
std::string factor_text(Factor factor);

/// The factor of a decimal text with at most six decimals, above 0 and at most 100; nothing for another.
std::optional<Factor> factor_of(std::string_view text);

/// Takes the price of each token times `parts` of `of`, with `all` that of requests and pieces, too.
Result<void> scale(PriceEntry& entry, std::int64_t parts, std::int64_t of, bool all);

struct ProviderRules {
    ProviderRules() = default;

    /// The first rule that covers a name in lower case; null when none does.
    ModelRule const* find(std::string_view model) const;

    /// Fills the index; to be called once the models are complete.
    void index();

    std::string id;
    bool free = false;                  // whatever the model
    std::vector<std::string> fallback;  // whose models it offers, too
    std::vector<ModelRule> models;

private:
    std::unordered_map<std::string, std::size_t> by_name_;  // the first rule that names it
    std::vector<std::size_t> patterns_;                     // rules that are more than names, in order
};

struct CatalogRules {
    CatalogRules() = default;

    /// Reads the form that data/README.md describes; invalid_argument names the path of what is wrong.
    static Result<CatalogRules> parse(std::string_view json);

    ProviderRules const* provider(std::string_view id) const;

    std::string version;
    std::map<std::string, std::vector<std::string>, std::less<>> aliases;
    std::vector<ProviderRules> providers;
};

}  // namespace aikit::inline v0::cost

#endif  // AIKIT_SRC_COST_RULES_HPP
