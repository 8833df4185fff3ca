// SPDX-License-Identifier: MIT
// vector/sqlite_store.hpp - what the calls of the store in SQLite share.
#ifndef AIKIT_SRC_VECTOR_SQLITE_STORE_HPP
#define AIKIT_SRC_VECTOR_SQLITE_STORE_HPP

#include "vector/live_index.hpp"

#include <mutex>
#include <unordered_map>

namespace aikit::inline v0::vector {

/// Thread-safety: shared objects: safe.
class StoreState : public std::enable_shared_from_this<StoreState> {
public:
    explicit StoreState(storage::Database database);
    ~StoreState();

    storage::Database const& database() const noexcept { return database_; }
    std::string const& folder() const noexcept { return folder_; }
    std::int64_t now() const;

    /// The index of a collection, made when there is none yet.
    std::shared_ptr<LiveIndex> index_of(CollectionRow const& row);

    /// The index that was last asked for under this name; null when none was.
    std::shared_ptr<LiveIndex> known_index(std::string const& name);

    /// Forgets the index of a dropped collection and removes its image.
    void drop_index(CollectionRow const& row);

    /// Works on the index in the background, in short slices on the cpu threads, for as long as there is reason to.
    void look_after(std::shared_ptr<LiveIndex> const& index);

    /// Writes an image of the index, enters it in the tables, removes the one before.
    static Task<void> save(storage::Database database, std::shared_ptr<LiveIndex> index);

    /// Removes images that the tables no longer know: of dropped collections, and what killed processes left.
    void remove_old_images(std::vector<CollectionRow> const& rows) const noexcept;

private:
    static void save_in_background(storage::Database const& database, std::shared_ptr<LiveIndex> const& index);
    static void upkeep_slice(std::weak_ptr<StoreState> const& store, std::shared_ptr<LiveIndex> const& index,
                             storage::Database const& database);

    storage::Database const database_;
    std::string const folder_;
    std::mutex mutex_;
    std::unordered_map<std::int64_t, std::shared_ptr<LiveIndex>> indexes_;
    std::unordered_map<std::string, std::int64_t> names_;
};

/// Hits of a search that ended, or nothing: an item was written in between, and the search is to be made again.
using MaybeHits = std::optional<std::vector<Hit>>;

/// How often a search has been tried. The last try looks at one state of the tables with the index held to it.
enum class Try { first, second, held, rebuilt };

/// Inside a read transaction.
Result<MaybeHits> search_dense(StoreState& store, storage::Connection& db, std::string const& collection,
                               DenseQuery const& query, Try how);
Result<std::vector<Hit>> search_sparse(storage::Connection& db, std::string const& collection,
                                       SparseQuery const& query);
Result<MaybeHits> search_hybrid(StoreState& store, storage::Connection& db, std::string const& collection,
                                HybridQuery const& query, Try how);
Result<MaybeHits> search_similar(StoreState& store, storage::Connection& db, std::string const& collection,
                                 std::string const& id, int top, Try how);

}  // namespace aikit::inline v0::vector

#endif  // AIKIT_SRC_VECTOR_SQLITE_STORE_HPP
