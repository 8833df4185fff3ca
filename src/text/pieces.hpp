// SPDX-License-Identifier: MIT
// text/pieces.hpp - cuts a text into the pieces within which a byte pair encoding merges.
#ifndef AIKIT_SRC_TEXT_PIECES_HPP
#define AIKIT_SRC_TEXT_PIECES_HPP

#include <aikit/text/tokenizer.hpp>

#include <cstddef>
#include <string_view>

namespace aikit::inline v0::text {

/// The end of the piece that begins at `at`, which is inside the text. Any bytes are accepted: an ill-formed one
/// counts as punctuation. Pulling all pieces of a text takes linear time.
std::size_t piece_end(Encoding encoding, std::string_view text, std::size_t at) noexcept;

}  // namespace aikit::inline v0::text

#endif  // AIKIT_SRC_TEXT_PIECES_HPP
