// SPDX-License-Identifier: MIT
// kit/config_prices.cpp - what is taken off the catalog's prices, as JSON.
#include "kit/config_fields.hpp"

namespace aikit::inline v0 {
namespace {

constexpr std::size_t length_of_day = 10;

void read_day(json::Fields& fields, std::string_view key, std::optional<SystemTime>& out) {
    std::optional<std::string> text;
    fields.read(key, text);
    if (!text) return;
    Result<SystemTime> const at = from_rfc3339(*text + "T00:00:00Z");
    if (!at) return fields.refuse(key, "must be a day such as \"2026-08-21\"");
    out = *at;
}

Result<cost::PriceDiscount> read_discount(json::value const& source, std::string const& path) {
    if (!source.is_object()) return fail(Errc::invalid_argument, path + " must be an object");
    json::Fields fields(source.get_object(), path);
    cost::PriceDiscount out;
    fields.read("provider", out.provider);
    fields.read("model", out.model);
    read_day(fields, "from", out.from);
    read_day(fields, "until", out.until);
    fields.read("basis_points", out.basis_points);
    std::optional<Money> from_spent;
    read_dollars(fields, "from_usd", from_spent);
    out.from_spent = from_spent.value_or(out.from_spent);
    if (out.from_spent < Money()) fields.refuse("from_usd", "must not be negative");
    if (out.basis_points < 1 || out.basis_points > 10'000) {
        fields.refuse("basis_points", "must be 1 to 10000: hundredths of a percent");
    }
    if (out.from && out.until && *out.until <= *out.from) fields.refuse("until", "must be later than \"from\"");
    if (Result<void> done = fields.finish(); !done) return done.error();
    return out;
}

}  // namespace

Result<void> read_price_discounts(json::Fields& parent, std::vector<cost::PriceDiscount>& out) {
    json::array const* list = parent.take_array("price_discounts");
    for (std::size_t i = 0; list != nullptr && i < list->size(); ++i) {
        std::string const path = parent.path() + ".price_discounts[" + std::to_string(i) + "]";
        Result<cost::PriceDiscount> discount = read_discount((*list)[i], path);
        if (!discount) return discount.error();
        out.push_back(std::move(*discount));
    }
    return ok();
}

json::value write_price_discounts(std::vector<cost::PriceDiscount> const& discounts) {
    json::array list;
    for (cost::PriceDiscount const& discount : discounts) {
        json::object out;
        if (!discount.provider.empty()) out["provider"] = discount.provider;
        if (!discount.model.empty()) out["model"] = discount.model;
        if (discount.from) out["from"] = to_rfc3339(*discount.from).substr(0, length_of_day);
        if (discount.until) out["until"] = to_rfc3339(*discount.until).substr(0, length_of_day);
        if (discount.from_spent != Money()) out["from_usd"] = discount.from_spent.usd();
        out["basis_points"] = discount.basis_points;
        list.push_back(std::move(out));
    }
    return list;
}

}  // namespace aikit::inline v0
