// SPDX-License-Identifier: MIT
// model/json_bytes.hpp - which bytes of a JSON string stand for themselves, eight at a time.
#ifndef AIKIT_SRC_MODEL_JSON_BYTES_HPP
#define AIKIT_SRC_MODEL_JSON_BYTES_HPP

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace aikit::inline v0::json_bytes {

/// What a byte of a JSON string needs: 0 nothing, 1 a check of the text's UTF-8, else an escape.
inline constexpr std::array<char, 256> needs = [] {
    std::array<char, 256> table{};
    for (std::size_t i = 0; i < 0x20; ++i) table[i] = 'u';
    for (std::size_t i = 0x80; i < 0x100; ++i) table[i] = 1;
    table['"'] = '"';
    table['\\'] = '\\';
    table['\b'] = 'b';
    table['\f'] = 'f';
    table['\n'] = 'n';
    table['\r'] = 'r';
    table['\t'] = 't';
    return table;
}();

inline constexpr std::uint64_t ones = ~std::uint64_t{0} / 255;
inline constexpr std::uint64_t tops = ones * 0x80;

/// Not 0 when one of eight bytes needs something: it is below 0x20, above 0x7F, a quote or a backslash; each test sets
/// the byte's top bit, and may set that of bytes behind it ("Determine if a word has a byte less than n", Anderson, Bit
/// Twiddling Hacks).
inline std::uint64_t needs_in(unsigned char const* eight) noexcept {
    std::uint64_t word = 0;
    std::memcpy(&word, eight, 8);
    std::uint64_t const quote = word ^ (ones * '"');
    std::uint64_t const slash = word ^ (ones * '\\');
    return (word | (word - ones * 0x20) | (quote - ones) | (slash - ones)) & tops;
}

/// Where the bytes that need nothing end.
inline std::size_t plain_until(unsigned char const* s, std::size_t i, std::size_t size) noexcept {
    for (; i + 8 <= size; i += 8) {
        std::uint64_t const found = needs_in(s + i);
        if (found == 0) continue;
        if constexpr (std::endian::native == std::endian::little) {
            return i + static_cast<std::size_t>(std::countr_zero(found)) / 8;
        }
        break;
    }
    while (i < size && needs[s[i]] == 0) ++i;
    return i;
}

/// No byte needs anything.
inline bool is_plain(unsigned char const* s, std::size_t size) noexcept {
    if (size < 8) return plain_until(s, 0, size) == size;
    std::uint64_t found = needs_in(s + size - 8);  // overlaps what comes before
    for (std::size_t i = 0; i + 8 < size; i += 8) found |= needs_in(s + i);
    return found == 0;
}

}  // namespace aikit::inline v0::json_bytes

#endif  // AIKIT_SRC_MODEL_JSON_BYTES_HPP
