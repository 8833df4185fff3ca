// SPDX-License-Identifier: MIT
// aikit/rag/pipeline.hpp - answers from documents, with citations that were checked.
#ifndef AIKIT_RAG_PIPELINE_HPP
#define AIKIT_RAG_PIPELINE_HPP

#include <aikit/knowledge/knowledge_base.hpp>
#include <aikit/model/provider.hpp>
#include <aikit/model/sources.hpp>

#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace aikit::inline v0::rag {

struct RAGConfig {
    RAGConfig() = default;

    std::string model;  ///< The chat model, in the provider's words. Required.
    int top = 8;        ///< Chunks shown to the model, 1 to 100; fewer when they do not fit.
    knowledge::SearchMode mode = knowledge::SearchMode::hybrid;

    /// 0: pure relevance; 1: pure diversity (maximal marginal relevance over the words of the chunks).
    double diversity = 0.3;

    /// Tokens of the model's window; sources, question and answer have to fit. 0: 8,192.
    std::int64_t context_window = 0;

    /// Tokens kept free for the answer.
    std::int64_t max_answer_tokens = 1'024;

    std::string instructions;  ///< Added to the system message. May be empty.
};

struct Question {
    Question() = default;
    explicit Question(std::string text_) : text(std::move(text_)) {}

    std::string text;
    std::optional<int> top;
};

/// A source of an answer: what [number] means.
struct AnswerSource {
    AnswerSource() = default;

    int number = 0;
    knowledge::RelevantChunk chunk;
    bool cited = false;
};

/// A checked citation: bytes `begin` to `end` of the answer are a [n] that resolves to a source.
struct Citation {
    Citation() = default;

    int source = 0;
    std::int64_t begin = 0;
    std::int64_t end = 0;
};

struct AnswerWithSources {
    AnswerWithSources() = default;

    std::string text;
    std::vector<AnswerSource> sources;  ///< All that were shown to the model.
    std::vector<Citation> citations;

    /// True when the text cites at least one source and every citation resolves. False comes with `text` saying that
    /// the documents do not say, or with a warning.
    bool supported = false;

    std::vector<int> unresolved;  ///< Numbers the model cited that no source has.
    CallInfo info;
};

/// What happens while an answer is written.
struct SourcesFound {
    SourcesFound() = default;

    std::vector<AnswerSource> sources;
};
struct AnswerText {
    AnswerText() = default;

    std::string text;
};
struct AnswerDone {
    AnswerDone() = default;

    AnswerWithSources answer;
};

/// SourcesFound first, then text as it comes, AnswerDone last.
using AnswerEvent = std::variant<SourcesFound, AnswerText, AnswerDone>;

/// Pulled like ChatStream, with the same rules.
class AIKIT_EXPORT AnswerStream {
public:
    class Source {
    public:
        virtual ~Source() = default;
        virtual Task<std::optional<AnswerEvent>> next() = 0;

        /// What there is so far, also after an error.
        virtual AnswerWithSources so_far() const = 0;
    };

    AnswerStream() = default;
    explicit AnswerStream(std::unique_ptr<Source> source) : source_(std::move(source)) {}
    AnswerStream(AnswerStream&&) noexcept = default;
    AnswerStream& operator=(AnswerStream&&) noexcept = default;

    /// Errors: those of ChatStream::next.
    Task<std::optional<AnswerEvent>> next();
    AnswerWithSources so_far() const;

private:
    std::unique_ptr<Source> source_;
    bool busy_ = false;
    bool failed_ = false;
};

/// Thread-safety: shared objects: safe. Knows the interfaces only, never who stands behind them.
class AIKIT_EXPORT RAGPipeline {
public:
    static Result<std::shared_ptr<RAGPipeline>> create(std::shared_ptr<AIProvider> chat,
                                                       std::shared_ptr<knowledge::KnowledgeBase> base,
                                                       RAGConfig config);
    virtual ~RAGPipeline() = default;

    /// The chunks an answer would rest on, most useful first.
    virtual Task<std::vector<knowledge::RelevantChunk>> query_knowledge_base(Question question,
                                                                             CallOptions options) = 0;

    /// Starts an answer. With no chunk that supports one, the stream says so without asking a model.
    virtual Task<AnswerStream> generate_answer(Question question, CallOptions options) = 0;
};

/// Pulls an answer to its end.
AIKIT_EXPORT Task<AnswerWithSources> collect(AnswerStream stream);

}  // namespace aikit::inline v0::rag

#endif  // AIKIT_RAG_PIPELINE_HPP
