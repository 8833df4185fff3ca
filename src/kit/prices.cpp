// SPDX-License-Identifier: MIT
// kit/prices.cpp - the price catalog that a configuration names.
#include "kit/prices.hpp"

namespace aikit::inline v0 {

Result<std::shared_ptr<cost::PriceCatalog const>> load_catalog(KitConfig const& config) {
    std::shared_ptr<cost::PriceCatalog const> shipped = cost::PriceCatalog::shipped();
    Result<std::shared_ptr<cost::PriceCatalog const>> catalog =
        config.price_catalog.empty() ? Result<std::shared_ptr<cost::PriceCatalog const>>(std::move(shipped))
                                     : cost::PriceCatalog::load(config.price_catalog, std::move(shipped));
    if (!catalog || config.price_discounts.empty()) return catalog;
    return cost::PriceCatalog::discounted(std::move(*catalog), config.price_discounts);
}

}  // namespace aikit::inline v0
