// SPDX-License-Identifier: MIT
// vector/bm25.hpp - keyword search of a collection.
#ifndef AIKIT_SRC_VECTOR_BM25_HPP
#define AIKIT_SRC_VECTOR_BM25_HPP

#include "vector/ranking.hpp"
#include "vector/rows.hpp"

namespace aikit::inline v0::vector {

/// BM25 as Lucene has it since 8.0, with k1 = 1.2 and b = 0.75:
///   sum over the query's words of  ln(1 + (N - n + 0.5) / (n + 0.5)) * f / (f + k1 * (1 - b + b * length / average))
/// where N items have keywords, n of them this one, f times in the item. A word said twice counts twice.
///
/// The `top` best and whatever is equal to the last of them, in no order, without ids. The words go to SQL as bound
/// values; none of them can be an operator.
Result<std::vector<Candidate>> search_words(storage::Connection& db, CollectionRow const& row, std::string const& text,
                                            std::size_t top);

}  // namespace aikit::inline v0::vector

#endif  // AIKIT_SRC_VECTOR_BM25_HPP
