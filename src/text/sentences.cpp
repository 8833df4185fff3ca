// SPDX-License-Identifier: MIT
// text/sentences.cpp - where sentences end: rules in the manner of Unicode's UAX 29, with what it leaves to others
// (abbreviations, initials, list numbers).
#include "text/utf8.hpp"

#include <aikit/text/unicode.hpp>

#include <algorithm>
#include <array>

namespace aikit::inline v0::text {
namespace {

// Words whose stop never ends a sentence: something always follows. Lower case, sorted.
constexpr std::array<std::string_view, 45> always_followed = {
    "adm",  "approx", "art",  "ca",   "capt", "cf",   "ch",  "cmdr", "col",    "dr",  "e.g", "ed", "eq",  "eqs", "fig",
    "figs", "fr",     "gen",  "gov",  "hon",  "i.e",  "lt",  "maj",  "messrs", "mr",  "mrs", "ms", "mt",  "nos", "op",
    "p",    "pp",     "pres", "prof", "ref",  "refs", "rep", "rev",  "sec",    "sen", "sgt", "st", "viz", "vol", "vs"};
static_assert(std::is_sorted(always_followed.begin(), always_followed.end()));

// Words whose stop may or may not end one: it does when a word follows that likes to begin sentences.
constexpr std::array<std::string_view, 36> often_followed = {
    "a.d", "a.m",  "al",  "apr", "aug",  "ave", "b.c",  "blvd", "bros", "co",  "corp", "d.c",
    "dec", "dept", "e.u", "est", "etc",  "feb", "inc",  "jan",  "jr",   "jul", "jun",  "ltd",
    "mar", "nov",  "oct", "p.m", "ph.d", "sep", "sept", "sr",   "u.k",  "u.n", "u.s",  "univ"};
static_assert(std::is_sorted(often_followed.begin(), often_followed.end()));

// Words that begin sentences far more often than names.
constexpr std::array<std::string_view, 40> openers = {
    "A",    "After",   "All",   "An",   "And",   "As",    "At",   "But",  "By", "For", "From", "He",  "Her", "His",
    "How",  "However", "I",     "If",   "In",    "It",    "Its",  "My",   "No", "On",  "Or",   "Our", "She", "So",
    "That", "The",     "Their", "Then", "There", "These", "They", "This", "To", "We",  "When", "You"};
static_assert(std::is_sorted(openers.begin(), openers.end()));

bool among(auto const& sorted, std::string_view word) noexcept {
    return std::binary_search(sorted.begin(), sorted.end(), word);
}

/// A stop that needs no space after it.
bool is_full_width_stop(char32_t point) noexcept {
    return point == 0x3002 || point == 0xFF0E || point == 0xFF01 || point == 0xFF1F || point == 0xFF61;
}

/// A stop that is never anything else (full-width, Arabic, Urdu, Devanagari, Armenian, Ethiopic, interrobang).
bool is_sure_stop(char32_t point) noexcept {
    return is_full_width_stop(point) || point == '!' || point == '?' || point == 0x061F || point == 0x06D4 ||
           point == 0x0964 || point == 0x0965 || point == 0x0589 || point == 0x1362 || point == 0x203D;
}

bool is_stop(char32_t point) noexcept {
    return point == '.' || point == 0x2026 || is_sure_stop(point);
}

/// Quotes, brackets and emphasis that still belong to the sentence they close.
bool is_closer(char32_t point) noexcept {
    switch (point) {
        case '"':
        case '\'':
        case ')':
        case ']':
        case '}':
        case '*':
        case '_':
        case 0x00BB:  // right guillemet
        case 0x2019:
        case 0x201D:
        case 0x203A:
        case 0x3009:
        case 0x300B:
        case 0x300D:  // corner brackets
        case 0x300F:
        case 0x3011:
        case 0xFF09: return true;
        default: return false;
    }
}

class Sentences {
public:
    explicit Sentences(std::string_view text) : text_(text) {}

    std::vector<Span> find() {
        while (at_ < text_.size()) {
            Decoded const next = decode_at(text_, at_);
            if (kind_of(next.point) == Kind::space) {
                space();
            } else if (is_stop(next.point)) {
                if (begin_ == none) begin_ = at_;
                stop();
            } else {
                if (begin_ == none) begin_ = at_;
                at_ += next.size;
                end_ = at_;
            }
        }
        close();
        return std::move(found_);
    }

private:
    static constexpr std::size_t none = std::string_view::npos;

    void close() {
        if (begin_ != none) found_.emplace_back(begin_, end_);
        begin_ = none;
    }

    /// Runs over white space; a blank line in it ends the sentence.
    void space() {
        int lines = 0;
        while (at_ < text_.size()) {
            Decoded const next = decode_at(text_, at_);
            if (kind_of(next.point) != Kind::space) break;
            bool const second_half = next.point == '\n' && at_ > 0 && text_[at_ - 1] == '\r';
            if (next.point == 0x2029) lines = 2;
            if ((next.point == '\n' && !second_half) || next.point == '\r' || next.point == 0x85) ++lines;
            at_ += next.size;
        }
        if (lines >= 2) close();
    }

    /// At a stop: takes it with the stops and closers after it, and decides.
    void stop() {
        std::size_t const first = at_;
        bool sure = false, full_width = false, closed = false;
        while (at_ < text_.size()) {
            Decoded const next = decode_at(text_, at_);
            bool const stops = is_stop(next.point);
            if (!stops && !is_closer(next.point)) break;
            sure = sure || is_sure_stop(next.point);
            full_width = full_width || is_full_width_stop(next.point);
            closed = closed || !stops;
            at_ += next.size;
        }
        end_ = at_;
        if (full_width && !lower_follows(at_)) return close();
        bool const spaced = at_ == text_.size() || kind_of(decode_at(text_, at_).point) == Kind::space;
        if (!spaced || lower_follows(at_)) return;
        bool const lone_dot = !sure && !closed && text_[first] == '.' && at_ == first + 1;
        if (lone_dot && !dot_ends(first)) return;
        close();
    }

    /// The first character after the white space at `from`, npos when there is none.
    std::size_t after_space(std::size_t from) const noexcept {
        while (from < text_.size()) {
            Decoded const next = decode_at(text_, from);
            if (kind_of(next.point) != Kind::space) return from;
            from += next.size;
        }
        return none;
    }

    /// True when the text goes on with a lower-case letter. Only as far as a sentence reaches: 64 bytes of space.
    bool lower_follows(std::size_t from) const noexcept {
        std::size_t const next = after_space(from);
        if (next == none || next - from > 64) return false;
        return kind_of(decode_at(text_, next).point) == Kind::lower;
    }

    /// Does the single full stop at `dot`, with white space after it, end a sentence?
    bool dot_ends(std::size_t dot) const {
        std::string_view const word = word_before(dot);
        std::size_t const next = after_space(dot + 1);
        if (word.empty() || next == none) return true;
        std::size_t const word_begin = dot - word.size();
        bool const at_start = word_begin == begin_;
        Kind const follows = kind_of(decode_at(text_, next).point);
        bool const digits = std::all_of(word.begin(), word.end(), [](char c) { return c >= '0' && c <= '9'; });
        if (digits) return !(at_start && word.size() <= 3);  // "1. First": a list number

        std::string lower(word);
        for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
        if (among(always_followed, lower)) return false;
        if (lower == "no" && follows == Kind::number) return false;
        if (among(often_followed, lower) || is_acronym(word)) {
            return follows != Kind::number && among(openers, word_at(next));
        }
        if (is_initial(word)) return !at_start && word == "I" && follows_lower_word(word_begin);
        return true;
    }

    /// The word that ends at `dot`, dots inside it included; at most 32 bytes, else empty (no abbreviation).
    std::string_view word_before(std::size_t dot) const noexcept {
        std::size_t begin = dot;
        while (begin > begin_) {
            std::size_t const at = before(text_, begin);
            char32_t const point = decode_at(text_, at).point;
            Kind const kind = kind_of(point);
            if (!is_letter(kind) && kind != Kind::number && kind != Kind::mark && point != '.') break;
            begin = at;
            if (dot - begin > 32) return {};
        }
        return text_.substr(begin, dot - begin);
    }

    std::string_view word_at(std::size_t from) const noexcept {
        std::size_t end = from;
        while (end < text_.size() && end - from < 16 && is_letter(kind_of(decode_at(text_, end).point))) {
            end += decode_at(text_, end).size;
        }
        return text_.substr(from, end - from);
    }

    /// "J" of "J. Smith".
    static bool is_initial(std::string_view word) noexcept {
        Decoded const first = decode_at(word, 0);
        return first.size == word.size() && kind_of(first.point) == Kind::upper;
    }

    /// "U.S": single letters with dots between.
    static bool is_acronym(std::string_view word) noexcept {
        if (word.size() < 3 || word.size() % 2 == 0) return false;
        for (std::size_t i = 0; i < word.size(); ++i) {
            Kind const kind = kind_of(static_cast<unsigned char>(word[i]));
            if (i % 2 == 0 ? !is_letter(kind) : word[i] != '.') return false;
        }
        return true;
    }

    /// True when the word before `at` begins with a lower-case letter ("so did I.").
    bool follows_lower_word(std::size_t at) const noexcept {
        while (at > begin_ && kind_of(decode_at(text_, before(text_, at)).point) == Kind::space) at = before(text_, at);
        std::string_view const word = word_before(at);
        return !word.empty() && kind_of(decode_at(word, 0).point) == Kind::lower;
    }

    std::string_view text_;
    std::size_t at_ = 0;
    std::size_t begin_ = none;  // of the open sentence
    std::size_t end_ = 0;       // of its last character that is no white space
    std::vector<Span> found_;
};

}  // namespace

std::vector<Span> sentences(std::string_view utf8) {
    return Sentences(utf8).find();
}

}  // namespace aikit::inline v0::text
