// SPDX-License-Identifier: MIT
// cost/changes.cpp - two catalogs, price by price.
#include "cost/rules.hpp"

#include <aikit/core/no_destructor.hpp>
#include <aikit/cost/import.hpp>

#include <map>

namespace aikit::inline v0::cost {
namespace {

/// What a model costs and can, by the name of each number. Empty: it has none, and is there.
using Numbers = std::map<std::string, std::string>;
using Models = std::map<std::pair<std::string, std::string>, Numbers>;

void put(Numbers& numbers, std::string const& name, std::optional<Price> const& price) {
    if (price) numbers[name] = price->usd_per_million();
}

void put(Numbers& numbers, std::string const& where, TokenPrices const& prices) {
    put(numbers, where + "input", prices.input);
    put(numbers, where + "output", prices.output);
    put(numbers, where + "cache_read", prices.cache_read);
    put(numbers, where + "cache_write_5m", prices.cache_write_5m);
    put(numbers, where + "cache_write_1h", prices.cache_write_1h);
    put(numbers, where + "audio_input", prices.audio_input);
    put(numbers, where + "audio_cache_read", prices.audio_cache_read);
    put(numbers, where + "audio_output", prices.audio_output);
    put(numbers, where + "image_input", prices.image_input);
    put(numbers, where + "image_output", prices.image_output);
    put(numbers, where + "reasoning", prices.reasoning);
}

void put(Numbers& numbers, std::string where, PriceSet const& set) {
    if (!set.label.empty()) where += (set.from ? "from " : set.until ? "" : "daily ") + set.label.substr(1) + " ";
    put(numbers, where, set.base);
    if (set.request) numbers[where + "million requests"] = set.request->usd_per_million();
    for (PiecePrice const& piece : set.pieces) {
        std::string const above = piece.above == 0 ? "" : " above " + std::to_string(piece.above);
        // A price of seconds is kept by the millisecond.
        constexpr std::int64_t million = 1'000'000;
        Result<Price> const whole = Price::from_usd(piece.price.usd_per_million(), million / price_units(piece.piece));
        if (whole) numbers[where + "million " + price_name(piece.piece) + above] = whole->usd_per_million();
    }
    for (PriceStep const& step : set.steps) {
        put(numbers, where + "above " + std::to_string(step.above_input) + " ", step.prices);
    }
}

void put(Numbers& numbers, std::string const& where, Tiers const& tiers) {
    for (auto const& [tier, prices] : tiers) {
        if (prices.factor) {
            numbers[where + tier + " multiplier"] = factor_text(*prices.factor);
        } else {
            put(numbers, where + tier + " ", prices.set);
        }
    }
}

Numbers numbers_of(ModelRule const& rule) {
    Numbers numbers;
    numbers["model"] = rule.free ? "free" : rule.prices.empty() ? "without a price" : "priced";
    for (PriceSet const& set : rule.prices) put(numbers, "", set);
    put(numbers, "", rule.tiers);
    for (auto const& [name, region] : rule.regions) {
        std::string const where = "in " + name + " ";
        if (region.factor) numbers[where + "multiplier"] = factor_text(*region.factor);
        for (PriceSet const& set : region.prices) put(numbers, where, set);
        put(numbers, where, region.tiers);
    }
    if (rule.facts->retires) numbers["retires"] = to_rfc3339(*rule.facts->retires).substr(0, 10);
    if (rule.facts->deprecated) numbers["deprecated"] = "yes";
    if (rule.context) numbers["context"] = std::to_string(*rule.context);
    if (rule.max_output) numbers["max_output"] = std::to_string(*rule.max_output);
    return numbers;
}

Result<Models> models_of(std::string_view list, char const* which) {
    Result<ImportedCatalog> const catalog = import_prices(list);
    Result<CatalogRules> const rules =
        catalog ? CatalogRules::parse(catalog->json) : Result<CatalogRules>(catalog.error());
    if (!rules) {
        Error error = rules.error();
        error.message.insert(0, std::string(which) + ": ");
        return error;
    }
    Models models;
    for (ProviderRules const& provider : rules->providers) {
        for (ModelRule const& rule : provider.models) models[{provider.id, rule.id}] = numbers_of(rule);
    }
    return models;
}

void compare(std::pair<std::string, std::string> const& name, Numbers const& before, Numbers const& after,
             std::vector<PriceChange>& changes) {
    Numbers all = before;
    all.insert(after.begin(), after.end());
    for (auto const& [what, ignored] : all) {
        auto const was = before.find(what);
        auto const is = after.find(what);
        PriceChange change;
        if (was != before.end()) change.before = was->second;
        if (is != after.end()) change.after = is->second;
        if (change.before == change.after) continue;
        change.provider = name.first;
        change.model = name.second;
        change.what = what;
        changes.push_back(std::move(change));
    }
}

}  // namespace

Result<std::vector<PriceChange>> track_provider_pricing_changes(std::string_view before, std::string_view after) {
    Result<Models> const was = models_of(before, "the catalog before");
    if (!was) return was.error();
    Result<Models> const is = models_of(after, "the catalog after");
    if (!is) return is.error();
    std::vector<PriceChange> changes;
    static NoDestructor<Numbers> const nothing;
    for (auto const& [name, numbers] : *was) {
        auto const found = is->find(name);
        compare(name, numbers, found == is->end() ? *nothing : found->second, changes);
    }
    for (auto const& [name, numbers] : *is) {
        if (was->find(name) == was->end()) compare(name, *nothing, numbers, changes);
    }
    return changes;
}

}  // namespace aikit::inline v0::cost
