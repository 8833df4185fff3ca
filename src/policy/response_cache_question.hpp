// SPDX-License-Identifier: MIT
// policy/response_cache_question.hpp - when two questions in other words may have one answer.
//
// Embeddings put a question and its opposite close together. What they are blind to is looked at here: numbers,
// negations, comparisons, names, quotations, signs, and which words stand in which order.
#ifndef AIKIT_SRC_POLICY_RESPONSE_CACHE_QUESTION_HPP
#define AIKIT_SRC_POLICY_RESPONSE_CACHE_QUESTION_HPP

#include "policy/response_cache_key.hpp"

#include <functional>
#include <list>
#include <unordered_map>
#include <vector>

namespace aikit::inline v0::policy {

/// What of a question has to be told by another one too. English, German, French and Spanish; texts in other languages
/// are held against the rest of the rules.
struct QuestionMarks {
    QuestionMarks() = default;

    std::vector<std::string> numbers;  ///< In their order, with their signs; also those in words.
    std::vector<std::string> quotes;   ///< In their order.
    std::string signs;                 ///< What is neither word nor punctuation, in its order.
    int negations = 0;
    std::vector<std::string> turns;    ///< Sorted stems: comparisons, quantities, times, opposites.
    std::vector<std::string> names;    ///< Capitalised within a sentence.
    std::vector<std::string> content;  ///< Stems of the words that mean something, in their order.
};

QuestionMarks marks_of(std::string_view question);

/// May the answer to one be the answer to the other, provided that their embeddings are close? Symmetric. In doubt
/// false: a word in place of another, or one more, is doubt.
bool may_share_answer(QuestionMarks const& a, QuestionMarks const& b);

/// Questions by their embeddings, compared one by one. Not locked: its owner does that.
class QuestionIndex {
public:
    struct Question {
        Question() = default;

        CacheKey circumstances{};
        CacheKey key{};
        std::string tenant;
        std::string user;
        std::vector<float> vector;  ///< Of length 1.
        QuestionMarks marks;
    };

    QuestionIndex(std::int64_t most, std::int64_t most_alike) : most_(most), most_alike_(most_alike) {}

    /// The keys of the questions that may share their answer, the closest first.
    std::vector<CacheKey> find(Question const& question, double threshold) const;

    /// Replaces what has the same key; the oldest go for want of room.
    void put(Question question);
    void remove(std::function<bool(Question const&)> const& which);
    void remove_key(CacheKey const& circumstances, CacheKey const& key);

    std::int64_t size() const noexcept { return static_cast<std::int64_t>(all_.size()); }

private:
    using All = std::list<Question>;  // the oldest first

    All::iterator erase(All::iterator at);

    std::int64_t const most_;
    std::int64_t const most_alike_;
    All all_;
    std::unordered_map<CacheKey, std::vector<All::iterator>, CacheKeyHash> alike_;  // by their circumstances
};

/// Makes a vector's length 1; false where it has none.
bool normalise(std::vector<float>& vector) noexcept;

}  // namespace aikit::inline v0::policy

#endif  // AIKIT_SRC_POLICY_RESPONSE_CACHE_QUESTION_HPP
