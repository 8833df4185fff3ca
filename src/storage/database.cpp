// SPDX-License-Identifier: MIT
// storage/database.cpp - opening, closing, and handing work to the writer and the readers.
#include "core/async.hpp"
#include "core/os/os.hpp"
#include "storage/prepare.hpp"
#include "storage/read_pool.hpp"
#include "storage/writer.hpp"

#include <aikit/core/no_destructor.hpp>
#include <aikit/storage/database.hpp>

#include <filesystem>

namespace aikit::inline v0::storage {

struct Database::State {
    State(Runtime runtime_, DatabaseConfig config_)
        : runtime(std::move(runtime_)), config(std::move(config_)), process(os::process_generation()) {}
    ~State();

    /// In a forked child SQLite's handles, and locks that were held, belong to the parent.
    bool ours() const noexcept { return process == os::process_generation(); }

    Runtime const runtime;
    DatabaseConfig const config;
    std::uint64_t const process;
    std::shared_ptr<Writer> writer;     ///< Null when opened for reading only.
    std::shared_ptr<ReadPool> readers;  ///< Null for a store in memory: its one connection is the writer's.
};

namespace {

Error not_open() {
    return fail(Errc::invalid_state, "the store is closed, or was opened before this process was forked");
}

Result<void> check(DatabaseConfig const& config) {
    auto const wrong = [](char const* what) {
        return fail(Errc::invalid_argument, std::string("DatabaseConfig::") + what);
    };
    if (config.path.find('\0') != std::string::npos) return wrong("path holds a zero byte");
    if (config.path.empty() && config.read_only) return wrong("read_only needs a path: a store in memory begins empty");
    if (config.readers < 1 || config.readers > 64) return wrong("readers must be 1 to 64");
    if (config.busy_timeout.count() < 0 || config.busy_timeout > std::chrono::hours(1)) {
        return wrong("busy_timeout must be 0 to 1 hour");
    }
    if (config.max_transaction.count() < 1) return wrong("max_transaction must be at least 1 ms");
    return ok();
}

/// On the storage thread.
Result<void> open_state(Database::State& state) {
    DatabaseConfig const& config = state.config;
    bool const in_memory = config.path.empty();
    if (!in_memory) {
        if (Result<void> fits = check_file(config); !fits) return fits;
    }
    ConnectionConfig how;
    how.path = config.path;
    how.busy_timeout = config.busy_timeout;
    how.survive_power_cut = config.survive_power_cut;
    how.access = config.read_only ? Access::read_only : config.create ? Access::create : Access::read_write;
    Result<std::unique_ptr<Connection>> connection = open_connection(how);
    if (!connection) return connection.error();

    Result<void> ready =
        config.read_only ? check_schema(**connection, migrations()) : migrate(**connection, migrations());
    if (ready && !config.read_only && !in_memory) ready = use_write_ahead_log(**connection, config.busy_timeout);
    if (!ready) return ready;

    if (!config.read_only) {
        state.writer = std::make_shared<Writer>(state.runtime, std::move(*connection), config.max_transaction);
    }
    if (!in_memory) {
        how.access = config.read_only ? Access::read_only : Access::read_write;
        how.query_only = true;
        state.readers = std::make_shared<ReadPool>(state.runtime, how, config.readers);
    }
    return ok();
}

Task<Database> failed(Error error) {
    co_return error;
}

Task<void> failed_void(Error error) {
    co_return error;
}

Task<void> nothing_to_do() {
    co_return ok();
}

}  // namespace

Database::State::~State() {
    if (!ours()) {
        // Closing would write to the parent's file: the handles are left as they are.
        if (writer) new std::shared_ptr<Writer>(std::move(writer));
        if (readers) new std::shared_ptr<ReadPool>(std::move(readers));
        return;
    }
    if (readers) readers->close(false);
    if (writer) writer->close(false);
}

Task<Database> Database::open(Runtime runtime, DatabaseConfig config) {
    if (!runtime || !runtime.alive()) {
        return failed(fail(Errc::invalid_state, "the store cannot be opened: the runtime is closed"));
    }
    if (Result<void> fits = check(config); !fits) return failed(fits.error());
    if (!config.path.empty()) {
        // A full path: the working directory may change, and names like ":memory:" mean nothing special to us.
        std::error_code wrong;
        std::filesystem::path const full = std::filesystem::absolute(config.path, wrong);
        if (wrong) return failed(fail(Errc::invalid_argument, "DatabaseConfig::path is no path on this system"));
        config.path = full.string();
    }
    boost::asio::any_io_executor const thread = runtime.storage();
    auto state = std::make_shared<State>(std::move(runtime), std::move(config));
    std::function<Result<Database>()> work = [state]() -> Result<Database> {
        if (Result<void> done = open_state(*state); !done) return done.error();
        return Database(state);
    };
    Task<Database> pending = run_on<Database>(thread, std::move(work));
    return guard(std::move(pending));
}

Task<void> Database::run_write(std::function<Result<void>(Connection&)> work) const {
    if (!state_ || !state_->ours()) return failed_void(not_open());
    if (!state_->writer) {
        return failed_void(fail(Errc::storage, path() + " was opened for reading only: open it for writing"));
    }
    std::function<void(Job)> submit = [state = state_](Job job) { state->writer->submit(std::move(job)); };
    return submit_and_wait(std::move(work), std::move(submit));
}

Task<void> Database::run_read(std::function<Result<void>(Connection&)> work) const {
    if (!state_ || !state_->ours()) return failed_void(not_open());
    std::function<void(Job)> submit = [state = state_](Job job) {
        if (state->readers) {
            state->readers->submit(std::move(job));
        } else {
            state->writer->submit(std::move(job));
        }
    };
    return submit_and_wait(std::move(work), std::move(submit));
}

void Database::post_write(std::function<Result<void>(Connection&)> work, std::function<void(Result<void>)> done) const {
    if (!state_ || !state_->ours()) {
        done(not_open());
        return;
    }
    if (!state_->writer) {
        done(fail(Errc::storage, path() + " was opened for reading only: open it for writing"));
        return;
    }
    Job job;
    job.work = std::move(work);
    job.done = std::move(done);
    state_->writer->submit(std::move(job));
}

Task<void> Database::flush() const {
    if (state_ && state_->ours() && !state_->writer) return nothing_to_do();
    std::function<Result<void>(Connection&)> nothing = [](Connection&) { return ok(); };
    return run_write(std::move(nothing));
}

void Database::close() noexcept {
    if (!state_ || !state_->ours()) return;
    bool const wait = !state_->runtime.on_own_thread();
    if (state_->readers) state_->readers->close(wait);
    if (state_->writer) state_->writer->close(wait);
}

std::string const& Database::path() const noexcept {
    static NoDestructor<std::string> const none;
    return state_ ? state_->config.path : *none;
}

Runtime const& Database::runtime() const noexcept {
    static NoDestructor<Runtime> const none;
    return state_ ? state_->runtime : *none;
}

}  // namespace aikit::inline v0::storage
