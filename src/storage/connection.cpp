// SPDX-License-Identifier: MIT
// storage/connection.cpp - statements: bind, step, read.
#include "storage/connection.hpp"

#include "storage/sqlite.hpp"

#include <sqlite3.h>

namespace aikit::inline v0::storage {

struct Statement::Body {
    Connection::Body* connection = nullptr;
    Compiled* compiled = nullptr;
    std::optional<Error> error;
    bool ended = false;

    ~Body() {
        if (connection != nullptr) connection->give_back(compiled);
    }

    /// For reading columns; null when the text could not be compiled.
    sqlite3_stmt* row() const noexcept { return compiled == nullptr ? nullptr : compiled->statement; }

    /// SQLite's number of parameter $index, or 0 with the error kept.
    int slot(int index) {
        if (error || compiled == nullptr) return 0;
        auto const at = static_cast<std::size_t>(index);
        if (index >= 1 && at < compiled->slots.size() && compiled->slots[at] != 0) return compiled->slots[at];
        error = fail(Errc::internal, "a statement of aikit has no parameter of that number; please report it");
        return 0;
    }

    void bind_text(int index, std::string_view text, sqlite3_destructor_type keep) {
        int const at = slot(index);
        if (at == 0) return;
        char const* const data = text.data() == nullptr ? "" : text.data();  // a null pointer would bind NULL
        check(sqlite3_bind_text64(compiled->statement, at, data, text.size(), keep, SQLITE_UTF8));
    }

    void check(int code) {
        if (code != SQLITE_OK && !error) error = connection->error(code);
    }
};

Statement::Statement(Connection& connection, std::string_view sql) : body_(std::make_unique<Body>()) {
    body_->connection = &connection.body();
    body_->compiled = body_->connection->take(sql, body_->error);
}

Statement::~Statement() = default;

Statement& Statement::bind(int index, std::int64_t value) {
    if (int const slot = body_->slot(index)) body_->check(sqlite3_bind_int64(body_->compiled->statement, slot, value));
    return *this;
}

Statement& Statement::bind(int index, double value) {
    if (int const slot = body_->slot(index)) body_->check(sqlite3_bind_double(body_->compiled->statement, slot, value));
    return *this;
}

Statement& Statement::bind(int index, std::string_view text) {
    body_->bind_text(index, text, SQLITE_TRANSIENT);
    return *this;
}

Statement& Statement::bind_view(int index, std::string_view text) {
    body_->bind_text(index, text, SQLITE_STATIC);
    return *this;
}

Statement& Statement::bind_blob(int index, std::span<std::byte const> bytes) {
    int const slot = body_->slot(index);
    if (slot == 0) return *this;
    void const* const data = bytes.empty() ? static_cast<void const*>("") : bytes.data();
    body_->check(sqlite3_bind_blob64(body_->compiled->statement, slot, data, bytes.size(), SQLITE_TRANSIENT));
    return *this;
}

Statement& Statement::bind_null(int index) {
    if (int const slot = body_->slot(index)) body_->check(sqlite3_bind_null(body_->compiled->statement, slot));
    return *this;
}

bool Statement::step() {
    if (body_->error || body_->ended || body_->compiled == nullptr) return false;
    int const code = sqlite3_step(body_->compiled->statement);
    if (code == SQLITE_ROW) return true;
    body_->ended = true;
    if (code != SQLITE_DONE) body_->check(code);
    // A statement at its end holds no snapshot and no lock.
    sqlite3_reset(body_->compiled->statement);
    return false;
}

Result<void> Statement::run() {
    while (step()) {
    }
    return done();
}

Result<void> Statement::done() const {
    if (body_->error) return *body_->error;
    return ok();
}

std::int64_t Statement::integer(int column) const {
    sqlite3_stmt* const row = body_->row();
    return row == nullptr ? 0 : sqlite3_column_int64(row, column);
}

double Statement::real(int column) const {
    sqlite3_stmt* const row = body_->row();
    return row == nullptr ? 0.0 : sqlite3_column_double(row, column);
}

std::string_view Statement::text(int column) const {
    sqlite3_stmt* const row = body_->row();
    if (row == nullptr) return {};
    auto const* data = reinterpret_cast<char const*>(sqlite3_column_text(row, column));
    if (data == nullptr) return {};
    return {data, static_cast<std::size_t>(sqlite3_column_bytes(row, column))};
}

std::span<std::byte const> Statement::blob(int column) const {
    sqlite3_stmt* const row = body_->row();
    if (row == nullptr) return {};
    auto const* data = static_cast<std::byte const*>(sqlite3_column_blob(row, column));
    if (data == nullptr) return {};
    return {data, static_cast<std::size_t>(sqlite3_column_bytes(row, column))};
}

bool Statement::is_null(int column) const {
    sqlite3_stmt* const row = body_->row();
    return row == nullptr || sqlite3_column_type(row, column) == SQLITE_NULL;
}

void Statement::reset() {
    if (body_->compiled == nullptr) return;
    sqlite3_reset(body_->compiled->statement);
    body_->ended = false;
    body_->error.reset();
}

Connection::Connection(std::unique_ptr<Body> body) : body_(std::move(body)) {}

Connection::~Connection() = default;

Result<void> Connection::script(std::string_view sql) {
    std::string const text(sql);
    int const code = sqlite3_exec(body_->db, text.c_str(), nullptr, nullptr, nullptr);
    if (code != SQLITE_OK) return body_->error(code);
    return ok();
}

std::int64_t Connection::changes() const {
    return sqlite3_changes64(body_->db);
}

std::int64_t Connection::last_row_id() const {
    return sqlite3_last_insert_rowid(body_->db);
}

}  // namespace aikit::inline v0::storage
