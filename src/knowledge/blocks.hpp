// SPDX-License-Identifier: MIT
// knowledge/blocks.hpp - the parts of a text as its author made them: headings, paragraphs, lists, code, tables.
#ifndef AIKIT_SRC_KNOWLEDGE_BLOCKS_HPP
#define AIKIT_SRC_KNOWLEDGE_BLOCKS_HPP

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace aikit::inline v0::knowledge {

/// A part of a text by byte offsets, the white space after it included. The blocks of a text cover it without a gap.
struct Block {
    enum class Kind : std::uint8_t {
        heading,
        prose,  ///< Best cut between sentences.
        lines,  ///< Code, tables, markup: cut between lines, and only when it must be.
    };

    Block() = default;
    Block(Kind kind_, std::size_t begin_, std::size_t end_) : kind(kind_), begin(begin_), end(end_) {}

    Kind kind = Kind::prose;
    std::size_t begin = 0;
    std::size_t end = 0;

    int level = 0;                   ///< heading: from 1, outermost first.
    std::string title;               ///< heading: its words, without markup, on one line.
    std::vector<std::size_t> seams;  ///< Offsets inside where it is cut before anything finer (the items of a list).
};

/// The blocks of a Markdown text (CommonMark with tables); YAML front matter is one of its own. Linear in the text,
/// however it is nested.
std::vector<Block> markdown_blocks(std::string_view utf8);

/// The paragraphs of any other text. Headings are lines underlined as in reStructuredText or, in a text without
/// those, paragraphs that begin with a number of several parts ("3.1. Archives") or with "Chapter 3".
std::vector<Block> paragraph_blocks(std::string_view utf8);

/// Has blocks, which know where they begin, cover a text of `size` bytes without a gap. A text without any is one.
void close_gaps(std::vector<Block>& blocks, std::size_t size);

/// Where each line begins (after LF, CRLF or CR), from 0, the end of the text last.
std::vector<std::size_t> line_starts(std::string_view text);

/// The text with each run of white space made one space and none at its ends, cut to `most` characters.
std::string one_line(std::string_view utf8, std::size_t most);

/// True for the white space of ASCII.
inline bool is_blank(char c) noexcept {
    return c == ' ' || (c >= '\t' && c <= '\r');
}
bool is_blank(std::string_view text) noexcept;

/// Code points of well-formed UTF-8.
std::size_t count_characters(std::string_view utf8) noexcept;

}  // namespace aikit::inline v0::knowledge

#endif  // AIKIT_SRC_KNOWLEDGE_BLOCKS_HPP
