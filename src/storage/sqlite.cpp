// SPDX-License-Identifier: MIT
// storage/sqlite.cpp - opening handles, keeping statements, and turning SQLite's codes into ours.
#include "storage/sqlite.hpp"

#include "storage/fork.hpp"

#include <sqlite3.h>

namespace aikit::inline v0::storage {
namespace {

/// Statements kept per connection; aikit has fewer texts than this.
constexpr std::size_t max_statements = 256;

std::string store_name(std::string const& path) {
    return path.empty() ? std::string("the store in memory") : path;
}

int keep_wal_size(void* body, sqlite3*, char const*, int pages) {
    static_cast<Connection::Body*>(body)->wal_pages = pages;
    return SQLITE_OK;
}

/// Where "$1", "$2", ... stand: SQLite numbers named parameters by their first use, not by their name.
std::vector<int> find_slots(sqlite3_stmt* statement) {
    int const count = sqlite3_bind_parameter_count(statement);
    std::vector<int> slots(static_cast<std::size_t>(count) + 1, 0);
    for (int i = 1; i <= count; ++i) {
        std::string const text = "$" + std::to_string(i);
        slots[static_cast<std::size_t>(i)] = sqlite3_bind_parameter_index(statement, text.c_str());
    }
    return slots;
}

}  // namespace

Error sqlite_error(int code, std::string const& path, std::string_view detail) {
    std::string const name = store_name(path);
    switch (code & 0xff) {
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
            return fail(Errc::busy, name + " is held by another process: try again when it has finished", detail);
        case SQLITE_FULL:
            return fail(Errc::storage, "the disk is full: free space where " + name + " is stored and try again",
                        detail);
        case SQLITE_CORRUPT:
            return fail(Errc::storage, name + " is damaged: restore it from a copy or remove it and ingest again",
                        detail);
        case SQLITE_NOTADB:
            return fail(Errc::storage, name + " is not a store of aikit, or its beginning is damaged", detail);
        case SQLITE_READONLY: return fail(Errc::storage, name + " cannot be written: it is read-only", detail);
        case SQLITE_PERM:
        case SQLITE_AUTH:
            return fail(Errc::permission, "this program may not use " + name + ": check the file's permissions",
                        detail);
        case SQLITE_CANTOPEN:
            return fail(Errc::storage,
                        name + " or the files beside it cannot be opened: check its folder's permissions", detail);
        case SQLITE_IOERR:
            if (code == SQLITE_IOERR_NOMEM) return fail(Errc::out_of_memory, "no memory for work on " + name, detail);
            return fail(Errc::storage, "reading or writing " + name + " failed: check the disk", detail);
        case SQLITE_PROTOCOL: return fail(Errc::busy, "the lock of " + name + " could not be had: try again", detail);
        case SQLITE_NOMEM: return fail(Errc::out_of_memory, "no memory for work on " + name, detail);
        case SQLITE_INTERRUPT:
        case SQLITE_ABORT: return fail(Errc::cancelled, "the work on " + name + " was interrupted", detail);
        case SQLITE_TOOBIG:
            return fail(Errc::invalid_argument, "a value is too large for " + name + ": split it", detail);
        case SQLITE_CONSTRAINT:
            return fail(Errc::invalid_argument, "the change to " + name + " breaks a rule of its tables", detail);
        case SQLITE_ERROR:
            if (detail.find("no such table") != std::string_view::npos) {
                return fail(Errc::storage, name + " is damaged: one of its tables is missing; restore it from a copy",
                            detail);
            }
            [[fallthrough]];
        default:
            return fail(Errc::internal, "an operation on " + name + " failed inside SQLite; please report it", detail);
    }
}

Connection::Body::~Body() {
    for (auto& [sql, compiled] : statements) sqlite3_finalize(compiled->statement);
    sqlite3_close_v2(db);
}

Error Connection::Body::error(int code) const {
    if (code == SQLITE_NOMEM) return sqlite_error(code, path, {});
    std::string const detail =
        "SQLite " + std::to_string(code) + ": " + (db ? sqlite3_errmsg(db) : sqlite3_errstr(code));
    return sqlite_error(code, path, detail);
}

Compiled* Connection::Body::take(std::string_view sql, std::optional<Error>& error) {
    auto const found = statements.find(sql);
    if (found != statements.end() && !found->second->in_use) {
        found->second->in_use = true;
        return found->second.get();
    }
    auto compiled = std::make_unique<Compiled>();
    int const code = sqlite3_prepare_v3(db, sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT,
                                        &compiled->statement, nullptr);
    if (code != SQLITE_OK || compiled->statement == nullptr) {
        error = code == SQLITE_OK ? fail(Errc::internal, "a statement of aikit is empty; please report it")
                                  : this->error(code);
        return nullptr;
    }
    compiled->in_use = true;
    try {
        compiled->slots = find_slots(compiled->statement);
        if (found == statements.end() && statements.size() < max_statements) {
            Compiled* kept = compiled.get();
            statements.emplace(std::string(sql), std::move(compiled));
            kept->cached = true;
            return kept;
        }
    } catch (...) {
        if (compiled) sqlite3_finalize(compiled->statement);
        throw;
    }
    return compiled.release();
}

void Connection::Body::give_back(Compiled* compiled) noexcept {
    if (compiled == nullptr) return;
    if (!compiled->cached) {
        sqlite3_finalize(compiled->statement);
        delete compiled;
        return;
    }
    sqlite3_reset(compiled->statement);
    sqlite3_clear_bindings(compiled->statement);
    compiled->in_use = false;
}

Result<std::unique_ptr<Connection>> open_connection(ConnectionConfig const& config) {
    auto body = std::make_unique<Connection::Body>();
    body->path = config.path;
    int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    if (config.access == Access::read_only) flags |= SQLITE_OPEN_READONLY;
    if (config.access == Access::read_write) flags |= SQLITE_OPEN_READWRITE;
    if (config.access == Access::create) flags |= SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
    char const* const file = config.path.empty() ? ":memory:" : config.path.c_str();
    guard_forks();
    if (int const code = sqlite3_open_v2(file, &body->db, flags, nullptr); code != SQLITE_OK) return body->error(code);

    sqlite3_busy_timeout(body->db, static_cast<int>(config.busy_timeout.count()));
    sqlite3_db_config(body->db, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
    sqlite3_db_config(body->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
    sqlite3_db_config(body->db, SQLITE_DBCONFIG_ENABLE_FKEY, 1, nullptr);
    sqlite3_wal_hook(body->db, keep_wal_size, body.get());
    auto connection = std::make_unique<Connection>(std::move(body));
    // No mmap: an I/O error or a file cut by others must be an error, not a signal.
    std::string settings =
        "PRAGMA mmap_size = 0; PRAGMA temp_store = MEMORY; PRAGMA cell_size_check = ON;"
        "PRAGMA cache_size = -8000; PRAGMA journal_size_limit = 67108864;";
    settings += config.survive_power_cut ? "PRAGMA synchronous = FULL;" : "PRAGMA synchronous = NORMAL;";
    if (config.query_only) settings += "PRAGMA query_only = ON;";
    if (Result<void> done = connection->script(settings); !done) return done.error();
    return connection;
}

bool checkpoint(Connection& connection, bool shrink) noexcept {
    sqlite3* const db = connection.body().db;
    int log_pages = 0;
    int copied = 0;
    int const code = sqlite3_wal_checkpoint_v2(db, nullptr, SQLITE_CHECKPOINT_PASSIVE, &log_pages, &copied);
    bool const whole = code == SQLITE_OK && copied >= log_pages;
    if (whole && shrink) {
        // Nobody is waited for: a busy log is emptied another time.
        int timeout = 0;
        sqlite3_stmt* ask = nullptr;
        if (sqlite3_prepare_v2(db, "PRAGMA busy_timeout", -1, &ask, nullptr) == SQLITE_OK &&
            sqlite3_step(ask) == SQLITE_ROW) {
            timeout = sqlite3_column_int(ask, 0);
        }
        sqlite3_finalize(ask);
        sqlite3_busy_timeout(db, 0);
        sqlite3_wal_checkpoint_v2(db, nullptr, SQLITE_CHECKPOINT_TRUNCATE, nullptr, nullptr);
        sqlite3_busy_timeout(db, timeout);
    }
    return whole;
}

bool in_transaction(Connection& connection) noexcept {
    return sqlite3_get_autocommit(connection.body().db) == 0;
}

}  // namespace aikit::inline v0::storage
