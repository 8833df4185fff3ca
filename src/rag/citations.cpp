// SPDX-License-Identifier: MIT
// rag/citations.cpp - resolving each [n].
#include "rag/citations.hpp"

#include <algorithm>

namespace aikit::inline v0::rag {
namespace {

std::string_view trimmed(std::string_view text) {
    std::size_t const first = text.find_first_not_of(" \t\r\n");
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

}  // namespace

void check_citations(AnswerWithSources& answer) {
    answer.citations.clear();
    answer.unresolved.clear();
    for (AnswerSource& source : answer.sources) source.cited = false;
    answer.supported = false;
    if (trimmed(answer.text) == unsupported_answer) return;

    for (CitationMark const& mark : find_citations(answer.text)) {
        auto const source = std::find_if(answer.sources.begin(), answer.sources.end(),
                                         [&](AnswerSource const& s) { return s.number == mark.number; });
        if (source == answer.sources.end()) {
            if (std::find(answer.unresolved.begin(), answer.unresolved.end(), mark.number) == answer.unresolved.end()) {
                answer.unresolved.push_back(mark.number);
            }
            continue;
        }
        source->cited = true;
        Citation citation;
        citation.source = mark.number;
        citation.begin = static_cast<std::int64_t>(mark.span.begin);
        citation.end = static_cast<std::int64_t>(mark.span.end);
        answer.citations.push_back(citation);
    }
    answer.supported = !answer.citations.empty() && answer.unresolved.empty();
    if (answer.citations.empty()) {
        answer.info.warnings.emplace_back("the answer cites no source: nothing shows that the documents support it");
    } else if (!answer.unresolved.empty()) {
        answer.info.warnings.emplace_back("the answer cites a source that was not given: do not rely on that part");
    }
}

}  // namespace aikit::inline v0::rag
