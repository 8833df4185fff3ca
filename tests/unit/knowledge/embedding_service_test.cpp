// SPDX-License-Identifier: MIT
// Covers src/knowledge/embedding_service.cpp: every text once, in batches, never twice, resumed after a failure.
#include "unit/knowledge/support.hpp"

#include <aikit/testing/scripted_provider.hpp>

namespace aikit::inline v0::knowledge {
namespace {

using storage::Scratch;

struct Fixture {
    explicit Fixture(std::string const& name, bool with_store = true) : folder(name) {
        RuntimeConfig threads;
        threads.cpu = 1;
        runtime = Runtime::create(threads).value();
        if (with_store) database = storage::open(runtime, storage::at(folder / "store.db"));
        provider =
            std::make_shared<CountingProvider>(provider::make_builtin(provider::BuiltinConfig(), runtime).value());
    }
    ~Fixture() {
        database.close();
        runtime.close();
    }

    std::shared_ptr<EmbeddingService> service(int batch = 96, bool cache = true) {
        EmbeddingConfig config;
        config.model = "lexical-1";
        config.batch = batch;
        config.cache = cache;
        return EmbeddingService::create(provider, database, config).value();
    }

    static std::vector<std::string> texts(int count, int from = 0) {
        std::vector<std::string> out;
        for (int i = from; i < from + count; ++i) out.push_back("text number " + std::to_string(i));
        return out;
    }

    Scratch folder;
    Runtime runtime;
    storage::Database database;
    std::shared_ptr<CountingProvider> provider;
};

Result<EmbeddedTexts> embed(std::shared_ptr<EmbeddingService> const& service, std::vector<std::string> texts,
                            std::string purpose = "document") {
    return testing::run(service->embed(std::move(texts), std::move(purpose), CallOptions()));
}

}  // namespace

TEST_CASE("vectors come in the order of their texts, whatever the batch, and are those of the provider") {
    Fixture fixture("embed_order");
    EmbedRequest request;
    request.model = "lexical-1";
    for (std::string const& text : Fixture::texts(23)) request.inputs.emplace_back(TextPart(text));
    std::vector<std::vector<float>> const expected =
        testing::run(fixture.provider->embed(request, CallOptions())).value().vectors;
    for (int const batch : {1, 2, 3, 7, 11, 12, 22, 23, 24, 2'048}) {
        fixture.provider->requests = 0;
        fixture.provider->largest = 0;
        EmbeddedTexts const embedded = embed(fixture.service(batch, false), Fixture::texts(23)).value();
        CAPTURE(batch);
        CHECK(embedded.vectors == expected);
        CHECK(fixture.provider->requests == (23 + batch - 1) / batch);
        CHECK(fixture.provider->largest <= static_cast<std::size_t>(batch));
        CHECK(embedded.usage.input > 0);
    }
}

TEST_CASE("equal texts are embedded once") {
    Fixture fixture("embed_equal");
    std::vector<std::string> texts;
    for (int i = 0; i < 30; ++i) texts.push_back("text " + std::to_string(i % 4));
    EmbeddedTexts const embedded = embed(fixture.service(96, false), texts).value();
    CHECK(fixture.provider->texts == 4);
    CHECK(embedded.from_cache == 26);
    REQUIRE(embedded.vectors.size() == 30);
    for (std::size_t i = 4; i < 30; ++i) CHECK(embedded.vectors[i] == embedded.vectors[i % 4]);
}

TEST_CASE("what was embedded before is not asked for again, also by another service and after a failure") {
    Fixture fixture("embed_cache");
    REQUIRE(embed(fixture.service(), Fixture::texts(10)));
    CHECK(fixture.provider->texts == 10);
    EmbeddedTexts const again = embed(fixture.service(), Fixture::texts(15)).value();
    CHECK(again.from_cache == 10);
    CHECK(fixture.provider->texts == 15);
    CHECK(again.vectors == embed(fixture.service(96, false), Fixture::texts(15)).value().vectors);

    // Batches of two, two at a time: the third request fails, the first two stay.
    fixture.provider->texts = 0;
    fixture.provider->fail_after = fixture.provider->requests + 2;
    Result<EmbeddedTexts> const failed = embed(fixture.service(2), Fixture::texts(8, 100));
    REQUIRE(!failed);
    CHECK(failed.error().code == Errc::overloaded);
    fixture.provider->fail_after = -1;
    fixture.provider->texts = 0;
    CHECK(embed(fixture.service(2), Fixture::texts(8, 100)).value().from_cache == 4);
    CHECK(fixture.provider->texts == 4);
}

TEST_CASE("a document's vector does not serve as a query's, nor one model's as another's") {
    Fixture fixture("embed_apart");
    REQUIRE(embed(fixture.service(), {"text"}, "document"));
    CHECK(embed(fixture.service(), {"text"}, "query").value().from_cache == 0);
    std::shared_ptr<testing::ScriptedProvider> const scripted =
        testing::ScriptedProvider::create("builtin", fixture.runtime);
    testing::ScriptedReply reply;
    reply.vectors = {{1, 0}};
    scripted->add(reply);
    EmbeddingConfig config;
    config.model = "other-1";
    CHECK(embed(EmbeddingService::create(scripted, fixture.database, config).value(), {"text"}).value().vectors[0] ==
          std::vector<float>{1, 0});
    config.dimensions = 2;
    CHECK(EmbeddingService::create(scripted, fixture.database, config).value()->model_id() == "builtin/other-1/2");
}

TEST_CASE("without a store nothing is kept") {
    Fixture fixture("embed_no_store", false);
    REQUIRE(embed(fixture.service(), {"text"}));
    REQUIRE(embed(fixture.service(), {"text"}));
    CHECK(fixture.provider->requests == 2);
}

TEST_CASE("a provider that gives too few vectors is a protocol error, and an empty text is refused") {
    Fixture fixture("embed_wrong");
    std::shared_ptr<testing::ScriptedProvider> const scripted = testing::ScriptedProvider::create("s", fixture.runtime);
    testing::ScriptedReply reply;
    reply.vectors = {{1, 0}};
    scripted->add(reply);
    EmbeddingConfig config;
    config.model = "m";
    Result<EmbeddedTexts> const short_reply =
        embed(EmbeddingService::create(scripted, fixture.database, config).value(), {"a", "b"});
    REQUIRE(!short_reply);
    CHECK(embed(fixture.service(), {"a", ""}).error().message.find("texts[1]") != std::string::npos);
    CHECK(embed(fixture.service(), {}).value().vectors.empty());
}

TEST_CASE("a configuration that cannot be is refused by the name of the field") {
    Fixture fixture("embed_config");
    auto const message = [&](EmbeddingConfig config, std::shared_ptr<AIProvider> provider) {
        return EmbeddingService::create(std::move(provider), fixture.database, config).error().message;
    };
    EmbeddingConfig config;
    CHECK(message(config, fixture.provider).find("model") != std::string::npos);
    config.model = "m";
    CHECK(message(config, nullptr).find("provider") != std::string::npos);
    for (int const batch : {0, -1, 2'049}) {
        config.batch = batch;
        CHECK(message(config, fixture.provider).find("batch") != std::string::npos);
    }
    config.batch = 1;
    config.dimensions = 0;
    CHECK(message(config, fixture.provider).find("dimensions") != std::string::npos);
}

}  // namespace aikit::inline v0::knowledge
