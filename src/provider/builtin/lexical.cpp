// SPDX-License-Identifier: MIT
// provider/builtin/lexical.cpp - the hashing trick over stems and character n-grams, in whole numbers.
#include "provider/builtin/lexical.hpp"

#include "provider/builtin/word_weights.hpp"

#include <aikit/provider/builtin.hpp>
#include <aikit/text/unicode.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <map>
#include <string>

namespace aikit::inline v0::provider::builtin {
namespace {

constexpr std::size_t dimensions = lexical_dimensions;
constexpr std::size_t dimensions_per_feature = 2;

/// The whole number that stands for a weight of one.
constexpr std::int64_t one = 1 << 16;

constexpr double gram_share = 0.8;
constexpr std::size_t shortest_gram = 3;
constexpr std::size_t longest_gram = 5;
constexpr std::size_t most_word_characters = 64;

using Sums = std::array<std::int64_t, dimensions>;

/// Steele, Lea, Flood 2014: SplitMix64's output function.
std::uint64_t mixed(std::uint64_t x) {
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9U;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBU;
    return x ^ (x >> 31);
}

void add(Sums& sums, std::string_view kind, std::string_view feature, std::int64_t weight) {
    std::uint64_t const hash = fnv1a(feature, fnv1a(kind));
    for (std::uint64_t i = 1; i <= dimensions_per_feature; ++i) {
        std::uint64_t const place = mixed(hash + i * 0x9E3779B97F4A7C15U);
        sums[(place >> 1) % dimensions] += (place & 1) != 0 ? weight : -weight;
    }
}

/// The n-grams of "<word>", each once.
std::vector<std::string> grams(std::string const& word) {
    std::string const marked = "<" + word + ">";
    std::vector<std::size_t> edges;
    for (std::size_t i = 0; i < marked.size() && edges.size() <= most_word_characters + 1; ++i) {
        if ((static_cast<unsigned char>(marked[i]) & 0xC0) != 0x80) edges.push_back(i);
    }
    if (edges.size() <= most_word_characters + 1) edges.push_back(marked.size());
    std::vector<std::string> out;
    for (std::size_t size = shortest_gram; size <= longest_gram; ++size) {
        for (std::size_t i = 0; i + size < edges.size(); ++i) {
            out.push_back(marked.substr(edges[i], edges[i + size] - edges[i]));
        }
    }
    std::sort(out.begin(), out.end());
    out.erase(std::unique(out.begin(), out.end()), out.end());
    return out;
}

struct Word {
    std::int64_t count = 0;
    std::string surface;  // the first form met
};

void add_words(std::string_view text, Sums& sums) {
    std::map<std::string, Word> words;
    for (std::string& word : text::words(text)) {
        Word& entry = words[text::stem_english(word)];
        if (entry.count++ == 0) entry.surface = std::move(word);
    }
    for (auto const& [stem, word] : words) {
        // idf * 2.2 n / (n + 1.2), all of it times ten to stay whole.
        std::int64_t const weight =
            one * weight_units(stem) * 22 * word.count / (units_per_weight * (10 * word.count + 12));
        add(sums, std::string_view("w\0", 2), stem, weight);
        std::vector<std::string> const parts = grams(word.surface);
        if (parts.empty()) continue;
        double const share = static_cast<double>(weight) * gram_share / std::sqrt(static_cast<double>(parts.size()));
        for (std::string const& part : parts) add(sums, std::string_view("g\0", 2), part, std::llround(share));
    }
}

void add_bytes(std::string_view text, Sums& sums) {
    constexpr std::size_t size = 3;
    add(sums, std::string_view("b\0", 2), text, one);
    for (std::size_t i = 0; i + size <= text.size(); ++i)
        add(sums, std::string_view("b\0", 2), text.substr(i, size), one);
}

}  // namespace

std::vector<float> lexical_embedding(std::string_view text) {
    Sums sums{};
    add_words(text, sums);
    auto const is_zero = [](std::int64_t sum) { return sum == 0; };
    if (std::all_of(sums.begin(), sums.end(), is_zero)) add_bytes(text, sums);
    if (std::all_of(sums.begin(), sums.end(), is_zero)) sums[fnv1a(text) % dimensions] = one;

    __extension__ unsigned __int128 squares = 0;
    for (std::int64_t const sum : sums) {
        auto const size = static_cast<std::uint64_t>(sum < 0 ? -sum : sum);
        squares += static_cast<decltype(squares)>(size) * size;
    }
    double const length = std::sqrt(static_cast<double>(squares));
    std::vector<float> out(dimensions);
    for (std::size_t i = 0; i < dimensions; ++i) out[i] = static_cast<float>(static_cast<double>(sums[i]) / length);
    return out;
}

}  // namespace aikit::inline v0::provider::builtin
