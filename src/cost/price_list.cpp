// SPDX-License-Identifier: MIT
// cost/price_list.cpp - exact decimals out of price lists, and which form a list has.
#include "cost/price_list.hpp"

#include "cost/rules.hpp"
#include "cost/shipped.hpp"

#include <algorithm>

namespace aikit::inline v0::cost {
namespace {

/// Femto-dollars as dollars without trailing zeros.
std::string dollars(std::int64_t femtos) {
    constexpr std::size_t decimals = 15;
    std::string text = std::to_string(femtos);
    if (text.size() <= decimals) text.insert(0, decimals + 1 - text.size(), '0');
    text.insert(text.size() - decimals, 1, '.');
    text.erase(text.find_last_not_of('0') + 1);
    if (text.back() == '.') text.pop_back();
    return text;
}

bool is_litellm(json::object const& list) {
    return std::any_of(list.begin(), list.end(),
                       [](auto const& member) { return json::text(member.value(), "litellm_provider").has_value(); });
}

}  // namespace

void PriceSetDraft::write(json::object& out) const {
    for (PriceClass const& one : price_classes) {
        if (auto const price = base.find(one.ours); price != base.end()) out[one.ours] = price->second;
    }
    if (!request.empty()) out["request"] = request;
    if (!pieces.empty()) out["pieces"] = pieces;
    if (steps.empty()) return;
    json::array list;
    for (auto const& [above, prices] : steps) {
        json::object& step = list.emplace_back(json::object()).get_object();
        step["above"] = above;
        for (auto const& [name, price] : prices) step[name] = price;
    }
    out["steps"] = std::move(list);
}

Result<Price> PriceListReader::price(json::value const& value, std::int64_t units, std::string const& what) {
    json::string const* text = value.if_string();
    bool rounded = false;
    Result<Price> const price =
        text == nullptr ? fail(Errc::invalid_argument, "") : Price::from_usd(*text, units, &rounded);
    if (!price) return fail(Errc::invalid_argument, what + " is no price");
    if (rounded) {
        made_.rounded.push_back(what + ": " + std::string(*text) + " became " +
                                (units == 1'000'000 ? price->usd_per_million() : dollars(price->femtos())));
    }
    return *price;
}

Result<std::string> PriceListReader::per_million(json::value const& value, std::int64_t units,
                                                 std::string const& what) {
    Result<Price> const read = price(value, units, what);
    if (!read) return read.error();
    return read->usd_per_million();
}

Result<std::string> PriceListReader::per_one(json::value const& value, std::int64_t units, std::string const& what) {
    Result<Price> const read = price(value, units, what);
    if (!read) return read.error();
    return dollars(read->femtos());
}

Result<std::string> PriceListReader::per_piece(json::value const& value, Piece piece, std::string const& what) {
    Result<Price> const read = price(value, price_units(piece), what);
    if (!read) return read.error();
    constexpr std::int64_t dearest = std::int64_t{1} << 52;  // some dollars; more of them is no price of a second
    if (read->femtos() > dearest && price_units(piece) != 1) return fail(Errc::invalid_argument, what + " is no price");
    return dollars(read->femtos() * price_units(piece));
}

std::optional<std::int64_t> count_of(json::value const* value) noexcept {
    if (value == nullptr) return std::nullopt;
    json::string const* text = value->if_string();
    if (text == nullptr) return json::as_integer(*value);
    bool rounded = false;
    // A femto-dollar stands for one.
    Result<Price> const read = Price::from_usd(*text, 1'000'000'000'000'000, &rounded);
    return read && !rounded ? std::optional<std::int64_t>(read->femtos()) : std::nullopt;
}

std::string quote_numbers(std::string_view text) {
    std::string out;
    out.reserve(text.size() + text.size() / 8);
    bool within = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        char const c = text[i];
        if (within) {
            out += c;
            if (c == '\\' && i + 1 < text.size()) out += text[++i];
            within = c != '"';
        } else if (c == '-' || (c >= '0' && c <= '9')) {
            std::size_t const end = std::min(text.find_first_not_of("+-.0123456789eE", i), text.size());
            out.append(1, '"').append(text.substr(i, end - i)).append(1, '"');
            i = end - 1;
        } else {
            out += c;
            within = c == '"';
        }
    }
    return out;
}

std::string_view shipped_prices() noexcept {
    return shipped_catalog();
}

Result<ImportedCatalog> import_prices(std::string_view text) {
    ImportedCatalog made;
    Result<json::value> const list = json::parse(quote_numbers(text), "price list", Errc::invalid_argument);
    if (!list) return list.error();
    json::object const* object = list->if_object();
    json::array const* array = list->if_array();
    if (object != nullptr && object->if_contains("form") != nullptr) {
        Result<CatalogRules> const rules = CatalogRules::parse(text);
        if (!rules) return rules.error();
        made.json = std::string(text);
        return made;
    }
    PriceListReader reader(made);
    Result<json::object> catalog = fail(
        Errc::invalid_argument, "the price list is none of aikit's, LiteLLM's and genai-prices': give one of them");
    if (array != nullptr) catalog = read_genai_prices(*array, reader);
    if (object != nullptr && is_litellm(*object)) catalog = read_litellm(*object, reader);
    if (!catalog) return catalog.error();
    made.json = json::serialize(*catalog);
    Result<CatalogRules> const rules = CatalogRules::parse(made.json);
    if (!rules) return rules.error();
    return made;
}

}  // namespace aikit::inline v0::cost
