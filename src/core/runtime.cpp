// SPDX-License-Identifier: MIT
// core/runtime.cpp - who starts, lends out and ends the threads.
#include "core/loop.hpp"
#include "core/loop_executor.hpp"
#include "core/os/os.hpp"

#include <aikit/core/no_destructor.hpp>
#include <aikit/core/runtime.hpp>

#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>

#include <mutex>
#include <new>
#include <optional>
#include <system_error>

namespace aikit::inline v0 {

namespace asio = boost::asio;

namespace {

using ContextExecutor = asio::io_context::executor_type;

/// The io_context executor at the bottom of an executor that adopt() takes; nothing for any other.
std::optional<ContextExecutor> bottom(asio::any_io_executor const& executor) {
    if (auto const* plain = executor.target<ContextExecutor>()) return *plain;
    if (auto const* strand = executor.target<asio::strand<ContextExecutor>>()) return strand->get_inner_executor();
    if (auto const* strand = executor.target<asio::strand<asio::any_io_executor>>()) {
        return bottom(strand->get_inner_executor());
    }
    return std::nullopt;
}

Result<void> check(RuntimeConfig const& config) {
    auto refuse = [](char const* field, char const* least) {
        return fail(Errc::invalid_argument, std::string("RuntimeConfig.") + field + " must be " + least + " or more.");
    };
    if (config.io < 0) return refuse("io", "0");
    if (config.cpu < -1) return refuse("cpu", "-1");
    if (config.storage < 0) return refuse("storage", "0");
    if (config.resolver < 0) return refuse("resolver", "0");
    return ok();
}

}  // namespace

struct Runtime::State {
    State(RuntimeConfig config_, asio::any_io_executor adopted_)
        : config(std::move(config_)),
          adopted(std::move(adopted_)),
          host(bottom(adopted)),
          loops(std::make_shared<Loops>(host ? 0 : config.io, config.cpu, config.storage, config.resolver, config.log)),
          // Without a storage thread its work still comes one at a time.
          inline_storage(host || config.io <= 1 ? shared_io() : strand()) {}

    ~State();
    State(State const&) = delete;
    State& operator=(State const&) = delete;

    LoopExecutor<ContextExecutor> executor_of(Loop& loop) const noexcept { return {loops, loop.executor()}; }

    /// The gate is around the strand, whose own queue is emptied by close() too.
    LoopExecutor<asio::strand<ContextExecutor>> strand() const {
        return {loops, asio::make_strand(loops->io.executor())};
    }

    asio::any_io_executor shared_io() const { return host ? adopted : asio::any_io_executor(executor_of(loops->io)); }

    asio::any_io_executor pool(Loop& loop, int threads, asio::any_io_executor const& without);
    void close() noexcept;

    RuntimeConfig const config;
    asio::any_io_executor const adopted;
    std::optional<ContextExecutor> const host;
    std::shared_ptr<Loops> loops;
    asio::any_io_executor const inline_storage;

    std::mutex polling;            ///< Held by the thread in poll().
    std::recursive_mutex closing;  ///< Recursive: what close() destroys may close().
    bool ended = false;            ///< Guarded by `closing`.
};

Runtime::State::~State() {
    if (loops->forked()) {
        // Destroying the loops would touch locks and an epoll set that belong to the parent: they are left alone.
        static_cast<void>(new (std::nothrow) std::shared_ptr<Loops>(std::move(loops)));
        return;
    }
    close();
    // The last handle died on one of the threads.
    if (loops->running_here()) loops->abandon();
}

asio::any_io_executor Runtime::State::pool(Loop& loop, int threads, asio::any_io_executor const& without) {
    if (loops->forked()) return asio::any_io_executor();
    if (threads == 0) return without;
    if (!loop.started()) {
        std::unique_lock<std::mutex> const open = loops->enter();
        try {
            if (open && !loop.started()) loop.start(loops);
        } catch (std::exception const&) {
            if (config.log && config.log->wants(LogLevel::error)) {
                config.log->write(LogRecord(LogLevel::error, "runtime.no_thread", std::vector<LogField>()));
            }
        }
        if (open && !loop.started()) return without;
    }
    return executor_of(loop);
}

void Runtime::State::close() noexcept {
    if (loops->forked()) return;
    loops->close();
    if (loops->running_here()) return;
    std::lock_guard const one(closing);
    if (std::exchange(ended, true)) return;
    loops->join();
    std::lock_guard const no_poll(polling);
    loops->drop_pending();
}

Result<Runtime> Runtime::create(RuntimeConfig config) {
    if (Result<void> const good = check(config); !good) return good.error();
    try {
        if (config.cpu == -1) config.cpu = os::usable_cores();
        if (!config.clock) config.clock = real_clock();
        auto state = std::make_shared<State>(std::move(config), asio::any_io_executor());
        if (state->config.io > 0) state->loops->io.start(state->loops);
        return Runtime(std::move(state));
    } catch (std::system_error const&) {
        return fail(Errc::out_of_memory,
                    "The system gave no thread for the runtime; lower the counts in RuntimeConfig.");
    } catch (std::bad_alloc const&) {
        return fail(Errc::out_of_memory, "out of memory");
    }
}

Result<Runtime> Runtime::adopt(asio::any_io_executor executor, RuntimeConfig config) {
    if (!executor || !bottom(executor)) {
        return fail(
            Errc::invalid_argument,
            "Runtime::adopt needs the executor of an io_context, or a strand of one; this executor is another.");
    }
    if (Result<void> const good = check(config); !good) return good.error();
    try {
        if (config.cpu == -1) config.cpu = os::usable_cores();
        if (!config.clock) config.clock = real_clock();
        return Runtime(std::make_shared<State>(std::move(config), std::move(executor)));
    } catch (std::bad_alloc const&) {
        return fail(Errc::out_of_memory, "out of memory");
    }
}

bool Runtime::alive() const noexcept {
    return state_ && state_->loops->open();
}

asio::any_io_executor Runtime::executor() const {
    if (!state_ || state_->loops->forked()) return asio::any_io_executor();
    if (!state_->host && state_->config.io > 1) return state_->strand();
    return state_->shared_io();
}

asio::any_io_executor Runtime::cpu() const {
    if (!state_) return asio::any_io_executor();
    return state_->pool(state_->loops->cpu, state_->config.cpu, state_->shared_io());
}

asio::any_io_executor Runtime::storage() const {
    if (!state_) return asio::any_io_executor();
    return state_->pool(state_->loops->storage, state_->config.storage, state_->inline_storage);
}

asio::any_io_executor Runtime::resolver() const {
    if (!state_) return asio::any_io_executor();
    return state_->pool(state_->loops->resolver, state_->config.resolver, state_->shared_io());
}

std::shared_ptr<Clock> const& Runtime::clock() const noexcept {
    static NoDestructor<std::shared_ptr<Clock>> const none;
    return state_ ? state_->config.clock : *none;
}

void Runtime::log(LogLevel level, std::string_view event,
                  std::function<std::vector<LogField>()> const& fields) const noexcept {
    if (!state_ || !state_->config.log || !state_->config.log->wants(level)) return;
    try {
        state_->config.log->write(LogRecord(level, event, fields ? fields() : std::vector<LogField>()));
    } catch (...) {
        // A record that cannot be made is lost; what it tells of goes on.
    }
}

bool Runtime::post(asio::any_io_executor const& executor, std::function<void()> work) const noexcept {
    if (!alive() || !executor) return false;
    try {
        asio::post(executor, std::move(work));
        return true;
    } catch (...) {
        return false;
    }
}

bool Runtime::on_own_thread() const noexcept {
    if (!state_ || state_->loops->forked()) return false;
    return state_->loops->running_here() || (state_->host && state_->host->running_in_this_thread());
}

bool Runtime::polled() const noexcept {
    return state_ && !state_->host && state_->config.io == 0;
}

bool Runtime::adopted() const noexcept {
    return state_ && state_->host.has_value();
}

Result<std::size_t> Runtime::poll(std::chrono::milliseconds wait) {
    // A handler may drop this very handle.
    std::shared_ptr<State> const state = state_;
    if (!state) return fail(Errc::invalid_state, "The runtime is closed.");
    if (state->host || state->config.io > 0) {
        return fail(Errc::invalid_state,
                    "Runtime::poll is for runtimes with RuntimeConfig.io = 0; this one has threads.");
    }
    Error const closed = fail(Errc::invalid_state, "The runtime is closed.");
    Error const busy = fail(Errc::invalid_state, "Runtime::poll is running already.");
    if (state->loops->forked()) return closed;
    if (state->loops->running_here()) return busy;
    std::unique_lock const lock(state->polling, std::try_to_lock);
    if (!lock.owns_lock()) return busy;
    if (!state->loops->open()) return closed;
    return state->loops->io.poll(wait, *state->loops);
}

void Runtime::close() noexcept {
    // What close() destroys may own this very handle.
    std::shared_ptr<State> const state = state_;
    if (state) state->close();
}

}  // namespace aikit::inline v0
