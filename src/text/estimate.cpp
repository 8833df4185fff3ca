// SPDX-License-Identifier: MIT
// text/estimate.cpp - how many tokens a text has, without a vocabulary. The weights are thousandths of a token, fitted
// by data/calibrate_estimate.py to tiktoken's o200k_base over prose, source code and translated messages.
#include "text/utf8.hpp"

#include <aikit/text/tokenizer.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

namespace aikit::inline v0::text {
namespace {

enum class Case : std::uint8_t { lower, title, upper };

/// What stands before a word: some of it merges with the word, some of it parts it.
enum class Before : std::uint8_t { space, line, joined, underscore, sign, sign_after_space };

struct WordWeight {
    int first;  // a word of up to three letters
    int over3;  // each letter from the fourth to the sixth
    int over6;  // each letter from the seventh to the tenth
};

constexpr std::array<std::array<WordWeight, 6>, 3> word_weights = {{
    {{{864, 84, 54}, {103, 269, 16}, {964, 200, 468}, {188, 0, 0}, {276, 0, 244}, {996, 0, 156}}},
    {{{902, 0, 0}, {211, 522, 353}, {1048, 0, 0}, {303, 805, 0}, {347, 133, 117}, {1132, 0, 171}}},
    {{{950, 0, 0}, {1124, 44, 0}, {397, 371, 0}, {65, 56, 0}, {1240, 0, 0}, {2250, 174, 278}}},
}};
constexpr std::array<int, 3> over10 = {458, 154, 106};

constexpr std::size_t longest_known = 10;

/// What a word weighs by its case, what stands before it and its length; each letter beyond the tenth has over10.
constexpr auto word_sums = [] {
    std::array<std::array<std::array<int, longest_known + 1>, 6>, 3> sums{};
    for (std::size_t row = 0; row < sums.size(); ++row) {
        for (std::size_t before = 0; before < sums[row].size(); ++before) {
            WordWeight const& weight = word_weights[row][before];
            for (int length = 0; length <= static_cast<int>(longest_known); ++length) {
                sums[row][before][static_cast<std::size_t>(length)] =
                    weight.first + weight.over3 * std::clamp(length - 3, 0, 3) + weight.over6 * std::max(length - 6, 0);
            }
        }
    }
    return sums;
}();

constexpr int three_digits = 1194, digits_after_space = 872;
constexpr int line_end = 2015, line_end_after_sign = 0, indent = 593, indent_by_one = 169, gap = 1171, tab = 387;
constexpr std::array<int, 3> signs = {1048, 1434, 1462};  // one, two, three and more
constexpr std::array<int, 3> signs_after_space = {904, 1405, 1511};
constexpr int sign_over3 = 541;
constexpr int foreign_run = 805, foreign_other = 482, ill_formed = 1000;

struct Script {
    char32_t first, last;
    int weight;  // of a character
};

constexpr std::array<Script, 23> scripts = {{
    {0x00C0, 0x024F, 0},       // accented Latin: foreign_run has the cost
    {0x0300, 0x036F, 500},     // marks
    {0x0370, 0x03FF, 259},     // Greek
    {0x0400, 0x052F, 208},     // Cyrillic
    {0x0530, 0x058F, 600},     // Armenian
    {0x0590, 0x05FF, 296},     // Hebrew
    {0x0600, 0x08FF, 205},     // Arabic
    {0x0900, 0x0DFF, 298},     // Indic
    {0x0E00, 0x0EFF, 381},     // Thai, Lao
    {0x10A0, 0x10FF, 284},     // Georgian
    {0x1100, 0x11FF, 416},     // Hangul
    {0x1E00, 0x1EFF, 0},       // accented Latin
    {0x2000, 0x206F, 829},     // punctuation
    {0x2070, 0x2BFF, 2000},    // symbols
    {0x3000, 0x303F, 253},     // CJK punctuation
    {0x3040, 0x30FF, 589},     // kana
    {0x3130, 0x318F, 416},     // Hangul
    {0x3400, 0x9FFF, 575},     // Han
    {0xAC00, 0xD7AF, 416},     // Hangul
    {0xF900, 0xFAFF, 575},     // Han
    {0xFF00, 0xFFEF, 253},     // full width
    {0x1F000, 0x1FAFF, 1331},  // emoji
    {0x20000, 0x3FFFF, 575},   // Han
}};

enum Class : std::uint8_t {
    lower_letter = 1,
    upper_letter = 2,
    digit = 4,
    blank = 8,
    line_end_byte = 16,
    foreign_byte = 32,
    sign_byte = 64,
};

constexpr std::array<std::uint8_t, 256> classes = [] {
    std::array<std::uint8_t, 256> all{};
    for (std::size_t i = 0; i < all.size(); ++i) {
        all[i] = i >= 'a' && i <= 'z'     ? lower_letter
                 : i >= 'A' && i <= 'Z'   ? upper_letter
                 : i >= '0' && i <= '9'   ? digit
                 : i == ' ' || i == '\t'  ? blank
                 : i == '\n' || i == '\r' ? line_end_byte
                 : i >= 0x80              ? foreign_byte
                                          : sign_byte;
    }
    return all;
}();

bool is(char c, int any_of) noexcept {
    return (classes[static_cast<unsigned char>(c)] & any_of) != 0;
}
bool is_lower(char c) noexcept {
    return is(c, lower_letter);
}
bool is_upper(char c) noexcept {
    return is(c, upper_letter);
}
bool is_digit(char c) noexcept {
    return is(c, digit);
}
bool is_blank(char c) noexcept {
    return is(c, blank);
}
bool is_space(char c) noexcept {
    return is(c, blank | line_end_byte);
}
bool is_foreign(char c) noexcept {
    return is(c, foreign_byte);
}
bool is_sign(char c) noexcept {
    return is(c, sign_byte);
}

/// Where lower-case letters end that begin at or before `at`. Eight bytes at a time: how long a word is is what no
/// processor foresees.
std::size_t end_of_lower(std::string_view text, std::size_t at) noexcept {
    constexpr std::uint64_t each = 0x0101'0101'0101'0101, high = 0x80 * each;
    while (std::endian::native == std::endian::little && at + sizeof(std::uint64_t) <= text.size()) {
        std::uint64_t bytes = 0;
        std::memcpy(&bytes, text.data() + at, sizeof bytes);
        std::uint64_t const low = bytes & ~high;
        std::uint64_t const from_a = low + (0x80 - 'a') * each;
        std::uint64_t const beyond_z = low + (0x7F - 'z') * each;
        std::uint64_t const others = ~(from_a & ~beyond_z & ~bytes) & high;
        if (others != 0) return at + static_cast<std::size_t>(std::countr_zero(others)) / 8;
        at += sizeof bytes;
    }
    while (at < text.size() && is_lower(text[at])) ++at;
    return at;
}

/// One pass over a text; each step takes one run of a kind and adds its weight.
class Weighing {
public:
    explicit Weighing(std::string_view text) noexcept : text_(text) {}

    std::int64_t thousandths() noexcept {
        while (at_ < text_.size()) {
            if (text_[at_] == ' ' && at_ + 1 < text_.size() && !is_space(text_[at_ + 1])) {
                ++at_;  // between two words, where it weighs nothing
            }
            switch (classes[static_cast<unsigned char>(text_[at_])]) {
                case lower_letter:
                case upper_letter: word(); break;
                case digit: digits(); break;
                case blank:
                case line_end_byte: space(); break;
                case sign_byte: sign_run(); break;
                default: foreign();
            }
        }
        return sum_;
    }

private:
    template <class Is>
    bool next(Is is) const noexcept {
        return at_ < text_.size() && is(text_[at_]);
    }

    void word() noexcept {
        std::size_t const begin = at_;
        Case letters = is_upper(text_[at_]) ? Case::title : Case::lower;
        ++at_;
        if (letters == Case::title && next(is_upper)) {
            letters = Case::upper;
            while (next(is_upper)) ++at_;
            if (next(is_lower)) --at_;  // the capital begins the next word
        } else {
            at_ = end_of_lower(text_, at_);
        }
        std::size_t const length = at_ - begin;
        auto const row = static_cast<std::size_t>(letters);
        std::size_t const known = std::min(length, longest_known);
        sum_ += word_sums[row][static_cast<std::size_t>(before_word(begin))][known];
        if (length > known) sum_ += over10[row] * static_cast<std::int64_t>(length - known);
    }

    Before before_word(std::size_t begin) const noexcept {
        char const last = begin > 0 ? text_[begin - 1] : '\n';
        if (is_blank(last)) return Before::space;
        if (is_space(last)) return Before::line;
        if (last == '_') return Before::underscore;
        if (!is_sign(last)) return Before::joined;
        return begin > 1 && is_blank(text_[begin - 2]) ? Before::sign_after_space : Before::sign;
    }

    void digits() noexcept {
        std::size_t const begin = at_;
        while (next(is_digit)) ++at_;
        sum_ += three_digits * static_cast<std::int64_t>((at_ - begin + 2) / 3);
        if (begin > 0 && text_[begin - 1] == ' ') sum_ += digits_after_space;
    }

    void space() noexcept {
        std::size_t const begin = at_;
        std::size_t after_line = begin;
        for (; next(is_space); ++at_) {
            if (text_[at_] == '\t') sum_ += tab;
            if (text_[at_] == '\n') after_line = at_ + 1;
        }
        if (after_line > begin) {
            sum_ += begin > 0 && is_sign(text_[begin - 1]) ? line_end_after_sign : line_end;
            if (at_ - after_line > 1) sum_ += indent;
            if (at_ - after_line == 1) sum_ += indent_by_one;
        } else if (at_ - begin > 1) {
            sum_ += gap;
        }
    }

    void sign_run() noexcept {
        std::size_t const begin = at_;
        std::size_t length = 0;  // a run of one sign is one token however long
        while (next(is_sign)) {
            std::size_t const same = at_;
            while (at_ < text_.size() && text_[at_] == text_[same]) ++at_;
            length += std::min<std::size_t>(at_ - same, 4);
        }
        bool const led = begin > 0 && is_blank(text_[begin - 1]);
        sum_ += (led ? signs_after_space : signs)[std::min<std::size_t>(length, 3) - 1];
        if (length > 3) sum_ += sign_over3 * static_cast<std::int64_t>(length - 3);
    }

    void foreign() noexcept {
        if (at_ == 0 || !is_foreign(text_[at_ - 1])) sum_ += foreign_run;
        Decoded const c = decode_at(text_, at_);
        at_ += c.size;
        if (c.point == Decoded::bad) {
            sum_ += ill_formed;
            return;
        }
        auto const script =
            std::find_if(scripts.begin(), scripts.end(), [&](Script const& s) { return c.point <= s.last; });
        sum_ += script != scripts.end() && c.point >= script->first ? script->weight : foreign_other;
    }

    std::string_view text_;
    std::size_t at_ = 0;
    std::int64_t sum_ = 0;
};

}  // namespace

TokenEstimate estimate_tokens(std::string_view text) noexcept {
    TokenEstimate estimate;
    if (text.empty()) return estimate;
    estimate.at_most = static_cast<std::int64_t>(text.size());
    std::int64_t const rounded = (Weighing(text).thousandths() + 500) / 1000;
    estimate.expected = std::clamp<std::int64_t>(rounded, 1, estimate.at_most);
    return estimate;
}

}  // namespace aikit::inline v0::text
