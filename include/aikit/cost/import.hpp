// SPDX-License-Identifier: MIT
// aikit/cost/import.hpp - price lists of others as a catalog, and what changed between two.
#ifndef AIKIT_COST_IMPORT_HPP
#define AIKIT_COST_IMPORT_HPP

#include <aikit/core/result.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace aikit::inline v0::cost {

/// A catalog made of a price list.
struct ImportedCatalog {
    ImportedCatalog() = default;

    std::string json;                   ///< In aikit's own form: for PriceCatalog::parse(), or as a file.
    std::vector<std::string> rounded;   ///< Prices that are not whole femto-dollars per unit, with what they became.
    std::vector<std::string> left_out;  ///< Models and prices that the form has no place for, with the reason.
};

/// Reads LiteLLM's model_prices_and_context_window.json, genai-prices' data.json, or aikit's own form (which comes back
/// as it is). No number is ever made a float: prices go from decimal text to integers.
///
/// Errors: invalid_argument (no JSON, none of the three forms, a price that is no number).
AIKIT_EXPORT Result<ImportedCatalog> import_prices(std::string_view json);

/// The catalog that comes with the library, in the form of ImportedCatalog::json. Static storage.
AIKIT_EXPORT std::string_view shipped_prices() noexcept;

/// One difference between two catalogs.
struct PriceChange {
    PriceChange() = default;

    std::string provider;
    std::string model;
    std::string what;    ///< "input", "batch output", "above 200000 input", "from 2026-09-01 input", "max_output",
                         ///< "model".
    std::string before;  ///< Dollars per million tokens, or the number; empty: it was not there.
    std::string after;   ///< Empty: it is gone.
};

/// What changed from one catalog to the other, by provider and model; each in any form that import_prices() reads.
/// Errors: as import_prices(), naming which of the two.
AIKIT_EXPORT Result<std::vector<PriceChange>> track_provider_pricing_changes(std::string_view before,
                                                                             std::string_view after);

}  // namespace aikit::inline v0::cost

#endif  // AIKIT_COST_IMPORT_HPP
