// SPDX-License-Identifier: MIT
// storage/sqlite.hpp - what stands behind Connection: one SQLite handle, its statements, and what its codes mean.
#ifndef AIKIT_SRC_STORAGE_SQLITE_HPP
#define AIKIT_SRC_STORAGE_SQLITE_HPP

#include "storage/connection.hpp"

#include <chrono>
#include <functional>
#include <string>
#include <unordered_map>
#include <vector>

struct sqlite3;
struct sqlite3_stmt;

namespace aikit::inline v0::storage {

/// A compiled statement and where its parameters $1, $2, ... stand.
struct Compiled {
    sqlite3_stmt* statement = nullptr;
    std::vector<int> slots;  ///< slots[n] is SQLite's number of "$n"; 0: the text has no such parameter.
    bool in_use = false;
    bool cached = false;
};

/// Used by one thread at a time.
struct Connection::Body {
    Body() = default;
    Body(Body const&) = delete;
    Body& operator=(Body const&) = delete;
    ~Body();

    struct Hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>()(text); }
    };

    sqlite3* db = nullptr;
    std::string path;   ///< As it is told in errors; empty for a store in memory.
    int wal_pages = 0;  ///< Pages in the write-ahead log after the last commit of this connection.

    /// Statements by their text; unique_ptr keeps them in place while the table grows.
    std::unordered_map<std::string, std::unique_ptr<Compiled>, Hash, std::equal_to<>> statements;

    /// From the cache or new; null with `error` set when it cannot be compiled.
    Compiled* take(std::string_view sql, std::optional<Error>& error);
    void give_back(Compiled* compiled) noexcept;

    /// The Error of a code that this connection has just returned.
    Error error(int code) const;
};

/// What a result code of SQLite means to our callers. `detail` is SQLite's own text, for remote_detail.
Error sqlite_error(int code, std::string const& path, std::string_view detail);

enum class Access { read_only, read_write, create };

struct ConnectionConfig {
    ConnectionConfig() = default;

    std::string path;  ///< Absolute; empty: in memory.
    Access access = Access::read_write;
    std::chrono::milliseconds busy_timeout{0};
    bool survive_power_cut = true;
    bool query_only = false;
};

/// Opens a handle and sets what holds for all of ours. Touches nothing in the file.
Result<std::unique_ptr<Connection>> open_connection(ConnectionConfig const& config);

/// Copies what stands in the write-ahead log into the file, as far as readers allow, without waiting for anybody.
/// `shrink`: also empties the log file when nobody reads it. The answer is whether all was copied.
bool checkpoint(Connection& connection, bool shrink) noexcept;

/// True while a transaction is open: some errors make SQLite roll back by itself.
bool in_transaction(Connection& connection) noexcept;

}  // namespace aikit::inline v0::storage

#endif  // AIKIT_SRC_STORAGE_SQLITE_HPP
