// SPDX-License-Identifier: MIT
// cost/price_list.hpp - what the readers of others' price lists share.
#ifndef AIKIT_SRC_COST_PRICE_LIST_HPP
#define AIKIT_SRC_COST_PRICE_LIST_HPP

#include "core/json.hpp"

#include <aikit/core/money.hpp>
#include <aikit/cost/import.hpp>
#include <aikit/model/usage.hpp>

#include <array>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace aikit::inline v0::cost {

/// A class of tokens in the three forms; empty where one has no name for it.
struct PriceClass {
    std::string_view ours, genai_prices, litellm;
};

inline constexpr std::array<PriceClass, 11> price_classes{{
    {"input", "input_mtok", "input_cost_per_token"},
    {"output", "output_mtok", "output_cost_per_token"},
    {"cache_read", "cache_read_mtok", "cache_read_input_token_cost"},
    {"cache_write_5m", "cache_write_mtok", "cache_creation_input_token_cost"},
    {"cache_write_1h", "", "cache_creation_input_token_cost_above_1hr"},
    {"audio_input", "input_audio_mtok", "input_cost_per_audio_token"},
    {"audio_cache_read", "cache_audio_read_mtok", "cache_read_input_audio_token_cost"},
    {"audio_output", "output_audio_mtok", "output_cost_per_audio_token"},
    {"image_input", "input_image_mtok", "input_cost_per_image_token"},
    {"image_output", "output_image_mtok", "output_cost_per_image_token"},
    {"reasoning", "", "output_cost_per_reasoning_token"},
}};

/// The prices of one set while it is read: those for any size of the input, and those from a size on.
struct PriceSetDraft {
    PriceSetDraft() = default;

    /// The members of a price set in our form.
    void write(json::object& out) const;

    std::map<std::string_view, std::string> base;
    std::map<std::int64_t, std::map<std::string_view, std::string>> steps;
    std::string request;
    json::object pieces;
};

/// Turns prices into the text of our form and keeps the list of what happened to them.
class PriceListReader {
public:
    explicit PriceListReader(ImportedCatalog& made) : made_(made) {}

    /// A price of `units` units as dollars per million of them. Errors: invalid_argument, naming `what`.
    Result<std::string> per_million(json::value const& value, std::int64_t units, std::string const& what);

    /// A price of `units` units as dollars for one.
    Result<std::string> per_one(json::value const& value, std::int64_t units, std::string const& what);

    /// A price of one piece, or of a second of it, as dollars.
    Result<std::string> per_piece(json::value const& value, Piece piece, std::string const& what);

    void leave_out(std::string what) { made_.left_out.push_back(std::move(what)); }

private:
    Result<Price> price(json::value const& value, std::int64_t units, std::string const& what);

    ImportedCatalog& made_;
};

/// A count that stands as text or as a number; also "256000.0".
std::optional<std::int64_t> count_of(json::value const* value) noexcept;

/// LiteLLM's prices by the piece; what it reads of a model is noted in `known`.
Result<json::object> read_litellm_pieces(json::object const& facts, PriceListReader& reader, std::string const& what,
                                         std::vector<std::string>& known);

/// What LiteLLM knows of a model beside its prices, into its line.
void write_litellm_facts(json::object const& facts, json::object& line);

/// The text with each number in quotes, so that it stays as it is written.
std::string quote_numbers(std::string_view json);

/// The lists themselves, whose numbers are in quotes.
Result<json::object> read_genai_prices(json::array const& providers, PriceListReader& reader);
Result<json::object> read_litellm(json::object const& models, PriceListReader& reader);

}  // namespace aikit::inline v0::cost

#endif  // AIKIT_SRC_COST_PRICE_LIST_HPP
