// SPDX-License-Identifier: MIT
// provider/builtin/word_weights.hpp - how much a word tells: the rarer, the more.
#ifndef AIKIT_SRC_PROVIDER_BUILTIN_WORD_WEIGHTS_HPP
#define AIKIT_SRC_PROVIDER_BUILTIN_WORD_WEIGHTS_HPP

#include <aikit/core/config.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace aikit::inline v0::provider::builtin {

/// data/idf.bin, whose maker data/make_idf.py describes it. Static storage.
std::span<unsigned char const> idf_table() noexcept;

/// The inverse document frequency of a stem in units of 1/20: ln((texts + 1) / (texts with it + 1)) over the package
/// descriptions of Debian 12; words too rare for the table all have its greatest weight.
int weight_units(std::string_view stem) noexcept;
inline constexpr int units_per_weight = 20;

/// 64-bit FNV-1a (Fowler, Noll, Vo), going on from `hash`.
constexpr std::uint64_t fnv1a(std::string_view bytes, std::uint64_t hash = 0xCBF29CE484222325U) noexcept {
    for (char const c : bytes) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3U;
    return hash;
}

}  // namespace aikit::inline v0::provider::builtin

#endif  // AIKIT_SRC_PROVIDER_BUILTIN_WORD_WEIGHTS_HPP
