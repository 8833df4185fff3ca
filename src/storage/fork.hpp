// SPDX-License-Identifier: MIT
// storage/fork.hpp - SQLite in a process that forks while its threads are at work.
#ifndef AIKIT_SRC_STORAGE_FORK_HPP
#define AIKIT_SRC_STORAGE_FORK_HPP

#include <aikit/core/config.hpp>

namespace aikit::inline v0::storage {

/// From now on no fork happens while a thread is inside one of the locks that all of SQLite shares (its allocator's,
/// for one): a child that inherited one locked would wait for it for ever, as soon as it opens a database of its own.
/// Connections are not for the child all the same. Costs nothing but at a fork. Cheap to call again.
void guard_forks() noexcept;

}  // namespace aikit::inline v0::storage

#endif  // AIKIT_SRC_STORAGE_FORK_HPP
