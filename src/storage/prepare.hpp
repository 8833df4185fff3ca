// SPDX-License-Identifier: MIT
// storage/prepare.hpp - deciding whether a file is ours, and bringing its schema up to date.
#ifndef AIKIT_SRC_STORAGE_PREPARE_HPP
#define AIKIT_SRC_STORAGE_PREPARE_HPP

#include "storage/schema.hpp"
#include "storage/sqlite.hpp"

#include <aikit/storage/database.hpp>

namespace aikit::inline v0::storage {

/// Refuses what is not ours before SQLite touches it: a missing file or folder, a folder, another program's database,
/// anything that is no database. An empty file, or a database with nothing in it, may become a store.
Result<void> check_file(DatabaseConfig const& config);

/// Runs the migrations that are missing, each in a transaction of its own; several processes may do so at once.
/// Errors: storage when the file is of a newer aikit.
Result<void> migrate(Connection& connection, std::span<Migration const> steps);

/// For a connection that must not write: the schema has to be exactly of this version.
Result<void> check_schema(Connection& connection, std::span<Migration const> steps);

/// Switches the file to write-ahead logging, waiting for others up to `patience`.
Result<void> use_write_ahead_log(Connection& connection, std::chrono::milliseconds patience);

}  // namespace aikit::inline v0::storage

#endif  // AIKIT_SRC_STORAGE_PREPARE_HPP
