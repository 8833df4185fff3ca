// SPDX-License-Identifier: MIT
// storage/prepare.cpp - deciding whether a file is ours, and bringing its schema up to date.
#include "storage/prepare.hpp"

#include <array>
#include <filesystem>
#include <fstream>
#include <system_error>
#include <thread>

namespace aikit::inline v0::storage {
namespace {

namespace fs = std::filesystem;

/// The SQLite file format, https://www.sqlite.org/fileformat2.html section 1.3: the header's 100 bytes.
constexpr std::size_t header_size = 100;
constexpr std::string_view magic("SQLite format 3\0", 16);
constexpr std::size_t at_write_version = 18;  ///< 2: write-ahead logging.
constexpr std::size_t at_application_id = 68;

using Header = std::array<char, header_size>;

std::int64_t big_endian(Header const& header, std::size_t at) {
    std::int64_t value = 0;
    for (std::size_t i = 0; i < 4; ++i) value = value * 256 + static_cast<unsigned char>(header[at + i]);
    return value;
}

Error foreign(std::string const& path) {
    return fail(Errc::storage, path + " belongs to another program: choose another file for the store");
}

Error no_permission(std::string const& path) {
    return fail(Errc::permission,
                "this program may not use " + path + ": check the permissions of the file and its folder");
}

Result<void> check_missing(DatabaseConfig const& config) {
    std::error_code failed;
    fs::path const folder = fs::path(config.path).parent_path();
    bool const there = fs::is_directory(folder, failed);
    if (failed == std::errc::permission_denied) return no_permission(config.path);
    if (!there) return fail(Errc::not_found, "the folder of " + config.path + " does not exist: make it first");
    if (!config.create || config.read_only) return fail(Errc::not_found, "there is no store at " + config.path);
    return ok();
}

/// A database without our mark may be taken over when there is nothing in it.
Result<void> check_unmarked(std::string const& path, Header const& header) {
    if (big_endian(header, at_application_id) != 0 || header[at_write_version] != 1) return foreign(path);
    ConnectionConfig reading;
    reading.path = path;
    reading.access = Access::read_only;
    Result<std::unique_ptr<Connection>> connection = open_connection(reading);
    if (!connection) return connection.error();
    Statement tables(**connection, "SELECT count(*) FROM sqlite_schema");
    bool const empty = tables.step() && tables.integer(0) == 0;
    if (Result<void> done = tables.done(); !done) return done.error();
    if (!empty) return foreign(path);
    return ok();
}

Result<std::int64_t> pragma(Connection& connection, std::string_view sql) {
    Statement ask(connection, sql);
    std::int64_t const value = ask.step() ? ask.integer(0) : 0;
    if (Result<void> done = ask.done(); !done) return done.error();
    return value;
}

Error newer(Connection& connection) {
    std::string const& path = connection.body().path;
    return fail(Errc::storage, path + " was written by a newer aikit: use that version, or another file");
}

/// Inside its transaction: another process may have been quicker.
Result<void> run_step(Connection& connection, Migration const& step) {
    Result<std::int64_t> version = pragma(connection, "PRAGMA user_version");
    if (!version) return version.error();
    if (*version >= step.number) return ok();
    if (Result<void> done = connection.script(step.sql); !done) return done.error();
    // Pragmas take no bound values; both are constants of this library.
    return connection.script("PRAGMA application_id = " + std::to_string(application_id) +
                             "; PRAGMA user_version = " + std::to_string(step.number) + ";");
}

}  // namespace

Result<void> check_file(DatabaseConfig const& config) {
    std::string const& path = config.path;
    std::error_code failed;
    fs::file_status const status = fs::status(path, failed);
    if (failed == std::errc::permission_denied) return no_permission(path);
    if (status.type() == fs::file_type::not_found) return check_missing(config);
    if (status.type() != fs::file_type::regular) {
        return fail(Errc::storage, path + " is not a file: choose a file for the store");
    }
    std::uintmax_t const size = fs::file_size(path, failed);
    if (failed) return no_permission(path);
    if (size == 0) {
        if (config.read_only || !config.create)
            return fail(Errc::not_found, "there is no store at " + path + ": the file is empty");
        return ok();
    }
    std::ifstream file(path, std::ios::binary);
    if (!file) return no_permission(path);
    Header header{};
    file.read(header.data(), header.size());
    std::string_view const start(header.data(), magic.size());
    if (file.gcount() != static_cast<std::streamsize>(header.size()) || start != magic) {
        return fail(Errc::storage,
                    path + " is not a store of aikit, or its beginning is damaged: nothing was changed in it");
    }
    file.close();
    if (big_endian(header, at_application_id) == application_id) return ok();
    return check_unmarked(path, header);
}

Result<void> migrate(Connection& connection, std::span<Migration const> steps) {
    Result<std::int64_t> version = pragma(connection, "PRAGMA user_version");
    if (!version) return version.error();
    if (*version > steps.back().number) return newer(connection);
    for (Migration const& step : steps) {
        if (step.number <= *version) continue;
        if (Result<void> begun = connection.script("BEGIN IMMEDIATE"); !begun) return begun.error();
        Result<void> done = run_step(connection, step);
        if (done) done = connection.script("COMMIT");
        if (!done) {
            if (in_transaction(connection)) (void)connection.script("ROLLBACK");
            return done.error();
        }
    }
    version = pragma(connection, "PRAGMA user_version");
    if (!version) return version.error();
    if (*version > steps.back().number) return newer(connection);
    return ok();
}

Result<void> check_schema(Connection& connection, std::span<Migration const> steps) {
    Result<std::int64_t> version = pragma(connection, "PRAGMA user_version");
    if (!version) return version.error();
    if (*version > steps.back().number) return newer(connection);
    if (*version < steps.back().number) {
        return fail(Errc::storage, connection.body().path + " was written by an older aikit: open it once for writing");
    }
    return ok();
}

Result<void> use_write_ahead_log(Connection& connection, std::chrono::milliseconds patience) {
    auto const until = std::chrono::steady_clock::now() + patience;
    for (;;) {
        Result<void> done = ok();
        {
            Statement set(connection, "PRAGMA journal_mode = WAL");
            bool const told = set.step();
            bool const set_up = told && set.text(0) == "wal";
            done = set.done();
            if (done && !set_up) {
                done = fail(Errc::storage, "the place of " + connection.body().path +
                                               " does not support write-ahead logging: put the store on a local disk");
            }
        }
        // SQLite does not wait by itself for this lock.
        bool const retry = !done && done.error().code == Errc::busy && std::chrono::steady_clock::now() < until;
        if (!retry) return done;
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
}

}  // namespace aikit::inline v0::storage
