// SPDX-License-Identifier: MIT
// aikit/knowledge/knowledge_base.hpp - documents that can be searched by meaning and by words.
#ifndef AIKIT_KNOWLEDGE_KNOWLEDGE_BASE_HPP
#define AIKIT_KNOWLEDGE_KNOWLEDGE_BASE_HPP

#include <aikit/knowledge/chunk.hpp>
#include <aikit/knowledge/embedding_service.hpp>
#include <aikit/vector/store.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace aikit::inline v0::knowledge {

struct KnowledgeBaseConfig {
    KnowledgeBaseConfig() = default;

    std::string name;           ///< 1 to 100 bytes of [A-Za-z0-9_.-].
    ChunkingStrategy chunking;  ///< Kind::markdown cuts what is no Markdown as Kind::paragraph does.
};

enum class DocumentStatus { pending, processing, completed, failed };

/// "pending", "processing", "completed", "failed". Static storage.
AIKIT_EXPORT char const* name(DocumentStatus status) noexcept;

struct Document {
    Document() = default;

    std::string uri;  ///< Where it came from; unique within the knowledge base.
    std::string title;
    std::string media_type;
    DocumentStatus status = DocumentStatus::pending;
    std::string error;  ///< A sentence, when failed.
    std::int64_t bytes = 0;
    std::int64_t chunks = 0;
    SystemTime updated;
};

/// What to take in: a name and bytes, or bytes that are read when it is their turn.
struct DocumentInput {
    DocumentInput() = default;

    std::string uri;
    std::string metadata;  ///< A JSON object, kept with each chunk. Empty: none.

    /// Gives the bytes; runs on the cpu threads, once. Errors fail this document only.
    std::function<Result<std::string>()> read;
};

/// A file read when its turn comes, its path being the uri. Files over 256 MiB are refused.
AIKIT_EXPORT DocumentInput file_input(std::string const& path);

/// The documents of a JSON Lines file, read here and now: each line an object with "text" and, where it has them,
/// "title" (put before the text, as its first line) and "_id" or "id" (the uri is "path#id", else "path#line").
/// Errors: those of reading; invalid_argument, naming the line that is no such object.
AIKIT_EXPORT Result<std::vector<DocumentInput>> json_lines_inputs(std::string const& path);

/// Files of a folder and its folders, sorted by path; hidden ones, links out of the folder and special files are left
/// out. The path of a file gives that file alone. A file ending in .jsonl gives its lines.
/// Errors: not_found, permission, those of json_lines_inputs.
AIKIT_EXPORT Result<std::vector<DocumentInput>> folder_inputs(std::string const& path);

struct IngestProgress {
    IngestProgress() = default;

    std::int64_t done = 0;  ///< Documents finished, however.
    std::int64_t total = 0;
    std::string uri;  ///< The one just finished.
    bool failed = false;
};

struct IngestReport {
    IngestReport() = default;

    std::int64_t added = 0;
    std::int64_t changed = 0;
    std::int64_t unchanged = 0;  ///< Same bytes, same settings: nothing was done.
    std::int64_t chunks = 0;     ///< Written by this run.
    std::int64_t embedded_from_cache = 0;
    Usage usage;
    std::optional<Money> cost;     ///< Missing when a request could not be priced.
    std::vector<Document> failed;  ///< Each with its sentence; the rest went on.
};

/// A chunk that was found.
struct RelevantChunk {
    RelevantChunk() = default;

    std::string id;  ///< "document uri#number"
    std::string uri;
    std::string title;
    std::vector<std::string> headings;
    std::string text;
    std::int64_t begin = 0;  ///< Byte offsets in the document's text.
    std::int64_t end = 0;
    double score = 0;
    std::optional<double> dense_score;
    std::optional<double> sparse_score;
};

enum class SearchMode { dense, sparse, hybrid };

struct SearchRequest {
    SearchRequest() = default;

    std::string query;

    /// In place of embedding `query`: made by the model that embedded the documents. With it `query` may be empty, and
    /// then words do not count. Empty: `query` is embedded. Not with SearchMode::sparse.
    std::vector<float> vector;

    SearchMode mode = SearchMode::hybrid;
    int top = 10;  ///< 1 to 1,000.
};

struct Statistics {
    Statistics() = default;

    std::int64_t documents = 0;
    std::int64_t failed = 0;
    std::int64_t chunks = 0;
    std::int64_t bytes = 0;
};

/// Ownership: a shared handle. Thread-safety: shared objects: safe.
/// Errors of all calls: those of the store, of the embedding provider, and what each says.
class AIKIT_EXPORT KnowledgeBase {
public:
    /// Opens it, making it when there is none. One made with other chunking or another embedding model is
    /// invalid_argument.
    static Task<std::shared_ptr<KnowledgeBase>> open(storage::Database database,
                                                     std::shared_ptr<vector::VectorStore> store,
                                                     std::shared_ptr<EmbeddingService> embeddings,
                                                     KnowledgeBaseConfig config);
    virtual ~KnowledgeBase() = default;

    /// Takes documents in: each is whole and findable when it counts as completed, and a killed process leaves it
    /// as it was before or to be taken again. Bad documents are listed, the rest goes on.
    /// `progress` (may be empty) is called on the caller's executor.
    virtual Task<IngestReport> ingest(std::vector<DocumentInput> documents,
                                      std::function<void(IngestProgress const&)> progress, CallOptions options) = 0;

    /// False when there was none.
    virtual Task<bool> remove(std::string uri) = 0;
    virtual Task<std::vector<Document>> documents() = 0;
    virtual Task<Statistics> statistics() = 0;
    virtual Task<std::vector<RelevantChunk>> search(SearchRequest request, CallOptions options) = 0;
};

struct KnowledgeBaseSummary {
    KnowledgeBaseSummary() = default;

    std::string name;
    Statistics statistics;
};

/// All of a store.
AIKIT_EXPORT Task<std::vector<KnowledgeBaseSummary>> list_knowledge_bases(storage::Database database);

}  // namespace aikit::inline v0::knowledge

#endif  // AIKIT_KNOWLEDGE_KNOWLEDGE_BASE_HPP
