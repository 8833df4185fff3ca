// SPDX-License-Identifier: MIT
// vector/check.hpp - refusing what cannot be stored or searched, before anything is done.
#ifndef AIKIT_SRC_VECTOR_CHECK_HPP
#define AIKIT_SRC_VECTOR_CHECK_HPP

#include <aikit/vector/store.hpp>

namespace aikit::inline v0::vector {

/// All errors are invalid_argument and name the field; never the id or text itself.
Result<void> check_config(CollectionConfig const& config);

/// Whether `wanted` may be opened where `there` is.
Result<void> check_agreement(CollectionConfig const& wanted, CollectionConfig const& there);

Result<void> check_items(std::vector<Item> const& items, CollectionConfig const& collection);

Result<void> check(DenseQuery const& query, CollectionConfig const& collection);
Result<void> check(SparseQuery const& query);
Result<void> check(HybridQuery const& query, CollectionConfig const& collection);
Result<void> check_top(int top, char const* field);

}  // namespace aikit::inline v0::vector

#endif  // AIKIT_SRC_VECTOR_CHECK_HPP
