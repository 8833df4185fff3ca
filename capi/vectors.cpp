// SPDX-License-Identifier: MIT
// capi/vectors.cpp - the entries of collections of vectors.
#include "core/json.hpp"
#include "kit.hpp"
#include "requests.hpp"

using namespace aikit;
using namespace aikit::capi;

namespace {

using StorePointer = std::shared_ptr<vector::VectorStore>;

/// Errors: invalid_state (the kit is closed).
Result<StorePointer> store_of(KitPointer const& kit) {
    StorePointer store = kit->kit.vectors();
    if (!store || kit->closed) return fail(Errc::invalid_state, "The kit is closed; open another one.");
    return store;
}

std::string counted(char const* member, std::int64_t count) {
    return json::serialize(json::object{{member, count}});
}

json::value metadata_of(std::string const& text) {
    Result<json::value> parsed = json::parse(text.empty() ? "{}" : text, "metadata");
    return parsed ? std::move(*parsed) : json::value(json::object());
}

json::value number_or_null(std::optional<double> const& number) {
    return number ? json::value(*number) : json::value(nullptr);
}

Result<std::string> name_of(char const* collection, std::size_t size) {
    Result<std::string_view> const text = required_text(collection, size, "collection");
    if (!text) return text.error();
    return std::string(*text);
}

Task<Reply> open_work(KitPointer kit, vector::CollectionConfig config) {
    Result<StorePointer> const store = store_of(kit);
    if (!store) co_return store.error();
    Task<void> opening = (*store)->open_collection(std::move(config));
    Result<void> const opened = co_await std::move(opening);
    if (!opened) co_return opened.error();
    co_return Reply("{}");
}

Result<Work> open_of(KitPointer const& kit, char const* config, std::size_t size) {
    Result<std::string_view> const text = required_text(config, size, "config");
    if (!text) return text.error();
    Result<vector::CollectionConfig> read = read_collection(*text);
    if (!read) return read.error();
    return Work([kit, read = std::move(*read)](std::shared_ptr<Op>) { return open_work(kit, read); });
}

Task<Reply> drop_work(KitPointer kit, std::string name) {
    Result<StorePointer> const store = store_of(kit);
    if (!store) co_return store.error();
    Task<void> dropping = (*store)->drop_collection(std::move(name));
    Result<void> const dropped = co_await std::move(dropping);
    if (!dropped) co_return dropped.error();
    co_return Reply("{}");
}

Result<Work> drop_of(KitPointer const& kit, char const* collection, std::size_t size) {
    Result<std::string> name = name_of(collection, size);
    if (!name) return name.error();
    return Work([kit, name = std::move(*name)](std::shared_ptr<Op>) { return drop_work(kit, name); });
}

Task<Reply> collections_work(KitPointer kit) {
    Result<StorePointer> const store = store_of(kit);
    if (!store) co_return store.error();
    Task<std::vector<vector::CollectionInfo>> listing = (*store)->collections();
    Result<std::vector<vector::CollectionInfo>> const found = co_await std::move(listing);
    if (!found) co_return found.error();
    json::array list;
    for (vector::CollectionInfo const& info : *found) {
        json::object entry;
        entry["name"] = info.config.name;
        entry["dimensions"] = info.config.dimensions;
        entry["metric"] = vector::name(info.config.metric);
        entry["model"] = info.config.model;
        entry["items"] = info.items;
        list.push_back(std::move(entry));
    }
    json::object out;
    out["collections"] = std::move(list);
    co_return Reply(json::serialize(out));
}

Result<Work> collections_of(KitPointer const& kit) {
    return Work([kit](std::shared_ptr<Op>) { return collections_work(kit); });
}

Task<Reply> upsert_work(KitPointer kit, std::string name, std::vector<vector::Item> items) {
    Result<StorePointer> const store = store_of(kit);
    if (!store) co_return store.error();
    auto const count = static_cast<std::int64_t>(items.size());
    Task<void> writing = (*store)->upsert(std::move(name), std::move(items));
    Result<void> const written = co_await std::move(writing);
    if (!written) co_return written.error();
    co_return Reply(counted("written", count));
}

Result<Work> upsert_of(KitPointer const& kit, char const* collection, std::size_t collection_size, char const* items,
                       std::size_t items_size, float const* vectors, std::size_t count, std::size_t dimensions) {
    Result<std::string> name = name_of(collection, collection_size);
    if (!name) return name.error();
    Result<std::string_view> const text = required_text(items, items_size, "items");
    if (!text) return text.error();
    Result<std::vector<std::vector<float>>> rows = read_rows(vectors, count, dimensions, "vectors");
    if (!rows) return rows.error();
    Result<std::vector<vector::Item>> read = read_items(*text, std::move(*rows));
    if (!read) return read.error();
    return Work([kit, name = std::move(*name), read = std::move(*read)](std::shared_ptr<Op>) mutable {
        return upsert_work(kit, std::move(name), std::move(read));
    });
}

Task<Reply> remove_work(KitPointer kit, std::string name, std::vector<std::string> ids) {
    Result<StorePointer> const store = store_of(kit);
    if (!store) co_return store.error();
    Task<std::int64_t> removing = (*store)->remove(std::move(name), std::move(ids));
    Result<std::int64_t> const removed = co_await std::move(removing);
    if (!removed) co_return removed.error();
    co_return Reply(counted("removed", *removed));
}

Task<Reply> get_work(KitPointer kit, std::string name, std::vector<std::string> ids) {
    Result<StorePointer> const store = store_of(kit);
    if (!store) co_return store.error();
    Task<std::vector<vector::Item>> getting = (*store)->get(std::move(name), std::move(ids));
    Result<std::vector<vector::Item>> items = co_await std::move(getting);
    if (!items) co_return items.error();
    Reply reply;
    reply.vectors.emplace();
    json::array list;
    for (vector::Item& item : *items) {
        json::object entry;
        entry["id"] = item.id;
        entry["text"] = item.text;
        entry["metadata"] = metadata_of(item.metadata);
        entry["row"] = nullptr;
        if (!item.vector.empty()) {
            entry["row"] = reply.vectors->size();
            reply.vectors->push_back(std::move(item.vector));
        }
        list.push_back(std::move(entry));
    }
    json::object out;
    out["items"] = std::move(list);
    reply.json = json::serialize(out);
    co_return reply;
}

using IdsWork = Task<Reply> (*)(KitPointer, std::string, std::vector<std::string>);

Result<Work> ids_of(KitPointer const& kit, char const* collection, std::size_t collection_size, char const* ids,
                    std::size_t ids_size, IdsWork work) {
    Result<std::string> name = name_of(collection, collection_size);
    if (!name) return name.error();
    Result<std::string_view> const text = required_text(ids, ids_size, "ids");
    if (!text) return text.error();
    Result<std::vector<std::string>> read = read_ids(*text);
    if (!read) return read.error();
    return Work([kit, work, name = std::move(*name), read = std::move(*read)](std::shared_ptr<Op>) mutable {
        return work(kit, std::move(name), std::move(read));
    });
}

Task<Reply> count_work(KitPointer kit, std::string name) {
    Result<StorePointer> const store = store_of(kit);
    if (!store) co_return store.error();
    Task<std::int64_t> counting = (*store)->count(std::move(name));
    Result<std::int64_t> const count = co_await std::move(counting);
    if (!count) co_return count.error();
    co_return Reply(counted("count", *count));
}

Result<Work> count_of(KitPointer const& kit, char const* collection, std::size_t size) {
    Result<std::string> name = name_of(collection, size);
    if (!name) return name.error();
    return Work([kit, name = std::move(*name)](std::shared_ptr<Op>) { return count_work(kit, name); });
}

/// Which leg, or both, is what was given.
Task<std::vector<vector::Hit>> find(vector::VectorStore& store, std::string name, VectorQuery query,
                                    std::vector<float> vector) {
    if (vector.empty()) {
        vector::SparseQuery sparse;
        sparse.text = std::move(query.text);
        sparse.top = query.hybrid.top;
        return store.search(std::move(name), std::move(sparse));
    }
    if (query.text.empty()) {
        vector::DenseQuery dense;
        dense.vector = std::move(vector);
        dense.top = query.hybrid.top;
        dense.effort = query.effort;
        return store.search(std::move(name), std::move(dense));
    }
    query.hybrid.text = std::move(query.text);
    query.hybrid.vector = std::move(vector);
    return store.hybrid_search(std::move(name), std::move(query.hybrid));
}

Task<Reply> search_work(KitPointer kit, std::string name, VectorQuery query, std::vector<float> vector) {
    Result<StorePointer> const store = store_of(kit);
    if (!store) co_return store.error();
    Task<std::vector<vector::Hit>> searching = find(**store, std::move(name), std::move(query), std::move(vector));
    Result<std::vector<vector::Hit>> const hits = co_await std::move(searching);
    if (!hits) co_return hits.error();
    json::array list;
    for (vector::Hit const& hit : *hits) {
        json::object entry;
        entry["id"] = hit.id;
        entry["score"] = hit.score;
        entry["dense_score"] = number_or_null(hit.dense_score);
        entry["sparse_score"] = number_or_null(hit.sparse_score);
        entry["text"] = hit.text;
        entry["metadata"] = metadata_of(hit.metadata);
        list.push_back(std::move(entry));
    }
    json::object out;
    out["hits"] = std::move(list);
    co_return Reply(json::serialize(out));
}

Result<Work> search_of(KitPointer const& kit, char const* collection, std::size_t collection_size, char const* query,
                       std::size_t query_size, float const* vector, std::size_t dimensions) {
    Result<std::string> name = name_of(collection, collection_size);
    if (!name) return name.error();
    Result<std::vector<float>> row = read_row(vector, dimensions, "vector");
    if (!row) return row.error();
    Result<std::string_view> const text =
        row->empty() ? required_text(query, query_size, "query") : optional_text(query, query_size, "query");
    if (!text) return text.error();
    Result<VectorQuery> read = read_vector_query(*text);
    if (!read) return read.error();
    return Work(
        [kit, name = std::move(*name), read = std::move(*read), row = std::move(*row)](std::shared_ptr<Op>) mutable {
            return search_work(kit, std::move(name), std::move(read), std::move(row));
        });
}

/// The one number of a reply such as {"count": 3}.
std::int64_t number_in(Reply const& reply, char const* member) {
    Result<json::value> const parsed = json::parse(reply.json, "reply");
    return parsed ? json::integer(*parsed, member).value_or(0) : 0;
}

}  // namespace

aikit_status aikit_vectors_open(aikit_kit* kit, char const* config, size_t config_size, aikit_error** error) {
    return blocking_reply(kit, nullptr, nullptr, error,
                          [&](KitPointer const& object) { return open_of(object, config, config_size); });
}

aikit_status aikit_vectors_open_start(aikit_kit* kit, char const* config, size_t config_size, aikit_done_cb on_done,
                                      void* user, aikit_op** out, aikit_error** error) {
    return starting(kit, Listener(on_done, user), out, error,
                    [&](KitPointer const& object, Listener&) { return open_of(object, config, config_size); });
}

aikit_status aikit_vectors_drop(aikit_kit* kit, char const* collection, size_t collection_size, aikit_error** error) {
    return blocking_reply(kit, nullptr, nullptr, error,
                          [&](KitPointer const& object) { return drop_of(object, collection, collection_size); });
}

aikit_status aikit_vectors_drop_start(aikit_kit* kit, char const* collection, size_t collection_size,
                                      aikit_done_cb on_done, void* user, aikit_op** out, aikit_error** error) {
    return starting(kit, Listener(on_done, user), out, error,
                    [&](KitPointer const& object, Listener&) { return drop_of(object, collection, collection_size); });
}

aikit_status aikit_vectors_collections(aikit_kit* kit, aikit_bytes* result, aikit_error** error) {
    return blocking_reply(kit, result, "result", error,
                          [&](KitPointer const& object) { return collections_of(object); });
}

aikit_status aikit_vectors_collections_start(aikit_kit* kit, aikit_done_cb on_done, void* user, aikit_op** out,
                                             aikit_error** error) {
    return starting(kit, Listener(on_done, user), out, error,
                    [&](KitPointer const& object, Listener&) { return collections_of(object); });
}

aikit_status aikit_vectors_upsert(aikit_kit* kit, char const* collection, size_t collection_size, char const* items,
                                  size_t items_size, float const* vectors, size_t count, size_t dimensions,
                                  aikit_error** error) {
    return blocking_reply(kit, nullptr, nullptr, error, [&](KitPointer const& object) {
        return upsert_of(object, collection, collection_size, items, items_size, vectors, count, dimensions);
    });
}

aikit_status aikit_vectors_upsert_start(aikit_kit* kit, char const* collection, size_t collection_size,
                                        char const* items, size_t items_size, float const* vectors, size_t count,
                                        size_t dimensions, aikit_done_cb on_done, void* user, aikit_op** out,
                                        aikit_error** error) {
    return starting(kit, Listener(on_done, user), out, error, [&](KitPointer const& object, Listener&) {
        return upsert_of(object, collection, collection_size, items, items_size, vectors, count, dimensions);
    });
}

aikit_status aikit_vectors_remove(aikit_kit* kit, char const* collection, size_t collection_size, char const* ids,
                                  size_t ids_size, int64_t* removed, aikit_error** error) {
    return blocking(kit, error, [&](KitPointer const& object) -> Result<void> {
        Result<Work> const work = ids_of(object, collection, collection_size, ids, ids_size, remove_work);
        if (!work) return work.error();
        Result<Reply> const reply = run(object, *work);
        if (!reply) return reply.error();
        if (removed != nullptr) *removed = number_in(*reply, "removed");
        return ok();
    });
}

aikit_status aikit_vectors_remove_start(aikit_kit* kit, char const* collection, size_t collection_size, char const* ids,
                                        size_t ids_size, aikit_done_cb on_done, void* user, aikit_op** out,
                                        aikit_error** error) {
    return starting(kit, Listener(on_done, user), out, error, [&](KitPointer const& object, Listener&) {
        return ids_of(object, collection, collection_size, ids, ids_size, remove_work);
    });
}

aikit_status aikit_vectors_get(aikit_kit* kit, char const* collection, size_t collection_size, char const* ids,
                               size_t ids_size, aikit_bytes* items, aikit_floats* vectors, aikit_error** error) {
    return blocking(kit, error, [&](KitPointer const& object) -> Result<void> {
        if (Result<void> given = required(items, "items"); !given) return given;
        Result<Work> const work = ids_of(object, collection, collection_size, ids, ids_size, get_work);
        if (!work) return work.error();
        Result<Reply> const reply = run(object, *work);
        if (!reply) return reply.error();
        aikit_bytes text = make_bytes(reply->json);
        if (vectors != nullptr) {
            try {
                *vectors = make_floats(*reply->vectors);
            } catch (...) {
                aikit_bytes_free(&text);
                throw;
            }
        }
        *items = text;
        return ok();
    });
}

aikit_status aikit_vectors_get_start(aikit_kit* kit, char const* collection, size_t collection_size, char const* ids,
                                     size_t ids_size, aikit_done_cb on_done, void* user, aikit_op** out,
                                     aikit_error** error) {
    return starting(kit, Listener(on_done, user), out, error, [&](KitPointer const& object, Listener&) {
        return ids_of(object, collection, collection_size, ids, ids_size, get_work);
    });
}

aikit_status aikit_vectors_count(aikit_kit* kit, char const* collection, size_t collection_size, int64_t* out,
                                 aikit_error** error) {
    return blocking(kit, error, [&](KitPointer const& object) -> Result<void> {
        if (Result<void> given = required(out, "out"); !given) return given;
        Result<Work> const work = count_of(object, collection, collection_size);
        if (!work) return work.error();
        Result<Reply> const reply = run(object, *work);
        if (!reply) return reply.error();
        *out = number_in(*reply, "count");
        return ok();
    });
}

aikit_status aikit_vectors_count_start(aikit_kit* kit, char const* collection, size_t collection_size,
                                       aikit_done_cb on_done, void* user, aikit_op** out, aikit_error** error) {
    return starting(kit, Listener(on_done, user), out, error,
                    [&](KitPointer const& object, Listener&) { return count_of(object, collection, collection_size); });
}

aikit_status aikit_vectors_search(aikit_kit* kit, char const* collection, size_t collection_size, char const* query,
                                  size_t query_size, float const* vector, size_t dimensions, aikit_bytes* hits,
                                  aikit_error** error) {
    return blocking_reply(kit, hits, "hits", error, [&](KitPointer const& object) {
        return search_of(object, collection, collection_size, query, query_size, vector, dimensions);
    });
}

aikit_status aikit_vectors_search_start(aikit_kit* kit, char const* collection, size_t collection_size,
                                        char const* query, size_t query_size, float const* vector, size_t dimensions,
                                        aikit_done_cb on_done, void* user, aikit_op** out, aikit_error** error) {
    return starting(kit, Listener(on_done, user), out, error, [&](KitPointer const& object, Listener&) {
        return search_of(object, collection, collection_size, query, query_size, vector, dimensions);
    });
}
