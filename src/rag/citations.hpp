// SPDX-License-Identifier: MIT
// rag/citations.hpp - is what an answer cites there?
#ifndef AIKIT_SRC_RAG_CITATIONS_HPP
#define AIKIT_SRC_RAG_CITATIONS_HPP

#include <aikit/rag/pipeline.hpp>

namespace aikit::inline v0::rag {

/// Fills citations, unresolved, supported and the sources' `cited` from `answer.text` and `answer.sources`.
void check_citations(AnswerWithSources& answer);

}  // namespace aikit::inline v0::rag

#endif  // AIKIT_SRC_RAG_CITATIONS_HPP
