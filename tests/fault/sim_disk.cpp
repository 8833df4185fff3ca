// SPDX-License-Identifier: MIT
// fault/sim_disk.cpp - SQLite's own files with three functions in front of them.
#include "sim_disk.hpp"

#include "sim_chance.hpp"

#include <sqlite3.h>

#include <array>
#include <cstddef>
#include <stdexcept>

namespace sim {
namespace {

sqlite3_vfs* real = nullptr;
sqlite3_vfs ours;
bool is_full = false;

/// SQLite has one set for files that are locked, and another for those that need not be.
struct Methods {
    sqlite3_io_methods const* real = nullptr;
    sqlite3_io_methods ours{};
};
constexpr std::size_t most_sets = 4;
std::array<Methods, most_sets> sets;

int write(sqlite3_file* file, void const* data, int size, sqlite3_int64 at) {
    if (is_full) return SQLITE_FULL;
    for (Methods const& set : sets) {
        if (file->pMethods == &set.ours) return set.real->xWrite(file, data, size, at);
    }
    return SQLITE_IOERR_WRITE;
}

int sync(sqlite3_file*, int) {
    return SQLITE_OK;
}

int open(sqlite3_vfs*, char const* name, sqlite3_file* file, int flags, int* given) {
    int const code = real->xOpen(real, name, file, flags, given);
    if (code != SQLITE_OK || file->pMethods == nullptr) return code;
    for (Methods& set : sets) {
        if (set.real != nullptr && set.real != file->pMethods) continue;
        if (set.real == nullptr) {
            set.real = file->pMethods;
            set.ours = *set.real;
            set.ours.xWrite = write;
            set.ours.xSync = sync;
        }
        file->pMethods = &set.ours;
        return code;
    }
    return code;
}

int remove(sqlite3_vfs*, char const* name, int) {
    return real->xDelete(real, name, 0);
}

int random_bytes(sqlite3_vfs*, int size, char* out) {
    Dice dice(1);
    for (int i = 0; i < size; ++i) out[i] = static_cast<char>(dice.next());
    return size;
}

}  // namespace

void use_disk() {
    real = sqlite3_vfs_find(nullptr);
    if (real == nullptr) throw std::runtime_error("simulation: SQLite has no disk");
    ours = *real;
    ours.pNext = nullptr;
    ours.zName = "simulated";
    ours.xOpen = open;
    ours.xDelete = remove;
    ours.xRandomness = random_bytes;
    if (sqlite3_vfs_register(&ours, 1) != SQLITE_OK) throw std::runtime_error("simulation: no disk of its own");
}

void fill_disk(bool full) noexcept {
    is_full = full;
}

}  // namespace sim
