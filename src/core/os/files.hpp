// SPDX-License-Identifier: MIT
// core/os/files.hpp - whole files into memory, with an error that says which and why.
#ifndef AIKIT_SRC_CORE_OS_FILES_HPP
#define AIKIT_SRC_CORE_OS_FILES_HPP

#include <aikit/core/result.hpp>

#include <cstdint>
#include <string>

namespace aikit::inline v0::os {

/// The bytes of a regular file, or of whatever else can be read to its end; "-" is no special name here.
/// Errors: not_found, permission, invalid_argument (a folder, a name no file can have, or more than `most` bytes), busy
/// (too many open files), out_of_memory, storage (the disk failed).
Result<std::string> read_file(std::string const& path, std::int64_t most);

/// The same, of regular files only: what has no end, or keeps its reader waiting, is invalid_argument at once.
Result<std::string> read_regular_file(std::string const& path, std::int64_t most);

/// The same from an open descriptor, which stays open. `what` names it in errors ("standard input").
Result<std::string> read_descriptor(int descriptor, std::string const& what, std::int64_t most);

}  // namespace aikit::inline v0::os

#endif  // AIKIT_SRC_CORE_OS_FILES_HPP
