// SPDX-License-Identifier: MIT
// Covers src/knowledge: what holds for chunks of every strategy, and how well they serve retrieval.
#include "knowledge/blocks.hpp"
#include "support/bm25.hpp"
#include "support/shared_data.hpp"

#include <aikit/knowledge/chunk.hpp>
#include <aikit/text/unicode.hpp>

#include <doctest/doctest.h>
#include <utf8proc.h>

#include <algorithm>
#include <set>

namespace aikit {
namespace {

using knowledge::Chunk;
using knowledge::ChunkingStrategy;
using Kind = ChunkingStrategy::Kind;

constexpr Kind all_kinds[] = {Kind::fixed, Kind::paragraph, Kind::markdown};

ChunkingStrategy strategy_of(Kind kind, int size, int overlap = 0) {
    ChunkingStrategy strategy;
    strategy.kind = kind;
    strategy.size = size;
    strategy.overlap = overlap;
    return strategy;
}

std::string slice(std::string const& text, Chunk const& chunk) {
    return text.substr(chunk.begin, chunk.end - chunk.begin);
}

/// Every text at hand: the shared documents that are UTF-8, and some made to be nasty.
std::vector<std::pair<std::string, std::string>> texts() {
    std::vector<std::pair<std::string, std::string>> out;
    for (char const* folder :
         {"docs/markdown", "docs/text", "docs/code", "commonmark", "chunking/corpora", "chunking/text-splitter"}) {
        for (auto const& path : aikit_test::files_of(aikit_test::shared_data() / folder)) {
            if (path.extension() == ".json") continue;
            std::string text = aikit_test::read_file(path);
            if (text::is_utf8(text)) out.emplace_back(path.filename().string(), std::move(text));
        }
    }
    std::string marks = "a";
    for (int i = 0; i < 500; ++i) marks += "\xCC\x81";
    out.emplace_back("one letter under 500 accents", marks);
    out.emplace_back("line endings", "one\r\n\r\ntwo\rthree\n\n\n" + std::string(300, '\n') + "four\r\n");
    std::string flags;
    for (int i = 0; i < 200; ++i) flags += "\xF0\x9F\x87\xA9\xF0\x9F\x87\xAA";
    out.emplace_back("flags", flags);
    out.emplace_back("one letter", "x");
    return out;
}

/// UAX 29's edges by utf8proc.
bool is_grapheme_edge(std::string const& text, std::size_t at) {
    std::size_t const from = text::floor_char(text, at > 200 ? at - 200 : 0);
    utf8proc_int32_t before = -1;
    utf8proc_int32_t state = 0;
    for (std::size_t i = from; i < text.size();) {
        utf8proc_int32_t point = 0;
        auto const size = utf8proc_iterate(reinterpret_cast<utf8proc_uint8_t const*>(text.data() + i), -1, &point);
        if (size <= 0) return true;
        bool const edge = before < 0 || utf8proc_grapheme_break_stateful(before, point, &state);
        if (i == at) return edge;
        before = point;
        i += static_cast<std::size_t>(size);
    }
    return true;
}

}  // namespace

TEST_CASE("chunks without overlap cover the text without a gap none longer than the size") {
    for (auto const& [name, text] : texts()) {
        for (Kind const kind : all_kinds) {
            for (int const size : {50, 217, 1'200, 100'000}) {
                if (text.size() > 500'000 && size < 1'000) continue;
                CAPTURE(name);
                CAPTURE(std::string(knowledge::name(kind)));
                CAPTURE(size);
                Result<std::vector<Chunk>> const chunks = knowledge::chunk(text, strategy_of(kind, size));
                REQUIRE(chunks.has_value());

                std::size_t at = 0;
                std::size_t longest = 0;
                bool whole = true;
                for (Chunk const& chunk : *chunks) {
                    whole = whole && chunk.begin == at && chunk.end > chunk.begin;
                    at = chunk.end;
                    longest = std::max(longest, knowledge::count_characters(std::string_view(text).substr(
                                                    chunk.begin, chunk.end - chunk.begin)));
                }
                CHECK(whole);
                CHECK(at == (knowledge::is_blank(text) ? 0 : text.size()));
                CHECK(longest <= static_cast<std::size_t>(size));
            }
        }
    }
}

TEST_CASE("no chunk begins or ends inside a character nor inside a grapheme cluster that fits") {
    for (auto const& [name, text] : texts()) {
        if (text.size() > 500'000 || name == "one letter under 500 accents") continue;
        for (Kind const kind : all_kinds) {
            CAPTURE(name);
            CAPTURE(std::string(knowledge::name(kind)));
            Result<std::vector<Chunk>> const chunks = knowledge::chunk(text, strategy_of(kind, 100));
            REQUIRE(chunks.has_value());
            bool good = true;
            for (Chunk const& chunk : *chunks) {
                good = good && text::is_utf8(slice(text, chunk)) && is_grapheme_edge(text, chunk.begin);
            }
            CHECK(good);
        }
    }
}

TEST_CASE("fixed chunks share at most the overlap and some of it and together still hold the whole text") {
    std::string text;
    for (int i = 0; i < 900; ++i) text += "word" + std::to_string(i) + (i % 7 == 0 ? "\n" : " ");
    for (int const size : {50, 120, 800}) {
        for (int const overlap : {1, 10, 25}) {
            CAPTURE(size);
            CAPTURE(overlap);
            Result<std::vector<Chunk>> const chunks = knowledge::chunk(text, strategy_of(Kind::fixed, size, overlap));
            REQUIRE(chunks.has_value());
            REQUIRE(chunks->size() > 2);
            for (std::size_t i = 1; i < chunks->size(); ++i) {
                Chunk const& before = (*chunks)[i - 1];
                Chunk const& here = (*chunks)[i];
                CHECK(here.begin > before.begin);
                CHECK(here.begin <= before.end);
                CHECK(before.end - here.begin <= static_cast<std::size_t>(overlap));
                if (overlap >= 10) CHECK(before.end - here.begin > 0);
            }
            CHECK(chunks->front().begin == 0);
            CHECK(chunks->back().end == text.size());
        }
    }
}

TEST_CASE("a chunk ends between words where there are words") {
    std::string text;
    for (int i = 0; i < 400; ++i) text += "hippopotamus ";
    for (Kind const kind : all_kinds) {
        for (Chunk const& chunk : knowledge::chunk(text, strategy_of(kind, 100)).value()) {
            CHECK(text.substr(chunk.begin, 12) == "hippopotamus");
        }
    }
}

TEST_CASE("a paragraph stays whole when it fits and is cut between sentences when it does not") {
    std::string const sentence = "Here stands a sentence of middling length that says nothing. ";
    std::string const small = "A small paragraph.\n\n";
    std::string large;
    for (int i = 0; i < 8; ++i) large += sentence;
    std::string const text = small + large + "\n\n" + small;

    std::vector<Chunk> const chunks = knowledge::chunk(text, strategy_of(Kind::paragraph, 200)).value();

    REQUIRE(chunks.size() > 2);
    for (Chunk const& chunk : chunks) {
        std::string const piece = slice(text, chunk);
        CHECK((piece.starts_with("Here") || piece.starts_with("A small")));
    }
}

TEST_CASE("headings of reStructuredText give the path of what stands below them") {
    std::string const text =
        ".. _top:\n\nTop Title\n*********\n\nIntro.\n\nFirst\n=====\n\nAlpha.\n\nDeeper\n------\n\nBeta.\n\n"
        "=======\nSecond\n=======\n\nGamma.\n\nFirst again\n===========\n\nDelta.\n";

    std::vector<Chunk> const chunks = knowledge::chunk(text, strategy_of(Kind::paragraph, 60)).value();

    auto const path_of = [&](std::string const& words) {
        for (Chunk const& chunk : chunks) {
            if (slice(text, chunk).find(words) != std::string::npos) return chunk.headings;
        }
        return std::vector<std::string>{"not found"};
    };
    CHECK(path_of("Intro.") == std::vector<std::string>{"Top Title"});
    CHECK(path_of("Alpha.") == std::vector<std::string>{"Top Title", "First"});
    CHECK(path_of("Beta.") == std::vector<std::string>{"Top Title", "First", "Deeper"});
    CHECK(path_of("Delta.") == std::vector<std::string>{"Top Title", "First again"});
    CHECK(slice(text, chunks.front()).starts_with(".. _top:"));
}

TEST_CASE("numbered headings count where no heading is underlined") {
    // As written by hand, and with the no-break spaces of DocBook's text.
    for (std::string const space : {" ", "\xC2\xA0"}) {
        std::string const text = "The Manual\n\nChapter" + space + "1." + space + "Basics\n\n    Hello.\n\n1.1." +
                                 space + "What is this?\n\n    A manual.\n\n1.2." + space +
                                 "What is a question that goes on\nover two lines?\n\n    This one.\n\n2019." + space +
                                 "A year is no number of a section.\n\n1." + space + "Neither is\nan item.\n\nChapter" +
                                 space + "2." + space + "More\n\n    End.\n";

        std::vector<Chunk> const chunks = knowledge::chunk(text, strategy_of(Kind::paragraph, 80)).value();

        std::vector<std::vector<std::string>> paths;
        for (Chunk const& chunk : chunks) paths.push_back(chunk.headings);
        auto const has = [&](std::vector<std::string> const& path) {
            return std::find(paths.begin(), paths.end(), path) != paths.end();
        };
        CHECK(has({"Chapter 1. Basics"}));
        CHECK(has({"Chapter 1. Basics", "1.1. What is this?"}));
        CHECK(has({"Chapter 1. Basics", "1.2. What is a question that goes on over two lines?"}));
        CHECK(has({"Chapter 2. More"}));
        for (auto const& path : paths) {
            for (std::string const& title : path) CHECK(title.find("year") == std::string::npos);
        }
    }
}

TEST_CASE("text of nothing but white space has no chunks") {
    for (Kind const kind : all_kinds) {
        for (char const* text : {"", " ", "\r\n\r\n", "  \t\n \v \f "}) {
            CHECK(knowledge::chunk(text, strategy_of(kind, 100)).value().empty());
        }
    }
}

TEST_CASE("a strategy that cannot be is refused by the name of its field") {
    struct Case {
        ChunkingStrategy strategy;
        char const* field;
    };
    std::vector<Case> const cases = {
        {strategy_of(Kind::markdown, 49), "size"},          {strategy_of(Kind::fixed, 100'001), "size"},
        {strategy_of(Kind::fixed, 100, 51), "overlap"},     {strategy_of(Kind::fixed, 100, -1), "overlap"},
        {strategy_of(Kind::paragraph, 100, 10), "overlap"}, {strategy_of(static_cast<Kind>(9), 100), "kind"}};
    for (Case const& bad : cases) {
        Result<std::vector<Chunk>> const chunks = knowledge::chunk("text", bad.strategy);
        REQUIRE(!chunks);
        CHECK(chunks.error().code == Errc::invalid_argument);
        CHECK(chunks.error().message.find(bad.field) != std::string::npos);
    }
}

TEST_CASE("text that is not UTF-8 is refused and the error says where") {
    Error const error = knowledge::chunk("good \xFF bad", strategy_of(Kind::paragraph, 100)).error();
    CHECK(error.code == Errc::invalid_argument);
    CHECK(error.message.find("byte 5") != std::string::npos);
}

TEST_CASE("time is linear in the text whoever wrote it") {
    auto const repeated = [](std::string const& unit, std::size_t bytes) {
        std::string out;
        while (out.size() < bytes) out += unit;
        return out;
    };
    std::string const units[] = {"a|b\n|-|\n",  "|-|-|\n|-|\n", "> ",       "- ",       "1. ",     "* a\n\n",
                                 "**a _b ",     "[a](<b ",      "![[[",     "<a <b ",   "```\n",   "a\n---\n",
                                 "`a ``b ",     "word. ",       "\xCC\x81", "=\n",      "x\n==\n", "1.1. a\n\n",
                                 "<!-- a\n",    "&amp;",        "\\[",      "  - a\n",  "\r",      "\xE2\x80\x8D",
                                 "- - - - a\n", "\n\n",         "~~~ a\n",  "a\n\n\n\n"};
    for (std::string const& unit : units) {
        for (Kind const kind : {Kind::paragraph, Kind::markdown}) {
            std::string const text = repeated(unit, 400'000);
            double const before = aikit_test::cpu_seconds();
            Result<std::vector<Chunk>> const chunks = knowledge::chunk(text, strategy_of(kind, 1'200));
            double const spent = aikit_test::cpu_seconds() - before;
            CAPTURE(unit);
            CAPTURE(std::string(knowledge::name(kind)));
            REQUIRE(chunks.has_value());
            // Ten microseconds a byte would be forty times what a linear pass takes without optimisation and with
            // sanitizers; a quadratic one takes minutes.
            CHECK(spent < 4.0);
        }
    }
}

TEST_CASE("deep nesting built by indentation or markers costs no more than its bytes") {
    std::string const deep = std::string(200'000, '>') + " a\n" + std::string(200'000, '\n');
    std::string markers;
    for (int i = 0; i < 60'000; ++i) markers += "- ";
    markers += "a\n" + std::string(200'000, '\n');
    std::string numbers;
    for (int i = 0; i < 60'000; ++i) numbers += "1. ";
    numbers += "a\n" + std::string(200'000, '\n');
    std::string stairs;
    for (int i = 0; i < 900; ++i) stairs += std::string(static_cast<std::size_t>(2 * i), ' ') + "- a\n";
    stairs += std::string(800'000, '\n');
    for (std::string const& text : {deep, markers, numbers, stairs}) {
        double const before = aikit_test::cpu_seconds();
        CHECK(knowledge::chunk(text, strategy_of(Kind::markdown, 1'200)).has_value());
        CHECK(aikit_test::cpu_seconds() - before < 8.0);
    }
}

TEST_CASE("chunks serve retrieval: BM25 over them finds what human-marked spans say") {
    auto const questions = aikit_test::read_json_lines(aikit_test::shared_data() / "chunking/questions.jsonl");
    if (questions.empty()) {
        MESSAGE("skipped: ../shared/data/chunking is not there");
        return;
    }
    struct Variant {
        Kind kind;
        int size;
        double least_recall;
    };
    for (Variant const& variant : {Variant{Kind::fixed, 800, 0.80}, Variant{Kind::paragraph, 800, 0.80},
                                   Variant{Kind::markdown, 800, 0.80}, Variant{Kind::markdown, 1'200, 0.85}}) {
        double recall = 0;
        double precision = 0;
        double overlap = 0;
        std::string corpus_name;
        std::string text;
        std::vector<Chunk> chunks;
        std::unique_ptr<aikit_test::Bm25> index;
        for (auto const& question : questions) {
            if (aikit_test::text_of(question, "corpus") != corpus_name) {
                corpus_name = aikit_test::text_of(question, "corpus");
                text = aikit_test::read_file(aikit_test::shared_data() / "chunking/corpora" / (corpus_name + ".md"));
                chunks = knowledge::chunk(text, strategy_of(variant.kind, variant.size)).value();
                std::vector<std::string> pieces;
                for (Chunk const& chunk : chunks) pieces.push_back(slice(text, chunk));
                index = std::make_unique<aikit_test::Bm25>(pieces);
            }
            std::vector<bool> gold(text.size());
            std::size_t gold_bytes = 0;
            for (auto const& reference : question.at("references").as_array()) {
                auto const begin = static_cast<std::size_t>(reference.at("start_byte").as_int64());
                auto const end = static_cast<std::size_t>(reference.at("end_byte").as_int64());
                for (std::size_t i = begin; i < end; ++i) {
                    gold_bytes += gold[i] ? 0 : 1;
                    gold[i] = true;
                }
            }
            std::size_t found = 0;
            std::size_t retrieved = 0;
            for (auto const& [i, score] : index->search(aikit_test::text_of(question, "question"), 5)) {
                for (std::size_t at = chunks[i].begin; at < chunks[i].end; ++at) found += gold[at] ? 1 : 0;
                retrieved += chunks[i].end - chunks[i].begin;
            }
            recall += static_cast<double>(found) / static_cast<double>(gold_bytes);
            if (retrieved == 0) continue;
            precision += static_cast<double>(found) / static_cast<double>(retrieved);
            overlap += static_cast<double>(found) / static_cast<double>(retrieved + gold_bytes - found);
        }
        auto const n = static_cast<double>(questions.size());
        MESSAGE(std::string(knowledge::name(variant.kind))
                << "-" << variant.size << ": recall " << recall / n << ", precision " << precision / n << ", IoU "
                << overlap / n << " (BM25, top 5, " << questions.size() << " questions)");
        CHECK(recall / n >= variant.least_recall);
    }
}

}  // namespace aikit
