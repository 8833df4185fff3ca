// SPDX-License-Identifier: MIT
// text/utf8.cpp - UTF-8 by the table of RFC 3629 section 4.
#include "text/utf8.hpp"

#include <aikit/text/unicode.hpp>

#include <utf8proc.h>

#include <array>
#include <cstring>

namespace aikit::inline v0::text {
namespace {

unsigned char byte_at(std::string_view text, std::size_t at) noexcept {
    return static_cast<unsigned char>(text[at]);
}

bool is_continuation(unsigned char byte) noexcept {
    return (byte & 0xC0) == 0x80;
}

/// How many bytes a sequence with this first byte has; 0 when none begins with it.
std::size_t length_of(unsigned char first) noexcept {
    if (first < 0x80) return 1;
    if (first < 0xC2) return 0;
    if (first < 0xE0) return 2;
    if (first < 0xF0) return 3;
    return first < 0xF5 ? 4 : 0;
}

/// The second byte's range is narrower after E0 (overlong), ED (surrogates), F0 (overlong), F4 (above U+10FFFF).
bool second_fits(unsigned char first, unsigned char second) noexcept {
    switch (first) {
        case 0xE0: return second >= 0xA0 && second <= 0xBF;
        case 0xED: return second >= 0x80 && second <= 0x9F;
        case 0xF0: return second >= 0x90 && second <= 0xBF;
        case 0xF4: return second >= 0x80 && second <= 0x8F;
        default: return is_continuation(second);
    }
}

Kind category_kind(char32_t point) noexcept {
    switch (utf8proc_category(static_cast<utf8proc_int32_t>(point))) {
        case UTF8PROC_CATEGORY_LU: return Kind::upper;
        case UTF8PROC_CATEGORY_LT: return Kind::title;
        case UTF8PROC_CATEGORY_LL: return Kind::lower;
        case UTF8PROC_CATEGORY_LM: return Kind::modifier;
        case UTF8PROC_CATEGORY_LO: return Kind::other_letter;
        case UTF8PROC_CATEGORY_MN:
        case UTF8PROC_CATEGORY_MC:
        case UTF8PROC_CATEGORY_ME: return Kind::mark;
        case UTF8PROC_CATEGORY_ND:
        case UTF8PROC_CATEGORY_NL:
        case UTF8PROC_CATEGORY_NO: return Kind::number;
        case UTF8PROC_CATEGORY_ZS:
        case UTF8PROC_CATEGORY_ZL:
        case UTF8PROC_CATEGORY_ZP: return Kind::space;
        default: return Kind::other;
    }
}

}  // namespace

Decoded decode_at(std::string_view text, std::size_t at) noexcept {
    unsigned char const first = byte_at(text, at);
    if (first < 0x80) return Decoded{first, 1};
    std::size_t const size = length_of(first);
    if (size == 0 || text.size() - at < size || !second_fits(first, byte_at(text, at + 1))) return Decoded{};
    char32_t point = first & (0x7Fu >> size);
    for (std::size_t i = 1; i < size; ++i) {
        unsigned char const next = byte_at(text, at + i);
        if (!is_continuation(next)) return Decoded{};
        point = (point << 6) | (next & 0x3Fu);
    }
    return Decoded{point, size};
}

std::size_t before(std::string_view text, std::size_t at) noexcept {
    for (std::size_t back = 1; back <= 4 && back <= at; ++back) {
        if (is_continuation(byte_at(text, at - back))) continue;
        return decode_at(text, at - back).size == back ? at - back : at - 1;
    }
    return at - 1;
}

Kind kind_of(char32_t point) noexcept {
    // White_Space that is no separator: TAB to CR and NEL, see PropList.txt of the Unicode Character Database.
    if ((point >= 0x09 && point <= 0x0D) || point == 0x20 || point == 0x85) return Kind::space;
    if (point < 0x80) {
        if (point >= 'a' && point <= 'z') return Kind::lower;
        if (point >= 'A' && point <= 'Z') return Kind::upper;
        return point >= '0' && point <= '9' ? Kind::number : Kind::other;
    }
    return point > 0x10FFFF ? Kind::other : category_kind(point);
}

std::size_t first_bad_utf8(std::string_view bytes) noexcept {
    std::size_t at = 0;
    while (at < bytes.size()) {
        // Eight plain bytes at once: most text is mostly ASCII.
        std::uint64_t eight = 0;
        while (bytes.size() - at >= sizeof eight) {
            std::memcpy(&eight, bytes.data() + at, sizeof eight);
            if ((eight & 0x8080'8080'8080'8080u) != 0) break;
            at += sizeof eight;
        }
        if (at == bytes.size()) break;
        Decoded const next = decode_at(bytes, at);
        if (next.point == Decoded::bad) return at;
        at += next.size;
    }
    return std::string_view::npos;
}

bool is_utf8(std::string_view bytes) noexcept {
    return first_bad_utf8(bytes) == std::string_view::npos;
}

std::size_t floor_char(std::string_view utf8, std::size_t at) noexcept {
    if (at >= utf8.size()) return utf8.size();
    if (!is_continuation(byte_at(utf8, at))) return at;
    for (std::size_t back = 1; back <= 3 && back <= at; ++back) {
        if (is_continuation(byte_at(utf8, at - back))) continue;
        return decode_at(utf8, at - back).size > back ? at - back : at;
    }
    return at;
}

}  // namespace aikit::inline v0::text
