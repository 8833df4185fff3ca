// SPDX-License-Identifier: MIT
// provider/builtin/question.hpp - what a question is about, and what kind of answer it wants.
#ifndef AIKIT_SRC_PROVIDER_BUILTIN_QUESTION_HPP
#define AIKIT_SRC_PROVIDER_BUILTIN_QUESTION_HPP

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace aikit::inline v0::provider::builtin {

/// An informative word of a question.
struct Term {
    Term() = default;

    std::string stem;
    double weight = 0;

    /// The stem of the word and the next one written together ("code names": "codenam"); empty for the last.
    std::string with_next;
};

inline constexpr std::size_t most_terms = 64;

struct AskedQuestion {
    AskedQuestion() = default;

    std::vector<Term> terms;  ///< In the question's order, each stem once; the first most_terms.
    double weight = 0;        ///< Of all terms.
    std::size_t rarest = 0;   ///< Index of the heaviest term.
    bool number = false;      ///< Wants a number or a date.
    bool definition = false;  ///< Wants to know what something is.
    bool person = false;      ///< Wants to know who.
    bool steps = false;       ///< Wants to know how to do something.
};

/// Reads a question: stop words and words that only ask are left out; words that say what kind of answer is wanted
/// ("maximum", "purpose") count little, because answers seldom repeat them.
AskedQuestion read_question(std::string_view question);

}  // namespace aikit::inline v0::provider::builtin

#endif  // AIKIT_SRC_PROVIDER_BUILTIN_QUESTION_HPP
