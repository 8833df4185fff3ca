// SPDX-License-Identifier: MIT
// cost/searches.hpp - searches that are billed and that nobody counts: those of models that search for every request.
#ifndef AIKIT_SRC_COST_SEARCHES_HPP
#define AIKIT_SRC_COST_SEARCHES_HPP

#include <aikit/cost/catalog.hpp>

#include <string_view>

namespace aikit::inline v0::cost {

/// True for a search of any size.
bool is_search(Piece piece) noexcept;

/// True for a model that searches for every request: by the catalog, or by the name that OpenAI gives such models in
/// Chat Completions.
bool always_searches(PriceEntry const& entry, std::string_view model) noexcept;

/// Which search a chat's further members ask for ({"web_search_options": {"search_context_size": "low"}}): one of the
/// usual size when they name none.
Piece asked_search(std::string_view extra);

/// One search, where the model makes one for every request and the provider told of none.
void add_searches(PriceEntry const& entry, std::string_view model, std::string_view extra, Usage& usage);

}  // namespace aikit::inline v0::cost

#endif  // AIKIT_SRC_COST_SEARCHES_HPP
