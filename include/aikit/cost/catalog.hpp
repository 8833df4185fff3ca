// SPDX-License-Identifier: MIT
// aikit/cost/catalog.hpp - what models cost, as data.
#ifndef AIKIT_COST_CATALOG_HPP
#define AIKIT_COST_CATALOG_HPP

#include <aikit/core/clock.hpp>
#include <aikit/core/money.hpp>
#include <aikit/model/usage.hpp>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace aikit::inline v0::cost {

/// What is asked for a price: who served which model, when, and how.
struct PriceQuery {
    PriceQuery() = default;

    /// "openai", "azure", "anthropic", "gemini" (or "google"), "groq", ... With a region behind a plus sign it asks as
    /// `region` does: "openai+eu".
    std::string provider;
    std::string model;         ///< As the provider names it; dated versions match their family's rule.
    SystemTime at;             ///< When the call ran.
    std::string service_tier;  ///< "", "default", "batch", "flex", "priority", "fast".

    /// Where it is processed, as the provider calls the place: "eu", "us-east-1". Where the catalog has no prices of
    /// that place, the usual ones hold.
    std::string region;

    /// What was spent with the provider in the calendar month (UTC) of the call, before it; see PriceDiscount.
    Money spent;
};

/// The prices of one usage class each; a missing one is charged as the doc comment says.
struct TokenPrices {
    TokenPrices() = default;

    std::optional<Price> input;
    std::optional<Price> output;
    std::optional<Price> cache_read;        ///< Missing: as input.
    std::optional<Price> cache_write_5m;    ///< Missing: as input.
    std::optional<Price> cache_write_1h;    ///< Missing: as cache_write_5m.
    std::optional<Price> audio_input;       ///< Missing: as input.
    std::optional<Price> audio_cache_read;  ///< Missing: as cache_read.
    std::optional<Price> audio_output;      ///< Missing: as output.
    std::optional<Price> image_input;       ///< Missing: as input.
    std::optional<Price> image_output;      ///< Missing: as output.
    std::optional<Price> reasoning;         ///< Missing: as output.
};

/// Prices from this many input tokens on; they hold for the whole request.
struct PriceStep {
    PriceStep() = default;

    std::int64_t above_input = 0;  ///< Applies when total input is greater than this.
    TokenPrices prices;
};

/// The price of one piece: an image, a page, a millisecond. Of several for the same piece the one with the greatest
/// `above` that is passed holds for all of them.
struct PiecePrice {
    PiecePrice() = default;

    Piece piece{};
    Price price;
    std::int64_t above = 0;  ///< For more than so many of them; of queries: for more results than that.
};

/// What is known of a model beside its prices.
struct ModelFacts {
    ModelFacts() = default;

    std::string mode;              ///< "chat", "embedding", "image_generation", "rerank", ...; empty: not known.
    std::vector<std::string> can;  ///< "image", "audio", "document", "tools", "schema", "cache", "web_search", ...
    bool deprecated = false;
    bool searches_once = false;         ///< However often it searches for a request, it is billed as one search.
    bool always_searches = false;       ///< It searches for every request, which is billed though nobody counts it.
    std::optional<SystemTime> retires;  ///< Its provider no longer serves it from then on.
    std::optional<std::int64_t> requests_per_minute;
    std::optional<std::int64_t> tokens_per_minute;
    std::optional<std::int64_t> dimensions;    ///< Of its vectors.
    std::optional<std::int64_t> least_cached;  ///< Prompts of fewer tokens are not cached.
    std::vector<std::string> regions;          ///< Those with prices of their own, and those that serve it.
};

/// One rule of the catalog, resolved for a query.
struct PriceEntry {
    PriceEntry() = default;

    /// Stable: "openai/gpt-4o@2025-08-01#default"; with a region that has its own prices "...#default+eu", with a
    /// discount "...#batch-12.5%".
    std::string id;
    std::string model;  ///< The family's name.
    TokenPrices base;
    std::vector<PriceStep> steps;  ///< Ascending.
    std::optional<Price> per_request;
    std::vector<PiecePrice> pieces;  ///< By piece, then ascending.

    std::int64_t discount_basis_points = 0;   ///< What was taken off the catalog's prices to get these.
    std::shared_ptr<ModelFacts const> facts;  ///< Null: nothing is known.

    std::optional<std::int64_t> context_window;  ///< Tokens of input and output together.
    std::optional<std::int64_t> max_output;
    bool reasoning = false;
    std::vector<std::string> lacks;  ///< What it is known not to take: "image", "audio", "document", "tools".
    std::string tokenizer;           ///< "o200k_base", "cl100k_base"; empty: not known.
    bool free = false;               ///< Runs here, or costs nothing.
};

struct PricedUsage {
    PricedUsage() = default;

    Money cost;
    std::string input_usd;   ///< Exact decimal dollars of what was read, before rounding.
    std::string output_usd;  ///< Exact decimal dollars of what was written, before rounding.
    std::string pieces_usd;  ///< Exact decimal dollars of what is billed by the piece; empty: nothing was.
    std::string price_id;

    /// Searches by a model whose price the entry does not have: they are not in `cost`, and may be included in the
    /// price of the tokens.
    std::vector<Piece> unpriced;
};

/// Prices `usage` by one entry. Errors: unknown_price (a class of tokens or a piece was used that the entry cannot
/// price), invalid_argument (negative counts, overflow).
AIKIT_EXPORT Result<PricedUsage> price(PriceEntry const& entry, Usage const& usage);

/// The sum alone. Errors: as price().
AIKIT_EXPORT Result<Money> cost_of(PriceEntry const& entry, Usage const& usage);

/// What is paid less than the catalog says, by contract.
struct PriceDiscount {
    PriceDiscount() = default;

    std::string provider;            ///< As the catalog calls it. Empty: any.
    std::string model;               ///< A name; with "*" at its end all that begin so. Empty: any.
    std::optional<SystemTime> from;  ///< Missing: since ever.
    std::optional<SystemTime> until;
    Money from_spent;               ///< For calls from so much on in a calendar month (UTC) with the provider.
    std::int64_t basis_points = 0;  ///< Hundredths of a percent: 0 to 10,000.
};

/// The catalog. Thread-safety: shared objects: safe (it is constant).
class AIKIT_EXPORT PriceCatalog {
public:
    virtual ~PriceCatalog() = default;

    /// The one that comes with the library. Read at first use.
    static std::shared_ptr<PriceCatalog const> shipped();

    /// Reads aikit's own form. Errors: invalid_argument with the path of what is wrong.
    static Result<std::shared_ptr<PriceCatalog const>> parse(std::string_view json);

    /// Reads a file of aikit's own form; its entries stand before those of `base`, if one is given.
    static Result<std::shared_ptr<PriceCatalog const>> load(std::string const& path,
                                                            std::shared_ptr<PriceCatalog const> base);

    /// `base` with discounts: of those that fit a query, the one that takes the most spending, and of several such the
    /// first, is taken off each price of its entry, which is then rounded half to even to a femto-dollar.
    /// Errors: invalid_argument (basis_points or from_spent, naming which; no base).
    static Result<std::shared_ptr<PriceCatalog const>> discounted(std::shared_ptr<PriceCatalog const> base,
                                                                  std::vector<PriceDiscount> discounts);

    /// The entry of a query; unknown_price, naming provider and model, when there is none: never zero by default.
    virtual Result<PriceEntry> find(PriceQuery const& query) const = 0;

    /// "2026-08-21" or what the file says of itself.
    virtual std::string const& version() const noexcept = 0;

    /// Ids of the providers, for listing; those of a base come last.
    virtual std::vector<std::string> providers() const = 0;

    /// Ids of the families of a provider, for listing.
    virtual std::vector<std::string> models(std::string_view provider) const = 0;
};

}  // namespace aikit::inline v0::cost

#endif  // AIKIT_COST_CATALOG_HPP
