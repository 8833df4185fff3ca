// SPDX-License-Identifier: MIT
// vector/kernels.cpp - dot product and squared distance of float32: plain, and AVX2 with FMA chosen at run time.
#include "vector/kernels.hpp"

#include <algorithm>
#include <cmath>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace aikit::inline v0::vector {
namespace {

/// Four sums, so that additions need not wait for each other.
template <class Term>
float sum_plain(std::size_t size, Term term) {
    float sums[4] = {0, 0, 0, 0};
    std::size_t i = 0;
    for (; i + 4 <= size; i += 4) {
        for (std::size_t j = 0; j < 4; ++j) sums[j] += term(i + j);
    }
    for (; i < size; ++i) sums[0] += term(i);
    return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

float negated_dot_plain(float const* a, float const* b, std::size_t size) {
    return -sum_plain(size, [=](std::size_t i) { return a[i] * b[i]; });
}

float square_plain(float const* a, float const* b, std::size_t size) {
    return sum_plain(size, [=](std::size_t i) { return (a[i] - b[i]) * (a[i] - b[i]); });
}

#if defined(__x86_64__)

__attribute__((target("avx2,fma"))) float sum_of(__m256 a, __m256 b, __m256 c, __m256 d) {
    __m256 const all = _mm256_add_ps(_mm256_add_ps(a, b), _mm256_add_ps(c, d));
    __m128 sum = _mm_add_ps(_mm256_castps256_ps128(all), _mm256_extractf128_ps(all, 1));
    sum = _mm_add_ps(sum, _mm_movehl_ps(sum, sum));
    sum = _mm_add_ss(sum, _mm_shuffle_ps(sum, sum, 1));
    return _mm_cvtss_f32(sum);
}

__attribute__((target("avx2,fma"))) float negated_dot_avx2(float const* a, float const* b, std::size_t size) {
    __m256 s0 = _mm256_setzero_ps(), s1 = s0, s2 = s0, s3 = s0;
    std::size_t i = 0;
    for (; i + 32 <= size; i += 32) {
        s0 = _mm256_fmadd_ps(_mm256_loadu_ps(a + i), _mm256_loadu_ps(b + i), s0);
        s1 = _mm256_fmadd_ps(_mm256_loadu_ps(a + i + 8), _mm256_loadu_ps(b + i + 8), s1);
        s2 = _mm256_fmadd_ps(_mm256_loadu_ps(a + i + 16), _mm256_loadu_ps(b + i + 16), s2);
        s3 = _mm256_fmadd_ps(_mm256_loadu_ps(a + i + 24), _mm256_loadu_ps(b + i + 24), s3);
    }
    for (; i + 8 <= size; i += 8) s0 = _mm256_fmadd_ps(_mm256_loadu_ps(a + i), _mm256_loadu_ps(b + i), s0);
    float sum = sum_of(s0, s1, s2, s3);
    for (; i < size; ++i) sum += a[i] * b[i];
    return -sum;
}

__attribute__((target("avx2,fma"))) float square_avx2(float const* a, float const* b, std::size_t size) {
    __m256 s0 = _mm256_setzero_ps(), s1 = s0, s2 = s0, s3 = s0;
    std::size_t i = 0;
    for (; i + 32 <= size; i += 32) {
        __m256 const d0 = _mm256_sub_ps(_mm256_loadu_ps(a + i), _mm256_loadu_ps(b + i));
        __m256 const d1 = _mm256_sub_ps(_mm256_loadu_ps(a + i + 8), _mm256_loadu_ps(b + i + 8));
        __m256 const d2 = _mm256_sub_ps(_mm256_loadu_ps(a + i + 16), _mm256_loadu_ps(b + i + 16));
        __m256 const d3 = _mm256_sub_ps(_mm256_loadu_ps(a + i + 24), _mm256_loadu_ps(b + i + 24));
        s0 = _mm256_fmadd_ps(d0, d0, s0);
        s1 = _mm256_fmadd_ps(d1, d1, s1);
        s2 = _mm256_fmadd_ps(d2, d2, s2);
        s3 = _mm256_fmadd_ps(d3, d3, s3);
    }
    for (; i + 8 <= size; i += 8) {
        __m256 const d0 = _mm256_sub_ps(_mm256_loadu_ps(a + i), _mm256_loadu_ps(b + i));
        s0 = _mm256_fmadd_ps(d0, d0, s0);
    }
    float sum = sum_of(s0, s1, s2, s3);
    for (; i < size; ++i) sum += (a[i] - b[i]) * (a[i] - b[i]);
    return sum;
}

bool has_avx2() noexcept {
    static bool const has = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    return has;
}

#endif

}  // namespace

Distance plain_distance_of(Metric metric) noexcept {
    return metric == Metric::l2 ? square_plain : negated_dot_plain;
}

Distance distance_of(Metric metric) noexcept {
#if defined(__x86_64__)
    if (has_avx2()) return metric == Metric::l2 ? square_avx2 : negated_dot_avx2;
#endif
    return plain_distance_of(metric);
}

double score_of(Metric metric, float distance) noexcept {
    double const score = -static_cast<double>(distance);
    return metric == Metric::cosine ? std::clamp(score, -1.0, 1.0) : score;
}

std::vector<float> prepared(Metric metric, std::span<float const> vector) {
    std::vector<float> values(vector.begin(), vector.end());
    if (metric != Metric::cosine) return values;
    double squares = 0;
    for (float const value : values) squares += static_cast<double>(value) * value;
    double const length = std::sqrt(squares);
    if (length > 0) {
        for (float& value : values) value = static_cast<float>(value / length);
    }
    return values;
}

}  // namespace aikit::inline v0::vector
