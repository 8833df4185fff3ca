// SPDX-License-Identifier: MIT
// Covers include/aikit/text/unicode.hpp: UTF-8, words, stems.
#include <aikit/text/unicode.hpp>

#include <doctest/doctest.h>
#include <utf8proc.h>

#include <random>

namespace aikit::text {
namespace {

using Words = std::vector<std::string>;

/// The first ill-formed byte as utf8proc, which aikit does not use for this, sees it.
std::size_t first_bad_by_utf8proc(std::string_view bytes) {
    auto const* data = reinterpret_cast<utf8proc_uint8_t const*>(bytes.data());
    std::size_t at = 0;
    while (at < bytes.size()) {
        utf8proc_int32_t point = 0;
        utf8proc_ssize_t const size =
            utf8proc_iterate(data + at, static_cast<utf8proc_ssize_t>(bytes.size() - at), &point);
        if (size < 0) return at;
        at += static_cast<std::size_t>(size);
    }
    return std::string_view::npos;
}

std::string encoded(char32_t point) {
    utf8proc_uint8_t out[4];
    utf8proc_ssize_t const size = utf8proc_encode_char(static_cast<utf8proc_int32_t>(point), out);
    return std::string(reinterpret_cast<char const*>(out), static_cast<std::size_t>(size));
}

}  // namespace

TEST_CASE("every code point but the surrogates is well-formed UTF-8") {
    for (char32_t point = 0; point <= 0x10FFFF; ++point) {
        if (point >= 0xD800 && point <= 0xDFFF) continue;
        if (!is_utf8(encoded(point))) FAIL_CHECK("U+" << static_cast<std::uint32_t>(point));
    }
}

TEST_CASE("every sequence of up to three bytes is judged as utf8proc judges it") {
    for (std::uint32_t number = 0; number < 0x100'0000; ++number) {
        // Two plain bytes in front teach nothing.
        if ((number >> 16) < 0x80 && (number >> 8 & 0xFF) < 0x80) continue;
        char const bytes[3] = {static_cast<char>(number >> 16), static_cast<char>(number >> 8),
                               static_cast<char>(number)};
        for (std::size_t size = 2; size <= 3; ++size) {
            std::string_view const text(bytes, size);
            if (size == 2 && (number & 0xFF) != 0) continue;
            if (first_bad_utf8(text) != first_bad_by_utf8proc(text)) FAIL_CHECK(number << " size " << size);
        }
    }
}

TEST_CASE("random bytes around plain text are judged as utf8proc judges them") {
    std::mt19937 random(7);
    for (int round = 0; round < 200'000; ++round) {
        std::string text(random() % 24, 'a');
        for (char& c : text) {
            if (random() % 3 == 0)
                c = static_cast<char>(random() % 4 == 0 ? 0xF0 + random() % 6 : 0x80 + random() % 0x80);
        }
        if (first_bad_utf8(text) != first_bad_by_utf8proc(text)) FAIL_CHECK("round " << round);
    }
}

TEST_CASE("floor_char never cuts a character and moves back by less than one") {
    std::string text;
    std::vector<std::size_t> edges;
    for (char32_t const point : {U'a', U'\u00e9', U'\u4e2d', U'\U0001F600', U'z', U'\u0800', U'\U0010FFFF'}) {
        edges.push_back(text.size());
        text += encoded(point);
    }
    edges.push_back(text.size());

    for (std::size_t at = 0; at < text.size() + 3; ++at) {
        CAPTURE(at);
        std::size_t expected = 0;
        for (std::size_t const edge : edges) expected = edge <= at ? edge : expected;
        CHECK(floor_char(text, at) == expected);
    }
    CHECK(floor_char("", 5) == 0);
    CHECK(floor_char("\x80\x80\x80\x80\x80\x80", 5) == 5);
}

TEST_CASE("words are folded, joined over apostrophes, and split where scripts write without spaces") {
    struct Row {
        char const* text;
        Words words;
    };
    Row const rows[] = {
        {"", {}},
        {" \t\n.,;", {}},
        {"Hello, World", {"hello", "world"}},
        {"don't the dog\xE2\x80\x99s 'quoted' rock'n'roll'", {"dont", "the", "dogs", "quoted", "rocknroll"}},
        {"a''b", {"a", "b"}},
        {"snake_case x2 3.14 C++", {"snake", "case", "x2", "3", "14", "c"}},
        {"STRASSE stra\xC3\x9F"
         "e",
         {"strasse", "strasse"}},
        {"na\xC3\xAFve nai\xCC\x88ve", {"na\xC3\xAFve", "na\xC3\xAFve"}},
        {"\xEF\xBC\xA1\xEF\xBC\xA2\xEF\xBC\x91", {"ab1"}},                                       // full width
        {"\xEF\xAC\x81ne", {"fine"}},                                                            // ligature fi
        {"co\xC2\xADoperate", {"cooperate"}},                                                    // soft hyphen
        {"\xE4\xB8\xAD\xE6\x96\x87 ok", {"\xE4\xB8\xAD", "\xE6\x96\x87", "ok"}},                 // two ideographs
        {"\xE3\x82\xAB\xE3\x83\xAA\xE3\x81\xAF", {"\xE3\x82\xAB\xE3\x83\xAA", "\xE3\x81\xAF"}},  // katakana, hiragana
        {"\xD0\x9F\xD0\xA0\xD0\x98\xD0\x92\xD0\x95\xD0\xA2", {"\xD0\xBF\xD1\x80\xD0\xB8\xD0\xB2\xD0\xB5\xD1\x82"}},
        {"\xE2\x9D\xA4\xEF\xB8\x8F love \xF0\x9F\x91\xA8\xE2\x80\x8D\xF0\x9F\x91\xA9", {"love"}},  // emoji
        {"bad\xFFword", {"bad", "word"}},
    };
    for (Row const& row : rows) {
        CAPTURE(row.text);
        CHECK(words(row.text) == row.words);
    }
}

TEST_CASE("no word is empty and every word has its place, whatever the character") {
    for (char32_t point = 0; point <= 0x10FFFF; ++point) {
        if (point >= 0xD800 && point <= 0xDFFF) continue;
        std::string const text = "x " + encoded(point) + "y";
        Words const list = words(text);
        std::vector<Span> const spans = word_spans(text);
        if (list.size() != spans.size()) FAIL_CHECK("U+" << static_cast<std::uint32_t>(point));
        for (std::string const& word : list) {
            if (word.empty()) FAIL_CHECK("U+" << static_cast<std::uint32_t>(point));
        }
    }
}

TEST_CASE("spans of words rise, do not overlap and stay inside, whatever the bytes") {
    std::mt19937 random(11);
    char const* const pieces[] = {
        "a", "Z", "9", "'", " ", "\xCC\x88", "\xE4\xB8\xAD", "\xE3\x82\xAB", "\xFF", "\xE2\x80\x8D", "-"};
    for (int round = 0; round < 20'000; ++round) {
        std::string text;
        for (std::size_t i = random() % 12; i > 0; --i) text += pieces[random() % std::size(pieces)];
        std::size_t last = 0;
        for (Span const span : word_spans(text)) {
            bool const good = span.begin >= last && span.begin < span.end && span.end <= text.size();
            if (!good) FAIL_CHECK("round " << round);
            last = span.end;
        }
    }
}

TEST_CASE("stems are those of the Snowball English examples") {
    // From the sample vocabulary at snowballstem.org/algorithms/english/stemmer.html.
    char const* const rows[][2] = {
        {"consign", "consign"},     {"consigned", "consign"}, {"consignment", "consign"}, {"consistency", "consist"},
        {"consolation", "consol"},  {"consoling", "consol"},  {"constancy", "constanc"},  {"knack", "knack"},
        {"knavish", "knavish"},     {"kneading", "knead"},    {"knightly", "knight"},     {"knitted", "knit"},
        {"knives", "knive"},        {"knuckle", "knuckl"},    {"skies", "sky"},           {"dying", "die"},
        {"generously", "generous"}, {"news", "news"},
    };
    for (auto const& row : rows) CHECK(stem_english(row[0]) == row[1]);
}

TEST_CASE("what is no lower-case English word keeps its form") {
    for (char const* word :
         {"", "Running", "x86", "na\xC3\xAFvely", "\xD0\xB1\xD0\xB5\xD0\xB3\xD1\x83\xD1\x89\xD0\xB8\xD0\xB9"}) {
        CHECK(stem_english(word) == word);
    }
    std::string const long_word(1'000'000, 'a');
    CHECK(stem_english(long_word) == long_word);
}

TEST_CASE("there are 33 stop words, and near misses are none") {
    int found = 0;
    for (std::string const& word :
         words("a an and are as at be but by for if in into is it no not of on or such that the "
               "their then there these they this to was will with")) {
        found += is_english_stop_word(word) ? 1 : 0;
    }
    CHECK(found == 33);
    for (char const* word : {"", "The", "he", "from", "withs", "aa", "have"}) CHECK_FALSE(is_english_stop_word(word));
}

}  // namespace aikit::text
