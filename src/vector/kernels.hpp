// SPDX-License-Identifier: MIT
// vector/kernels.hpp - how far two vectors are apart, as fast as this processor can tell.
#ifndef AIKIT_SRC_VECTOR_KERNELS_HPP
#define AIKIT_SRC_VECTOR_KERNELS_HPP

#include <aikit/vector/store.hpp>

#include <cstddef>
#include <span>
#include <vector>

namespace aikit::inline v0::vector {

/// Smaller is nearer. Reads `size` floats from both.
using Distance = float (*)(float const* a, float const* b, std::size_t size);

/// For cosine (of vectors of length 1) and dot: the negated dot product; for l2: the squared distance.
Distance distance_of(Metric metric) noexcept;

/// The same without vector instructions; the oracle of the others, and what older processors use.
Distance plain_distance_of(Metric metric) noexcept;

/// What a distance is as a Hit's score: the cosine (within -1 to 1), the dot product, or the negated squared distance.
double score_of(Metric metric, float distance) noexcept;

/// The vector as it is compared: scaled to length 1 for cosine, else unchanged.
std::vector<float> prepared(Metric metric, std::span<float const> vector);

}  // namespace aikit::inline v0::vector

#endif  // AIKIT_SRC_VECTOR_KERNELS_HPP
