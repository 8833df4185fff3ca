// SPDX-License-Identifier: MIT
// text/pieces.cpp - the split patterns of tiktoken's openai_public.py as matchers by hand.
//
// cl100k_base:
//   '(?i:[sdmt]|ll|ve|re) | [^\r\n\p{L}\p{N}]?+\p{L}++ | \p{N}{1,3}+ |  ?[^\s\p{L}\p{N}]++[\r\n]*+ | \s++$ | \s*[\r\n]
//   | \s+(?!\S) | \s
// o200k_base, with U = [\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}], W = [\p{Ll}\p{Lm}\p{Lo}\p{M}], C =
// (?i:'s|'t|'re|'ve|'m|'ll|'d):
//   [^\r\n\p{L}\p{N}]?U*W+C? | [^\r\n\p{L}\p{N}]?U+W*C? | \p{N}{1,3} |  ?[^\s\p{L}\p{N}]+[\r\n/]* | \s*[\r\n]+
//   | \s+(?!\S) | \s+
// The first alternative that matches wins, as in a backtracking engine; each function below is one of them.
#include "text/pieces.hpp"

#include "text/utf8.hpp"

#include <optional>

namespace aikit::inline v0::text {
namespace {

/// A character and what it is; size 0 is the end of the text.
struct Char {
    char32_t point = 0;
    std::size_t size = 0;
    Kind kind = Kind::other;
};

Char char_at(std::string_view text, std::size_t at) noexcept {
    if (at >= text.size()) return Char{};
    Decoded const decoded = decode_at(text, at);
    return Char{decoded.point, decoded.size, kind_of(decoded.point)};
}

bool is_line_end(Char const& c) noexcept {
    return c.point == '\r' || c.point == '\n';
}

/// [^\s\p{L}\p{N}]
bool is_mark_or_sign(Char const& c) noexcept {
    return c.size != 0 && !is_letter(c.kind) && c.kind != Kind::number && c.kind != Kind::space;
}

/// [^\r\n\p{L}\p{N}]: what may lead a word.
bool can_lead(Char const& c) noexcept {
    return c.size != 0 && !is_letter(c.kind) && c.kind != Kind::number && !is_line_end(c);
}

char ascii_lower(char c) noexcept {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
}

/// The end of 's, 't, 're, 've, 'm, 'll, 'd in any case; `at` when there is none. U+017F folds to s.
std::size_t contraction_end(std::string_view text, std::size_t at) noexcept {
    if (at + 1 >= text.size() || text[at] != '\'') return at;
    if (text.compare(at + 1, 2, "\xC5\xBF") == 0) return at + 3;
    char const first = ascii_lower(text[at + 1]);
    if (first == 's' || first == 't' || first == 'm' || first == 'd') return at + 2;
    if (at + 2 >= text.size()) return at;
    char const second = ascii_lower(text[at + 2]);
    bool const two = (first == 'l' && second == 'l') || ((first == 'v' || first == 'r') && second == 'e');
    return two ? at + 3 : at;
}

std::size_t letters_end(std::string_view text, std::size_t at) noexcept {
    for (Char c = char_at(text, at); c.size != 0 && is_letter(c.kind); c = char_at(text, at)) at += c.size;
    return at;
}

std::size_t digits_end(std::string_view text, std::size_t at) noexcept {
    for (int count = 0; count < 3; ++count) {
        Char const c = char_at(text, at);
        if (c.size == 0 || c.kind != Kind::number) break;
        at += c.size;
    }
    return at;
}

/// ` ?[^\s\p{L}\p{N}]+[\r\n]*`, with the slash among the last where `slash` says so; `at` when there is no match.
std::size_t signs_end(std::string_view text, std::size_t at, bool slash) noexcept {
    std::size_t const begin = text[at] == ' ' ? at + 1 : at;
    std::size_t end = begin;
    for (Char c = char_at(text, end); is_mark_or_sign(c); c = char_at(text, end)) end += c.size;
    if (end == begin) return at;
    while (end < text.size() && (text[end] == '\r' || text[end] == '\n' || (slash && text[end] == '/'))) ++end;
    return end;
}

/// White space: up to its last line end; else all but its last character, which leads the next piece; else all.
std::size_t space_end(std::string_view text, std::size_t at, bool whole_at_end) noexcept {
    std::size_t end = at, last = at, after_line = at;
    for (Char c = char_at(text, end); c.size != 0 && c.kind == Kind::space; c = char_at(text, end)) {
        last = end;
        end += c.size;
        if (is_line_end(c)) after_line = end;
    }
    bool const at_end = end == text.size();
    if (at_end && whole_at_end) return end;
    if (after_line > at) return after_line;
    return at_end || last == at ? end : last;
}

bool in_upper_class(Char const& c) noexcept {
    return c.size != 0 && (c.kind == Kind::mark || (is_letter(c.kind) && c.kind != Kind::lower));
}

bool in_lower_class(Char const& c) noexcept {
    return c.size != 0 &&
           (c.kind == Kind::mark || (is_letter(c.kind) && c.kind != Kind::upper && c.kind != Kind::title));
}

/// The two word forms of o200k from `at`, after what leads them.
struct WordEnds {
    std::optional<std::size_t> lower;  ///< U*W+
    std::optional<std::size_t> upper;  ///< U+W*, only asked for when the other does not match
};

WordEnds word_ends(std::string_view text, std::size_t at) noexcept {
    WordEnds ends;
    std::size_t end = at;
    Char c = char_at(text, end);
    // U* takes all it can. It has to give back as much as W+ needs: nothing when a lower-case letter comes next,
    // else down to the last character that is in both classes.
    for (; in_upper_class(c); c = char_at(text, end)) {
        end += c.size;
        if (in_lower_class(c)) ends.lower = end;
    }
    if (end > at) ends.upper = end;
    if (in_lower_class(c)) {
        for (; in_lower_class(c); c = char_at(text, end)) end += c.size;
        ends.lower = end;
    }
    return ends;
}

std::size_t o200k_word_end(std::string_view text, std::size_t at) noexcept {
    Char const first = char_at(text, at);
    WordEnds led;
    if (can_lead(first)) led = word_ends(text, at + first.size);
    if (led.lower) return contraction_end(text, *led.lower);
    WordEnds const bare = word_ends(text, at);
    if (bare.lower) return contraction_end(text, *bare.lower);
    if (led.upper) return contraction_end(text, *led.upper);
    return bare.upper ? contraction_end(text, *bare.upper) : at;
}

std::size_t cl100k_word_end(std::string_view text, std::size_t at) noexcept {
    std::size_t const contraction = contraction_end(text, at);
    if (contraction > at) return contraction;
    Char const first = char_at(text, at);
    std::size_t const begin = can_lead(first) ? at + first.size : at;
    std::size_t const end = letters_end(text, begin);
    return end > begin ? end : at;
}

}  // namespace

std::size_t piece_end(Encoding encoding, std::string_view text, std::size_t at) noexcept {
    bool const o200k = encoding == Encoding::o200k_base;
    std::size_t const word = o200k ? o200k_word_end(text, at) : cl100k_word_end(text, at);
    if (word > at) return word;
    std::size_t const digits = digits_end(text, at);
    if (digits > at) return digits;
    std::size_t const signs = signs_end(text, at, o200k);
    if (signs > at) return signs;
    return space_end(text, at, !o200k);
}

}  // namespace aikit::inline v0::text
