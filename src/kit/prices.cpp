// SPDX-License-Identifier: MIT
// kit/prices.cpp - the price catalog that a configuration names.
#include "kit/prices.hpp"

namespace aikit::inline v0 {

Result<std::shared_ptr<cost::PriceCatalog const>> load_catalog(KitConfig const& config) {
    std::shared_ptr<cost::PriceCatalog const> shipped = cost::PriceCatalog::shipped();
    if (config.price_catalog.empty()) return shipped;
    return cost::PriceCatalog::load(config.price_catalog, std::move(shipped));
}

}  // namespace aikit::inline v0
