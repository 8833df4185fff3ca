// SPDX-License-Identifier: MIT
// aikit/text/unicode.hpp - UTF-8, words and sentences.
#ifndef AIKIT_TEXT_UNICODE_HPP
#define AIKIT_TEXT_UNICODE_HPP

#include <aikit/core/result.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace aikit::inline v0::text {

/// A piece of a text by byte offsets, end exclusive.
struct Span {
    Span() = default;
    Span(std::size_t begin_, std::size_t end_) : begin(begin_), end(end_) {}

    std::size_t begin = 0;
    std::size_t end = 0;
};

/// True for well-formed UTF-8 (RFC 3629: no surrogates, no overlong forms).
AIKIT_EXPORT bool is_utf8(std::string_view bytes) noexcept;

/// The offset of the first byte that is not well-formed UTF-8, or npos.
AIKIT_EXPORT std::size_t first_bad_utf8(std::string_view bytes) noexcept;

/// The largest offset <= `at` that does not cut a character.
AIKIT_EXPORT std::size_t floor_char(std::string_view utf8, std::size_t at) noexcept;

/// The last offset within begin..limit that divides no grapheme cluster (UAX 29); `begin` when there is none, `limit`
/// where the text is not well-formed.
AIKIT_EXPORT std::size_t last_grapheme_edge(std::string_view utf8, std::size_t begin, std::size_t limit) noexcept;

/// Words as searches see them: runs of letters, marks and digits (apostrophes within a word kept out: "don't" is
/// "dont"), case-folded and NFKC-normalised; one ideograph is one word, and hiragana and katakana part. Never empty.
AIKIT_EXPORT std::vector<std::string> words(std::string_view utf8);

/// Where the words of `words` stand in the text.
AIKIT_EXPORT std::vector<Span> word_spans(std::string_view utf8);

/// Sentences in order; together with the white space between them they cover the text. Abbreviations, initials,
/// decimals, ellipses, quotes, CJK stops; a blank line always ends one.
AIKIT_EXPORT std::vector<Span> sentences(std::string_view utf8);

/// The Snowball English stem of a lower-case word; other words unchanged.
AIKIT_EXPORT std::string stem_english(std::string_view word);

/// Lucene's 33 English stop words.
AIKIT_EXPORT bool is_english_stop_word(std::string_view word) noexcept;

}  // namespace aikit::inline v0::text

#endif  // AIKIT_TEXT_UNICODE_HPP
