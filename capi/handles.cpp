// SPDX-License-Identifier: MIT
// capi/handles.cpp - the table of handles, and a fresh one for each forked child.
#include "handles.hpp"

#include "core/os/os.hpp"

#include <new>

namespace aikit::inline v0::capi {
namespace {

static_assert(sizeof(Handles::Token) == 8, "a handle holds a place of 20 bits and a serial number of 43");

constexpr unsigned index_bits = 20;
constexpr std::uint64_t index_mask = (std::uint64_t{1} << index_bits) - 1;
constexpr std::uint64_t serial_mask = (std::uint64_t{1} << 43) - 1;

/// Counts on in a forked child, so that none of its handles looks like an inherited one.
std::atomic<std::uint64_t> next_serial{1};

/// The first process's table, in memory that is never given back: other threads may be using it while this one exits.
alignas(Handles) unsigned char first_table[sizeof(Handles)];
std::atomic<Handles*> current{nullptr};
std::once_flag first;

Handles::Token pack(std::size_t index, std::uint64_t serial) noexcept {
    return (serial & serial_mask) << (index_bits + 1) | static_cast<std::uint64_t>(index) << 1 | 1;
}

}  // namespace

Handles::Handles() : generation_(os::process_generation()) {}

Handles& Handles::here() {
    Handles* table = current.load(std::memory_order_acquire);
    if (table != nullptr && table->generation_ == os::process_generation()) return *table;
    if (table == nullptr) {
        std::call_once(first, [] { current.store(new (first_table) Handles(), std::memory_order_release); });
        return here();
    }
    // The old table, and all it holds, is the parent's.
    std::unique_ptr<Handles> fresh(new Handles());
    if (current.compare_exchange_strong(table, fresh.get())) return *fresh.release();
    return *table;
}

Handles::Entry* Handles::entry(Kind kind, Token token) noexcept {
    std::size_t const index = token >> 1 & index_mask;
    if ((token & 1) == 0 || index >= entries_.size()) return nullptr;
    Entry& found = entries_[index];
    if (found.kind != kind || pack(index, found.serial) != token) return nullptr;
    return &found;
}

Handles::Token Handles::add(Kind kind, std::shared_ptr<void> object) {
    std::lock_guard const lock(mutex_);
    std::size_t index = entries_.size();
    if (!vacant_.empty()) {
        index = vacant_.back();
        vacant_.pop_back();
    } else {
        if (index > index_mask) throw std::bad_alloc();
        entries_.emplace_back();
        // Room to note the place as vacant later: freeing must not fail.
        vacant_.reserve(entries_.capacity());
    }
    Entry& entry = entries_[index];
    entry.serial = next_serial.fetch_add(1, std::memory_order_relaxed);
    entry.kind = kind;
    entry.object = std::move(object);
    return pack(index, entry.serial);
}

std::shared_ptr<void> Handles::find(Kind kind, Token token) {
    std::lock_guard const lock(mutex_);
    Entry* const found = entry(kind, token);
    return found ? found->object : nullptr;
}

std::shared_ptr<void> Handles::take(Kind kind, Token token) {
    std::lock_guard const lock(mutex_);
    Entry* const found = entry(kind, token);
    if (!found) return nullptr;
    std::shared_ptr<void> object = std::move(found->object);
    found->object.reset();
    found->kind = Kind::none;
    vacant_.push_back(static_cast<std::uint32_t>(found - entries_.data()));
    return object;
}

std::vector<std::shared_ptr<void>> Handles::all(Kind kind) {
    std::vector<std::shared_ptr<void>> out;
    std::lock_guard const lock(mutex_);
    for (Entry const& entry : entries_) {
        if (entry.kind == kind) out.push_back(entry.object);
    }
    return out;
}

}  // namespace aikit::inline v0::capi
