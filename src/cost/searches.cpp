// SPDX-License-Identifier: MIT
// cost/searches.cpp - searches of models that search for every request.
#include "cost/searches.hpp"

#include "core/json.hpp"

namespace aikit::inline v0::cost {

bool is_search(Piece piece) noexcept {
    return piece == Piece::web_searches || piece == Piece::web_searches_low || piece == Piece::web_searches_high;
}

bool always_searches(PriceEntry const& entry, std::string_view model) noexcept {
    bool const named =
        model.find("-search-preview") != std::string_view::npos || model.find("-search-api") != std::string_view::npos;
    return named || (entry.facts && entry.facts->always_searches);
}

Piece asked_search(std::string_view extra) {
    if (extra.find("search_context_size") == std::string_view::npos) return Piece::web_searches;
    Result<json::value> const asked = json::parse(extra, "extra");
    json::value const* const options = asked ? json::find(*asked, "web_search_options") : nullptr;
    std::string_view const size =
        options == nullptr ? std::string_view() : json::text(*options, "search_context_size").value_or("");
    if (size == "low") return Piece::web_searches_low;
    return size == "high" ? Piece::web_searches_high : Piece::web_searches;
}

void add_searches(PriceEntry const& entry, std::string_view model, std::string_view extra, Usage& usage) {
    if (usage.nothing() || !always_searches(entry, model)) return;
    for (Piece const piece : {Piece::web_searches_low, Piece::web_searches, Piece::web_searches_high}) {
        if (usage.pieces[piece] > 0) return;
    }
    usage.pieces[asked_search(extra)] = 1;
}

}  // namespace aikit::inline v0::cost
