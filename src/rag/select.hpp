// SPDX-License-Identifier: MIT
// rag/select.hpp - which of the chunks that were found an answer is written from: pure arithmetic on words.
#ifndef AIKIT_SRC_RAG_SELECT_HPP
#define AIKIT_SRC_RAG_SELECT_HPP

#include <aikit/knowledge/knowledge_base.hpp>
#include <aikit/model/sources.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace aikit::inline v0::rag {

/// "title > heading > heading": what a chunk is about, for a model that sees nothing else of its document.
std::string path_of(knowledge::RelevantChunk const& chunk);

/// The words that carry meaning: stems, sorted, each once, without stop words and question words.
std::vector<std::string> content_words(std::string_view text);

/// At most `top` chunks by maximal marginal relevance (Carbonell and Goldstein 1998): each is the one with the
/// greatest (1 - diversity) * relevance - diversity * likeness to those taken, relevance being the score scaled to
/// 0..1 over the candidates and likeness the Jaccard index of content words. Candidates come best first.
std::vector<knowledge::RelevantChunk> diversify(std::vector<knowledge::RelevantChunk> candidates, int top,
                                                double diversity);

/// False when nothing speaks for an answer: no chunk shares a content word with the question (in its text, title or
/// headings), and none is as near in meaning as `least_dense_score`.
bool any_evidence(std::string_view question, std::vector<knowledge::RelevantChunk> const& chunks);
inline constexpr double least_dense_score = 0.25;

/// The longest prefix of `chunks`, those too large left out, whose sources fit `budget` tokens as estimated.
std::vector<knowledge::RelevantChunk> fit(std::vector<knowledge::RelevantChunk> chunks, std::int64_t budget);

/// Tokens a text counts as while the window is filled: the estimate and a margin for what it may be wrong by.
std::int64_t careful_tokens(std::string_view text);

}  // namespace aikit::inline v0::rag

#endif  // AIKIT_SRC_RAG_SELECT_HPP
