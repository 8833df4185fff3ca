// SPDX-License-Identifier: MIT
// vector/keywords.hpp - a text as keyword search sees it.
#ifndef AIKIT_SRC_VECTOR_KEYWORDS_HPP
#define AIKIT_SRC_VECTOR_KEYWORDS_HPP

#include <aikit/core/config.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace aikit::inline v0::vector {

/// The words of a text without English stop words, stemmed (Snowball English), in order. They hold letters, digits
/// and bytes above 127 only, so that FTS5's ascii tokenizer takes each as one token.
std::vector<std::string> keywords(std::string_view text);

/// How the full-text table names a word of a collection: every collection has terms, and statistics, of its own.
std::string term_of(std::int64_t collection, std::string_view word);

/// A text as it is given to the full-text table.
struct Indexed {
    Indexed() = default;

    std::string terms;  ///< Separated by spaces.
    std::int64_t count = 0;
};

Indexed indexed(std::int64_t collection, std::string_view text);

}  // namespace aikit::inline v0::vector

#endif  // AIKIT_SRC_VECTOR_KEYWORDS_HPP
