// SPDX-License-Identifier: MIT
// text/utf8.hpp - one character at a time, and what kind of character it is.
#ifndef AIKIT_SRC_TEXT_UTF8_HPP
#define AIKIT_SRC_TEXT_UTF8_HPP

#include <aikit/core/config.hpp>

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace aikit::inline v0::text {

/// One character of a text. A byte that begins no well-formed sequence is `bad`, one byte long.
struct Decoded {
    static constexpr char32_t bad = 0xFFFF'FFFF;

    char32_t point = bad;
    std::size_t size = 1;
};

/// The character at `at`, which must be inside the text. Well-formed as RFC 3629 says: shortest forms only, no
/// surrogates, nothing above U+10FFFF.
Decoded decode_at(std::string_view text, std::size_t at) noexcept;

/// The offset where the character before `at` begins; `at` is above zero and on the edge of a character.
std::size_t before(std::string_view text, std::size_t at) noexcept;

/// What a character is, as far as splitting texts needs to know (Unicode general categories).
enum class Kind : std::uint8_t {
    upper,         ///< Lu
    title,         ///< Lt
    lower,         ///< Ll
    modifier,      ///< Lm
    other_letter,  ///< Lo
    mark,          ///< M
    number,        ///< N
    space,         ///< White_Space
    other,         ///< Punctuation, symbols, controls, unassigned, ill-formed bytes
};

Kind kind_of(char32_t point) noexcept;

inline bool is_letter(Kind kind) noexcept {
    return kind <= Kind::other_letter;
}

}  // namespace aikit::inline v0::text

#endif  // AIKIT_SRC_TEXT_UTF8_HPP
