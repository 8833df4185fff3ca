// SPDX-License-Identifier: MIT
// storage/fork.cpp - SQLite's static mutexes (sqlite3.h, "Mutex Types") are taken before a fork and let go after it.
#include "storage/fork.hpp"

#include "core/os/os.hpp"

#include <sqlite3.h>

#include <array>
#include <chrono>
#include <thread>

namespace aikit::inline v0::storage {
namespace {

/// In the order in which SQLite nests them: the allocator's is inside all others.
constexpr std::array<int, 12> kinds{SQLITE_MUTEX_STATIC_PRNG, SQLITE_MUTEX_STATIC_MAIN, SQLITE_MUTEX_STATIC_OPEN,
                                    SQLITE_MUTEX_STATIC_VFS1, SQLITE_MUTEX_STATIC_VFS2, SQLITE_MUTEX_STATIC_VFS3,
                                    SQLITE_MUTEX_STATIC_APP1, SQLITE_MUTEX_STATIC_APP2, SQLITE_MUTEX_STATIC_APP3,
                                    SQLITE_MUTEX_STATIC_LRU,  SQLITE_MUTEX_STATIC_PMEM, SQLITE_MUTEX_STATIC_MEM};

/// Whoever keeps one longer is another guard of this kind (a second copy of this library), which has them all.
constexpr std::chrono::milliseconds patience{200};

// Fork takes one thread at a time through these.
std::array<bool, kinds.size()> taken{};

void before() {
    auto const until = std::chrono::steady_clock::now() + patience;
    for (std::size_t i = 0; i < kinds.size(); ++i) {
        sqlite3_mutex* const mutex = sqlite3_mutex_alloc(kinds[i]);
        taken[i] = sqlite3_mutex_try(mutex) == SQLITE_OK;
        while (!taken[i] && std::chrono::steady_clock::now() < until) {
            std::this_thread::yield();
            taken[i] = sqlite3_mutex_try(mutex) == SQLITE_OK;
        }
    }
}

void after() {
    for (std::size_t i = kinds.size(); i-- > 0;) {
        if (taken[i]) sqlite3_mutex_leave(sqlite3_mutex_alloc(kinds[i]));
    }
}

}  // namespace

void guard_forks() noexcept {
    static bool const guarded = os::around_forks(before, after);
    static_cast<void>(guarded);
}

}  // namespace aikit::inline v0::storage
