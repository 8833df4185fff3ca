// SPDX-License-Identifier: MIT
// knowledge/cut.hpp - cutting a stretch of text that is too long, at the best place that keeps to a size.
#ifndef AIKIT_SRC_KNOWLEDGE_CUT_HPP
#define AIKIT_SRC_KNOWLEDGE_CUT_HPP

#include "knowledge/blocks.hpp"

#include <cstddef>
#include <functional>
#include <string_view>

namespace aikit::inline v0::knowledge {

/// Where the first piece of text[begin, end) ends when it may have `size` characters: after white space in its last
/// `slack` characters, else between two grapheme clusters (UAX 29), else between two characters. `end` when all fits.
/// Reads no further than the piece, so cutting a whole text is linear in it.
std::size_t cut_point(std::string_view text, std::size_t begin, std::size_t end, std::size_t size, std::size_t slack);

/// Hands on the pieces of a block in order, each of at most `size` characters: what stands between its seams, and
/// where that is too long its sentences or lines, and where those are its words.
void cut_block(std::string_view text, Block const& block, std::size_t size,
               std::function<void(std::size_t begin, std::size_t end)> const& take);

}  // namespace aikit::inline v0::knowledge

#endif  // AIKIT_SRC_KNOWLEDGE_CUT_HPP
