// SPDX-License-Identifier: MIT
// provider/builtin/lexical.hpp - "lexical-1": a text as a vector of its words and their parts.
#ifndef AIKIT_SRC_PROVIDER_BUILTIN_LEXICAL_HPP
#define AIKIT_SRC_PROVIDER_BUILTIN_LEXICAL_HPP

#include <string_view>
#include <vector>

namespace aikit::inline v0::provider::builtin {

/// The vector of a text: lexical_dimensions numbers of length 1, the same on every machine. The text is not empty.
///
/// Features are the stems of its words and, for each word, its distinct n-grams of 3 to 5 characters with "<" and ">"
/// at its ends (of its first 64 characters). A stem that occurs n times counts w = idf * 2.2 n / (n + 1.2), with the
/// weights of word_weights.hpp; its n-grams share 0.8 w, as squares. Each feature is hashed (FNV-1a of "w" or "g", a
/// zero byte and its UTF-8, then splitmix64's mixer with two different offsets) to two dimensions and a sign in each
/// (Weinberger et al. 2009). Sums are of whole numbers, so their order does not matter. A text without words is seen as
/// its bytes.
std::vector<float> lexical_embedding(std::string_view text);

}  // namespace aikit::inline v0::provider::builtin

#endif  // AIKIT_SRC_PROVIDER_BUILTIN_LEXICAL_HPP
