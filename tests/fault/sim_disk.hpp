// SPDX-License-Identifier: MIT
// fault/sim_disk.hpp - the disk under SQLite: never waits, may be full, and knows no chance of its own.
#ifndef AIKIT_TESTS_FAULT_SIM_DISK_HPP
#define AIKIT_TESTS_FAULT_SIM_DISK_HPP

namespace sim {

/// Puts it under all of this process's SQLite; before the first file is opened.
void use_disk();

/// While it is full, no write succeeds. What was written stays.
void fill_disk(bool full) noexcept;

}  // namespace sim

#endif  // AIKIT_TESTS_FAULT_SIM_DISK_HPP
