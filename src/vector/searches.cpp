// SPDX-License-Identifier: MIT
// vector/searches.cpp - the searches of the store in SQLite, each on one state of its tables.
#include "vector/bm25.hpp"
#include "vector/check.hpp"
#include "vector/sqlite_store.hpp"

#include <algorithm>

namespace aikit::inline v0::vector {
namespace {

using storage::Connection;
using storage::Statement;

/// Gives the candidates their ids. False when one of them is not in these tables: the index is ahead of them.
Result<bool> read_ids(Connection& db, CollectionRow const& row, std::vector<Candidate>& candidates) {
    bool all = true;
    Statement find(db, "SELECT id FROM item WHERE label = $1 AND collection = $2");
    for (Candidate& candidate : candidates) {
        find.bind(1, static_cast<std::int64_t>(candidate.label)).bind(2, row.id);
        if (find.step()) {
            candidate.id = std::string(find.text(0));
        } else {
            all = false;
        }
        if (Result<void> done = find.done(); !done) return done.error();
        find.reset();
    }
    return all;
}

Result<std::vector<Hit>> read_hits(Connection& db, std::vector<Candidate> const& ranked) {
    std::vector<Hit> hits;
    hits.reserve(ranked.size());
    Statement find(db, "SELECT text, metadata FROM item WHERE label = $1");
    for (Candidate const& candidate : ranked) {
        Hit hit;
        hit.id = candidate.id;
        hit.score = candidate.score;
        hit.dense_score = candidate.dense;
        hit.sparse_score = candidate.sparse;
        if (find.bind(1, static_cast<std::int64_t>(candidate.label)).step()) {
            hit.text = std::string(find.text(0));
            hit.metadata = std::string(find.text(1));
        }
        if (Result<void> done = find.done(); !done) return done.error();
        find.reset();
        hits.push_back(std::move(hit));
    }
    return hits;
}

/// The vectors nearest to the query, with ids, ranked. Nothing when the index was ahead of the tables.
Result<std::optional<std::vector<Candidate>>> nearest(StoreState& store, Connection& db, CollectionRow const& row,
                                                      DenseQuery const& query, Try how) {
    std::shared_ptr<LiveIndex> const index = store.index_of(row);
    bool const held = how == Try::held || how == Try::rebuilt;
    if (Result<void> done = held ? index->follow_held(db, row, how == Try::rebuilt) : index->follow(db, row, false);
        !done) {
        return done.error();
    }
    std::vector<Candidate> found =
        index->search(query.vector, static_cast<std::size_t>(query.top), static_cast<std::size_t>(query.effort));
    store.look_after(index);
    Result<bool> const all = read_ids(db, row, found);
    if (!all) return all.error();
    if (!*all) return std::optional<std::vector<Candidate>>();
    rank(found, static_cast<std::size_t>(query.top));
    return std::optional<std::vector<Candidate>>(std::move(found));
}

/// The best by keywords, with ids, ranked.
Result<std::vector<Candidate>> by_words(Connection& db, CollectionRow const& row, std::string const& text, int top) {
    Result<std::vector<Candidate>> found = search_words(db, row, text, static_cast<std::size_t>(top));
    if (!found) return found;
    Result<bool> const all = read_ids(db, row, *found);
    if (!all) return all.error();
    if (!*all) return fail(Errc::storage, "the store is damaged: keywords lead to an item that is not there");
    rank(*found, static_cast<std::size_t>(top));
    return found;
}

Result<MaybeHits> as_hits(Connection& db, std::vector<Candidate> const& ranked) {
    Result<std::vector<Hit>> hits = read_hits(db, ranked);
    if (!hits) return hits.error();
    return MaybeHits(std::move(*hits));
}

}  // namespace

Result<MaybeHits> search_dense(StoreState& store, Connection& db, std::string const& collection,
                               DenseQuery const& query, Try how) {
    Result<CollectionRow> const row = find_collection(db, collection);
    if (!row) return row.error();
    if (Result<void> good = check(query, row->config); !good) return good.error();
    Result<std::optional<std::vector<Candidate>>> const found = nearest(store, db, *row, query, how);
    if (!found) return found.error();
    if (!*found) return MaybeHits();
    return as_hits(db, **found);
}

Result<std::vector<Hit>> search_sparse(Connection& db, std::string const& collection, SparseQuery const& query) {
    Result<CollectionRow> const row = find_collection(db, collection);
    if (!row) return row.error();
    if (Result<void> good = check(query); !good) return good.error();
    Result<std::vector<Candidate>> const found = by_words(db, *row, query.text, query.top);
    if (!found) return found.error();
    return read_hits(db, *found);
}

Result<MaybeHits> search_hybrid(StoreState& store, Connection& db, std::string const& collection,
                                HybridQuery const& query, Try how) {
    Result<CollectionRow> const row = find_collection(db, collection);
    if (!row) return row.error();
    if (Result<void> good = check(query, row->config); !good) return good.error();
    int const wanted = query.candidates > 0 ? query.candidates : std::max(100, 4 * std::min(query.top, 250'000));
    int const depth = std::max(wanted, query.top);

    std::vector<Candidate> dense;
    if (!query.vector.empty()) {
        DenseQuery leg;
        leg.vector = query.vector;
        leg.top = depth;
        Result<std::optional<std::vector<Candidate>>> found = nearest(store, db, *row, leg, how);
        if (!found) return found.error();
        if (!*found) return MaybeHits();
        dense = std::move(**found);
    }
    Result<std::vector<Candidate>> sparse = by_words(db, *row, query.text, depth);
    if (!sparse) return sparse.error();
    return as_hits(db, fuse(dense, *sparse, query));
}

Result<MaybeHits> search_similar(StoreState& store, Connection& db, std::string const& collection,
                                 std::string const& id, int top, Try how) {
    if (Result<void> good = check_top(top, "top"); !good) return good.error();
    Result<CollectionRow> const row = find_collection(db, collection);
    if (!row) return row.error();
    std::vector<std::string> const one(1, id);
    Result<std::vector<Item>> const items = items_by_id(db, row->id, one);
    if (!items) return items.error();
    if (items->empty()) return fail(Errc::not_found, "the collection \"" + collection + "\" has no item of that id");
    Item const& item = items->front();

    std::vector<Candidate> ranked;
    if (item.vector.empty()) {
        Result<std::vector<Candidate>> found = by_words(db, *row, item.text, top + 1);
        if (!found) return found.error();
        ranked = std::move(*found);
    } else {
        DenseQuery query;
        query.vector = item.vector;
        query.top = top + 1;
        Result<std::optional<std::vector<Candidate>>> found = nearest(store, db, *row, query, how);
        if (!found) return found.error();
        if (!*found) return MaybeHits();
        ranked = std::move(**found);
    }
    std::erase_if(ranked, [&](Candidate const& candidate) { return candidate.id == id; });
    if (ranked.size() > static_cast<std::size_t>(top)) ranked.resize(static_cast<std::size_t>(top));
    return as_hits(db, ranked);
}

}  // namespace aikit::inline v0::vector
