// SPDX-License-Identifier: MIT
// aikit/knowledge/chunk.hpp - cutting a text into pieces that can be found, quoted and highlighted.
#ifndef AIKIT_KNOWLEDGE_CHUNK_HPP
#define AIKIT_KNOWLEDGE_CHUNK_HPP

#include <aikit/core/result.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace aikit::inline v0::knowledge {

struct ChunkingStrategy {
    enum class Kind {
        fixed,      ///< Pieces of `size`, cut between words, each sharing `overlap` with the one before.
        paragraph,  ///< Whole paragraphs under one heading (underlined, as in reStructuredText, or numbered), as many
                    ///< as fit `size`; one that does not fit is cut at sentences.
        markdown,   ///< Whole blocks under one heading, as many as fit `size`; code and tables stay whole if they can.
    };

    ChunkingStrategy() = default;

    Kind kind = Kind::markdown;

    /// The most characters (code points) in a chunk, 50 to 100,000.
    int size = 1'200;

    /// Characters repeated from the chunk before (fixed only), 0 to size / 2.
    int overlap = 0;
};

/// "fixed", "paragraph", "markdown". Static storage.
AIKIT_EXPORT char const* name(ChunkingStrategy::Kind kind) noexcept;

/// A piece of a source by byte offsets. Pieces are in order; without overlap they cover the source without a gap. No
/// piece cuts a character. White space alone has no pieces.
struct Chunk {
    Chunk() = default;

    std::size_t begin = 0;
    std::size_t end = 0;
    std::vector<std::string> headings;  ///< The headings above it, outermost first (not for fixed).
};

/// Cuts UTF-8 text. Pure; linear in the text. Errors: invalid_argument (strategy, text that is not UTF-8).
AIKIT_EXPORT Result<std::vector<Chunk>> chunk(std::string_view text, ChunkingStrategy const& strategy);

}  // namespace aikit::inline v0::knowledge

#endif  // AIKIT_KNOWLEDGE_CHUNK_HPP
