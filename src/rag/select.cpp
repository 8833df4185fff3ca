// SPDX-License-Identifier: MIT
// rag/select.cpp - evidence, diversity and the window.
#include "rag/select.hpp"

#include <aikit/text/tokenizer.hpp>
#include <aikit/text/unicode.hpp>

#include <algorithm>
#include <array>

namespace aikit::inline v0::rag {
namespace {

/// Words that ask and name nothing; Lucene's stop words have none of them.
bool is_question_word(std::string_view word) {
    constexpr std::array<std::string_view, 28> words{"what", "who",  "whom",  "whose",  "which", "when", "where",
                                                     "why",  "how",  "do",    "does",   "did",   "can",  "could",
                                                     "may",  "must", "shall", "should", "would", "has",  "have",
                                                     "had",  "i",    "you",   "we",     "my",    "your", "me"};
    return std::find(words.begin(), words.end(), word) != words.end();
}

double jaccard(std::vector<std::string> const& a, std::vector<std::string> const& b) {
    std::size_t common = 0;
    for (auto i = a.begin(), j = b.begin(); i != a.end() && j != b.end();) {
        int const order = i->compare(*j);
        common += order == 0;
        if (order <= 0) ++i;
        if (order >= 0) ++j;
    }
    std::size_t const all = a.size() + b.size() - common;
    return all == 0 ? 1 : static_cast<double>(common) / static_cast<double>(all);
}

}  // namespace

std::string path_of(knowledge::RelevantChunk const& chunk) {
    std::string path = chunk.title;
    for (std::string const& heading : chunk.headings) {
        if (heading != chunk.title) path += (path.empty() ? "" : " > ") + heading;
    }
    return path;
}

std::vector<std::string> content_words(std::string_view text) {
    std::vector<std::string> out;
    for (std::string const& word : text::words(text)) {
        if (text::is_english_stop_word(word) || is_question_word(word)) continue;
        out.push_back(text::stem_english(word));
    }
    std::sort(out.begin(), out.end());
    out.erase(std::unique(out.begin(), out.end()), out.end());
    return out;
}

std::vector<knowledge::RelevantChunk> diversify(std::vector<knowledge::RelevantChunk> candidates, int top,
                                                double diversity) {
    if (candidates.empty()) return candidates;
    auto const by_score = [](auto const& a, auto const& b) { return a.score < b.score; };
    auto const [lowest, highest] = std::minmax_element(candidates.begin(), candidates.end(), by_score);
    double const base = lowest->score;
    double const range = highest->score - base;

    struct Candidate {
        double relevance = 0;
        double likeness = 0;  // to the most alike of those taken
        std::vector<std::string> words;
        bool taken = false;
    };
    std::vector<Candidate> facts(candidates.size());
    for (std::size_t i = 0; i < candidates.size(); ++i) {
        facts[i].relevance = range > 0 ? (candidates[i].score - base) / range : 1;
        facts[i].words = content_words(candidates[i].text);
    }
    std::vector<knowledge::RelevantChunk> out;
    while (out.size() < candidates.size() && out.size() < static_cast<std::size_t>(std::max(top, 0))) {
        std::size_t best = candidates.size();
        double best_value = 0;
        for (std::size_t i = 0; i < facts.size(); ++i) {
            double const value = (1 - diversity) * facts[i].relevance - diversity * facts[i].likeness;
            if (facts[i].taken || (best < candidates.size() && value <= best_value)) continue;
            best = i;
            best_value = value;
        }
        facts[best].taken = true;
        for (Candidate& other : facts) {
            if (!other.taken) other.likeness = std::max(other.likeness, jaccard(other.words, facts[best].words));
        }
        out.push_back(std::move(candidates[best]));
    }
    return out;
}

bool any_evidence(std::string_view question, std::vector<knowledge::RelevantChunk> const& chunks) {
    std::vector<std::string> const asked = content_words(question);
    return std::any_of(chunks.begin(), chunks.end(), [&](knowledge::RelevantChunk const& chunk) {
        if (chunk.dense_score && *chunk.dense_score >= least_dense_score) return true;
        std::vector<std::string> const said = content_words(path_of(chunk) + "\n" + chunk.text);
        return std::any_of(asked.begin(), asked.end(),
                           [&](std::string const& word) { return std::binary_search(said.begin(), said.end(), word); });
    });
}

std::int64_t careful_tokens(std::string_view text) {
    text::TokenEstimate const estimate = text::estimate_tokens(text);
    return std::min(estimate.at_most, estimate.expected + estimate.expected / 5 + 8);
}

std::vector<knowledge::RelevantChunk> fit(std::vector<knowledge::RelevantChunk> chunks, std::int64_t budget) {
    std::vector<knowledge::RelevantChunk> out;
    for (knowledge::RelevantChunk& chunk : chunks) {
        std::vector<Source> one;
        one.emplace_back(static_cast<int>(out.size()) + 1, path_of(chunk), chunk.text);
        std::int64_t const cost = careful_tokens(write_sources(one, {}));
        if (cost > budget) continue;
        budget -= cost;
        out.push_back(std::move(chunk));
    }
    return out;
}

}  // namespace aikit::inline v0::rag
