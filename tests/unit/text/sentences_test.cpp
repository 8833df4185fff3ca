// SPDX-License-Identifier: MIT
// Covers sentences() of include/aikit/text/unicode.hpp.
#include <aikit/text/unicode.hpp>

#include <doctest/doctest.h>

#include <ctime>
#include <random>

namespace aikit::text {
namespace {

/// The sentences of a text joined by " | ".
std::string split(std::string_view text) {
    std::string joined;
    for (Span const span : sentences(text)) {
        if (!joined.empty()) joined += " | ";
        joined += text.substr(span.begin, span.end - span.begin);
    }
    return joined;
}

}  // namespace

TEST_CASE("sentences end where a reader ends them") {
    struct Row {
        char const* text;
        char const* expected;
    };
    Row const rows[] = {
        {"", ""},
        {"  \n\t ", ""},
        {"No stop at all", "No stop at all"},
        {"One. Two! Three? Four.", "One. | Two! | Three? | Four."},
        {"  Padded.   Twice.  ", "Padded. | Twice."},
        {"Mr. Smith met Dr. Jones. They spoke.", "Mr. Smith met Dr. Jones. | They spoke."},
        {"See Fig. 3 and e.g. Table 2. Done.", "See Fig. 3 and e.g. Table 2. | Done."},
        {"J. R. R. Tolkien wrote it. So did I. Then we left.",
         "J. R. R. Tolkien wrote it. | So did I. | Then we left."},
        {"Pi is 3.14159. It costs $1.50 today.", "Pi is 3.14159. | It costs $1.50 today."},
        {"In the U.S. Army he rose. He left the U.S. The war ended.",
         "In the U.S. Army he rose. | He left the U.S. | The war ended."},
        {"Acme Inc. makes it. It was Acme Inc. The rest left.",
         "Acme Inc. makes it. | It was Acme Inc. | The rest left."},
        {"At 5 p.m. we met. It closed at 9 p.m. We left.", "At 5 p.m. we met. | It closed at 9 p.m. | We left."},
        {"Use No. 5 now. Is it? No. It is not.", "Use No. 5 now. | Is it? | No. | It is not."},
        {"Wait... what? Oh... Fine.", "Wait... what? | Oh... | Fine."},
        {"Wait\xE2\x80\xA6 what? Oh\xE2\x80\xA6 Fine.", "Wait\xE2\x80\xA6 what? | Oh\xE2\x80\xA6 | Fine."},
        {"\"Stop!\" he said. \"Why?\" She ran.", "\"Stop!\" he said. | \"Why?\" | She ran."},
        {"He said (quietly.) Then he left.", "He said (quietly.) | Then he left."},
        {"Yahoo! is a company. Really?! Yes.", "Yahoo! is a company. | Really?! | Yes."},
        {"Read v1.2.3 at example.com. Then go.", "Read v1.2.3 at example.com. | Then go."},
        {"1. First item. 2. Second item.", "1. First item. | 2. Second item."},
        {"**Bold.** Next one.", "**Bold.** | Next one."},
        {"A heading\n\nA text without stop\n\nMore", "A heading | A text without stop | More"},
        {"One line\r\n\r\nAnother", "One line | Another"},
        {"wrapped\nline. Next\r\nline.", "wrapped\nline. | Next\r\nline."},
        {"\xE4\xBD\xA0\xE5\xA5\xBD\xE3\x80\x82\xE5\x86\x8D\xE8\xA7\x81\xEF\xBC\x81ok",
         "\xE4\xBD\xA0\xE5\xA5\xBD\xE3\x80\x82 | \xE5\x86\x8D\xE8\xA7\x81\xEF\xBC\x81ok"},
        {"\xE4\xBD\xA0\xE5\xA5\xBD\xE3\x80\x82\xE5\x86\x8D\xE8\xA7\x81\xEF\xBC\x81",
         "\xE4\xBD\xA0\xE5\xA5\xBD\xE3\x80\x82 | \xE5\x86\x8D\xE8\xA7\x81\xEF\xBC\x81"},
        {"\xE3\x80\x8C\xE5\xA5\xBD\xE3\x80\x82\xE3\x80\x8D\xE4\xBB\x96",
         "\xE3\x80\x8C\xE5\xA5\xBD\xE3\x80\x82\xE3\x80\x8D | \xE4\xBB\x96"},
        {"\xD9\x87\xD9\x84\xD8\x9F \xD9\x86\xD8\xB9\xD9\x85.", "\xD9\x87\xD9\x84\xD8\x9F | \xD9\x86\xD8\xB9\xD9\x85."},
        {"The results (cf. Smith et al. 2001) hold. Ok.", "The results (cf. Smith et al. 2001) hold. | Ok."},
        {". .. ...", ". | .. | ..."},
    };
    for (Row const& row : rows) {
        CAPTURE(row.text);
        CHECK(split(row.text) == row.expected);
    }
}

TEST_CASE("sentences and the white space between them are the whole text, whatever the bytes") {
    std::mt19937 random(3);
    char const* const pieces[] = {
        "a",    "B", "Mr", ".",   "!",       "?", " ", "\n", "\r\n", "\"", ")", "\xE3\x80\x82", "\xE2\x80\xA6",
        "\xFF", "7", "I",  "e.g", "\xC3\xA9"};
    for (int round = 0; round < 50'000; ++round) {
        std::string text;
        for (std::size_t i = random() % 16; i > 0; --i) text += pieces[random() % std::size(pieces)];
        std::string rest;
        std::size_t last = 0;
        bool good = true;
        for (Span const span : sentences(text)) {
            good = good && span.begin >= last && span.begin < span.end && span.end <= text.size();
            if (!good) break;
            rest += text.substr(last, span.begin - last);
            last = span.end;
        }
        rest += text.substr(last);
        if (!good || rest.find_first_not_of(" \r\n") != std::string::npos)
            FAIL_CHECK("round " << round << ": " << text);
    }
}

TEST_CASE("eight times the text takes about eight times as long, whatever repeats in it") {
    auto const cpu_seconds = [](std::string const& text) {
        std::clock_t const start = std::clock();
        CHECK(sentences(text).size() <= text.size());
        return static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
    };
    for (char const* piece : {".", "a", " ", ". ", "I. ", "\n", "Mr. ", "\xE3\x80\x82"}) {
        CAPTURE(piece);
        std::string text;
        while (text.size() < 100'000) text += piece;
        double const once = cpu_seconds(text);
        for (int doubling = 0; doubling < 3; ++doubling) text += text;
        CHECK(cpu_seconds(text) < 24 * once + 0.05);  // 64 times as long would be quadratic
    }
}

}  // namespace aikit::text
