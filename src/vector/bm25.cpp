// SPDX-License-Identifier: MIT
// vector/bm25.cpp - BM25 over the postings that FTS5 keeps.
#include "vector/bm25.hpp"

#include <algorithm>
#include <cmath>
#include <map>

namespace aikit::inline v0::vector {
namespace {

constexpr double k1 = 1.2;
constexpr double b = 0.75;

/// How often a word stands in an item.
struct Posting {
    std::int64_t label = 0;
    double times = 0;
    double weight = 0;  ///< Of the word.
};

/// Appends the postings of a word and gives them its weight.
Result<void> read_postings(storage::Connection& db, CollectionRow const& row, std::string const& word, int said,
                           std::vector<Posting>& postings) {
    std::size_t const first = postings.size();
    storage::Statement find(db, "SELECT doc FROM item_term WHERE term = $1");
    find.bind(1, term_of(row.id, word));
    while (find.step()) {
        std::int64_t const label = find.integer(0);
        // One row per occurrence; those of an item follow each other.
        if (postings.size() == first || postings.back().label != label) {
            Posting fresh;
            fresh.label = label;
            postings.push_back(fresh);
        }
        postings.back().times += 1;
    }
    if (Result<void> done = find.done(); !done) return done;
    double const items = static_cast<double>(row.texts);
    double const with_word = std::min(items, static_cast<double>(postings.size() - first));
    double const weight = said * std::log1p((items - with_word + 0.5) / (with_word + 0.5));
    for (std::size_t i = first; i < postings.size(); ++i) postings[i].weight = weight;
    return ok();
}

}  // namespace

Result<std::vector<Candidate>> search_words(storage::Connection& db, CollectionRow const& row, std::string const& text,
                                            std::size_t top) {
    std::vector<Candidate> found;
    if (row.texts <= 0 || row.words <= 0) return found;
    std::map<std::string, int> said;
    for (std::string const& word : keywords(text)) ++said[word];
    std::vector<Posting> postings;
    for (auto const& [word, times] : said) {
        if (Result<void> done = read_postings(db, row, word, times, postings); !done) return done.error();
    }
    std::stable_sort(postings.begin(), postings.end(),
                     [](Posting const& x, Posting const& y) { return x.label < y.label; });

    double const average = static_cast<double>(row.words) / static_cast<double>(row.texts);
    storage::Statement length(db, "SELECT words FROM item_length WHERE label = $1");
    for (std::size_t i = 0; i < postings.size();) {
        std::int64_t const label = postings[i].label;
        bool const there = length.bind(1, label).step();
        double const words = static_cast<double>(length.integer(0));
        if (Result<void> done = length.done(); !done) return done.error();
        length.reset();
        double score = 0;
        for (; i < postings.size() && postings[i].label == label; ++i) {
            double const times = postings[i].times;
            score += postings[i].weight * times / (times + k1 * (1 - b + b * words / average));
        }
        if (there) found.emplace_back(static_cast<std::uint64_t>(label), score);
    }
    keep_top(found, top);
    return found;
}

}  // namespace aikit::inline v0::vector
