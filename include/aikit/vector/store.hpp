// SPDX-License-Identifier: MIT
// aikit/vector/store.hpp - a place that remembers vectors and texts, and finds them again.
//
// Embeds nothing: vectors come in, vectors are compared. Implementations: make_sqlite_store below; remote engines.
#ifndef AIKIT_VECTOR_STORE_HPP
#define AIKIT_VECTOR_STORE_HPP

#include <aikit/core/result.hpp>
#include <aikit/storage/database.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace aikit::inline v0::vector {

enum class Metric { cosine, dot, l2 };

/// "cosine", "dot", "l2". Static storage.
AIKIT_EXPORT char const* name(Metric metric) noexcept;

struct CollectionConfig {
    CollectionConfig() = default;

    /// 1 to 200 bytes of UTF-8.
    std::string name;

    /// Numbers per vector, 1 to 65,535. 0: texts only, no vectors.
    int dimensions = 0;

    Metric metric = Metric::cosine;

    /// What makes the vectors, e.g. "openai/text-embedding-3-small". Vectors of different models do not compare;
    /// opening a collection under another model is invalid_argument. Empty: not checked.
    std::string model;
};

struct Item {
    Item() = default;
    Item(std::string id_, std::vector<float> vector_, std::string text_)
        : id(std::move(id_)), vector(std::move(vector_)), text(std::move(text_)) {}

    /// 1 to 1,000 bytes of UTF-8, unique within the collection.
    std::string id;

    /// Of the collection's dimensions, each number between -1e15 and 1e15; with cosine not all zero. Empty: found by
    /// text only.
    std::vector<float> vector;

    /// What keyword search sees. May be empty.
    std::string text;

    /// A JSON object as text. Empty: {}.
    std::string metadata;
};

/// One thing found, best first; equal scores in the order of their ids.
struct Hit {
    Hit() = default;

    std::string id;
    std::string text;
    std::string metadata;

    /// What the order follows, higher is better: cosine or dot product; for l2 the negated squared distance;
    /// for keyword search BM25; for hybrid search the fused score. Vectors are compared in float32.
    double score = 0;

    /// The parts of a hybrid score, where that leg found it.
    std::optional<double> dense_score;
    std::optional<double> sparse_score;
};

struct DenseQuery {
    DenseQuery() = default;

    std::vector<float> vector;

    /// How many hits; as many come as there are items, if fewer.
    int top = 10;

    /// Candidates the graph keeps while searching; more is better and slower. 0: chosen from `top`.
    int effort = 0;
};

struct SparseQuery {
    SparseQuery() = default;

    /// Words, compared without case and by their English stems; English stop words do not count. All kinds of text are
    /// accepted; nothing in it is an operator.
    std::string text;
    int top = 10;
};

enum class Fusion {
    rrf,      ///< Reciprocal rank fusion (Cormack, Clarke, Buettcher 2009): sum of 1 / (constant + rank).
    weighted  ///< weight * dense + (1 - weight) * sparse, each scaled to 0..1 over its candidates.
};

struct HybridQuery {
    HybridQuery() = default;

    /// One of the two may be empty; then the other leg answers alone.
    std::string text;
    std::vector<float> vector;
    int top = 10;

    /// Hits taken from each leg before they are fused. 0: four times `top`, at least 100.
    int candidates = 0;

    Fusion fusion = Fusion::weighted;

    /// weighted: the dense leg's share, 0 to 1.
    double dense_weight = 0.5;

    /// rrf: the constant.
    double rrf_constant = 60;
};

struct CollectionInfo {
    CollectionInfo() = default;

    CollectionConfig config;
    std::int64_t items = 0;
};

/// Thread-safety: shared objects: safe; searches run while writes do. Errors of all calls: not_found (no such
/// collection), invalid_argument (named), storage, busy, cancelled, invalid_state (closed).
class VectorStore {
public:
    virtual ~VectorStore() = default;

    /// Makes the collection, or checks that the one there is agrees.
    virtual Task<void> open_collection(CollectionConfig config) = 0;
    virtual Task<void> drop_collection(std::string collection) = 0;
    virtual Task<std::vector<CollectionInfo>> collections() = 0;

    /// Writes items, replacing those whose id is there. All or nothing; acknowledged when durable and findable. One
    /// call is one transaction: write some hundred items at a time, so that other writers need not wait.
    virtual Task<void> upsert(std::string collection, std::vector<Item> items) = 0;

    /// Removes by id and says how many there were.
    virtual Task<std::int64_t> remove(std::string collection, std::vector<std::string> ids) = 0;

    /// The items of these ids, in their order, those that are missing left out.
    virtual Task<std::vector<Item>> get(std::string collection, std::vector<std::string> ids) = 0;
    virtual Task<std::int64_t> count(std::string collection) = 0;

    virtual Task<std::vector<Hit>> search(std::string collection, DenseQuery query) = 0;
    virtual Task<std::vector<Hit>> search(std::string collection, SparseQuery query) = 0;
    virtual Task<std::vector<Hit>> hybrid_search(std::string collection, HybridQuery query) = 0;

    /// Neighbours of a stored item, itself left out: by its vector, or by its words when it has none.
    virtual Task<std::vector<Hit>> search_like(std::string collection, std::string id, int top) = 0;

    /// Writes what makes the first search after the next open fast; takes as long as the graphs take that are not made
    /// yet. Searches do the same bit by bit in the background.
    virtual Task<void> checkpoint() = 0;
};

/// The store in `database`, with images of its HNSW graphs beside the file ("<path>.vectors/").
///
/// The tables are the truth; a missing, older or damaged image costs time and nothing else. Each search sees what any
/// process has written before it. Fewer than 2,048 vectors are searched exactly, as are those that are not yet in the
/// graph. Keywords: BM25 (Lucene's formula, k1 1.2, b 0.75) with the statistics of the collection. Nothing is read
/// before the first search of a collection. Ownership: keeps the database; close that last.
AIKIT_EXPORT Result<std::shared_ptr<VectorStore>> make_sqlite_store(storage::Database database);

}  // namespace aikit::inline v0::vector

#endif  // AIKIT_VECTOR_STORE_HPP
