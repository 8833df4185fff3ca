// SPDX-License-Identifier: MIT
// aikit/model/sources.hpp - numbered sources in a conversation, and the citations that point at them.
#ifndef AIKIT_MODEL_SOURCES_HPP
#define AIKIT_MODEL_SOURCES_HPP

#include <aikit/core/result.hpp>
#include <aikit/text/unicode.hpp>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace aikit::inline v0 {

/// A text that an answer may rest on.
struct Source {
    Source() = default;
    Source(int number_, std::string title_, std::string text_)
        : number(number_), title(std::move(title_)), text(std::move(text_)) {}

    int number = 0;  ///< From 1; what [n] in an answer means.
    std::string title;
    std::string text;
};

/// What an answer is when its sources do not support one.
inline constexpr std::string_view unsupported_answer = "The documents do not say.";

/// The user message of a question over sources: every source in a <source id="n" title="..."> block, its text
/// escaped so that nothing in it can end the block, then the question.
AIKIT_EXPORT std::string write_sources(std::vector<Source> const& sources, std::string_view question);

struct SourcedQuestion {
    SourcedQuestion() = default;

    std::vector<Source> sources;
    std::string question;
};

/// Reads what write_sources wrote; a text without source blocks is all question.
AIKIT_EXPORT SourcedQuestion read_sources(std::string_view message);

/// A [n] in an answer, by byte offsets.
struct CitationMark {
    CitationMark() = default;

    int number = 0;
    text::Span span;
};

/// Every [n], [n, m] and [n][m] of an answer, in order; a list gives a mark for each number.
AIKIT_EXPORT std::vector<CitationMark> find_citations(std::string_view answer);

}  // namespace aikit::inline v0

#endif  // AIKIT_MODEL_SOURCES_HPP
