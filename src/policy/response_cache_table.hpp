// SPDX-License-Identifier: MIT
// policy/response_cache_table.hpp - the rows of replies that outlive the process.
#ifndef AIKIT_SRC_POLICY_RESPONSE_CACHE_TABLE_HPP
#define AIKIT_SRC_POLICY_RESPONSE_CACHE_TABLE_HPP

#include "policy/response_cache_key.hpp"
#include "storage/connection.hpp"

namespace aikit::inline v0::policy {

/// What became of looking for a row.
struct FoundRow {
    FoundRow() = default;

    std::shared_ptr<KeptReply const> kept;  ///< Null: none, or one that may not serve.
    bool corrupt = false;                   ///< There is one that is not as it was written.
};

/// A read. A row that is too old is not found.
Result<FoundRow> find_row(storage::Connection& db, CacheKey const& key, SystemTime now);

// Writes, each within a transaction of its own and short.

/// `body` is what pack() gives.
Result<void> put_row(storage::Connection& db, KeptReply const& kept, std::string const& body);
Result<void> note_use(storage::Connection& db, CacheKey const& key, SystemTime now);
Result<void> remove_row(storage::Connection& db, CacheKey const& key);

/// Whose rows. A tenant whose name is empty is one like others.
struct RowsOf {
    RowsOf() = default;

    bool all = false;
    std::string tenant;
    std::string user;  ///< Empty: all of the tenant's.
};

// Each removes at most one slice and says how many rows that were; 0: there are no more.
Result<std::int64_t> remove_rows(storage::Connection& db, RowsOf const& whose);
Result<std::int64_t> remove_expired(storage::Connection& db, SystemTime now);

struct RowTotals {
    RowTotals() = default;

    std::int64_t entries = 0;
    std::int64_t bytes = 0;
};

/// Replies that may still serve, with what they cost.
Result<StoredReplies> stored_rows(storage::Connection& db, SystemTime now);

Result<RowTotals> count_rows(storage::Connection& db);

/// The least recently used, until there are no more than `most`: counted anew, because others remove rows too.
Result<std::int64_t> remove_least_used(storage::Connection& db, RowTotals const& most);

}  // namespace aikit::inline v0::policy

#endif  // AIKIT_SRC_POLICY_RESPONSE_CACHE_TABLE_HPP
