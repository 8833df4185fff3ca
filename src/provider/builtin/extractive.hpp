// SPDX-License-Identifier: MIT
// provider/builtin/extractive.hpp - "extractive-1": a question's answer as sentences of its sources.
#ifndef AIKIT_SRC_PROVIDER_BUILTIN_EXTRACTIVE_HPP
#define AIKIT_SRC_PROVIDER_BUILTIN_EXTRACTIVE_HPP

#include <aikit/model/sources.hpp>

#include <string>
#include <vector>

namespace aikit::inline v0::provider::builtin {

/// A sentence that answers, white space aside as it stands in its source.
struct Quote {
    Quote() = default;
    Quote(int source_, std::string text_) : source(source_), text(std::move(text_)) {}

    int source = 0;  ///< Source::number
    std::string text;
};

/// The one to four sentences that answer best, in the order to be read; none when the sources do not support an
/// answer. Pure; linear in the sources.
///
/// A sentence's score is the share of the question's informative words (weights of word_weights.hpp) that it holds,
/// those of its heading, title and neighbours counting in part, with bonuses for words that stand together as they do
/// in the question and for the form that answers the kind of question ("how many" wants a number). The sources
/// support an answer when sentence, heading, title and neighbours together hold enough of that weight.
std::vector<Quote> extract_answer(SourcedQuestion const& question);

}  // namespace aikit::inline v0::provider::builtin

#endif  // AIKIT_SRC_PROVIDER_BUILTIN_EXTRACTIVE_HPP
