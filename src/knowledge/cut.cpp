// SPDX-License-Identifier: MIT
// knowledge/cut.cpp - cut points: seams, sentences, lines, words, grapheme clusters, characters.
#include "knowledge/cut.hpp"

#include <aikit/text/unicode.hpp>

#include <algorithm>

namespace aikit::inline v0::knowledge {
namespace {

/// Hands on text[begin, end) in pieces that fit, cutting between words.
void cut_words(std::string_view text, std::size_t begin, std::size_t end, std::size_t size,
               std::function<void(std::size_t, std::size_t)> const& take) {
    while (begin < end) {
        std::size_t const cut = cut_point(text, begin, end, size, size / 2);
        take(begin, cut);
        begin = cut;
    }
}

void cut_stretch(std::string_view text, Block::Kind kind, std::size_t begin, std::size_t end, std::size_t size,
                 std::function<void(std::size_t, std::size_t)> const& take) {
    std::string_view const stretch = text.substr(begin, end - begin);
    std::vector<std::size_t> edges;
    if (kind == Block::Kind::lines) {
        edges = line_starts(stretch);
    } else {
        for (text::Span const& sentence : text::sentences(stretch)) edges.push_back(sentence.begin);
        if (edges.empty() || edges.front() != 0) edges.insert(edges.begin(), 0);
        edges.push_back(stretch.size());
    }
    for (std::size_t i = 0; i + 1 < edges.size(); ++i) {
        if (edges[i] < edges[i + 1]) cut_words(text, begin + edges[i], begin + edges[i + 1], size, take);
    }
}

}  // namespace

std::size_t cut_point(std::string_view text, std::size_t begin, std::size_t end, std::size_t size, std::size_t slack) {
    std::size_t characters = 0;
    std::size_t at = begin;
    std::size_t word = begin;
    while (at < end) {
        bool const starts_character = (static_cast<unsigned char>(text[at]) & 0xC0) != 0x80;
        if (starts_character && characters++ == size) break;
        ++at;
        if (is_blank(text[at - 1]) && characters + slack >= size) word = at;
    }
    if (at == end) return end;
    // A line ending of two bytes stays in one piece.
    bool const divides_ending = word > begin && text[word - 1] == '\r' && word < text.size() && text[word] == '\n';
    if (divides_ending && word - 1 > begin) --word;
    if (word > begin) return word;
    std::size_t const edge = text::last_grapheme_edge(text, begin, at);
    return edge > begin ? edge : at;
}

void cut_block(std::string_view text, Block const& block, std::size_t size,
               std::function<void(std::size_t begin, std::size_t end)> const& take) {
    std::vector<std::size_t> edges = block.seams;
    edges.insert(edges.begin(), block.begin);
    edges.push_back(block.end);
    for (std::size_t i = 0; i + 1 < edges.size(); ++i) {
        std::string_view const stretch = text.substr(edges[i], edges[i + 1] - edges[i]);
        if (stretch.empty()) continue;
        if (count_characters(stretch) <= size) {
            take(edges[i], edges[i + 1]);
        } else {
            cut_stretch(text, block.kind, edges[i], edges[i + 1], size, take);
        }
    }
}

}  // namespace aikit::inline v0::knowledge
