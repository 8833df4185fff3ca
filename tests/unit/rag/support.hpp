// SPDX-License-Identifier: MIT
// tests/unit/rag/support.hpp - a knowledge base that finds what it is told to, and a pipeline on it.
#ifndef AIKIT_TESTS_UNIT_RAG_SUPPORT_HPP
#define AIKIT_TESTS_UNIT_RAG_SUPPORT_HPP

#include "unit/storage/support.hpp"

#include <aikit/rag/pipeline.hpp>
#include <aikit/testing/manual_clock.hpp>
#include <aikit/testing/run.hpp>
#include <aikit/testing/scripted_provider.hpp>

namespace aikit::inline v0::rag {

inline knowledge::RelevantChunk chunk(std::string text, double score = 1, std::string title = "Title") {
    knowledge::RelevantChunk out;
    out.uri = title + ".md";
    out.id = out.uri + "#" + std::to_string(static_cast<int>(score * 1'000));
    out.title = std::move(title);
    out.text = std::move(text);
    out.score = score;
    return out;
}

class FakeBase final : public knowledge::KnowledgeBase {
public:
    Task<knowledge::IngestReport> ingest(std::vector<knowledge::DocumentInput>,
                                         std::function<void(knowledge::IngestProgress const&)>, CallOptions) override {
        co_return knowledge::IngestReport();
    }
    Task<bool> remove(std::string) override { co_return false; }
    Task<std::vector<knowledge::Document>> documents() override { co_return std::vector<knowledge::Document>(); }
    Task<knowledge::Statistics> statistics() override { co_return knowledge::Statistics(); }
    Task<std::vector<knowledge::RelevantChunk>> search(knowledge::SearchRequest request, CallOptions) override {
        requests.push_back(std::move(request));
        if (error) co_return *error;
        co_return found;
    }

    std::vector<knowledge::RelevantChunk> found;
    std::optional<Error> error;
    std::vector<knowledge::SearchRequest> requests;
};

struct Fixture {
    Fixture() {
        RuntimeConfig threads;
        threads.cpu = 1;
        threads.clock = std::make_shared<testing::ManualClock>();
        runtime = Runtime::create(threads).value();
        model = testing::ScriptedProvider::create("scripted", runtime);
        config.model = "m-1";
        base->found = {chunk("The gateway listens on port 8443.", 0.9, "Gateway"),
                       chunk("The port of Hamburg is large.", 0.5, "Ports"),
                       chunk("Listen to the gateway's log.", 0.2, "Logs")};
    }

    std::shared_ptr<RAGPipeline> pipeline() { return RAGPipeline::create(model, base, config).value(); }

    Result<AnswerWithSources> ask(std::string question = "Which port does the gateway listen on?") {
        Result<AnswerStream> stream =
            testing::run(pipeline()->generate_answer(Question(std::move(question)), CallOptions()));
        if (!stream) return stream.error();
        return testing::run(collect(std::move(*stream)));
    }

    void says(std::string text) { model->add(testing::ScriptedReply(std::move(text))); }

    Runtime runtime;
    std::shared_ptr<testing::ScriptedProvider> model;
    std::shared_ptr<FakeBase> base = std::make_shared<FakeBase>();
    RAGConfig config;
};

}  // namespace aikit::inline v0::rag

#endif  // AIKIT_TESTS_UNIT_RAG_SUPPORT_HPP
