// SPDX-License-Identifier: MIT
// tests/unit/storage/faulty_vfs.hpp - a disk that fills up or breaks at a chosen moment.
#ifndef AIKIT_TESTS_UNIT_STORAGE_FAULTY_VFS_HPP
#define AIKIT_TESTS_UNIT_STORAGE_FAULTY_VFS_HPP

#include <cstdint>

namespace aikit::inline v0::storage {

/// What happens to the n-th change of the disk (write, cut or sync), counted from 1 over all files.
enum class Fault {
    none,
    full,        ///< From the n-th on every write finds the disk full.
    full_once,   ///< Only the n-th does.
    broken,      ///< From the n-th on every change is an I/O error.
    broken_once  ///< Only the n-th is.
};

/// While it lives, it is SQLite's default disk of this process.
class FaultyDisk {
public:
    FaultyDisk();
    ~FaultyDisk();
    FaultyDisk(FaultyDisk const&) = delete;
    FaultyDisk& operator=(FaultyDisk const&) = delete;

    /// Counts from now.
    void fail(Fault fault, std::int64_t at);

    /// Changes and syncs since the last fail().
    std::int64_t changes() const;
    std::int64_t syncs() const;

    /// Whether the fault has happened.
    bool happened() const;
};

}  // namespace aikit::inline v0::storage

#endif  // AIKIT_TESTS_UNIT_STORAGE_FAULTY_VFS_HPP
