// SPDX-License-Identifier: MIT
// storage/connection.hpp - statements on one connection. SQL is fixed text; values are always bound.
#ifndef AIKIT_SRC_STORAGE_CONNECTION_HPP
#define AIKIT_SRC_STORAGE_CONNECTION_HPP

#include <aikit/core/clock.hpp>
#include <aikit/core/result.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace aikit::inline v0::storage {

class Connection;

/// A prepared statement from the connection's cache, reset when it dies. Parameters are written $1, $2, ...
///
///   Statement find(db, "SELECT id, text FROM chunk WHERE document = $1 AND start >= $2");
///   find.bind(1, document_id).bind(2, start);
///   while (find.step()) use(find.text(0), find.text(1));
///   if (Result<void> done = find.done(); !done) return done.error();
///
/// Errors are kept and told by done(): after one, step() is false and nothing else happens.
class Statement {
public:
    Statement(Connection& connection, std::string_view sql);
    Statement(Statement const&) = delete;
    Statement& operator=(Statement const&) = delete;
    ~Statement();

    Statement& bind(int index, std::int64_t value);
    Statement& bind(int index, int value) { return bind(index, static_cast<std::int64_t>(value)); }
    Statement& bind(int index, bool value) { return bind(index, static_cast<std::int64_t>(value)); }
    Statement& bind(int index, double value);
    Statement& bind(int index, std::string_view text);
    Statement& bind(int index, char const* text) { return bind(index, std::string_view(text)); }
    Statement& bind(int index, std::string const& text) { return bind(index, std::string_view(text)); }

    /// Like bind, without a copy: the bytes must stay until another value is bound, or the statement's end.
    Statement& bind_view(int index, std::string_view text);
    Statement& bind_blob(int index, std::span<std::byte const> bytes);
    Statement& bind_null(int index);
    template <class T>
    Statement& bind(int index, std::optional<T> const& value) {
        return value ? bind(index, *value) : bind_null(index);
    }

    /// True while there is a row.
    bool step();

    /// Runs to the end; for statements without rows.
    Result<void> run();

    /// What went wrong, if anything.
    Result<void> done() const;

    /// Columns of the current row, from 0. Views live until the next step.
    std::int64_t integer(int column) const;
    double real(int column) const;
    std::string_view text(int column) const;
    std::span<std::byte const> blob(int column) const;
    bool is_null(int column) const;

    /// For another run: each value stays until it is bound anew, and what bind_view() bound has to be.
    void reset();

private:
    struct Body;
    std::unique_ptr<Body> body_;
};

class Connection {
public:
    /// Opened by Database only.
    struct Body;
    explicit Connection(std::unique_ptr<Body> body);
    ~Connection();

    /// Runs several statements of fixed text without values (schema).
    Result<void> script(std::string_view sql);

    /// Rows changed by the last statement, and the row id of the last insert.
    std::int64_t changes() const;
    std::int64_t last_row_id() const;

    Body& body() noexcept { return *body_; }

private:
    std::unique_ptr<Body> body_;
};

/// Times are stored as microseconds since 1970, UTC.
inline std::int64_t to_micros(SystemTime time) {
    return time.time_since_epoch().count();
}
inline SystemTime from_micros(std::int64_t micros) {
    return SystemTime(std::chrono::microseconds(micros));
}

}  // namespace aikit::inline v0::storage

#endif  // AIKIT_SRC_STORAGE_CONNECTION_HPP
