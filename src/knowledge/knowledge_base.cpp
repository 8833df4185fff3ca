// SPDX-License-Identifier: MIT
// knowledge/knowledge_base.cpp - documents in groups: read, embedded, stored, marked as completed.
#include "core/async.hpp"
#include "core/json.hpp"
#include "knowledge/prepare.hpp"

#include <aikit/knowledge/knowledge_base.hpp>

#include <algorithm>

namespace aikit::inline v0::knowledge {
namespace {

using storage::Connection;

// A group is what is held in memory and stored with three commits.
constexpr std::size_t group_documents = 128;
constexpr std::size_t group_chunks = 1'000;
constexpr std::size_t group_bytes = 8 * 1024 * 1024;

bool valid_name(std::string_view name) {
    if (name.empty() || name.size() > 100) return false;
    return std::all_of(name.begin(), name.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' ||
               c == '-';
    });
}

std::string settings_json(ChunkingStrategy const& chunking, std::string const& model) {
    json::object out;
    out["chunking"] =
        json::object{{"kind", name(chunking.kind)}, {"size", chunking.size}, {"overlap", chunking.overlap}};
    out["embeddings"] = model;
    return json::serialize(out);
}

/// A run of ingest(), as far as it got.
struct Ingest {
    Ingest() = default;

    std::vector<DocumentInput> inputs;
    std::function<void(IngestProgress const&)> progress;
    CallOptions options;
    std::map<std::string, DocumentRow> known;
    IngestReport report;
    std::int64_t done = 0;
    std::size_t next = 0;
};

class Base final : public KnowledgeBase, public std::enable_shared_from_this<Base> {
public:
    Base(storage::Database database, std::shared_ptr<vector::VectorStore> store,
         std::shared_ptr<EmbeddingService> embeddings, KnowledgeBaseConfig config, std::string settings,
         std::int64_t id)
        : database_(std::move(database)),
          store_(std::move(store)),
          embeddings_(std::move(embeddings)),
          config_(std::move(config)),
          settings_(std::move(settings)),
          collection_("kb/" + config_.name),
          id_(id) {}

    Task<IngestReport> ingest(std::vector<DocumentInput> documents, std::function<void(IngestProgress const&)> progress,
                              CallOptions options) override {
        auto run = std::make_shared<Ingest>();
        run->inputs = std::move(documents);
        run->progress = std::move(progress);
        run->options = std::move(options);
        return guard(ingest_task(shared_from_this(), std::move(run)));
    }

    Task<bool> remove(std::string uri) override { return guard(remove_task(shared_from_this(), std::move(uri))); }
    Task<std::vector<Document>> documents() override { return guard(documents_task(shared_from_this())); }
    Task<Statistics> statistics() override { return guard(statistics_task(shared_from_this())); }
    Task<std::vector<RelevantChunk>> search(SearchRequest request, CallOptions options) override {
        return guard(search_task(shared_from_this(), std::move(request), std::move(options)));
    }

private:
    using Self = std::shared_ptr<Base>;
    using Group = std::vector<PreparedDocument>;

    static Task<IngestReport> ingest_task(Self self, std::shared_ptr<Ingest> run) {
        run->report.cost = Money();
        std::int64_t const id = self->id_;
        std::function<Result<std::map<std::string, DocumentRow>>(Connection&)> read = [id](Connection& db) {
            return read_documents(db, id);
        };
        Task<std::map<std::string, DocumentRow>> reading =
            self->database_.read<std::map<std::string, DocumentRow>>(std::move(read));
        Result<std::map<std::string, DocumentRow>> known = co_await std::move(reading);
        if (!known) co_return known.error();
        run->known = std::move(*known);

        while (run->next < run->inputs.size()) {
            Task<Group> preparing = next_group(self, run);
            Result<Group> group = co_await std::move(preparing);
            if (!group) co_return group.error();
            Task<void> storing = store_group(self, run, std::make_shared<Group>(std::move(*group)));
            Result<void> stored = co_await std::move(storing);
            if (!stored) co_return stored.error();
        }
        co_return std::move(run->report);
    }

    /// Reads and cuts documents until the group is full.
    static Task<Group> next_group(Self self, std::shared_ptr<Ingest> run) {
        std::function<Result<Group>()> work = [self, run]() -> Result<Group> {
            Group group;
            std::size_t chunks = 0;
            std::size_t bytes = 0;
            while (run->next < run->inputs.size() && group.size() < group_documents && chunks < group_chunks &&
                   bytes < group_bytes) {
                DocumentInput const& input = run->inputs[run->next++];
                auto const known = run->known.find(input.uri);
                PreparedDocument document =
                    prepare(input, known == run->known.end() ? nullptr : &known->second, self->config_.chunking,
                            self->settings_, self->database_.runtime().clock()->system_now());
                chunks += document.chunks.size();
                for (PreparedChunk const& chunk : document.chunks) bytes += chunk.text.size();
                group.push_back(std::move(document));
                if (!repeated(group)) continue;
                group.pop_back();
                --run->next;
                break;
            }
            return group;
        };
        boost::asio::any_io_executor cpu = self->database_.runtime().cpu();
        Task<Group> pending = run_on<Group>(std::move(cpu), std::move(work));
        co_return co_await std::move(pending);
    }

    /// A uri given twice is taken twice, the second time in a group of its own, after the first is known.
    static bool repeated(Group& group) {
        std::string const& last = group.back().row.document.uri;
        return std::any_of(group.begin(), group.end() - 1,
                           [&](PreparedDocument const& other) { return other.row.document.uri == last; });
    }

    static Task<void> store_group(Self self, std::shared_ptr<Ingest> run, std::shared_ptr<Group> group) {
        // First the rows, so that a killed run is seen: they count every chunk that may stand in the store.
        Task<void> marking = write_rows(self, group, true);
        Result<void> marked = co_await std::move(marking);
        if (!marked) co_return marked.error();

        Task<void> embedding = store_chunks(self, run, group);
        Result<void> embedded = co_await std::move(embedding);
        if (!embedded) co_return embedded.error();

        Task<void> removing = remove_surplus(self, group);
        Result<void> removed = co_await std::move(removing);
        if (!removed) co_return removed.error();

        Task<void> completing = write_rows(self, group, false);
        Result<void> completed = co_await std::move(completing);
        if (!completed) co_return completed.error();
        self->report(*run, *group);
        co_return ok();
    }

    static bool unchanged(PreparedDocument const& document) {
        return document.row.document.status == DocumentStatus::completed;
    }

    static Task<void> write_rows(Self self, std::shared_ptr<Group> group, bool before) {
        std::vector<DocumentRow> rows;
        for (PreparedDocument const& document : *group) {
            // The name itself may be what is wrong with it; then there is nothing to keep it under.
            if (unchanged(document) || document.row.document.uri.empty() ||
                document.row.document.uri.size() > max_uri) {
                continue;
            }
            DocumentRow row = document.row;
            if (before) {
                row.document.chunks = std::max(row.document.chunks, document.chunks_before);
                if (row.document.status != DocumentStatus::failed) row.document.status = DocumentStatus::processing;
            } else if (row.document.status != DocumentStatus::failed) {
                row.document.status = DocumentStatus::completed;
            }
            rows.push_back(std::move(row));
        }
        if (rows.empty()) co_return ok();
        std::function<Result<bool>(Connection&)> work = [id = self->id_,
                                                         rows = std::move(rows)](Connection& db) -> Result<bool> {
            if (Result<void> written = write_documents(db, id, rows); !written) return written.error();
            return true;
        };
        Task<bool> pending = self->database_.write<bool>(std::move(work));
        Result<bool> written = co_await std::move(pending);
        if (!written) co_return written.error();
        co_return ok();
    }

    static Task<void> store_chunks(Self self, std::shared_ptr<Ingest> run, std::shared_ptr<Group> group) {
        std::vector<std::string> texts;
        for (PreparedDocument const& document : *group) {
            for (PreparedChunk const& chunk : document.chunks) texts.push_back(chunk.text);
        }
        if (texts.empty()) co_return ok();
        Task<EmbeddedTexts> embedding = self->embeddings_->embed(std::move(texts), "document", run->options);
        Result<EmbeddedTexts> embedded = co_await std::move(embedding);
        if (!embedded) co_return embedded.error();
        note_embedding(run->report, *embedded);

        vector::CollectionConfig collection;
        collection.name = self->collection_;
        collection.dimensions = static_cast<int>(embedded->vectors.front().size());
        collection.model = self->embeddings_->model_id();
        Task<void> opening = self->store_->open_collection(std::move(collection));
        Result<void> opened = co_await std::move(opening);
        if (!opened) co_return opened.error();

        std::vector<vector::Item> items;
        for (PreparedDocument& document : *group) {
            std::int64_t number = 0;
            for (PreparedChunk& chunk : document.chunks) {
                vector::Item item(chunk_id(document.row.document.uri, number++),
                                  std::move(embedded->vectors[items.size()]), std::move(chunk.text));
                item.metadata = std::move(chunk.metadata);
                items.push_back(std::move(item));
            }
        }
        Task<void> upserting = self->store_->upsert(self->collection_, std::move(items));
        Result<void> upserted = co_await std::move(upserting);
        co_return upserted;
    }

    static void note_embedding(IngestReport& report, EmbeddedTexts const& embedded) {
        report.usage.add(embedded.usage);
        report.embedded_from_cache += embedded.from_cache;
        report.chunks += static_cast<std::int64_t>(embedded.vectors.size());
        Result<Money> const sum =
            report.cost && embedded.cost ? Money::add(*report.cost, *embedded.cost) : Result<Money>(Error());
        report.cost = sum ? std::optional<Money>(*sum) : std::nullopt;
    }

    /// Chunks that the document has no longer: all of a failed one's.
    static Task<void> remove_surplus(Self self, std::shared_ptr<Group> group) {
        std::vector<std::string> ids;
        for (PreparedDocument const& document : *group) {
            if (unchanged(document)) continue;
            auto const now = static_cast<std::int64_t>(document.chunks.size());
            for (std::int64_t number = now; number < document.chunks_before; ++number) {
                ids.push_back(chunk_id(document.row.document.uri, number));
            }
        }
        Task<void> pending = remove_items(self, std::move(ids));
        co_return co_await std::move(pending);
    }

    /// Without a collection there is nothing to remove.
    static Task<void> remove_items(Self self, std::vector<std::string> ids) {
        if (ids.empty()) co_return ok();
        Task<std::int64_t> pending = self->store_->remove(self->collection_, std::move(ids));
        Result<std::int64_t> removed = co_await std::move(pending);
        if (!removed && removed.error().code != Errc::not_found) co_return removed.error();
        co_return ok();
    }

    void report(Ingest& run, Group const& group) {
        for (PreparedDocument const& document : group) {
            bool const bad = document.row.document.status == DocumentStatus::failed;
            if (bad) {
                run.report.failed.push_back(document.row.document);
            } else if (unchanged(document)) {
                ++run.report.unchanged;
            } else {
                ++(document.is_new ? run.report.added : run.report.changed);
            }
            DocumentRow known = document.row;
            if (!bad) known.document.status = DocumentStatus::completed;
            run.known[document.row.document.uri] = std::move(known);
            ++run.done;
            if (!run.progress) continue;
            IngestProgress now;
            now.done = run.done;
            now.total = static_cast<std::int64_t>(run.inputs.size());
            now.uri = document.row.document.uri;
            now.failed = bad;
            run.progress(now);
        }
    }

    static Task<bool> remove_task(Self self, std::string uri) {
        std::function<Result<std::optional<DocumentRow>>(Connection&)> read = [id = self->id_, uri](Connection& db) {
            return read_document(db, id, uri);
        };
        Task<std::optional<DocumentRow>> reading = self->database_.read<std::optional<DocumentRow>>(std::move(read));
        Result<std::optional<DocumentRow>> row = co_await std::move(reading);
        if (!row) co_return row.error();
        if (!*row) co_return false;
        std::vector<std::string> ids;
        for (std::int64_t number = 0; number < (*row)->document.chunks; ++number) ids.push_back(chunk_id(uri, number));
        // The row goes last: a killed removal is seen, and can be asked for again.
        Task<void> removing = remove_items(self, std::move(ids));
        Result<void> removed = co_await std::move(removing);
        if (!removed) co_return removed.error();
        std::function<Result<bool>(Connection&)> write = [id = self->id_, uri](Connection& db) -> Result<bool> {
            if (Result<void> deleted = delete_document(db, id, uri); !deleted) return deleted.error();
            return true;
        };
        Task<bool> writing = self->database_.write<bool>(std::move(write));
        co_return co_await std::move(writing);
    }

    static Task<std::vector<Document>> documents_task(Self self) {
        std::function<Result<std::vector<Document>>(Connection&)> work =
            [id = self->id_](Connection& db) -> Result<std::vector<Document>> {
            Result<std::map<std::string, DocumentRow>> rows = read_documents(db, id);
            if (!rows) return rows.error();
            std::vector<Document> out;
            for (auto& [uri, row] : *rows) out.push_back(std::move(row.document));
            return out;
        };
        Task<std::vector<Document>> pending = self->database_.read<std::vector<Document>>(std::move(work));
        co_return co_await std::move(pending);
    }

    static Task<Statistics> statistics_task(Self self) {
        std::function<Result<Statistics>(Connection&)> work = [id = self->id_](Connection& db) {
            return read_statistics(db, id);
        };
        Task<Statistics> pending = self->database_.read<Statistics>(std::move(work));
        co_return co_await std::move(pending);
    }

    static Task<std::vector<RelevantChunk>> search_task(Self self, SearchRequest request, CallOptions options) {
        bool const no_words = request.query.find_first_not_of(" \t\r\n") == std::string::npos;
        if (no_words && request.vector.empty()) {
            co_return fail(Errc::invalid_argument, "SearchRequest.query is empty; say what to look for");
        }
        if (!request.vector.empty() && request.mode == SearchMode::sparse) {
            co_return fail(Errc::invalid_argument, "SearchRequest.vector has no use in a sparse search; leave it out");
        }
        if (request.top < 1 || request.top > 1'000) {
            co_return fail(Errc::invalid_argument, "SearchRequest.top must be 1 to 1000");
        }
        if (no_words) request.mode = SearchMode::dense;
        SearchMode const mode = request.mode;
        std::vector<float> embedded = std::move(request.vector);
        if (mode != SearchMode::sparse && embedded.empty()) {
            std::vector<std::string> texts;
            texts.push_back(request.query);
            Task<EmbeddedTexts> embedding = self->embeddings_->embed(std::move(texts), "query", std::move(options));
            Result<EmbeddedTexts> vectors = co_await std::move(embedding);
            if (!vectors) co_return vectors.error();
            embedded = std::move(vectors->vectors.front());
        }
        Task<std::vector<vector::Hit>> searching = self->find(std::move(request), std::move(embedded));
        Result<std::vector<vector::Hit>> hits = co_await std::move(searching);
        std::vector<RelevantChunk> out;
        // A knowledge base without a chunk has no collection yet.
        if (!hits && hits.error().code == Errc::not_found) co_return out;
        if (!hits) co_return hits.error();
        for (vector::Hit& hit : *hits) {
            Result<RelevantChunk> chunk = to_relevant(std::move(hit));
            if (!chunk) co_return chunk.error();
            // With one leg the score is that leg's.
            if (mode == SearchMode::dense) chunk->dense_score = chunk->score;
            if (mode == SearchMode::sparse) chunk->sparse_score = chunk->score;
            out.push_back(std::move(*chunk));
        }
        co_return out;
    }

    Task<std::vector<vector::Hit>> find(SearchRequest request, std::vector<float> embedded) const {
        if (request.mode == SearchMode::dense) {
            vector::DenseQuery query;
            query.vector = std::move(embedded);
            query.top = request.top;
            return store_->search(collection_, std::move(query));
        }
        if (request.mode == SearchMode::sparse) {
            vector::SparseQuery query;
            query.text = std::move(request.query);
            query.top = request.top;
            return store_->search(collection_, std::move(query));
        }
        vector::HybridQuery query;
        query.text = std::move(request.query);
        query.vector = std::move(embedded);
        query.top = request.top;
        return store_->hybrid_search(collection_, std::move(query));
    }

    storage::Database database_;
    std::shared_ptr<vector::VectorStore> const store_;
    std::shared_ptr<EmbeddingService> const embeddings_;
    KnowledgeBaseConfig const config_;
    std::string const settings_;
    std::string const collection_;
    std::int64_t const id_;
};

Task<std::shared_ptr<KnowledgeBase>> open_task(storage::Database database, std::shared_ptr<vector::VectorStore> store,
                                               std::shared_ptr<EmbeddingService> embeddings,
                                               KnowledgeBaseConfig config) {
    if (!store || !embeddings)
        co_return fail(Errc::invalid_argument, "KnowledgeBase: a store and embeddings are needed");
    if (!valid_name(config.name)) {
        co_return fail(Errc::invalid_argument,
                       "KnowledgeBaseConfig.name must be 1 to 100 of letters, digits, '_', '.' and '-'");
    }
    // The strategy is checked where it is used; an empty text is the cheapest use.
    if (Result<std::vector<Chunk>> tried = chunk({}, config.chunking); !tried) co_return tried.error();
    std::string settings = settings_json(config.chunking, embeddings->model_id());
    std::int64_t const now = storage::to_micros(database.runtime().clock()->system_now());
    std::function<Result<std::int64_t>(Connection&)> work = [name = config.name, settings, now](Connection& db) {
        return open_base(db, name, settings, now);
    };
    Task<std::int64_t> pending = database.write<std::int64_t>(std::move(work));
    Result<std::int64_t> id = co_await std::move(pending);
    if (!id) co_return id.error();
    co_return std::shared_ptr<KnowledgeBase>(std::make_shared<Base>(
        std::move(database), std::move(store), std::move(embeddings), std::move(config), std::move(settings), *id));
}

}  // namespace

Task<std::shared_ptr<KnowledgeBase>> KnowledgeBase::open(storage::Database database,
                                                         std::shared_ptr<vector::VectorStore> store,
                                                         std::shared_ptr<EmbeddingService> embeddings,
                                                         KnowledgeBaseConfig config) {
    return guard(open_task(std::move(database), std::move(store), std::move(embeddings), std::move(config)));
}

Task<std::vector<KnowledgeBaseSummary>> list_knowledge_bases(storage::Database database) {
    std::function<Result<std::vector<KnowledgeBaseSummary>>(Connection&)> work = [](Connection& db) {
        return read_bases(db);
    };
    Task<std::vector<KnowledgeBaseSummary>> pending = database.read<std::vector<KnowledgeBaseSummary>>(std::move(work));
    co_return co_await std::move(pending);
}

}  // namespace aikit::inline v0::knowledge
