// SPDX-License-Identifier: MIT
// kit/prices.hpp - the price catalog that a configuration names.
#ifndef AIKIT_SRC_KIT_PRICES_HPP
#define AIKIT_SRC_KIT_PRICES_HPP

#include <aikit/kit.hpp>

#include <memory>

namespace aikit::inline v0 {

/// The shipped catalog, behind the configuration's own file where it names one.
Result<std::shared_ptr<cost::PriceCatalog const>> load_catalog(KitConfig const& config);

}  // namespace aikit::inline v0

#endif  // AIKIT_SRC_KIT_PRICES_HPP
