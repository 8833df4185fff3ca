// SPDX-License-Identifier: MIT
// provider/builtin/word_weights.cpp - looking words up in the shipped table, byte by byte: it is the same everywhere.
#include "provider/builtin/word_weights.hpp"

namespace aikit::inline v0::provider::builtin {
namespace {

constexpr std::size_t count_at = 12;
constexpr std::size_t unknown_at = 16;
constexpr std::size_t hashes_at = 17;

std::uint32_t u32_at(std::span<unsigned char const> bytes, std::size_t at) noexcept {
    return static_cast<std::uint32_t>(bytes[at]) | static_cast<std::uint32_t>(bytes[at + 1]) << 8 |
           static_cast<std::uint32_t>(bytes[at + 2]) << 16 | static_cast<std::uint32_t>(bytes[at + 3]) << 24;
}

}  // namespace

int weight_units(std::string_view stem) noexcept {
    std::span<unsigned char const> const table = idf_table();
    std::size_t const count = u32_at(table, count_at);
    auto const wanted = static_cast<std::uint32_t>(fnv1a(stem));
    std::size_t low = 0;
    std::size_t high = count;
    while (low < high) {
        std::size_t const middle = (low + high) / 2;
        if (u32_at(table, hashes_at + 4 * middle) < wanted) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    bool const found = low < count && u32_at(table, hashes_at + 4 * low) == wanted;
    return found ? table[hashes_at + 4 * count + low] : table[unknown_at];
}

}  // namespace aikit::inline v0::provider::builtin
