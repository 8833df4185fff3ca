// SPDX-License-Identifier: MIT
// aikit/knowledge/extract.hpp - from a file's bytes to its text.
#ifndef AIKIT_KNOWLEDGE_EXTRACT_HPP
#define AIKIT_KNOWLEDGE_EXTRACT_HPP

#include <aikit/core/result.hpp>

#include <string>
#include <string_view>

namespace aikit::inline v0::knowledge {

struct ExtractedText {
    ExtractedText() = default;

    std::string title;       ///< The first heading or line, at most 200 characters; else the file's name.
    std::string media_type;  ///< "text/plain", "text/markdown".
    std::string text;        ///< UTF-8. Offsets of chunks count in this text.

    /// True when `text` is the file's bytes as they stand, so that offsets hold in the file too.
    bool verbatim = true;
};

/// Reads plain text and Markdown in UTF-8 (a byte order mark is kept out), and in UTF-16 and UTF-32 with a mark. A few
/// stray NULs become spaces. `name` is the file's name: its ending tells Markdown from text.
/// Errors: unsupported (another format, named when known; binary), invalid_argument (not valid in its encoding: says
/// where).
AIKIT_EXPORT Result<ExtractedText> extract(std::string_view bytes, std::string_view name);

}  // namespace aikit::inline v0::knowledge

#endif  // AIKIT_KNOWLEDGE_EXTRACT_HPP
