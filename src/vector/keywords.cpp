// SPDX-License-Identifier: MIT
// vector/keywords.cpp - words, without stop words, stemmed.
#include "vector/keywords.hpp"

#include <aikit/text/unicode.hpp>

#include <algorithm>

namespace aikit::inline v0::vector {
namespace {

/// Longer words (encoded data) are cut: they name nothing that anybody searches for.
constexpr std::size_t max_word = 96;

bool in_token(char c) noexcept {
    auto const byte = static_cast<unsigned char>(c);
    return byte >= 0x80 || (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z');
}

}  // namespace

std::vector<std::string> keywords(std::string_view text) {
    std::vector<std::string> kept;
    for (std::string& word : text::words(text)) {
        if (text::is_english_stop_word(word)) continue;
        if (word.size() > max_word) word.resize(text::floor_char(word, max_word));
        // Normalisation can bring forth spaces and signs: U+FDFA becomes four words.
        word.erase(std::remove_if(word.begin(), word.end(), [](char c) { return !in_token(c); }), word.end());
        if (!word.empty()) kept.push_back(text::stem_english(word));
    }
    return kept;
}

std::string term_of(std::int64_t collection, std::string_view word) {
    return std::to_string(collection) + '_' + std::string(word);
}

Indexed indexed(std::int64_t collection, std::string_view text) {
    Indexed result;
    for (std::string const& word : keywords(text)) {
        if (result.count > 0) result.terms += ' ';
        result.terms += term_of(collection, word);
        ++result.count;
    }
    return result;
}

}  // namespace aikit::inline v0::vector
