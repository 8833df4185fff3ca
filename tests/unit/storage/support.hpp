// SPDX-License-Identifier: MIT
// tests/unit/storage/support.hpp - stores in scratch folders, and the few statements the storage tests use.
#ifndef AIKIT_TESTS_UNIT_STORAGE_SUPPORT_HPP
#define AIKIT_TESTS_UNIT_STORAGE_SUPPORT_HPP

#include "storage/connection.hpp"

#include <aikit/storage/database.hpp>
#include <aikit/testing/run.hpp>

#include <doctest/doctest.h>

#include <filesystem>
#include <set>
#include <string>

/// What doctest prints of an outcome.
template <class T>
struct doctest::StringMaker<boost::system::result<T, aikit::Error>> {
    static String convert(boost::system::result<T, aikit::Error> const& result) {
        if (result) return "a value";
        aikit::Error const& error = result.error();
        return (std::string(aikit::name(error.code)) + ": " + error.message + " [" + error.remote_detail + "]").c_str();
    }
};

namespace aikit::inline v0::storage {

/// An empty folder of this test's own, removed at its end.
class Scratch {
public:
    explicit Scratch(std::string const& name) : folder_(std::filesystem::path(AIKIT_TEST_SCRATCH) / name) {
        std::filesystem::remove_all(folder_);
        std::filesystem::create_directories(folder_);
    }
    Scratch(Scratch const&) = delete;
    Scratch& operator=(Scratch const&) = delete;
    ~Scratch() {
        std::error_code ignored;
        std::filesystem::remove_all(folder_, ignored);
    }

    std::string operator/(std::string const& name) const { return (folder_ / name).string(); }

private:
    std::filesystem::path folder_;
};

inline DatabaseConfig at(std::string path) {
    DatabaseConfig config;
    config.path = std::move(path);
    return config;
}

inline Database open(Runtime const& runtime, DatabaseConfig config) {
    Result<Database> opened = testing::run(Database::open(runtime, std::move(config)));
    REQUIRE(opened);
    return *opened;
}

/// The code with which opening fails; the sentence goes to `message`.
inline Errc open_failure(Runtime const& runtime, DatabaseConfig config, std::string* message = nullptr) {
    Result<Database> opened = testing::run(Database::open(runtime, std::move(config)));
    REQUIRE_FALSE(opened.has_value());
    if (message != nullptr) *message = opened.error().message;
    return opened.error().code;
}

using Work = std::function<Result<void>(Connection&)>;

/// A table of numbers, for tests that count what survived.
inline Work make_table() {
    return [](Connection& db) {
        return db.script("CREATE TABLE IF NOT EXISTS note (id INTEGER PRIMARY KEY, body TEXT) STRICT");
    };
}

inline Work insert(std::int64_t id, std::string body = "x") {
    return [id, body](Connection& db) {
        Statement add(db, "INSERT INTO note (id, body) VALUES ($1, $2)");
        return add.bind(1, id).bind(2, body).run();
    };
}

inline Result<void> write(Database const& db, Work work) {
    return testing::run(db.write<void>(std::move(work)));
}

inline Result<std::set<std::int64_t>> ids(Database const& db) {
    std::function<Result<std::set<std::int64_t>>(Connection&)> work =
        [](Connection& c) -> Result<std::set<std::int64_t>> {
        std::set<std::int64_t> found;
        Statement all(c, "SELECT id FROM note");
        while (all.step()) found.insert(all.integer(0));
        if (Result<void> done = all.done(); !done) return done.error();
        return found;
    };
    return testing::run(db.read<std::set<std::int64_t>>(std::move(work)));
}

}  // namespace aikit::inline v0::storage

#endif  // AIKIT_TESTS_UNIT_STORAGE_SUPPORT_HPP
