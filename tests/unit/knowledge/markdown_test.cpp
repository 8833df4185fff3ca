// SPDX-License-Identifier: MIT
// Covers src/knowledge/markdown_blocks.cpp: blocks as CommonMark has them, headings as paths, code and tables whole.
#include "knowledge/blocks.hpp"
#include "support/shared_data.hpp"

#include <aikit/knowledge/chunk.hpp>

#include <doctest/doctest.h>

#include <regex>

namespace aikit {
namespace {

using knowledge::Block;
using knowledge::Chunk;
using knowledge::ChunkingStrategy;

std::vector<Chunk> markdown_chunks(std::string const& text, int size) {
    ChunkingStrategy strategy;
    strategy.size = size;
    return knowledge::chunk(text, strategy).value();
}

std::string slice(std::string const& text, Chunk const& chunk) {
    return text.substr(chunk.begin, chunk.end - chunk.begin);
}

/// "level title" of each heading.
std::vector<std::string> headings_of(std::string const& markdown) {
    std::vector<std::string> out;
    for (Block const& block : knowledge::markdown_blocks(markdown)) {
        if (block.kind == Block::Kind::heading) out.push_back(std::to_string(block.level) + " " + block.title);
    }
    return out;
}

std::string unescaped(std::string html) {
    html = std::regex_replace(html, std::regex("<[^>]*>"), "");
    for (auto const& [from, to] :
         {std::pair<char const*, char const*>{"&lt;", "<"}, {"&gt;", ">"}, {"&quot;", "\""}, {"&amp;", "&"}}) {
        html = std::regex_replace(html, std::regex(from), to);
    }
    return html;
}

/// The headings at the top level of what the specification says an example becomes.
std::vector<std::string> headings_of_html(std::string const& html) {
    std::vector<std::string> out;
    int depth = 0;
    std::regex const tag("<(/?)(h[1-6]|ul|ol|blockquote)(?: [^>]*)?>(?:([^]*?)</h[1-6]>)?");
    for (std::sregex_iterator at(html.begin(), html.end(), tag), end; at != end; ++at) {
        std::smatch const& match = *at;
        if (match[2].str()[0] != 'h') {
            depth += match[1].length() == 0 ? 1 : -1;
        } else if (depth == 0 && match[1].length() == 0) {
            out.push_back(match[2].str().substr(1) + " " + knowledge::one_line(unescaped(match[3].str()), 200));
        }
    }
    return out;
}

}  // namespace

TEST_CASE("headings are those of the CommonMark specification in each of its examples") {
    std::string const source = aikit_test::read_file(aikit_test::shared_data() / "commonmark/spec_tests.json");
    if (source.empty()) {
        MESSAGE("skipped: ../shared/data/commonmark is not there");
        return;
    }
    int with_headings = 0;
    boost::json::value const examples = boost::json::parse(source);
    for (auto const& example : examples.as_array()) {
        std::string const markdown(example.at("markdown").as_string());
        std::string const html(example.at("html").as_string());
        // A thematic break that opens a text and a later one look like front matter; HTML passes as it stands, so
        // tags in it are no headings of ours; definitions of links are not resolved in titles.
        bool const raw_html = markdown.find("<h") != std::string::npos;
        bool const definition = markdown.find("]: ") != std::string::npos;
        if (markdown.starts_with("---\n") || raw_html || definition) continue;
        CAPTURE(markdown);
        std::vector<std::string> const expected = headings_of_html(html);
        with_headings += expected.empty() ? 0 : 1;
        std::vector<std::string> found = headings_of(markdown);
        CHECK(found == expected);
    }
    CHECK(with_headings > 30);
}

TEST_CASE("the chunks of each CommonMark example cover it") {
    std::string const source = aikit_test::read_file(aikit_test::shared_data() / "commonmark/spec_tests.json");
    if (source.empty()) {
        MESSAGE("skipped: ../shared/data/commonmark is not there");
        return;
    }
    boost::json::value const examples = boost::json::parse(source);
    for (auto const& example : examples.as_array()) {
        std::string const markdown(example.at("markdown").as_string());
        CAPTURE(markdown);
        std::string joined;
        for (Chunk const& chunk : markdown_chunks(markdown, 50)) joined += slice(markdown, chunk);
        CHECK((joined == markdown || knowledge::is_blank(markdown)));
    }
}

TEST_CASE("a chunk knows the headings above it and a hash inside code is none") {
    std::string const text =
        "---\ntitle: \"Front matter\"\ntags: [a, b]\n---\n\n# Title\n\nIntro with `inline # not heading`.\n\n"
        "## Section *A*\n\n```python\n# not a heading\ndef f():\n    return \"## also not\"\n```\n\n"
        "### A.1 [Setext](http://x) next\n\nBelow.\n\nSetext Heading\n==============\n\nUnder setext.\n\n"
        "## Section *A*\n\nDuplicate name.\n";

    std::vector<Chunk> const chunks = markdown_chunks(text, 80);

    auto const path_of = [&](std::string const& words) {
        for (Chunk const& chunk : chunks) {
            if (slice(text, chunk).find(words) != std::string::npos) return chunk.headings;
        }
        return std::vector<std::string>{"not found"};
    };
    CHECK(path_of("tags:").empty());
    CHECK(path_of("Intro with") == std::vector<std::string>{"Title"});
    CHECK(path_of("def f()") == std::vector<std::string>{"Title", "Section A"});
    CHECK(path_of("Below.") == std::vector<std::string>{"Title", "Section A", "A.1 Setext next"});
    CHECK(path_of("Under setext.") == std::vector<std::string>{"Setext Heading"});
    CHECK(path_of("Duplicate name.") == std::vector<std::string>{"Setext Heading", "Section A"});
}

TEST_CASE("no chunk crosses a heading and a heading stands with what it is about") {
    std::string text;
    for (int i = 0; i < 40; ++i) {
        text += "## Part " + std::to_string(i) + "\n\nAll about part " + std::to_string(i) + ".\n\n";
    }
    std::vector<Chunk> const chunks = markdown_chunks(text, 1'200);

    REQUIRE(chunks.size() == 40);
    for (std::size_t i = 0; i < chunks.size(); ++i) {
        CHECK(slice(text, chunks[i]).starts_with("## Part " + std::to_string(i)));
        CHECK(chunks[i].headings == std::vector<std::string>{"Part " + std::to_string(i)});
    }
}

TEST_CASE("a heading with nothing below goes with the heading that follows") {
    std::string const text = "# Manual\n\n## Install\n\nRun it.\n";
    std::vector<Chunk> const chunks = markdown_chunks(text, 100);
    REQUIRE(chunks.size() == 1);
    CHECK(chunks[0].headings == std::vector<std::string>{"Manual", "Install"});
}

TEST_CASE("code and tables stay whole when they fit") {
    std::string const filler = "A paragraph of some words that takes its place before what follows it here.\n\n";
    std::string const code = "```cpp\nint a = 1;\n\nint b = 2;\n\nint c = 3; // Sentence one. Sentence two.\n```\n\n";
    std::string const table = "| name | value |\n|------|:-----:|\n| a    | one. Two |\n| b    | three.   |\n\n";
    for (std::string const& block : {code, table}) {
        for (int size = 100; size < 400; size += 7) {
            std::string const text = "# Title\n\n" + filler + block + filler + block;
            int holding = 0;
            for (Chunk const& chunk : markdown_chunks(text, size)) {
                holding += slice(text, chunk).find(block) != std::string::npos ? 1 : 0;
            }
            CAPTURE(size);
            CHECK(holding >= 1);
            if (size < static_cast<int>(block.size()) * 2) CHECK(holding == 2);
        }
    }
}

TEST_CASE("code that does not fit is cut between lines") {
    std::string text = "```\n";
    for (int i = 0; i < 100; ++i) text += "line number " + std::to_string(i) + ". With a sentence.\n";
    text += "```\n";
    for (Chunk const& chunk : markdown_chunks(text, 200)) {
        CHECK(text[chunk.end - 1] == '\n');
    }
}

TEST_CASE("a list that does not fit is cut between its items") {
    std::string text;
    for (int i = 0; i < 60; ++i) text += "- Item " + std::to_string(i) + ". It has two sentences.\n";
    for (Chunk const& chunk : markdown_chunks(text, 200)) CHECK(text.substr(chunk.begin, 7) == "- Item ");
}

TEST_CASE("a table is found after the text that runs into it and only where its rows agree") {
    auto const kinds = [](std::string const& text) {
        std::string out;
        for (Block const& block : knowledge::markdown_blocks(text)) {
            out += block.kind == Block::Kind::lines ? 'T' : block.kind == Block::Kind::prose ? 'p' : 'h';
        }
        return out;
    };
    CHECK(kinds("a | b\n--|--\n1 | 2\n") == "T");
    CHECK(kinds("words before\na | b\n--|--\n1 | 2\n") == "pT");
    CHECK(kinds("a | b\n--|--|--\n1 | 2\n") == "p");
    CHECK(kinds("a \\| b\n--|--\n") == "p");
    CHECK(kinds("| a |\n| - |\n") == "T");
    CHECK(kinds("no bars\n---\n") == "h");
}

}  // namespace aikit
