// SPDX-License-Identifier: MIT
// core/loop.cpp - serving a loop: names, signals, exceptions, and an end that leaves nothing behind.
#include "core/loop.hpp"

#include "core/os/os.hpp"

#include <algorithm>
#include <exception>
#include <typeinfo>

namespace aikit::inline v0 {

namespace {

thread_local Loops const* current_owner = nullptr;

}  // namespace

Loop::Loop(char const* name, int threads, std::shared_ptr<LogSink> log)
    : name_(name),
      threads_wanted_(threads),
      log_(std::move(log)),
      context_(std::max(1, threads)),
      work_(context_.get_executor()) {}

void Loop::start(std::shared_ptr<Loops> const& owner) {
    os::SignalsBlocked const blocked;
    threads_.reserve(static_cast<std::size_t>(threads_wanted_));
    for (int i = 0; i < threads_wanted_; ++i) {
        serving_.fetch_add(1);
        owner->thread_begins();
        try {
            threads_.emplace_back([this, keep = owner] {
                current_owner = keep.get();
                serve();
                current_owner = nullptr;
                keep->thread_ends();
            });
        } catch (...) {
            serving_.fetch_sub(1);
            owner->thread_ends();
            throw;
        }
        started_.store(true, std::memory_order_release);
    }
}

void Loop::stop(bool finish) noexcept {
    finish_.store(finish);
    context_.stop();
}

void Loop::join() noexcept {
    for (std::thread& thread : threads_) {
        if (thread.joinable()) thread.join();
    }
}

void Loop::detach() noexcept {
    for (std::thread& thread : threads_) {
        if (thread.joinable()) thread.detach();
    }
}

Loops const* Loop::owner_here() noexcept {
    return current_owner;
}

void Loop::serve() noexcept {
    os::name_thread(name_);
    run_until_stopped();
    if (serving_.fetch_sub(1) != 1 || !finish_.load()) return;
    // The last one out: no other thread is inside, so the loop may be started again.
    context_.restart();
    while (run_ready_one()) continue;
    context_.stop();
}

void Loop::run_until_stopped() noexcept {
    while (!context_.stopped()) {
        try {
            context_.run();
        } catch (...) {
            note_escaped_exception();
        }
    }
}

bool Loop::run_ready_one() noexcept {
    try {
        return context_.poll_one() > 0;
    } catch (...) {
        note_escaped_exception();
        return true;
    }
}

bool Loop::run_one_until(std::chrono::steady_clock::time_point at) noexcept {
    try {
        return context_.run_one_until(at) > 0;
    } catch (...) {
        note_escaped_exception();
        return true;
    }
}

std::size_t Loop::poll(std::chrono::milliseconds wait, Loops const& owner) {
    // A day is as good as for ever, and does not overflow.
    auto const until =
        std::chrono::steady_clock::now() + std::min<std::chrono::milliseconds>(wait, std::chrono::hours(24));
    Loops const* const before = std::exchange(current_owner, &owner);
    std::size_t count = 0;
    while (run_ready_one()) ++count;
    if (count == 0 && wait > std::chrono::milliseconds::zero() && run_one_until(until)) {
        ++count;
        while (run_ready_one()) ++count;
    }
    current_owner = before;
    return count;
}

void Loop::note_escaped_exception() const noexcept {
    if (!log_ || !log_->wants(LogLevel::error)) return;
    try {
        char const* type = "unknown";
        try {
            throw;
        } catch (std::exception const& exception) {
            type = typeid(exception).name();
        } catch (...) {
            // Not a standard one: it has no name to tell.
        }
        std::vector<LogField> fields;
        fields.emplace_back("thread", name_);
        fields.emplace_back("type", type);
        log_->write(LogRecord(LogLevel::error, "runtime.handler_threw", std::move(fields)));
    } catch (...) {
        // No memory to tell it with; the loop goes on.
    }
}

Loops::Loops(int io_threads, int cpu_threads, int storage_threads, int resolver_threads,
             std::shared_ptr<LogSink> const& log)
    : io("aikit-io", io_threads, log),
      cpu("aikit-cpu", cpu_threads, log),
      storage("aikit-storage", storage_threads, log),
      resolver("aikit-resolve", resolver_threads, log),
      generation_(os::process_generation()) {}

Loops::~Loops() {
    drop_pending();
}

bool Loops::forked() const noexcept {
    return os::process_generation() != generation_;
}

std::unique_lock<std::mutex> Loops::enter() {
    std::unique_lock<std::mutex> lock;
    if (!open()) return lock;
    lock = std::unique_lock(gate_);
    if (closed_.load(std::memory_order_relaxed)) lock.unlock();
    return lock;
}

void Loops::close() noexcept {
    {
        std::lock_guard const lock(gate_);
        closed_.store(true, std::memory_order_release);
    }
    io.stop(false);
    cpu.stop(false);
    resolver.stop(false);
    storage.stop(true);
}

void Loops::join() noexcept {
    for (Loop* loop : {&storage, &io, &cpu, &resolver}) loop->join();
}

void Loops::abandon() noexcept {
    abandoned_.store(true);
    for (Loop* loop : {&storage, &io, &cpu, &resolver}) loop->detach();
}

void Loops::thread_ends() noexcept {
    if (threads_.fetch_sub(1) == 1 && abandoned_.load()) drop_pending();
}

void Loops::drop_pending() noexcept {
    // A coroutine of one loop may own a timer of another, whose end then waits there: once more round takes care of it.
    constexpr int rounds = 4;
    for (int round = 0; round < rounds; ++round) {
        for (Loop* loop : {&storage, &cpu, &resolver, &io}) loop->drop_pending();
    }
}

}  // namespace aikit::inline v0
