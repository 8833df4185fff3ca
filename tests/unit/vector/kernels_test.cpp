// SPDX-License-Identifier: MIT
// tests/unit/vector/kernels_test.cpp - distances, checksums.
#include "vector/kernels.hpp"

#include "support.hpp"
#include "vector/checksum.hpp"

#include <string_view>

namespace aikit::inline v0::vector {

TEST_CASE("every kernel agrees with double precision at every length") {
    std::mt19937 random(7);
    for (std::size_t size = 0; size <= 200; ++size) {
        std::vector<float> const a = random_vector(random, size);
        std::vector<float> const b = random_vector(random, size);
        double dot = 0, squares = 0, magnitude = 1;
        for (std::size_t i = 0; i < size; ++i) {
            dot += double(a[i]) * b[i];
            squares += (double(a[i]) - b[i]) * (double(a[i]) - b[i]);
            magnitude += std::fabs(double(a[i]) * b[i]) + (double(a[i]) - b[i]) * (double(a[i]) - b[i]);
        }
        CAPTURE(size);
        double const slack = 1e-6 * magnitude;
        for (Distance const kernel : {distance_of(Metric::dot), plain_distance_of(Metric::dot)}) {
            CHECK(std::fabs(kernel(a.data(), b.data(), size) + dot) <= slack);
        }
        for (Distance const kernel : {distance_of(Metric::l2), plain_distance_of(Metric::l2)}) {
            CHECK(std::fabs(kernel(a.data(), b.data(), size) - squares) <= slack);
        }
    }
}

TEST_CASE("vectors for cosine are scaled to length one, whatever their size") {
    std::mt19937 random(8);
    for (float const scale : {1e-30F, 1e-3F, 1.0F, 1e15F}) {
        std::vector<float> vector = random_vector(random, 37);
        for (float& value : vector) value *= scale;
        std::vector<float> const ready = prepared(Metric::cosine, vector);
        double length = 0;
        for (float const value : ready) length += double(value) * value;
        CHECK(length == doctest::Approx(1).epsilon(1e-6));
        CHECK(prepared(Metric::dot, vector) == vector);
        CHECK(prepared(Metric::l2, vector) == vector);
    }
}

TEST_CASE("a cosine never leaves its range") {
    CHECK(score_of(Metric::cosine, -1.0000002F) == 1);
    CHECK(score_of(Metric::cosine, 1.0000002F) == -1);
    CHECK(score_of(Metric::dot, -7.5F) == 7.5);
    CHECK(score_of(Metric::l2, 7.5F) == -7.5);
}

TEST_CASE("checksums are those of XXH64, however the bytes come") {
    // From the reference implementation, seed 0.
    std::pair<std::string_view, std::uint64_t> const known[] = {
        {"", 0xEF46DB3751D8E999u}, {"a", 0xD24EC4F1A98C6E5Bu}, {"abc", 0x44BC2CF5AD770999u}};
    for (auto const& [text, sum] : known) CHECK(checksum(std::as_bytes(std::span(text))) == sum);

    std::string bytes;
    for (int i = 0; i < 1'000; ++i) bytes += static_cast<char>(i * 37 % 251);
    std::span<std::byte const> const all = std::as_bytes(std::span(bytes));
    for (std::size_t cut = 0; cut <= all.size(); cut += 13) {
        Checksum sum;
        sum.add(all.first(cut));
        sum.add(all.subspan(cut, std::min<std::size_t>(5, all.size() - cut)));
        sum.add(all.subspan(std::min(cut + 5, all.size())));
        CHECK(sum.value() == checksum(all));
    }
}

TEST_CASE("metrics have the names that are stored") {
    CHECK(std::string_view(name(Metric::cosine)) == "cosine");
    CHECK(std::string_view(name(Metric::dot)) == "dot");
    CHECK(std::string_view(name(Metric::l2)) == "l2");
}

}  // namespace aikit::inline v0::vector
