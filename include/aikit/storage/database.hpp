// SPDX-License-Identifier: MIT
// aikit/storage/database.hpp - the one SQLite file that holds everything aikit remembers.
#ifndef AIKIT_STORAGE_DATABASE_HPP
#define AIKIT_STORAGE_DATABASE_HPP

#include <aikit/core/runtime.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace aikit::inline v0::storage {

class Connection;  // a connection's statements; seen by aikit's own stores only

struct DatabaseConfig {
    DatabaseConfig() = default;

    /// The file; its folder must exist. "" is a private store in memory that dies with the handle.
    std::string path;

    /// Make the file when there is none.
    bool create = true;

    bool read_only = false;

    /// Connections for reading; they are opened as needed.
    int readers = 4;

    /// How long a writer waits for another process's write before the answer is busy.
    std::chrono::milliseconds busy_timeout{5'000};

    /// true: an acknowledged change survives a power cut (synchronous FULL); false: only a killed process (NORMAL).
    bool survive_power_cut = true;

    /// A group of changes is committed when it has run for this long, so that no write transaction lasts longer.
    std::chrono::milliseconds max_transaction{50};
};

/// A shared handle; copies are the same database, and the last one closes it.
///
/// Writes of all callers go through one writer and are committed in groups; each is acknowledged after the commit that
/// holds it. Reads run beside it, each on a snapshot.
/// Thread-safety: shared objects: safe. Several processes may open one file.
class AIKIT_EXPORT Database {
public:
    /// Closed; only to be assigned to.
    Database() = default;

    /// Opens the file and brings its schema up to date.
    ///
    /// Errors: not_found (no file and create is false, or no such folder), permission, busy, storage (damaged, full,
    /// read-only, no database, or written by a newer aikit), invalid_state (runtime closed).
    static Task<Database> open(Runtime runtime, DatabaseConfig config);

    /// Runs `work` inside a write transaction on the storage thread. When it returns an error, what it changed is
    /// undone, and the others in its group are not touched. `work` may be called again when its group has to be
    /// repeated: it must not have effects of its own.
    ///
    /// Cancellation: terminal, only before it is committed; then the outcome is unknown to the caller.
    /// Errors: the work's own; storage (full, damaged, read-only), busy, invalid_state (closed).
    template <class T>
    Task<T> write(std::function<Result<T>(Connection&)> work) const {
        return write_on<T>(*this, std::move(work));
    }

    /// Runs `work` inside a read transaction on the cpu threads.
    ///
    /// Cancellation: terminal, only before it starts. Errors: the work's own; storage, busy, invalid_state (closed).
    template <class T>
    Task<T> read(std::function<Result<T>(Connection&)> work) const {
        return read_on<T>(*this, std::move(work));
    }

    /// Hands a change to the writer without waiting for it; `done` is called on the storage thread after its commit
    /// (or its failure), and must be quick. On a closed database it is called at once, with invalid_state.
    void post_write(std::function<Result<void>(Connection&)> work, std::function<void(Result<void>)> done) const;

    /// Waits until everything handed over so far is committed.
    Task<void> flush() const;

    /// Commits what is pending and closes; later calls give invalid_state. Blocks until then: not for I/O threads.
    void close() noexcept;

    /// The file's full path; "" for a store in memory.
    std::string const& path() const noexcept;
    Runtime const& runtime() const noexcept;
    explicit operator bool() const noexcept { return state_ != nullptr; }

    struct State;

private:
    explicit Database(std::shared_ptr<State> state) : state_(std::move(state)) {}

    template <class T>
    static Task<T> write_on(Database self, std::function<Result<T>(Connection&)> work);
    template <class T>
    static Task<T> read_on(Database self, std::function<Result<T>(Connection&)> work);

    /// The work's outcome stays with the caller; the writer and the readers only see whether it succeeded.
    template <class T>
    static std::function<Result<void>(Connection&)> without_value(std::shared_ptr<Result<T>> result,
                                                                  std::function<Result<T>(Connection&)> work);

    Task<void> run_write(std::function<Result<void>(Connection&)> work) const;
    Task<void> run_read(std::function<Result<void>(Connection&)> work) const;

    std::shared_ptr<State> state_;
};

template <class T>
std::function<Result<void>(Connection&)> Database::without_value(std::shared_ptr<Result<T>> result,
                                                                 std::function<Result<T>(Connection&)> work) {
    return [result = std::move(result), body = std::move(work)](Connection& connection) -> Result<void> {
        *result = body(connection);
        if (!*result) return result->error();
        return ok();
    };
}

template <class T>
Task<T> Database::write_on(Database self, std::function<Result<T>(Connection&)> work) {
    auto result = std::make_shared<Result<T>>();
    Task<void> pending = self.run_write(without_value<T>(result, std::move(work)));
    Result<void> done = co_await std::move(pending);
    if (!done) co_return done.error();
    co_return std::move(*result);
}

template <class T>
Task<T> Database::read_on(Database self, std::function<Result<T>(Connection&)> work) {
    auto result = std::make_shared<Result<T>>();
    Task<void> pending = self.run_read(without_value<T>(result, std::move(work)));
    Result<void> done = co_await std::move(pending);
    if (!done) co_return done.error();
    co_return std::move(*result);
}

}  // namespace aikit::inline v0::storage

#endif  // AIKIT_STORAGE_DATABASE_HPP
