// SPDX-License-Identifier: MIT
// Covers src/knowledge/extract.cpp: encodings, what is refused and why, titles.
#include "support/shared_data.hpp"

#include <aikit/knowledge/extract.hpp>
#include <aikit/text/unicode.hpp>

#include <doctest/doctest.h>

namespace aikit {
namespace {

using knowledge::extract;
using knowledge::ExtractedText;
using namespace std::literals;

/// Characters beyond the basic plane, at both ends of each length of UTF-8.
std::u32string const sample = U"Aé\u07FF\u0800日本\uFFFD\U00010000🙂\U0010FFFF end";

std::string utf8(std::u32string const& text) {
    std::string out;
    for (char32_t const c : text) {
        if (c < 0x80) {
            out += static_cast<char>(c);
        } else if (c < 0x800) {
            out += {static_cast<char>(0xC0 | c >> 6), static_cast<char>(0x80 | (c & 63))};
        } else if (c < 0x10000) {
            out += {static_cast<char>(0xE0 | c >> 12), static_cast<char>(0x80 | (c >> 6 & 63)),
                    static_cast<char>(0x80 | (c & 63))};
        } else {
            out += {static_cast<char>(0xF0 | c >> 18), static_cast<char>(0x80 | (c >> 12 & 63)),
                    static_cast<char>(0x80 | (c >> 6 & 63)), static_cast<char>(0x80 | (c & 63))};
        }
    }
    return out;
}

std::string units(std::vector<std::uint32_t> const& values, int size, bool big) {
    std::string out;
    for (std::uint32_t const value : values) {
        for (int i = 0; i < size; ++i) out += static_cast<char>(value >> 8 * (big ? size - 1 - i : i));
    }
    return out;
}

std::string utf16(std::u32string const& text, bool big) {
    std::vector<std::uint32_t> values = {0xFEFF};
    for (char32_t const c : text) {
        if (c < 0x10000) {
            values.push_back(c);
        } else {
            values.push_back(0xD800 + ((c - 0x10000) >> 10));
            values.push_back(0xDC00 + ((c - 0x10000) & 0x3FF));
        }
    }
    return units(values, 2, big);
}

std::string utf32(std::u32string const& text, bool big) {
    std::vector<std::uint32_t> values = {0xFEFF};
    values.insert(values.end(), text.begin(), text.end());
    return units(values, 4, big);
}

}  // namespace

TEST_CASE("UTF-8 is taken as it stands") {
    ExtractedText const text = extract(utf8(sample), "a.txt").value();
    CHECK(text.text == utf8(sample));
    CHECK(text.verbatim);
    CHECK(text.media_type == "text/plain");
}

TEST_CASE("a byte order mark is kept out and UTF-16 and UTF-32 with one become UTF-8") {
    std::string const expected = utf8(sample);
    for (std::string const& bytes : {"\xEF\xBB\xBF" + expected, utf16(sample, false), utf16(sample, true),
                                     utf32(sample, false), utf32(sample, true)}) {
        ExtractedText const text = extract(bytes, "a.txt").value();
        CHECK(text.text == expected);
        CHECK(!text.verbatim);
    }
}

TEST_CASE("a broken encoding is refused with the place") {
    struct Case {
        std::string bytes;
        char const* where;
    };
    std::vector<Case> const cases = {
        {"good \xC3( bad", "byte 5"},
        {utf16(U"ab", false) + "\x00\xDC"s, "byte 6"},         // a low surrogate alone
        {utf16(U"ab", false) + "\x00\xD8"s, "byte 6"},         // a high one at the end
        {utf16(U"ab", true) + "\xD8\x00\x00\x41"s, "byte 6"},  // a high one before a letter
        {utf16(U"ab", false) + "x", "byte 6"},                 // half a unit
        {"\x00\x00\xFE\xFF\x00\x11\x00\x00"s, "byte 4"},       // beyond U+10FFFF
    };
    for (Case const& bad : cases) {
        Result<ExtractedText> const text = extract(bad.bytes, "a.txt");
        REQUIRE(!text);
        CHECK(text.error().code == Errc::invalid_argument);
        CHECK(text.error().message.find(bad.where) != std::string::npos);
    }
}

TEST_CASE("other formats are refused by their names whatever the file is called") {
    struct Case {
        std::string bytes;
        char const* format;
    };
    std::vector<Case> const cases = {{"%PDF-1.7\n%\xE2\xE3", "PDF"},
                                     {"PK\x03\x04\x14\x00"s, "ZIP"},
                                     {"\x89PNG\r\n\x1A\n\0\0"s, "PNG"},
                                     {"\xFF\xD8\xFF\xE0"s, "JPEG"},
                                     {"\x7F"
                                      "ELF\2\1\1\0"s,
                                      "ELF"},
                                     {"\x1F\x8B\x08\0"s, "gzip"},
                                     {"BZh9\x31\x41\x59\x26\0"s, "bzip2"},
                                     {"\xFD"
                                      "7zXZ\0"s,
                                      "xz"}};
    for (Case const& bad : cases) {
        for (char const* name : {"a.txt", "b.md", "c"}) {
            Result<ExtractedText> const text = extract(bad.bytes, name);
            REQUIRE(!text);
            CHECK(text.error().code == Errc::unsupported);
            CHECK(text.error().message.find(bad.format) != std::string::npos);
        }
    }
}

TEST_CASE("texts that happen to begin like a format are texts") {
    CHECK(extract("BZh is how bzip2 files begin.", "a.txt").has_value());
    CHECK(extract("ID3 tags hold titles.", "a.txt").has_value());
    CHECK(extract("PK is a district.", "a.txt").has_value());
    CHECK(extract("OggS", "a.txt").has_value());
}

TEST_CASE("bytes with many control characters are binary") {
    std::string bytes;
    for (int i = 0; i < 3'000; ++i) bytes += static_cast<char>(i % 128);
    CHECK(extract(bytes, "a.txt").error().code == Errc::unsupported);
    CHECK(extract(std::string(100, '\0'), "a.txt").error().code == Errc::unsupported);
}

TEST_CASE("a few stray NULs lose nothing and become spaces so that offsets hold") {
    ExtractedText const text = extract("before\0after\0\0end\n"s, "a.txt").value();
    CHECK(text.text == "before after  end\n");
    CHECK(!text.verbatim);
}

TEST_CASE("the ending of the name tells Markdown from text") {
    for (char const* name : {"a.md", "b.MARKDOWN", "c.mdx", "dir.txt/README.Md"}) {
        CHECK(extract("# Hi", name).value().media_type == "text/markdown");
    }
    for (char const* name : {"a.rst", "b.txt", "md", "c.md.txt", "", "Makefile"}) {
        CHECK(extract("# Hi", name).value().media_type == "text/plain");
    }
}

TEST_CASE("a title is the first heading near the top else the first line else the name") {
    CHECK(extract("Some words.\n\n## The *Title* here ##\n", "a.md").value().title == "The Title here");
    CHECK(extract(".. _x:\n\nA Title\n*******\n\nBody\n", "a.rst").value().title == "A Title");
    CHECK(extract("\n\n   First line   of text\nSecond\n", "a.txt").value().title == "First line of text");
    CHECK(extract("  \n", "folder/name.txt").value().title == "name.txt");
    CHECK(extract("", "name.md").value().title == "name.md");
    std::string const far = std::string(3'000, 'x') + "\n\n# Late\n";
    CHECK(extract(far, "a.md").value().title == std::string(200, 'x'));
    std::string const wide = "\xE6\x97\xA5" + std::string();
    std::string many;
    for (int i = 0; i < 300; ++i) many += wide;
    CHECK(extract(many, "a.txt").value().title.size() == 600);
}

TEST_CASE("each shared document is read as its manifest says or refused with the reason") {
    std::string const source = aikit_test::read_file(aikit_test::shared_data() / "docs/manifest.json");
    if (source.empty()) {
        MESSAGE("skipped: ../shared/data/docs is not there");
        return;
    }
    int seen = 0;
    boost::json::value const manifest = boost::json::parse(source);
    for (auto const& entry : manifest.as_array()) {
        std::string const file(entry.at("file").as_string());
        std::string const folder = file.substr(0, file.find('/'));
        std::string const bytes = aikit_test::read_file(aikit_test::shared_data() / "docs" / file);
        Result<ExtractedText> const text = extract(bytes, file);
        CAPTURE(file);
        if (folder == "pdf" || folder == "docx" || file == "hostile/random.bin") {
            REQUIRE(!text);
            CHECK(text.error().code == Errc::unsupported);
        } else if (folder == "text" || folder == "markdown" || folder == "code") {
            ++seen;
            bool const marked = bytes.starts_with("\xFF\xFE") || bytes.starts_with("\xFE\xFF");
            REQUIRE(text.has_value() == (marked || text::is_utf8(bytes)));
            if (!text) {
                CHECK(text.error().code == Errc::invalid_argument);
                CHECK(text.error().message.find("at byte") != std::string::npos);
                continue;
            }
            CHECK(text::is_utf8(text->text));
            CHECK(text->text.find('\0') == std::string::npos);
            if (auto const* wanted = entry.as_object().if_contains("must_contain")) {
                for (auto const& words : wanted->as_array()) {
                    CHECK(text->text.find(std::string(words.as_string())) != std::string::npos);
                }
            }
        }
    }
    CHECK(seen > 20);
}

}  // namespace aikit
