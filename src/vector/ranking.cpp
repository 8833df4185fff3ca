// SPDX-License-Identifier: MIT
// vector/ranking.cpp - ordering and fusing.
#include "vector/ranking.hpp"

#include <algorithm>
#include <unordered_map>

namespace aikit::inline v0::vector {
namespace {

/// What each place of a leg adds to the fused score.
std::vector<double> shares(std::vector<Candidate> const& leg, HybridQuery const& query, double weight) {
    std::vector<double> parts(leg.size());
    if (query.fusion == Fusion::rrf) {
        for (std::size_t i = 0; i < leg.size(); ++i) parts[i] = 1 / (query.rrf_constant + static_cast<double>(i) + 1);
        return parts;
    }
    if (leg.empty()) return parts;
    double const best = leg.front().score;
    double const range = best - leg.back().score;
    for (std::size_t i = 0; i < leg.size(); ++i) {
        parts[i] = weight * (range > 0 ? 1 - (best - leg[i].score) / range : 1);
    }
    return parts;
}

}  // namespace

void rank(std::vector<Candidate>& candidates, std::size_t top) {
    std::sort(candidates.begin(), candidates.end(), [](Candidate const& a, Candidate const& b) {
        return a.score != b.score ? a.score > b.score : a.id < b.id;
    });
    if (candidates.size() > top) candidates.resize(top);
}

void keep_top(std::vector<Candidate>& candidates, std::size_t top) {
    if (candidates.size() <= top) return;
    auto const last = candidates.begin() + static_cast<std::ptrdiff_t>(top) - 1;
    std::nth_element(candidates.begin(), last, candidates.end(),
                     [](Candidate const& a, Candidate const& b) { return a.score > b.score; });
    double const limit = last->score;
    candidates.erase(std::remove_if(last + 1, candidates.end(), [=](Candidate const& c) { return c.score < limit; }),
                     candidates.end());
}

std::vector<Candidate> fuse(std::vector<Candidate> const& dense, std::vector<Candidate> const& sparse,
                            HybridQuery const& query) {
    std::vector<Candidate> fused;
    fused.reserve(dense.size() + sparse.size());
    std::unordered_map<std::uint64_t, std::size_t> places;
    auto const place = [&](Candidate const& found) -> Candidate& {
        auto const [at, fresh] = places.try_emplace(found.label, fused.size());
        if (fresh) {
            fused.push_back(found);
            fused.back().score = 0;
        }
        return fused[at->second];
    };
    std::vector<double> const dense_shares = shares(dense, query, query.dense_weight);
    for (std::size_t i = 0; i < dense.size(); ++i) {
        Candidate& joined = place(dense[i]);
        joined.score += dense_shares[i];
        joined.dense = dense[i].score;
    }
    std::vector<double> const sparse_shares = shares(sparse, query, 1 - query.dense_weight);
    for (std::size_t i = 0; i < sparse.size(); ++i) {
        Candidate& joined = place(sparse[i]);
        joined.score += sparse_shares[i];
        joined.sparse = sparse[i].score;
    }
    rank(fused, static_cast<std::size_t>(query.top));
    return fused;
}

}  // namespace aikit::inline v0::vector
