// SPDX-License-Identifier: MIT
// provider/builtin/patterns.hpp - "patterns-1": moderation by lists of words that stand near each other.
#ifndef AIKIT_SRC_PROVIDER_BUILTIN_PATTERNS_HPP
#define AIKIT_SRC_PROVIDER_BUILTIN_PATTERNS_HPP

#include <aikit/model/moderation.hpp>

#include <string_view>

namespace aikit::inline v0::provider::builtin {

/// All of OpenAI's 13 categories. A pattern is a list of words (compared by stem) that follow one another, each at most
/// three words after the one before. The greatest score of a category's patterns that are found, and of its
/// sub-categories', is its score; 0.5 flags it. It finds words, not meanings: what is put otherwise passes, and what
/// only quotes is flagged. Linear in the text.
ModerationResult moderate_by_patterns(std::string_view text);

}  // namespace aikit::inline v0::provider::builtin

#endif  // AIKIT_SRC_PROVIDER_BUILTIN_PATTERNS_HPP
