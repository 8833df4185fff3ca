// SPDX-License-Identifier: MIT
// vector/ranking.hpp - ordering what was found, and joining what two searches found.
#ifndef AIKIT_SRC_VECTOR_RANKING_HPP
#define AIKIT_SRC_VECTOR_RANKING_HPP

#include <aikit/vector/store.hpp>

#include <cstdint>
#include <vector>

namespace aikit::inline v0::vector {

/// An item as a search sees it.
struct Candidate {
    Candidate() = default;
    Candidate(std::uint64_t label_, double score_) : label(label_), score(score_) {}

    std::uint64_t label = 0;
    std::string id;
    double score = 0;
    std::optional<double> dense;
    std::optional<double> sparse;
};

/// Higher scores first, equal ones by id; cut to `top`.
void rank(std::vector<Candidate>& candidates, std::size_t top);

/// Keeps the `top` highest and whatever is equal to the last of them, in no order.
void keep_top(std::vector<Candidate>& candidates, std::size_t top);

/// One list of two, each in its own order, as the query says; ranked and cut. An item that one leg did not find counts
/// there as if it were below the last.
///
/// Formulas: reciprocal rank fusion, Cormack, Clarke, Buettcher 2009; weighted: convex combination after min-max
/// scaling of each leg over its candidates, Bruch, Gai, Ingber 2022.
std::vector<Candidate> fuse(std::vector<Candidate> const& dense, std::vector<Candidate> const& sparse,
                            HybridQuery const& query);

}  // namespace aikit::inline v0::vector

#endif  // AIKIT_SRC_VECTOR_RANKING_HPP
