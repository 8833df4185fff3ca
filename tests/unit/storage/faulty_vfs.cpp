// SPDX-License-Identifier: MIT
// tests/unit/storage/faulty_vfs.cpp - an sqlite3_vfs in front of the system's own.
#include "faulty_vfs.hpp"

#include <sqlite3.h>

#include <atomic>
#include <cstdlib>
#include <new>

namespace aikit::inline v0::storage {
namespace {

std::atomic<Fault> fault{Fault::none};
std::atomic<std::int64_t> fault_at{0};
std::atomic<std::int64_t> change_count{0};
std::atomic<std::int64_t> sync_count{0};
std::atomic<bool> fault_seen{false};

/// SQLITE_OK, or what this change of the disk gives instead of happening.
int next_change(bool is_write) {
    std::int64_t const number = ++change_count;
    Fault const kind = fault.load();
    if (kind == Fault::none || number < fault_at.load()) return SQLITE_OK;
    bool const once = kind == Fault::full_once || kind == Fault::broken_once;
    if (once && number > fault_at.load()) return SQLITE_OK;
    bool const is_full = kind == Fault::full || kind == Fault::full_once;
    if (is_full && !is_write) return SQLITE_OK;
    fault_seen = true;
    return is_full ? SQLITE_FULL : (is_write ? SQLITE_IOERR_WRITE : SQLITE_IOERR_FSYNC);
}

/// Ours in front, the system's file behind.
struct File {
    sqlite3_file base;
    sqlite3_file* behind;
};

sqlite3_file* behind(sqlite3_file* file) {
    return reinterpret_cast<File*>(file)->behind;
}

int close(sqlite3_file* f) {
    int const code = behind(f)->pMethods->xClose(behind(f));
    std::free(behind(f));
    return code;
}
int read(sqlite3_file* f, void* to, int n, sqlite3_int64 at) {
    return behind(f)->pMethods->xRead(behind(f), to, n, at);
}
int write(sqlite3_file* f, void const* from, int n, sqlite3_int64 at) {
    if (int const code = next_change(true)) return code;
    return behind(f)->pMethods->xWrite(behind(f), from, n, at);
}
int truncate(sqlite3_file* f, sqlite3_int64 size) {
    if (int const code = next_change(false)) return code;
    return behind(f)->pMethods->xTruncate(behind(f), size);
}
int sync(sqlite3_file* f, int flags) {
    ++sync_count;
    if (int const code = next_change(false)) return code;
    return behind(f)->pMethods->xSync(behind(f), flags);
}
int file_size(sqlite3_file* f, sqlite3_int64* size) {
    return behind(f)->pMethods->xFileSize(behind(f), size);
}
int lock(sqlite3_file* f, int level) {
    return behind(f)->pMethods->xLock(behind(f), level);
}
int unlock(sqlite3_file* f, int level) {
    return behind(f)->pMethods->xUnlock(behind(f), level);
}
int check_lock(sqlite3_file* f, int* held) {
    return behind(f)->pMethods->xCheckReservedLock(behind(f), held);
}
int control(sqlite3_file* f, int op, void* arg) {
    return behind(f)->pMethods->xFileControl(behind(f), op, arg);
}
int sector(sqlite3_file* f) {
    return behind(f)->pMethods->xSectorSize(behind(f));
}
int traits(sqlite3_file* f) {
    return behind(f)->pMethods->xDeviceCharacteristics(behind(f));
}
int shm_map(sqlite3_file* f, int page, int size, int extend, void volatile** at) {
    return behind(f)->pMethods->xShmMap(behind(f), page, size, extend, at);
}
int shm_lock(sqlite3_file* f, int at, int n, int flags) {
    return behind(f)->pMethods->xShmLock(behind(f), at, n, flags);
}
void shm_barrier(sqlite3_file* f) {
    behind(f)->pMethods->xShmBarrier(behind(f));
}
int shm_unmap(sqlite3_file* f, int remove) {
    return behind(f)->pMethods->xShmUnmap(behind(f), remove);
}

sqlite3_io_methods const methods = {2,        close,       read,       write,   truncate, sync,   file_size,
                                    lock,     unlock,      check_lock, control, sector,   traits, shm_map,
                                    shm_lock, shm_barrier, shm_unmap,  nullptr, nullptr};

sqlite3_vfs* system_disk = nullptr;
sqlite3_vfs disk{};

int open(sqlite3_vfs*, char const* name, sqlite3_file* file, int flags, int* out) {
    auto* const ours = reinterpret_cast<File*>(file);
    ours->base.pMethods = nullptr;
    ours->behind = static_cast<sqlite3_file*>(std::calloc(1, static_cast<std::size_t>(system_disk->szOsFile)));
    if (ours->behind == nullptr) return SQLITE_NOMEM;
    int const code = system_disk->xOpen(system_disk, name, ours->behind, flags, out);
    if (code != SQLITE_OK) {
        std::free(ours->behind);
        return code;
    }
    ours->base.pMethods = &methods;
    return SQLITE_OK;
}

}  // namespace

FaultyDisk::FaultyDisk() {
    fail(Fault::none, 0);
    system_disk = sqlite3_vfs_find(nullptr);
    disk = *system_disk;
    disk.zName = "faulty";
    disk.szOsFile = sizeof(File);
    disk.xOpen = open;
    sqlite3_vfs_register(&disk, 1);
}

FaultyDisk::~FaultyDisk() {
    sqlite3_vfs_unregister(&disk);
    sqlite3_vfs_register(system_disk, 1);
}

void FaultyDisk::fail(Fault kind, std::int64_t at) {
    fault = Fault::none;
    change_count = 0;
    sync_count = 0;
    fault_seen = false;
    fault_at = at;
    fault = kind;
}

std::int64_t FaultyDisk::changes() const {
    return change_count;
}
std::int64_t FaultyDisk::syncs() const {
    return sync_count;
}
bool FaultyDisk::happened() const {
    return fault_seen;
}

}  // namespace aikit::inline v0::storage
