// SPDX-License-Identifier: MIT
// knowledge/prepare.hpp - from a document's bytes to chunks ready to be embedded: pure work for the cpu threads.
#ifndef AIKIT_SRC_KNOWLEDGE_PREPARE_HPP
#define AIKIT_SRC_KNOWLEDGE_PREPARE_HPP

#include "knowledge/documents.hpp"

#include <string>
#include <vector>

namespace aikit::inline v0::knowledge {

/// What is written for a chunk.
struct PreparedChunk {
    PreparedChunk() = default;

    std::string text;      ///< What is embedded and searched: the headings or title that lead to it, then the chunk.
    std::string metadata;  ///< JSON: uri, title, headings, begin, end, prefix (bytes of `text` before the chunk), user.
};

/// A document on its way in.
struct PreparedDocument {
    PreparedDocument() = default;

    DocumentRow row;  ///< status: pending (to be written), completed (unchanged), failed.
    std::vector<PreparedChunk> chunks;
    std::int64_t chunks_before = 0;  ///< Chunks of it that may stand in the store.
    bool is_new = false;
};

/// The most bytes of a uri, so that a chunk's id fits the store.
inline constexpr std::size_t max_uri = 900;

/// Reads, compares with what is known (null: nothing), extracts and cuts. Never throws but for memory; what is wrong
/// with the document stands in its row.
PreparedDocument prepare(DocumentInput const& input, DocumentRow const* known, ChunkingStrategy const& chunking,
                         std::string const& settings, SystemTime now);

/// "uri#number"
std::string chunk_id(std::string const& uri, std::int64_t number);

/// A hit of the store as what was prepared. Errors: storage (metadata that prepare() did not write).
Result<RelevantChunk> to_relevant(vector::Hit hit);

}  // namespace aikit::inline v0::knowledge

#endif  // AIKIT_SRC_KNOWLEDGE_PREPARE_HPP
