// SPDX-License-Identifier: MIT
// vector/rows.hpp - collections and items in the store's tables.
#ifndef AIKIT_SRC_VECTOR_ROWS_HPP
#define AIKIT_SRC_VECTOR_ROWS_HPP

#include "storage/connection.hpp"
#include "vector/index.hpp"
#include "vector/keywords.hpp"

#include <aikit/vector/store.hpp>

namespace aikit::inline v0::vector {

/// A row of `collection`.
struct CollectionRow {
    CollectionRow() = default;

    std::int64_t id = 0;
    CollectionConfig config;
    std::int64_t created = 0;
    std::int64_t change = 0;
    std::int64_t forgotten = 0;
    std::int64_t items = 0;
    std::int64_t vectors = 0;
    std::int64_t texts = 0;
    std::int64_t words = 0;
    std::int64_t image = 0;
};

/// Errors: not_found.
Result<CollectionRow> find_collection(storage::Connection& db, std::string const& name);

/// By name.
Result<std::vector<CollectionRow>> all_collections(storage::Connection& db);

Result<void> insert_collection(storage::Connection& db, CollectionConfig const& config, std::int64_t now);

/// Makes the image of this seal the one to load; the answer is the seal of the one before, 0 for none.
Result<std::int64_t> seal_image(storage::Connection& db, std::int64_t collection, std::int64_t seal);

/// Takes its name away: nobody finds it any more. Errors: not_found.
Result<std::int64_t> hide_collection(storage::Connection& db, std::string const& name);

/// The hidden collections, whose items are still there; only id and image are filled in.
Result<std::vector<CollectionRow>> hidden_collections(storage::Connection& db);

/// Removes up to `most` items of a hidden collection, or the collection when there are none left; true when it is gone.
Result<bool> sweep_collection(storage::Connection& db, std::int64_t id, int most);

/// An item with what was worked out before the transaction.
struct NewItem {
    NewItem() = default;

    Item item;
    Indexed words;
};

/// Writes items in their order, replacing those whose id is there. `row` as read in this transaction.
Result<void> put_items(storage::Connection& db, CollectionRow row, std::vector<NewItem> const& items, std::int64_t now);

/// Removes by id and says how many there were.
Result<std::int64_t> remove_items(storage::Connection& db, CollectionRow row, std::vector<std::string> const& ids,
                                  std::int64_t now);

/// The items of these ids, in their order, those that are missing left out.
Result<std::vector<Item>> items_by_id(storage::Connection& db, std::int64_t collection,
                                      std::vector<std::string> const& ids);

/// What happened after change `from`; below zero, or before what is remembered of removals: all there is.
Result<Delta> read_delta(storage::Connection& db, CollectionRow const& row, std::int64_t from);

}  // namespace aikit::inline v0::vector

#endif  // AIKIT_SRC_VECTOR_ROWS_HPP
