// SPDX-License-Identifier: MIT
// tests/unit/knowledge/support.hpp - knowledge bases on scratch stores, with the built-in embeddings.
#ifndef AIKIT_TESTS_UNIT_KNOWLEDGE_SUPPORT_HPP
#define AIKIT_TESTS_UNIT_KNOWLEDGE_SUPPORT_HPP

#include "unit/storage/support.hpp"

#include <aikit/knowledge/knowledge_base.hpp>
#include <aikit/provider/builtin.hpp>
#include <aikit/testing/run.hpp>

#include <algorithm>
#include <atomic>
#include <map>
#include <set>

namespace aikit::inline v0::knowledge {

/// Counts what is embedded, and fails when told to.
class CountingProvider final : public ForwardingProvider {
public:
    using ForwardingProvider::ForwardingProvider;

    Task<EmbedReply> embed(EmbedRequest request, CallOptions options) override {
        ++requests;
        largest = std::max<std::size_t>(largest, request.inputs.size());
        texts += static_cast<int>(request.inputs.size());
        if (fail_after >= 0 && requests > fail_after) return broken();
        return next()->embed(std::move(request), std::move(options));
    }

    std::atomic<int> requests = 0;
    std::atomic<int> texts = 0;
    std::atomic<std::size_t> largest = 0;
    int fail_after = -1;

private:
    static Task<EmbedReply> broken() { co_return fail(Errc::overloaded, "the provider asks to come back later"); }
};

inline DocumentInput text_input(std::string uri, std::string text, std::string metadata = {}) {
    DocumentInput input;
    input.uri = std::move(uri);
    input.metadata = std::move(metadata);
    input.read = [text = std::move(text)]() -> Result<std::string> { return text; };
    return input;
}

/// A store on a file and a knowledge base in it, which can be closed and opened again.
struct Library {
    explicit Library(std::string path_, KnowledgeBaseConfig config_ = named("docs"))
        : path(std::move(path_)), config(std::move(config_)) {
        open();
    }
    ~Library() { close(); }
    Library(Library const&) = delete;
    Library& operator=(Library const&) = delete;

    static KnowledgeBaseConfig named(std::string name) {
        KnowledgeBaseConfig config;
        config.name = std::move(name);
        config.chunking.size = 200;
        return config;
    }

    void open() {
        RuntimeConfig threads;
        threads.cpu = 1;
        runtime = Runtime::create(threads).value();
        database = storage::open(runtime, storage::at(path));
        store = vector::make_sqlite_store(database).value();
        provider =
            std::make_shared<CountingProvider>(provider::make_builtin(provider::BuiltinConfig(), runtime).value());
        EmbeddingConfig embedding;
        embedding.model = "lexical-1";
        embeddings = EmbeddingService::create(provider, database, embedding).value();
        base = testing::run(KnowledgeBase::open(database, store, embeddings, config)).value();
    }

    void close() {
        base.reset();
        embeddings.reset();
        provider.reset();
        store.reset();
        database.close();
        database = storage::Database();
        runtime.close();
    }

    Result<IngestReport> ingest(std::vector<DocumentInput> inputs) {
        return testing::run(base->ingest(std::move(inputs), {}, CallOptions()));
    }

    std::vector<RelevantChunk> search(std::string query, SearchMode mode = SearchMode::hybrid, int top = 10) {
        SearchRequest request;
        request.query = std::move(query);
        request.mode = mode;
        request.top = top;
        return testing::run(base->search(std::move(request), CallOptions())).value();
    }

    /// uri -> status of every document.
    std::map<std::string, std::string> statuses() {
        std::map<std::string, std::string> out;
        for (Document const& document : testing::run(base->documents()).value()) {
            out[document.uri] = name(document.status);
        }
        return out;
    }

    /// Everything in the store: chunk id -> its text, whatever the documents table says.
    std::map<std::string, std::string> items() {
        std::map<std::string, std::string> out;
        for (Document const& document : testing::run(base->documents()).value()) {
            std::vector<std::string> ids;
            for (int i = 0; i < 50; ++i) ids.push_back(document.uri + "#" + std::to_string(i));
            Result<std::vector<vector::Item>> found = testing::run(store->get("kb/" + config.name, ids));
            if (!found) continue;
            for (vector::Item const& item : *found) out[item.id] = item.text;
        }
        return out;
    }

    std::int64_t stored() {
        Result<std::int64_t> const count = testing::run(store->count("kb/" + config.name));
        return count ? *count : 0;
    }

    std::string path;
    KnowledgeBaseConfig config;
    Runtime runtime;
    storage::Database database;
    std::shared_ptr<vector::VectorStore> store;
    std::shared_ptr<CountingProvider> provider;
    std::shared_ptr<EmbeddingService> embeddings;
    std::shared_ptr<KnowledgeBase> base;
};

}  // namespace aikit::inline v0::knowledge

#endif  // AIKIT_TESTS_UNIT_KNOWLEDGE_SUPPORT_HPP
