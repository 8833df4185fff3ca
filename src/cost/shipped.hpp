// SPDX-License-Identifier: MIT
// cost/shipped.hpp - the catalog that comes inside the library.
#ifndef AIKIT_SRC_COST_SHIPPED_HPP
#define AIKIT_SRC_COST_SHIPPED_HPP

#include <aikit/core/config.hpp>

#include <string_view>

namespace aikit::inline v0::cost {

/// data/catalog.json as it was when the library was built. Static storage.
std::string_view shipped_catalog() noexcept;

}  // namespace aikit::inline v0::cost

#endif  // AIKIT_SRC_COST_SHIPPED_HPP
