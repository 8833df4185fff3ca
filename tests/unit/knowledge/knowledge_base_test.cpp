// SPDX-License-Identifier: MIT
// Covers src/knowledge/{knowledge_base,prepare,documents}.cpp: documents go in, change, fail, go away, and are found.
#include "support/shared_data.hpp"
#include "unit/knowledge/support.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

namespace aikit::inline v0::knowledge {
namespace {

using storage::Scratch;

std::string const guide =
    "# Guide\n\nHow to begin.\n\n## Uploading\n\nA maintainer uploads the package with dput.\n\n"
    "## Vacation\n\nTell the others before you leave, and mark yourself as away.\n";

/// A store that fails one of its changes, before or after carrying it out.
class FailingStore final : public vector::VectorStore {
public:
    explicit FailingStore(std::shared_ptr<vector::VectorStore> next) : next_(std::move(next)) {}

    Task<void> open_collection(vector::CollectionConfig config) override {
        return step(next_->open_collection(config));
    }
    Task<void> drop_collection(std::string name) override { return next_->drop_collection(name); }
    Task<std::vector<vector::CollectionInfo>> collections() override { return next_->collections(); }
    Task<void> upsert(std::string name, std::vector<vector::Item> items) override {
        return step(next_->upsert(name, std::move(items)));
    }
    Task<std::int64_t> remove(std::string name, std::vector<std::string> ids) override {
        return step(next_->remove(name, std::move(ids)));
    }
    Task<std::vector<vector::Item>> get(std::string name, std::vector<std::string> ids) override {
        return next_->get(name, std::move(ids));
    }
    Task<std::int64_t> count(std::string name) override { return next_->count(name); }
    Task<std::vector<vector::Hit>> search(std::string name, vector::DenseQuery query) override {
        return next_->search(name, query);
    }
    Task<std::vector<vector::Hit>> search(std::string name, vector::SparseQuery query) override {
        return next_->search(name, query);
    }
    Task<std::vector<vector::Hit>> hybrid_search(std::string name, vector::HybridQuery query) override {
        return next_->hybrid_search(name, query);
    }
    Task<std::vector<vector::Hit>> search_like(std::string name, std::string id, int top) override {
        return next_->search_like(name, id, top);
    }
    Task<void> checkpoint() override { return next_->checkpoint(); }

    int changes = 0;
    int failing = -1;
    bool after = false;

private:
    template <class T>
    Task<T> step(Task<T> change) {
        bool const fails = changes++ == failing;
        if (fails && !after) co_return fail(Errc::storage, "the disk is full");
        Result<T> done = co_await std::move(change);
        if (fails) co_return fail(Errc::storage, "the disk is full");
        co_return done;
    }

    std::shared_ptr<vector::VectorStore> next_;
};

std::vector<std::string> uris(std::vector<RelevantChunk> const& chunks) {
    std::vector<std::string> out;
    for (RelevantChunk const& chunk : chunks) out.push_back(chunk.uri);
    return out;
}

}  // namespace

TEST_CASE("a document is found by its words and by its meaning, with its place and its headings") {
    Scratch folder("kb_found");
    Library library(folder / "store.db");
    IngestReport const report = library.ingest({text_input("guide.md", guide)}).value();

    CHECK(report.added == 1);
    CHECK(report.chunks == 3);
    CHECK(report.failed.empty());
    for (SearchMode const mode : {SearchMode::dense, SearchMode::sparse, SearchMode::hybrid}) {
        std::vector<RelevantChunk> const found = library.search("uploads a package", mode, 1);
        REQUIRE(found.size() == 1);
        RelevantChunk const& chunk = found[0];
        CHECK(chunk.uri == "guide.md");
        CHECK(chunk.id == "guide.md#1");
        CHECK(chunk.title == "Guide");
        CHECK(chunk.headings == std::vector<std::string>{"Guide", "Uploading"});
        CHECK(chunk.text ==
              guide.substr(static_cast<std::size_t>(chunk.begin), static_cast<std::size_t>(chunk.end - chunk.begin)));
        CHECK(chunk.text.find("dput") != std::string::npos);
        CHECK(chunk.dense_score.has_value() == (mode != SearchMode::sparse));
        CHECK(chunk.sparse_score.has_value() == (mode != SearchMode::dense));
    }
}

TEST_CASE("a heading finds what stands below it, though the text itself does not say the word") {
    Scratch folder("kb_headings");
    Library library(folder / "store.db");
    REQUIRE(library.ingest({text_input("guide.md", guide)}));
    CHECK(library.search("vacation", SearchMode::sparse, 1).at(0).text.find("Tell the others") != std::string::npos);
    std::string const manual = "Manual\n======\n\n" + std::string(150, 'x') + "\n\n" + std::string(150, 'y') + "\n";
    REQUIRE(library.ingest({text_input("manual.txt", manual)}));
    std::vector<RelevantChunk> const found = library.search("manual", SearchMode::sparse, 10);
    CHECK(found.size() == 2);
    for (RelevantChunk const& chunk : found) CHECK(chunk.text.size() >= 150);
}

TEST_CASE("what did not change costs nothing, and what changed leaves nothing of the old behind") {
    Scratch folder("kb_changes");
    Library library(folder / "store.db");
    std::string long_text = "# Long\n\n";
    for (int i = 0; i < 20; ++i)
        long_text += "Paragraph number " + std::to_string(i) + " speaks of obsolete things.\n\n";
    REQUIRE(library.ingest({text_input("a.md", guide), text_input("b.md", long_text)}));
    int const asked = library.provider->requests;
    std::int64_t const stored = library.stored();

    IngestReport const same = library.ingest({text_input("a.md", guide), text_input("b.md", long_text)}).value();
    CHECK(same.unchanged == 2);
    CHECK(same.chunks == 0);
    CHECK(library.provider->requests == asked);
    CHECK(library.stored() == stored);

    IngestReport const changed =
        library.ingest({text_input("a.md", guide), text_input("b.md", "# Short\n\nFresh words.\n")}).value();
    CHECK(changed.unchanged == 1);
    CHECK(changed.changed == 1);
    CHECK(changed.chunks == 1);
    CHECK(library.stored() == 4);
    CHECK(library.search("obsolete things", SearchMode::sparse).empty());
    for (RelevantChunk const& chunk : library.search("obsolete things paragraph", SearchMode::dense)) {
        CHECK(chunk.text.find("obsolete") == std::string::npos);
    }
    CHECK(library.search("fresh words", SearchMode::sparse, 1).at(0).uri == "b.md");
}

TEST_CASE("documents without words are taken in with no chunks") {
    Scratch folder("kb_empty");
    Library library(folder / "store.db");
    IngestReport const report =
        library.ingest({text_input("empty", ""), text_input("blank", " \n\t\n"), text_input("bom", "\xEF\xBB\xBF")})
            .value();
    CHECK(report.added == 3);
    CHECK(report.failed.empty());
    CHECK(report.chunks == 0);
    CHECK(library.search("anything").empty());
    CHECK(library.statuses().at("blank") == "completed");
    CHECK(library.ingest({text_input("empty", "")}).value().unchanged == 1);
    REQUIRE(library.ingest({text_input("full", "some words")}));
    CHECK(library.search("words").size() == 1);
}

TEST_CASE("a bad document is listed with its sentence and the rest goes on") {
    Scratch folder("kb_bad");
    Library library(folder / "store.db");
    DocumentInput throwing = text_input("throws", "");
    throwing.read = []() -> Result<std::string> { throw std::runtime_error("boom"); };
    DocumentInput nothing;
    nothing.uri = "nothing";
    std::vector<DocumentInput> inputs = {text_input("good", "good words"),
                                         text_input("pdf", "%PDF-1.7 ..."),
                                         text_input("broken", "bad \xFF utf-8"),
                                         file_input(folder / "missing.txt"),
                                         throwing,
                                         nothing,
                                         text_input("meta", "words", "[1]"),
                                         text_input(std::string(901, 'u'), "words"),
                                         text_input("", "words"),
                                         text_input("last", "last words")};
    IngestReport const report = library.ingest(inputs).value();
    CHECK(report.added == 2);
    CHECK(report.failed.size() == 8);
    for (Document const& document : report.failed) {
        CAPTURE(document.uri);
        CHECK(document.status == DocumentStatus::failed);
        CHECK(!document.error.empty());
    }
    CHECK(library.search("last words").size() == 2);
    CHECK(library.statuses().at("pdf") == "failed");
    Statistics const statistics = testing::run(library.base->statistics()).value();
    CHECK(statistics.failed == 6);
    CHECK(statistics.chunks == 2);
}

TEST_CASE("a document that turned bad is not found any more, and one that turned good is") {
    Scratch folder("kb_turns");
    Library library(folder / "store.db");
    REQUIRE(library.ingest({text_input("doc", "ancient words")}));
    CHECK(library.ingest({text_input("doc", "%PDF-1.7")}).value().failed.size() == 1);
    CHECK(library.search("ancient words").empty());
    CHECK(library.stored() == 0);
    CHECK(library.ingest({text_input("doc", "modern words")}).value().changed == 1);
    CHECK(library.search("modern words").size() == 1);
}

TEST_CASE("a removed document leaves nothing, and removing it again says so") {
    Scratch folder("kb_remove");
    Library library(folder / "store.db");
    REQUIRE(library.ingest({text_input("a", "alpha words"), text_input("b", "beta words")}));
    CHECK(testing::run(library.base->remove("a")).value());
    CHECK(!testing::run(library.base->remove("a")).value());
    CHECK(library.stored() == 1);
    CHECK(library.statuses().size() == 1);
    CHECK(uris(library.search("alpha words")) == std::vector<std::string>{"b"});
}

TEST_CASE("the same name twice in one run counts as it was given last") {
    Scratch folder("kb_twice");
    Library library(folder / "store.db");
    IngestReport const report =
        library.ingest({text_input("a", "first words"), text_input("b", "other"), text_input("a", "second words")})
            .value();
    CHECK(report.added == 2);
    CHECK(report.changed == 1);
    CHECK(library.search("first", SearchMode::sparse).empty());
    CHECK(library.search("second", SearchMode::sparse).size() == 1);
}

TEST_CASE("progress counts every document once, in order, and says which failed") {
    Scratch folder("kb_progress");
    Library library(folder / "store.db");
    std::vector<DocumentInput> inputs;
    for (int i = 0; i < 150; ++i) inputs.push_back(text_input("d" + std::to_string(i), i == 70 ? "\xFF" : "words"));
    std::vector<std::int64_t> done;
    std::int64_t failed = 0;
    std::function<void(IngestProgress const&)> const progress = [&](IngestProgress const& now) {
        done.push_back(now.done);
        failed += now.failed ? 1 : 0;
        CHECK(now.total == 150);
        CHECK(now.uri == "d" + std::to_string(now.done - 1));
    };
    REQUIRE(testing::run(library.base->ingest(inputs, progress, CallOptions())));
    CHECK(done.size() == 150);
    CHECK(done.back() == 150);
    CHECK(failed == 1);
}

TEST_CASE("what was taken in is there after closing and opening, under the same settings only") {
    Scratch folder("kb_reopen");
    Library library(folder / "store.db");
    REQUIRE(library.ingest({text_input("guide.md", guide)}));
    library.close();
    library.open();
    CHECK(library.search("uploads a package", SearchMode::hybrid, 1).at(0).id == "guide.md#1");
    CHECK(library.ingest({text_input("guide.md", guide)}).value().unchanged == 1);

    KnowledgeBaseConfig other = library.config;
    other.chunking.size = 300;
    auto const opened = [&](KnowledgeBaseConfig config, std::shared_ptr<EmbeddingService> embeddings) {
        return testing::run(KnowledgeBase::open(library.database, library.store, embeddings, config));
    };
    CHECK(opened(other, library.embeddings).error().code == Errc::invalid_argument);
    EmbeddingConfig embedding;
    embedding.model = "another-1";
    CHECK(opened(library.config, EmbeddingService::create(library.provider, library.database, embedding).value())
              .error()
              .code == Errc::invalid_argument);
    for (char const* bad : {"", "a b", "a/b", "\xC3\xA4"}) {
        other = library.config;
        other.name = bad;
        CHECK(opened(other, library.embeddings).error().code == Errc::invalid_argument);
    }
    other = library.config;
    other.chunking.size = 5;
    other.name = "tiny";
    CHECK(opened(other, library.embeddings).error().code == Errc::invalid_argument);
}

TEST_CASE("knowledge bases of one store do not see each other, and are listed") {
    Scratch folder("kb_several");
    Library library(folder / "store.db");
    KnowledgeBaseConfig config = Library::named("other");
    std::shared_ptr<KnowledgeBase> const other =
        testing::run(KnowledgeBase::open(library.database, library.store, library.embeddings, config)).value();
    REQUIRE(library.ingest({text_input("a", "alpha words")}));
    REQUIRE(testing::run(other->ingest({text_input("a", "beta words")}, {}, CallOptions())));
    CHECK(library.search("beta", SearchMode::sparse).empty());
    SearchRequest request;
    request.query = "beta";
    CHECK(testing::run(other->search(request, CallOptions())).value().size() == 1);
    std::vector<KnowledgeBaseSummary> const all = testing::run(list_knowledge_bases(library.database)).value();
    REQUIRE(all.size() == 2);
    CHECK(all[0].name == "docs");
    CHECK(all[1].name == "other");
    CHECK(all[1].statistics.documents == 1);
    CHECK(all[1].statistics.bytes == 10);
}

TEST_CASE("a vector stands in for the embedding of the words, and alone it is all that counts") {
    Scratch folder("kb_vector");
    Library library(folder / "store.db");
    REQUIRE(library.ingest({text_input("a", "alpha words"), text_input("b", "beta words")}));
    std::vector<std::string> const beta{"beta"};
    std::vector<float> const vector =
        testing::run(library.embeddings->embed(beta, "query", CallOptions())).value().vectors.at(0);
    int const embedded = library.provider->requests;

    SearchRequest request;
    request.vector = vector;
    std::vector<RelevantChunk> const alone = testing::run(library.base->search(request, CallOptions())).value();
    CHECK(alone.at(0).uri == "b");
    CHECK(alone.at(0).dense_score.has_value());
    CHECK_FALSE(alone.at(0).sparse_score.has_value());

    request.query = "alpha";
    std::vector<RelevantChunk> const both = testing::run(library.base->search(request, CallOptions())).value();
    REQUIRE(both.size() == 2);
    CHECK(both.at(0).sparse_score.has_value() != both.at(1).sparse_score.has_value());
    CHECK(library.provider->requests == embedded);

    request.mode = SearchMode::sparse;
    CHECK(testing::run(library.base->search(request, CallOptions())).error().code == Errc::invalid_argument);
    request.mode = SearchMode::dense;
    request.vector.pop_back();
    CHECK(testing::run(library.base->search(request, CallOptions())).error().code == Errc::invalid_argument);
}

TEST_CASE("searches that cannot be are refused by the name of the field") {
    Scratch folder("kb_refused");
    Library library(folder / "store.db");
    auto const error = [&](std::string query, int top) {
        SearchRequest request;
        request.query = std::move(query);
        request.top = top;
        return testing::run(library.base->search(request, CallOptions())).error();
    };
    CHECK(error("", 1).message.find("query") != std::string::npos);
    CHECK(error(" \n", 1).code == Errc::invalid_argument);
    CHECK(error("x", 0).message.find("top") != std::string::npos);
    CHECK(error("x", 1'001).code == Errc::invalid_argument);
}

TEST_CASE("whichever step fails once, before or after it was done, taking the documents in again repairs everything") {
    std::vector<DocumentInput> const before = {text_input("a", "old alpha"), text_input("b.md", guide),
                                               text_input("c", "old gamma")};
    std::vector<DocumentInput> const now = {text_input("a", "new alpha"), text_input("b.md", "# Guide\n\nShort now.\n"),
                                            text_input("c", ""), text_input("d", "delta")};
    std::map<std::string, std::string> expected;
    {
        Scratch folder("kb_steps_clean");
        Library library(folder / "store.db");
        REQUIRE(library.ingest(now));
        expected = library.items();
    }
    int failures = 0;
    for (bool const after : {false, true}) {
        for (int step = 0; step < 8; ++step) {
            CAPTURE(after);
            CAPTURE(step);
            Scratch folder("kb_steps");
            Library library(folder / "store.db");
            REQUIRE(library.ingest(before));
            auto const failing = std::make_shared<FailingStore>(library.store);
            failing->failing = step;
            failing->after = after;
            std::shared_ptr<KnowledgeBase> const base =
                testing::run(KnowledgeBase::open(library.database, failing, library.embeddings, library.config))
                    .value();

            Result<IngestReport> const first = testing::run(base->ingest(now, {}, CallOptions()));
            failures += first ? 0 : 1;
            for (auto const& [uri, status] : library.statuses()) {
                if (!first) CHECK(status != "failed");
            }
            Result<IngestReport> const second = testing::run(base->ingest(now, {}, CallOptions()));
            REQUIRE(second);
            CHECK(library.items() == expected);
            CHECK(library.stored() == static_cast<std::int64_t>(expected.size()));
            for (auto const& [uri, status] : library.statuses()) CHECK(status == "completed");
        }
    }
    CHECK(failures >= 6);
}

TEST_CASE("an embedding provider that fails leaves what was there findable, and a second run goes on") {
    Scratch folder("kb_provider_fails");
    Library library(folder / "store.db");
    REQUIRE(library.ingest({text_input("a", "alpha words")}));
    library.provider->fail_after = library.provider->requests;
    Result<IngestReport> const failed = library.ingest({text_input("a", "beta words"), text_input("b", "gamma words")});
    REQUIRE(!failed);
    CHECK(failed.error().code == Errc::overloaded);
    CHECK(library.statuses().at("a") == "processing");
    library.provider->fail_after = -1;
    CHECK(library.search("alpha", SearchMode::sparse).size() == 1);
    REQUIRE(library.ingest({text_input("a", "beta words"), text_input("b", "gamma words")}));
    CHECK(library.search("alpha", SearchMode::sparse).empty());
    CHECK(library.search("beta", SearchMode::sparse).size() == 1);
}

TEST_CASE("many small documents are stored in few steps") {
    Scratch folder("kb_many");
    Library library(folder / "store.db");
    auto const counting = std::make_shared<FailingStore>(library.store);
    std::shared_ptr<KnowledgeBase> const base =
        testing::run(KnowledgeBase::open(library.database, counting, library.embeddings, library.config)).value();
    std::vector<DocumentInput> inputs;
    for (int i = 0; i < 1'400; ++i) inputs.push_back(text_input("d" + std::to_string(i), "word" + std::to_string(i)));
    IngestReport const report = testing::run(base->ingest(inputs, {}, CallOptions())).value();
    CHECK(report.added == 1'400);
    CHECK(counting->changes <= 30);
    CHECK(library.provider->requests <= 30);
    CHECK(library.stored() == 1'400);
}

TEST_CASE("killed at any moment while documents go in, a store keeps what was acknowledged and takes the rest again") {
    Scratch folder("kb_killed");
    std::string const path = folder / "store.db";
    std::int64_t most = 0;
    for (int round = 0; round < 6; ++round) {
        int ends[2];
        REQUIRE(::pipe(ends) == 0);
        pid_t const child = ::fork();
        REQUIRE(child >= 0);
        if (child == 0) {
            ::dup2(ends[1], 1);
            ::close(ends[0]);
            ::execl(AIKIT_KILLED_INGEST, AIKIT_KILLED_INGEST, path.c_str(), static_cast<char*>(nullptr));
            ::_exit(127);
        }
        ::close(ends[1]);
        // It reports how many documents of this run are done; the moment of the kill moves with the round.
        std::int64_t done = 0;
        int reports = 0;
        while (reports < 3 + round * 40 && ::read(ends[0], &done, sizeof done) == sizeof done) ++reports;
        ::kill(child, SIGKILL);
        while (::read(ends[0], &done, sizeof done) == sizeof done) continue;
        ::close(ends[0]);
        int status = 0;
        REQUIRE(::waitpid(child, &status, 0) == child);
        most = std::max(most, done);

        KnowledgeBaseConfig config = Library::named("docs");
        Library library(path, config);
        std::int64_t completed = 0;
        for (Document const& document : testing::run(library.base->documents()).value()) {
            if (document.status != DocumentStatus::completed) continue;
            ++completed;
            CHECK(document.chunks == 1);
            std::string const id = document.uri + "#0";
            CHECK(testing::run(library.store->get("kb/docs", {id})).value().size() == 1);
        }
        CHECK(completed >= done);
    }
    CHECK(most > 0);
    Library library(path);
    std::vector<DocumentInput> inputs;
    for (int i = 0; i < 1'000; ++i)
        inputs.push_back(text_input("d" + std::to_string(i), "text number" + std::to_string(i)));
    IngestReport const report = library.ingest(inputs).value();
    CHECK(report.added + report.changed + report.unchanged == 1'000);
    CHECK(report.unchanged >= most);
    CHECK(library.stored() == 1'000);
}

}  // namespace aikit::inline v0::knowledge
