// SPDX-License-Identifier: MIT
// support/bm25.hpp - keyword ranking in its plainest form (Lucene's formula), as an oracle and as a leg of fakes.
#ifndef AIKIT_TESTS_SUPPORT_BM25_HPP
#define AIKIT_TESTS_SUPPORT_BM25_HPP

#include <aikit/text/unicode.hpp>

#include <algorithm>
#include <cmath>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace aikit_test {

inline std::vector<std::string> stems(std::string_view text) {
    std::vector<std::string> out;
    for (std::string const& word : aikit::text::words(text)) {
        if (!aikit::text::is_english_stop_word(word)) out.push_back(aikit::text::stem_english(word));
    }
    return out;
}

class Bm25 {
public:
    explicit Bm25(std::vector<std::string> const& texts) {
        for (std::size_t i = 0; i < texts.size(); ++i) {
            std::vector<std::string> const words = stems(texts[i]);
            std::unordered_map<std::string, int> counts;
            for (std::string const& word : words) ++counts[word];
            for (auto const& [word, count] : counts) postings_[word].emplace_back(i, count);
            lengths_.push_back(static_cast<double>(words.size()));
            average_ += lengths_.back();
        }
        average_ = texts.empty() ? 1 : std::max(1.0, average_ / static_cast<double>(texts.size()));
    }

    /// (text, score), best first, ties by position.
    std::vector<std::pair<std::size_t, double>> search(std::string_view query, std::size_t top) const {
        constexpr double k1 = 1.2;
        constexpr double b = 0.75;
        auto const n = static_cast<double>(lengths_.size());
        std::map<std::size_t, double> scores;
        for (std::string const& word : stems(query)) {
            auto const found = postings_.find(word);
            if (found == postings_.end()) continue;
            auto const df = static_cast<double>(found->second.size());
            double const idf = std::log(1 + (n - df + 0.5) / (df + 0.5));
            for (auto const& [text, count] : found->second) {
                double const norm = k1 * (1 - b + b * lengths_[text] / average_);
                scores[text] += idf * count / (count + norm);
            }
        }
        std::vector<std::pair<std::size_t, double>> out(scores.begin(), scores.end());
        std::stable_sort(out.begin(), out.end(), [](auto const& x, auto const& y) { return x.second > y.second; });
        if (out.size() > top) out.resize(top);
        return out;
    }

private:
    std::unordered_map<std::string, std::vector<std::pair<std::size_t, int>>> postings_;
    std::vector<double> lengths_;
    double average_ = 0;
};

}  // namespace aikit_test

#endif  // AIKIT_TESTS_SUPPORT_BM25_HPP
