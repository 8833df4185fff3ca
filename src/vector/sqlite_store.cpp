// SPDX-License-Identifier: MIT
// vector/sqlite_store.cpp - VectorStore over the store's tables: the calls, as coroutines that only carry.
#include "vector/sqlite_store.hpp"

#include "core/async.hpp"
#include "vector/check.hpp"

namespace aikit::inline v0::vector {
namespace {

using storage::Connection;
using State = std::shared_ptr<StoreState>;

/// Items of a dropped collection that one transaction removes.
constexpr int sweep_size = 256;

Task<void> open_in(State state, CollectionConfig config) {
    if (Result<void> good = check_config(config); !good) co_return good.error();
    std::function<Result<bool>(Connection&)> look = [config](Connection& db) -> Result<bool> {
        Result<CollectionRow> const row = find_collection(db, config.name);
        if (!row && row.error().code == Errc::not_found) return false;
        if (!row) return row.error();
        if (Result<void> good = check_agreement(config, row->config); !good) return good.error();
        return true;
    };
    Task<bool> looking = state->database().read<bool>(look);
    Result<bool> const there = co_await std::move(looking);
    if (!there) co_return there.error();
    if (*there) co_return ok();
    std::int64_t const now = state->now();
    std::function<Result<void>(Connection&)> make = [look, config, now](Connection& db) -> Result<void> {
        Result<bool> const made_meanwhile = look(db);
        if (!made_meanwhile) return made_meanwhile.error();
        return *made_meanwhile ? ok() : insert_collection(db, config, now);
    };
    Task<void> making = state->database().write<void>(std::move(make));
    co_return co_await std::move(making);
}

/// Removes what dropped collections left, in short transactions.
Task<void> sweep(State state) {
    std::function<Result<std::vector<CollectionRow>>(Connection&)> list = hidden_collections;
    Task<std::vector<CollectionRow>> listing = state->database().read<std::vector<CollectionRow>>(std::move(list));
    Result<std::vector<CollectionRow>> const hidden = co_await std::move(listing);
    if (!hidden) co_return hidden.error();
    for (CollectionRow const& row : *hidden) {
        for (bool gone = false; !gone;) {
            std::function<Result<bool>(Connection&)> some = [id = row.id](Connection& db) {
                return sweep_collection(db, id, sweep_size);
            };
            Task<bool> sweeping = state->database().write<bool>(std::move(some));
            Result<bool> const done = co_await std::move(sweeping);
            if (!done) co_return done.error();
            gone = *done;
        }
        state->drop_index(row);
    }
    co_return ok();
}

Task<void> drop_in(State state, std::string collection) {
    std::function<Result<void>(Connection&)> hide = [collection](Connection& db) -> Result<void> {
        Result<std::int64_t> const id = hide_collection(db, collection);
        if (!id) return id.error();
        return ok();
    };
    Task<void> hiding = state->database().write<void>(std::move(hide));
    Result<void> const hidden = co_await std::move(hiding);
    if (!hidden) co_return hidden.error();
    Task<void> sweeping = sweep(state);
    co_return co_await std::move(sweeping);
}

Task<std::vector<CollectionInfo>> list_in(State state) {
    std::function<Result<std::vector<CollectionInfo>>(Connection&)> work =
        [](Connection& db) -> Result<std::vector<CollectionInfo>> {
        Result<std::vector<CollectionRow>> const rows = all_collections(db);
        if (!rows) return rows.error();
        std::vector<CollectionInfo> list;
        for (CollectionRow const& row : *rows) {
            CollectionInfo info;
            info.config = row.config;
            info.items = row.items;
            list.push_back(std::move(info));
        }
        return list;
    };
    Task<std::vector<CollectionInfo>> reading = state->database().read<std::vector<CollectionInfo>>(std::move(work));
    co_return co_await std::move(reading);
}

Task<CollectionRow> row_in(State state, std::string collection) {
    std::function<Result<CollectionRow>(Connection&)> work = [collection](Connection& db) {
        return find_collection(db, collection);
    };
    Task<CollectionRow> reading = state->database().read<CollectionRow>(std::move(work));
    co_return co_await std::move(reading);
}

using NewItems = std::shared_ptr<std::vector<NewItem> const>;

/// Checks the items and takes their texts apart, on a cpu thread.
Result<NewItems> prepare(std::vector<Item> const& items, CollectionRow const& row) {
    if (Result<void> good = check_items(items, row.config); !good) return good.error();
    auto ready = std::make_shared<std::vector<NewItem>>();
    ready->reserve(items.size());
    for (Item const& item : items) {
        NewItem entry;
        entry.item = item;
        entry.words = indexed(row.id, item.text);
        ready->push_back(std::move(entry));
    }
    return NewItems(std::move(ready));
}

Task<void> upsert_in(State state, std::string collection, std::vector<Item> items) {
    auto const given = std::make_shared<std::vector<Item> const>(std::move(items));
    for (;;) {
        Task<CollectionRow> finding = row_in(state, collection);
        Result<CollectionRow> const row = co_await std::move(finding);
        if (!row) co_return row.error();
        std::function<Result<NewItems>()> preparation = [given, found = *row] { return prepare(*given, found); };
        Task<NewItems> preparing = run_on<NewItems>(state->database().runtime().cpu(), std::move(preparation));
        Result<NewItems> const ready = co_await std::move(preparing);
        if (!ready) co_return ready.error();
        if ((*ready)->empty()) co_return ok();

        std::int64_t const now = state->now();
        std::function<Result<bool>(Connection&)> put = [collection, now, id = row->id,
                                                        entries = *ready](Connection& db) -> Result<bool> {
            Result<CollectionRow> const present = find_collection(db, collection);
            if (!present) return present.error();
            if (present->id != id) return false;
            if (Result<void> done = put_items(db, *present, *entries, now); !done) return done.error();
            return true;
        };
        Task<bool> writing = state->database().write<bool>(std::move(put));
        Result<bool> const written = co_await std::move(writing);
        if (!written) co_return written.error();
        if (*written) co_return ok();
        // The collection was dropped and made anew in between: what was prepared belonged to the old one.
    }
}

Task<std::int64_t> remove_in(State state, std::string collection, std::vector<std::string> ids) {
    std::int64_t const now = state->now();
    std::function<Result<std::int64_t>(Connection&)> work =
        [collection, now, list = std::move(ids)](Connection& db) -> Result<std::int64_t> {
        Result<CollectionRow> const row = find_collection(db, collection);
        if (!row) return row.error();
        return remove_items(db, *row, list, now);
    };
    Task<std::int64_t> writing = state->database().write<std::int64_t>(std::move(work));
    co_return co_await std::move(writing);
}

Task<std::vector<Item>> fetch_in(State state, std::string collection, std::vector<std::string> ids) {
    std::function<Result<std::vector<Item>>(Connection&)> work =
        [collection, list = std::move(ids)](Connection& db) -> Result<std::vector<Item>> {
        Result<CollectionRow> const row = find_collection(db, collection);
        if (!row) return row.error();
        return items_by_id(db, row->id, list);
    };
    Task<std::vector<Item>> reading = state->database().read<std::vector<Item>>(std::move(work));
    co_return co_await std::move(reading);
}

Task<std::int64_t> count_in(State state, std::string collection) {
    Task<CollectionRow> finding = row_in(std::move(state), std::move(collection));
    Result<CollectionRow> const row = co_await std::move(finding);
    if (!row) co_return row.error();
    co_return row->items;
}

Task<std::vector<Hit>> sparse_in(State state, std::string collection, SparseQuery query) {
    std::function<Result<std::vector<Hit>>(Connection&)> work = [collection, query](Connection& db) {
        return search_sparse(db, collection, query);
    };
    Task<std::vector<Hit>> reading = state->database().read<std::vector<Hit>>(std::move(work));
    co_return co_await std::move(reading);
}

using Search = std::function<Result<MaybeHits>(StoreState&, Connection&, Try)>;

/// A search in one read transaction. With Try::held and after, the index is held before the tables are read.
Result<MaybeHits> search_once(StoreState& store, Connection& db, std::string const& collection, Search const& search,
                              Try how) {
    if (how == Try::first || how == Try::second) return search(store, db, how);
    std::shared_ptr<LiveIndex> const index = store.known_index(collection);
    if (!index) return search(store, db, Try::second);
    std::unique_lock<std::mutex> const held = index->hold();
    Result<CollectionRow> const row = find_collection(db, collection);
    if (!row) return row.error();
    // Another collection of that name was made meanwhile: its index is not the one held.
    return search(store, db, row->id == index->collection() ? how : Try::second);
}

Task<std::vector<Hit>> search_in(State state, std::string collection, Search search) {
    for (Try const how : {Try::first, Try::second, Try::held, Try::rebuilt}) {
        std::function<Result<MaybeHits>(Connection&)> work = [state, collection, search, how](Connection& db) {
            return search_once(*state, db, collection, search, how);
        };
        Task<MaybeHits> reading = state->database().read<MaybeHits>(std::move(work));
        Result<MaybeHits> found = co_await std::move(reading);
        if (!found) co_return found.error();
        if (*found) co_return std::move(**found);
    }
    co_return fail(Errc::busy, "the collection \"" + collection + "\" changes too quickly: search again");
}

Task<void> settle_and_save(State state, std::shared_ptr<LiveIndex> index) {
    for (bool more = true; more;) {
        std::function<Result<bool>()> work = [index]() -> Result<bool> {
            if (!index->unsettled()) return false;
            index->settle(std::chrono::milliseconds(20));
            return true;
        };
        Task<bool> settling = run_on<bool>(state->database().runtime().cpu(), std::move(work));
        Result<bool> const done = co_await std::move(settling);
        if (!done) co_return done.error();
        more = *done;
    }
    if (!index->differs_from_image()) co_return ok();
    Task<void> saving = StoreState::save(state->database(), std::move(index));
    co_return co_await std::move(saving);
}

Task<void> checkpoint_in(State state) {
    Task<void> sweeping = sweep(state);
    Result<void> const swept = co_await std::move(sweeping);
    if (!swept) co_return swept.error();
    using Indexes = std::vector<std::shared_ptr<LiveIndex>>;
    std::function<Result<Indexes>(Connection&)> load = [state](Connection& db) -> Result<Indexes> {
        Result<std::vector<CollectionRow>> const rows = all_collections(db);
        if (!rows) return rows.error();
        if (!state->folder().empty()) state->remove_old_images(*rows);
        Indexes indexes;
        for (CollectionRow const& row : *rows) {
            if (row.vectors < static_cast<std::int64_t>(settle_threshold)) continue;
            indexes.push_back(state->index_of(row));
            if (Result<void> done = indexes.back()->follow(db, row, false); !done) return done.error();
        }
        return indexes;
    };
    Task<Indexes> loading = state->database().read<Indexes>(std::move(load));
    Result<Indexes> const indexes = co_await std::move(loading);
    if (!indexes) co_return indexes.error();
    for (std::shared_ptr<LiveIndex> const& index : *indexes) {
        Task<void> saving = settle_and_save(state, index);
        Result<void> const saved = co_await std::move(saving);
        if (!saved) co_return saved.error();
    }
    co_return ok();
}

class SqliteStore final : public VectorStore {
public:
    explicit SqliteStore(State state) : state_(std::move(state)) {}

    Task<void> open_collection(CollectionConfig config) override { return guard(open_in(state_, std::move(config))); }
    Task<void> drop_collection(std::string name) override { return guard(drop_in(state_, std::move(name))); }
    Task<std::vector<CollectionInfo>> collections() override { return guard(list_in(state_)); }

    Task<void> upsert(std::string collection, std::vector<Item> items) override {
        return guard(upsert_in(state_, std::move(collection), std::move(items)));
    }
    Task<std::int64_t> remove(std::string collection, std::vector<std::string> ids) override {
        return guard(remove_in(state_, std::move(collection), std::move(ids)));
    }
    Task<std::vector<Item>> get(std::string collection, std::vector<std::string> ids) override {
        return guard(fetch_in(state_, std::move(collection), std::move(ids)));
    }
    Task<std::int64_t> count(std::string collection) override { return guard(count_in(state_, std::move(collection))); }

    Task<std::vector<Hit>> search(std::string collection, DenseQuery query) override {
        Search search = [collection, query = std::move(query)](StoreState& store, Connection& db, Try how) {
            return search_dense(store, db, collection, query, how);
        };
        return guard(search_in(state_, std::move(collection), std::move(search)));
    }
    Task<std::vector<Hit>> search(std::string collection, SparseQuery query) override {
        return guard(sparse_in(state_, std::move(collection), std::move(query)));
    }
    Task<std::vector<Hit>> hybrid_search(std::string collection, HybridQuery query) override {
        Search search = [collection, query = std::move(query)](StoreState& store, Connection& db, Try how) {
            return search_hybrid(store, db, collection, query, how);
        };
        return guard(search_in(state_, std::move(collection), std::move(search)));
    }
    Task<std::vector<Hit>> search_like(std::string collection, std::string id, int top) override {
        Search search = [collection, id = std::move(id), top](StoreState& store, Connection& db, Try how) {
            return search_similar(store, db, collection, id, top, how);
        };
        return guard(search_in(state_, std::move(collection), std::move(search)));
    }

    Task<void> checkpoint() override { return guard(checkpoint_in(state_)); }

private:
    State const state_;
};

}  // namespace

Result<std::shared_ptr<VectorStore>> make_sqlite_store(storage::Database database) {
    if (!database) return fail(Errc::invalid_state, "the vector store needs an open database");
    auto state = std::make_shared<StoreState>(std::move(database));
    return std::shared_ptr<VectorStore>(std::make_shared<SqliteStore>(std::move(state)));
}

}  // namespace aikit::inline v0::vector
