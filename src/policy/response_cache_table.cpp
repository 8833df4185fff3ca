// SPDX-License-Identifier: MIT
// policy/response_cache_table.cpp - rows with a checksum, removed a few at a time.
#include "policy/response_cache_table.hpp"

#include "policy/response_cache_packed.hpp"

namespace aikit::inline v0::policy {
namespace {

using storage::Connection;
using storage::Statement;
using storage::to_micros;

// Some 64 rows of a mebibyte each are freed in well under 50 ms; more would hold up other writers.
constexpr std::int64_t slice = 64;

std::span<std::byte const> bytes_of(std::string const& text) {
    return std::as_bytes(std::span(text.data(), text.size()));
}

/// Over all that a row says, so that no column can be changed without it.
std::string checksum_of(KeptReply const& kept, std::string_view body) {
    packed::Packer out(packed::Media::whole);
    out.add(hex(kept.key)).add(kept.tenant).add(kept.user).add(to_micros(kept.created)).add(to_micros(kept.expires));
    out.add(kept.size).add(kept.cost ? std::optional<std::int64_t>(kept.cost->nanos()) : std::nullopt);
    return hex(Sha256().add(out.text()).add(body).finish());
}

}  // namespace

Result<FoundRow> find_row(Connection& db, CacheKey const& key, SystemTime now) {
    Statement find(db,
                   "SELECT tenant, member, created, expires, size, cost, body, checksum FROM cached_reply WHERE key = "
                   "$1");
    find.bind(1, hex(key));
    FoundRow found;
    if (!find.step()) {
        if (Result<void> const done = find.done(); !done) return done.error();
        return found;
    }
    auto const kept = std::make_shared<KeptReply>();
    kept->key = key;
    kept->tenant = find.text(0);
    kept->user = find.text(1);
    kept->created = storage::from_micros(find.integer(2));
    kept->expires = storage::from_micros(find.integer(3));
    kept->size = find.integer(4);
    if (!find.is_null(5)) kept->cost = Money::nanos(find.integer(5));
    std::span<std::byte const> const blob = find.blob(6);
    std::string_view const body(reinterpret_cast<char const*>(blob.data()), blob.size());
    found.corrupt = find.text(7) != checksum_of(*kept, body) || !unpack(body, *kept);
    if (!found.corrupt && kept->expires > now) found.kept = kept;
    return found;
}

Result<void> put_row(Connection& db, KeptReply const& kept, std::string const& body) {
    Statement put(db, R"(
        INSERT INTO cached_reply (key, tenant, member, created, expires, used, size, cost, body, checksum)
        VALUES ($1, $2, $3, $4, $5, $4, $6, $7, $8, $9)
        ON CONFLICT (key) DO UPDATE SET tenant = $2, member = $3, created = $4, expires = $5, used = $4, size = $6,
                                        cost = $7, body = $8, checksum = $9)");
    put.bind(1, hex(kept.key)).bind(2, kept.tenant).bind(3, kept.user);
    put.bind(4, to_micros(kept.created)).bind(5, to_micros(kept.expires)).bind(6, kept.size);
    put.bind(7, kept.cost ? std::optional<std::int64_t>(kept.cost->nanos()) : std::nullopt);
    put.bind_blob(8, bytes_of(body)).bind(9, checksum_of(kept, body));
    return put.run();
}

Result<void> note_use(Connection& db, CacheKey const& key, SystemTime now) {
    Statement note(db, "UPDATE cached_reply SET used = $2 WHERE key = $1");
    note.bind(1, hex(key)).bind(2, to_micros(now));
    return note.run();
}

Result<void> remove_row(Connection& db, CacheKey const& key) {
    Statement remove(db, "DELETE FROM cached_reply WHERE key = $1");
    remove.bind(1, hex(key));
    return remove.run();
}

Result<std::int64_t> remove_rows(Connection& db, RowsOf const& whose) {
    Statement remove(db, R"(
        DELETE FROM cached_reply WHERE key IN (
            SELECT key FROM cached_reply WHERE $1 = 1 OR (tenant = $2 AND (member = $3 OR $3 = '')) LIMIT $4))");
    remove.bind(1, whose.all).bind(2, whose.tenant).bind(3, whose.user).bind(4, slice);
    if (Result<void> const done = remove.run(); !done) return done.error();
    return db.changes();
}

Result<std::int64_t> remove_expired(Connection& db, SystemTime now) {
    Statement remove(db, R"(
        DELETE FROM cached_reply WHERE key IN (
            SELECT key FROM cached_reply WHERE expires <= $1 ORDER BY expires LIMIT $2))");
    remove.bind(1, to_micros(now)).bind(2, slice);
    if (Result<void> const done = remove.run(); !done) return done.error();
    return db.changes();
}

Result<StoredReplies> stored_rows(Connection& db, SystemTime now) {
    Statement sum(db, "SELECT count(*), total(size), total(cost) FROM cached_reply WHERE expires > $1");
    sum.bind(1, to_micros(now));
    Result<StoredReplies> stored;
    if (sum.step()) {
        stored->entries = sum.integer(0);
        stored->bytes = sum.integer(1);
        stored->worth = Money::nanos(sum.integer(2));
    }
    if (Result<void> const done = sum.done(); !done) return done.error();
    return stored;
}

Result<std::int64_t> remove_least_used(Connection& db, RowTotals const& most) {
    Result<RowTotals> const totals = count_rows(db);
    if (!totals) return totals.error();
    std::int64_t entries = totals->entries - most.entries;
    std::int64_t bytes = totals->bytes - most.bytes;
    if (entries <= 0 && bytes <= 0) return std::int64_t{0};
    // From the oldest on until both are reached: the row that reaches them is the last to go.
    std::vector<std::string> keys;
    {
        Statement find(db, "SELECT key, size FROM cached_reply ORDER BY used, size LIMIT $1");
        find.bind(1, slice);
        while ((entries > 0 || bytes > 0) && find.step()) {
            keys.emplace_back(find.text(0));
            --entries;
            bytes -= find.integer(1);
        }
        if (Result<void> const done = find.done(); !done) return done.error();
    }
    Statement remove(db, "DELETE FROM cached_reply WHERE key = $1");
    for (std::string const& key : keys) {
        remove.bind(1, key);
        if (Result<void> const done = remove.run(); !done) return done.error();
        remove.reset();
    }
    return static_cast<std::int64_t>(keys.size());
}

Result<RowTotals> count_rows(Connection& db) {
    Statement count(db, "SELECT count(*), coalesce(sum(size), 0) FROM cached_reply");
    RowTotals totals;
    if (count.step()) {
        totals.entries = count.integer(0);
        totals.bytes = count.integer(1);
    }
    if (Result<void> const done = count.done(); !done) return done.error();
    return totals;
}

}  // namespace aikit::inline v0::policy
