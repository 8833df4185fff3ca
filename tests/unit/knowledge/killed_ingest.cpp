// SPDX-License-Identifier: MIT
// tests/unit/knowledge/killed_ingest.cpp - takes a thousand documents in until it is killed; after each that counts as
// finished, how many they are goes to standard output, as 8 bytes.
#include <aikit/knowledge/knowledge_base.hpp>
#include <aikit/provider/builtin.hpp>
#include <aikit/testing/run.hpp>

#include <unistd.h>

namespace {

using namespace aikit;

int ingest_until_killed(char const* path) {
    Result<Runtime> runtime = Runtime::create();
    if (!runtime) return 2;
    storage::DatabaseConfig config;
    config.path = path;
    Result<storage::Database> database = testing::run(storage::Database::open(*runtime, config));
    if (!database) return 3;
    std::shared_ptr<vector::VectorStore> const store = vector::make_sqlite_store(*database).value();
    knowledge::EmbeddingConfig embedding;
    embedding.model = "lexical-1";
    std::shared_ptr<AIProvider> const provider = provider::make_builtin(provider::BuiltinConfig(), *runtime).value();
    std::shared_ptr<knowledge::EmbeddingService> const embeddings =
        knowledge::EmbeddingService::create(provider, *database, embedding).value();
    knowledge::KnowledgeBaseConfig settings;
    settings.name = "docs";
    settings.chunking.size = 200;
    Result<std::shared_ptr<knowledge::KnowledgeBase>> base =
        testing::run(knowledge::KnowledgeBase::open(*database, store, embeddings, settings));
    if (!base) return 4;
    std::vector<knowledge::DocumentInput> inputs;
    for (int i = 0; i < 1'000; ++i) {
        knowledge::DocumentInput input;
        input.uri = "d" + std::to_string(i);
        input.read = [i]() -> Result<std::string> { return "text number" + std::to_string(i); };
        inputs.push_back(std::move(input));
    }
    std::function<void(knowledge::IngestProgress const&)> const progress = [](knowledge::IngestProgress const& now) {
        if (::write(1, &now.done, sizeof now.done) != sizeof now.done) ::_exit(5);
    };
    return testing::run((*base)->ingest(std::move(inputs), progress, CallOptions())) ? 0 : 6;
}

}  // namespace

int main(int count, char** arguments) {
    return count == 2 ? ingest_until_killed(arguments[1]) : 1;
}
