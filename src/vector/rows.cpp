// SPDX-License-Identifier: MIT
// vector/rows.cpp - reading and writing collections and items. A replaced item gets a new label, so a label names one
// vector for ever.
#include "vector/rows.hpp"

#include "vector/metric.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

namespace aikit::inline v0::vector {
namespace {

using storage::Connection;
using storage::Statement;

static_assert(std::endian::native == std::endian::little, "vectors are stored little-endian");

/// About how many removals are remembered for graphs that were made before them; older graphs are made again.
constexpr int remembered_removals = 8'192;

CollectionRow row_of(Statement const& found) {
    CollectionRow row;
    row.id = found.integer(0);
    row.config.name = std::string(found.text(1));
    row.config.dimensions = static_cast<int>(found.integer(2));
    row.config.metric = metric_from_name(found.text(3)).value_or(Metric::cosine);
    row.config.model = std::string(found.text(4));
    row.created = found.integer(5);
    row.change = found.integer(6);
    row.forgotten = found.integer(7);
    row.items = found.integer(8);
    row.vectors = found.integer(9);
    row.texts = found.integer(10);
    row.words = found.integer(11);
    row.image = found.integer(12);
    return row;
}

Error no_collection(std::string const& name) {
    return fail(Errc::not_found, "there is no collection \"" + name + "\": open it first");
}

/// One item taken out of all tables. `gone`: its label is kept for graphs that still have it.
Result<void> erase_item(Connection& db, CollectionRow& row, std::int64_t label, std::string const& text,
                        bool had_vector, bool keep_label) {
    Indexed const words = indexed(row.id, text);
    if (words.count > 0) {
        // A contentless table has to be told what it forgets.
        Statement forget(db, "INSERT INTO item_text (item_text, rowid, words) VALUES ('delete', $1, $2)");
        if (Result<void> done = forget.bind(1, label).bind(2, words.terms).run(); !done) return done;
        Statement length(db, "DELETE FROM item_length WHERE label = $1");
        if (Result<void> done = length.bind(1, label).run(); !done) return done;
    }
    Statement item(db, "DELETE FROM item WHERE label = $1");
    if (Result<void> done = item.bind(1, label).run(); !done) return done;
    if (had_vector && keep_label) {
        Statement keep(db, "INSERT INTO removed (collection, change, label) VALUES ($1, $2, $3)");
        if (Result<void> done = keep.bind(1, row.id).bind(2, row.change).bind(3, label).run(); !done) return done;
    }
    row.items -= 1;
    row.vectors -= had_vector ? 1 : 0;
    row.texts -= words.count > 0 ? 1 : 0;
    row.words -= words.count;
    return ok();
}

/// True when there was one.
Result<bool> erase_by_id(Connection& db, CollectionRow& row, std::string const& id) {
    std::int64_t label = 0;
    std::string text;
    bool had_vector = false;
    {
        Statement find(db, "SELECT label, text, length(vector) FROM item WHERE collection = $1 AND id = $2");
        find.bind(1, row.id).bind(2, id);
        bool const there = find.step();
        if (Result<void> done = find.done(); !done) return done.error();
        if (!there) return false;
        label = find.integer(0);
        text = std::string(find.text(1));
        had_vector = find.integer(2) > 0;
    }
    if (Result<void> done = erase_item(db, row, label, text, had_vector, true); !done) return done.error();
    return true;
}

Result<void> insert_item(Connection& db, CollectionRow& row, NewItem const& entry) {
    Item const& item = entry.item;
    Statement add(db,
                  "INSERT INTO item (collection, id, change, text, metadata, vector) VALUES ($1, $2, $3, $4, $5, $6)");
    add.bind(1, row.id).bind(2, item.id).bind(3, row.change).bind(4, item.text);
    add.bind(5, item.metadata.empty() ? std::string_view("{}") : std::string_view(item.metadata));
    add.bind_blob(6, std::as_bytes(std::span(item.vector)));
    if (Result<void> done = add.run(); !done) return done;
    std::int64_t const label = db.last_row_id();
    if (entry.words.count > 0) {
        Statement words(db, "INSERT INTO item_text (rowid, words) VALUES ($1, $2)");
        if (Result<void> done = words.bind(1, label).bind(2, entry.words.terms).run(); !done) return done;
        Statement length(db, "INSERT INTO item_length (label, words) VALUES ($1, $2)");
        if (Result<void> done = length.bind(1, label).bind(2, entry.words.count).run(); !done) return done;
    }
    row.items += 1;
    row.vectors += item.vector.empty() ? 0 : 1;
    row.texts += entry.words.count > 0 ? 1 : 0;
    row.words += entry.words.count;
    return ok();
}

/// Numbered by the time, so that a copy of the file that goes another way seldom repeats a number.
std::int64_t next_change(CollectionRow const& row, std::int64_t now) {
    return std::max(row.change + 1, now);
}

Result<void> forget_old_removals(Connection& db, CollectionRow& row) {
    Statement find(db,
                   "SELECT change FROM removed WHERE collection = $1 ORDER BY change DESC, label LIMIT 1 OFFSET $2");
    find.bind(1, row.id).bind(2, remembered_removals);
    bool const there = find.step();
    if (Result<void> done = find.done(); !done) return done;
    if (!there) return ok();
    row.forgotten = std::max(row.forgotten, find.integer(0));
    Statement forget(db, "DELETE FROM removed WHERE collection = $1 AND change <= $2");
    return forget.bind(1, row.id).bind(2, row.forgotten).run();
}

Result<void> store_totals(Connection& db, CollectionRow const& row) {
    Statement update(
        db,
        "UPDATE collection SET change = $2, forgotten = $3, items = $4, vectors = $5, texts = $6, words = $7 "
        "WHERE id = $1");
    update.bind(1, row.id).bind(2, row.change).bind(3, row.forgotten).bind(4, row.items).bind(5, row.vectors);
    return update.bind(6, row.texts).bind(7, row.words).run();
}

}  // namespace

Result<CollectionRow> find_collection(Connection& db, std::string const& name) {
    Statement find(
        db,
        "SELECT id, name, dimensions, metric, model, created, change, forgotten, items, vectors, texts, words, image "
        "FROM collection WHERE name = $1");
    bool const there = find.bind(1, name).step();
    if (Result<void> done = find.done(); !done) return done.error();
    if (!there) return no_collection(name);
    return row_of(find);
}

Result<std::vector<CollectionRow>> all_collections(Connection& db) {
    std::vector<CollectionRow> rows;
    Statement find(
        db,
        "SELECT id, name, dimensions, metric, model, created, change, forgotten, items, vectors, texts, words, image "
        "FROM collection WHERE name IS NOT NULL ORDER BY name");
    while (find.step()) rows.push_back(row_of(find));
    if (Result<void> done = find.done(); !done) return done.error();
    return rows;
}

Result<void> insert_collection(Connection& db, CollectionConfig const& config, std::int64_t now) {
    Statement add(
        db,
        "INSERT INTO collection (name, dimensions, metric, model, created, change, forgotten, items, vectors, "
        "texts, words, image) VALUES ($1, $2, $3, $4, $5, 0, 0, 0, 0, 0, 0, 0)");
    add.bind(1, config.name).bind(2, config.dimensions).bind(3, name(config.metric)).bind(4, config.model).bind(5, now);
    return add.run();
}

Result<std::int64_t> seal_image(Connection& db, std::int64_t collection, std::int64_t seal) {
    std::int64_t before = 0;
    {
        Statement find(db, "SELECT image FROM collection WHERE id = $1");
        if (find.bind(1, collection).step()) before = find.integer(0);
        if (Result<void> done = find.done(); !done) return done.error();
    }
    Statement update(db, "UPDATE collection SET image = $2 WHERE id = $1");
    if (Result<void> done = update.bind(1, collection).bind(2, seal).run(); !done) return done.error();
    return before;
}

Result<std::int64_t> hide_collection(Connection& db, std::string const& name) {
    Result<CollectionRow> const row = find_collection(db, name);
    if (!row) return row.error();
    Statement hide(db, "UPDATE collection SET name = NULL WHERE id = $1");
    if (Result<void> done = hide.bind(1, row->id).run(); !done) return done.error();
    return row->id;
}

Result<std::vector<CollectionRow>> hidden_collections(Connection& db) {
    std::vector<CollectionRow> rows;
    Statement find(db, "SELECT id, image FROM collection WHERE name IS NULL ORDER BY id");
    while (find.step()) {
        CollectionRow row;
        row.id = find.integer(0);
        row.image = find.integer(1);
        rows.push_back(std::move(row));
    }
    if (Result<void> done = find.done(); !done) return done.error();
    return rows;
}

Result<bool> sweep_collection(Connection& db, std::int64_t id, int most) {
    struct Doomed {
        std::int64_t label;
        std::string text;
    };
    std::vector<Doomed> doomed;
    {
        Statement find(db, "SELECT label, text FROM item WHERE collection = $1 LIMIT $2");
        find.bind(1, id).bind(2, most);
        while (find.step()) doomed.push_back({find.integer(0), std::string(find.text(1))});
        if (Result<void> done = find.done(); !done) return done.error();
    }
    CollectionRow row;
    row.id = id;
    for (Doomed const& item : doomed) {
        if (Result<void> done = erase_item(db, row, item.label, item.text, false, false); !done) return done.error();
    }
    if (!doomed.empty()) return false;
    Statement removed(db, "DELETE FROM removed WHERE collection = $1");
    if (Result<void> done = removed.bind(1, id).run(); !done) return done.error();
    Statement collection(db, "DELETE FROM collection WHERE id = $1 AND name IS NULL");
    if (Result<void> done = collection.bind(1, id).run(); !done) return done.error();
    return true;
}

Result<void> put_items(Connection& db, CollectionRow row, std::vector<NewItem> const& items, std::int64_t now) {
    row.change = next_change(row, now);
    bool replaced = false;
    for (NewItem const& entry : items) {
        Result<bool> const there = erase_by_id(db, row, entry.item.id);
        if (!there) return there.error();
        replaced = replaced || *there;
        if (Result<void> done = insert_item(db, row, entry); !done) return done;
    }
    if (replaced) {
        if (Result<void> done = forget_old_removals(db, row); !done) return done;
    }
    return store_totals(db, row);
}

Result<std::int64_t> remove_items(Connection& db, CollectionRow row, std::vector<std::string> const& ids,
                                  std::int64_t now) {
    row.change = next_change(row, now);
    std::int64_t count = 0;
    for (std::string const& id : ids) {
        Result<bool> const there = erase_by_id(db, row, id);
        if (!there) return there.error();
        count += *there ? 1 : 0;
    }
    if (count == 0) return count;
    if (Result<void> done = forget_old_removals(db, row); !done) return done.error();
    if (Result<void> done = store_totals(db, row); !done) return done.error();
    return count;
}

Result<std::vector<Item>> items_by_id(Connection& db, std::int64_t collection, std::vector<std::string> const& ids) {
    std::vector<Item> items;
    for (std::string const& id : ids) {
        Statement find(db, "SELECT text, metadata, vector FROM item WHERE collection = $1 AND id = $2");
        if (find.bind(1, collection).bind(2, id).step()) {
            Item item;
            item.id = id;
            item.text = std::string(find.text(0));
            item.metadata = std::string(find.text(1));
            std::span<std::byte const> const bytes = find.blob(2);
            item.vector.resize(bytes.size() / sizeof(float));
            if (!item.vector.empty()) std::memcpy(item.vector.data(), bytes.data(), item.vector.size() * sizeof(float));
            items.push_back(std::move(item));
        }
        if (Result<void> done = find.done(); !done) return done.error();
    }
    return items;
}

Result<Delta> read_delta(Connection& db, CollectionRow const& row, std::int64_t from) {
    auto const dimensions = static_cast<std::size_t>(row.config.dimensions);
    Delta delta(dimensions);
    delta.from = from < row.forgotten ? -1 : from;
    delta.to = row.change;
    if (delta.from < 0) delta.added.reserve(static_cast<std::size_t>(std::max<std::int64_t>(row.vectors, 0)));
    std::vector<float> values(dimensions);
    Statement added(db, "SELECT label, vector FROM item WHERE collection = $1 AND change > $2");
    added.bind(1, row.id).bind(2, delta.from);
    while (added.step()) {
        std::span<std::byte const> const bytes = added.blob(1);
        if (bytes.empty()) continue;
        if (bytes.size() != dimensions * sizeof(float)) {
            return fail(Errc::storage, "the store is damaged: a vector has another size than its collection");
        }
        std::memcpy(values.data(), bytes.data(), bytes.size());
        std::vector<float> const ready = prepared(row.config.metric, values);
        delta.added.add(static_cast<std::uint64_t>(added.integer(0)), ready.data());
    }
    if (Result<void> done = added.done(); !done) return done.error();
    if (delta.from < 0) return delta;
    Statement removed(db, "SELECT label FROM removed WHERE collection = $1 AND change > $2");
    removed.bind(1, row.id).bind(2, delta.from);
    while (removed.step()) delta.removed.push_back(static_cast<std::uint64_t>(removed.integer(0)));
    if (Result<void> done = removed.done(); !done) return done.error();
    return delta;
}

}  // namespace aikit::inline v0::vector
