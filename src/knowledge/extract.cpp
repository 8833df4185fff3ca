// SPDX-License-Identifier: MIT
// knowledge/extract.cpp - what a file is, and its text.
#include "knowledge/blocks.hpp"

#include <aikit/knowledge/extract.hpp>
#include <aikit/text/unicode.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>

namespace aikit::inline v0::knowledge {
namespace {

using namespace std::literals;

constexpr std::size_t title_characters = 200;

/// Headings that come later than this are no title.
constexpr std::size_t title_bytes = 2'000;

struct Signature {
    std::string_view bytes;
    std::string_view format;
};

/// The first bytes of common formats that are no plain text, from their specifications.
constexpr std::array signatures{
    Signature{"%PDF-"sv, "a PDF document"sv},
    Signature{"PK\3\4"sv, "a ZIP archive or an Office document"sv},
    Signature{"PK\5\6"sv, "a ZIP archive"sv},
    Signature{"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1"sv, "an old Office document"sv},
    Signature{"{\\rtf"sv, "an RTF document"sv},
    Signature{"\x89PNG\r\n\x1A\n"sv, "a PNG image"sv},
    Signature{"\xFF\xD8\xFF"sv, "a JPEG image"sv},
    Signature{"GIF87a"sv, "a GIF image"sv},
    Signature{"GIF89a"sv, "a GIF image"sv},
    Signature{"\x7F\x45LF"sv, "an ELF program or library"sv},
    Signature{"\x1F\x8B"sv, "a gzip archive"sv},
    Signature{"BZh"sv, "a bzip2 archive"sv},
    Signature{"\xFD\x37zXZ\0"sv, "an xz archive"sv},
    Signature{"\x28\xB5\x2F\xFD"sv, "a Zstandard archive"sv},
    Signature{"7z\xBC\xAF\x27\x1C"sv, "a 7z archive"sv},
    Signature{"SQLite format 3\0"sv, "an SQLite database"sv},
    Signature{"OggS"sv, "an Ogg recording"sv},
    Signature{"ID3"sv, "an MP3 recording"sv},
    Signature{"\0asm"sv, "a WebAssembly module"sv},
};

/// The format whose signature the bytes carry; "bzip2" and "ID3" are also how a text may begin, so those need a byte
/// that no text has.
std::optional<std::string_view> known_format(std::string_view bytes) {
    for (Signature const& signature : signatures) {
        if (!bytes.starts_with(signature.bytes)) continue;
        bool const printable =
            std::all_of(signature.bytes.begin(), signature.bytes.end(), [](char c) { return c >= ' ' && c <= '~'; });
        bool const weak = printable && signature.bytes.size() < 5;
        if (!weak || bytes.substr(0, 512).find('\0') != std::string_view::npos) return signature.format;
    }
    return std::nullopt;
}

bool is_control(char c) {
    auto const byte = static_cast<unsigned char>(c);
    // Tab to CR, backspace (overstruck manual pages) and escape (terminal colours) do occur in texts.
    return (byte < 0x20 && !(byte >= 0x08 && byte <= 0x0D) && byte != 0x1B) || byte == 0x7F;
}

/// Binary: more than a tenth of it are control characters. A few stray ones (up to eight) are no sign of anything.
bool is_binary(std::string_view bytes) {
    auto const controls = static_cast<std::size_t>(std::count_if(bytes.begin(), bytes.end(), is_control));
    return controls > 8 && controls > bytes.size() / 10;
}

void append_utf8(char32_t point, std::string& out) {
    auto const add = [&out](char32_t value) { out += static_cast<char>(value); };
    if (point < 0x80) {
        add(point);
    } else if (point < 0x800) {
        add(0xC0 | (point >> 6));
        add(0x80 | (point & 0x3F));
    } else if (point < 0x10000) {
        add(0xE0 | (point >> 12));
        add(0x80 | ((point >> 6) & 0x3F));
        add(0x80 | (point & 0x3F));
    } else {
        add(0xF0 | (point >> 18));
        add(0x80 | ((point >> 12) & 0x3F));
        add(0x80 | ((point >> 6) & 0x3F));
        add(0x80 | (point & 0x3F));
    }
}

Error not_valid(std::string_view encoding, std::size_t offset) {
    return fail(Errc::invalid_argument, "the file is not valid " + std::string(encoding) + " (at byte " +
                                            std::to_string(offset) + "): save it as UTF-8 and try again");
}

/// The unit of `size` bytes at `at`.
char32_t unit_at(std::string_view bytes, std::size_t at, std::size_t size, bool big_endian) {
    char32_t value = 0;
    for (std::size_t i = 0; i < size; ++i) {
        std::size_t const place = big_endian ? i : size - 1 - i;
        value = (value << 8) | static_cast<unsigned char>(bytes[at + place]);
    }
    return value;
}

bool is_high_surrogate(char32_t unit) {
    return unit >= 0xD800 && unit <= 0xDBFF;
}
bool is_low_surrogate(char32_t unit) {
    return unit >= 0xDC00 && unit <= 0xDFFF;
}

Result<std::string> from_utf16(std::string_view bytes, bool big_endian) {
    std::string out;
    out.reserve(bytes.size());
    for (std::size_t at = 2; at < bytes.size(); at += 2) {
        if (bytes.size() - at < 2) return not_valid("UTF-16", at);
        char32_t point = unit_at(bytes, at, 2, big_endian);
        if (is_low_surrogate(point)) return not_valid("UTF-16", at);
        if (is_high_surrogate(point)) {
            if (bytes.size() - at < 4) return not_valid("UTF-16", at);
            char32_t const low = unit_at(bytes, at + 2, 2, big_endian);
            if (!is_low_surrogate(low)) return not_valid("UTF-16", at);
            point = 0x10000 + ((point - 0xD800) << 10) + (low - 0xDC00);
            at += 2;
        }
        append_utf8(point, out);
    }
    return out;
}

Result<std::string> from_utf32(std::string_view bytes, bool big_endian) {
    std::string out;
    out.reserve(bytes.size() / 2);
    for (std::size_t at = 4; at < bytes.size(); at += 4) {
        if (bytes.size() - at < 4) return not_valid("UTF-32", at);
        char32_t const point = unit_at(bytes, at, 4, big_endian);
        if (point > 0x10FFFF || (point >= 0xD800 && point <= 0xDFFF)) return not_valid("UTF-32", at);
        append_utf8(point, out);
    }
    return out;
}

struct Decoded {
    std::string text;
    bool verbatim = false;
};

/// Marks as in the Unicode Standard, 23.8; the four bytes of UTF-32 little-endian begin with the two of UTF-16.
Result<Decoded> decode(std::string_view bytes) {
    Decoded out;
    bool const utf32_big = bytes.starts_with("\0\0\xFE\xFF"sv);
    bool const utf32_little = bytes.starts_with("\xFF\xFE\0\0"sv) && bytes.size() % 4 == 0;
    bool const utf16_big = bytes.starts_with("\xFE\xFF"sv);
    bool const utf16_little = bytes.starts_with("\xFF\xFE"sv);
    if (utf32_big || utf32_little || utf16_big || utf16_little) {
        Result<std::string> text =
            utf32_big || utf32_little ? from_utf32(bytes, utf32_big) : from_utf16(bytes, utf16_big);
        if (!text) return text.error();
        out.text = std::move(*text);
        if (is_binary(out.text)) return fail(Errc::unsupported, "the file is binary, not text");
    } else {
        if (is_binary(bytes)) return fail(Errc::unsupported, "the file is binary, not text");
        if (std::size_t const bad = text::first_bad_utf8(bytes); bad != std::string_view::npos) {
            return not_valid("UTF-8", bad);
        }
        bool const marked = bytes.starts_with("\xEF\xBB\xBF"sv);
        out.text = bytes.substr(marked ? 3 : 0);
        out.verbatim = !marked;
    }
    // Storage and wires end texts at NUL or refuse it; what stands behind it must not be lost.
    if (out.text.find('\0') != std::string::npos) {
        std::replace(out.text.begin(), out.text.end(), '\0', ' ');
        out.verbatim = false;
    }
    return out;
}

bool ends_with_ignoring_case(std::string_view name, std::string_view ending) {
    if (name.size() < ending.size()) return false;
    std::string_view const tail = name.substr(name.size() - ending.size());
    return std::equal(tail.begin(), tail.end(), ending.begin(),
                      [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a + ('a' - 'A') : a) == b; });
}

bool is_markdown(std::string_view name) {
    constexpr std::array endings{".md"sv, ".markdown"sv, ".mdx"sv, ".mkd"sv, ".mdown"sv};
    return std::any_of(endings.begin(), endings.end(),
                       [name](std::string_view ending) { return ends_with_ignoring_case(name, ending); });
}

/// The first heading where one is near the top, else the first line, else the name without its folders.
std::string title_of(std::string_view utf8, bool markdown, std::string_view name) {
    std::string_view const top = utf8.substr(0, text::floor_char(utf8, title_bytes));

    for (Block const& block : markdown ? markdown_blocks(top) : paragraph_blocks(top)) {
        if (block.kind == Block::Kind::heading && !block.title.empty()) return block.title;
    }
    std::size_t begin = 0;
    while (begin < top.size() && is_blank(top[begin])) ++begin;
    std::string_view const line = top.substr(begin, top.find_first_of("\r\n", begin) - begin);
    if (!line.empty()) return one_line(line, title_characters);
    return one_line(name.substr(name.rfind('/') + 1), title_characters);
}

}  // namespace

Result<ExtractedText> extract(std::string_view bytes, std::string_view name) {
    if (std::optional<std::string_view> const format = known_format(bytes)) {
        return fail(Errc::unsupported,
                    "the file is " + std::string(*format) + ", not text: only plain text and Markdown are read");
    }
    Result<Decoded> decoded = decode(bytes);
    if (!decoded) return decoded.error();

    ExtractedText out;
    bool const markdown = is_markdown(name);
    out.media_type = markdown ? "text/markdown" : "text/plain";
    out.text = std::move(decoded->text);
    out.verbatim = decoded->verbatim;
    out.title = title_of(out.text, markdown, name);
    return out;
}

}  // namespace aikit::inline v0::knowledge
