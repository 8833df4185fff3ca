// SPDX-License-Identifier: MIT
// storage/schema.hpp - the numbered migrations of the store, forward only.
#ifndef AIKIT_SRC_STORAGE_SCHEMA_HPP
#define AIKIT_SRC_STORAGE_SCHEMA_HPP

#include <span>
#include <string_view>

namespace aikit::inline v0::storage {

/// One step: run once, in order, each in a transaction of its own; its number is then the file's user_version.
struct Migration {
    int number;
    std::string_view sql;
};

/// All steps of this version, numbered from 1 without gaps. What was released is never edited.
std::span<Migration const> migrations() noexcept;

/// "aikt" in ASCII: PRAGMA application_id, which tells our files from others.
inline constexpr int application_id = 0x61696b74;

}  // namespace aikit::inline v0::storage

#endif  // AIKIT_SRC_STORAGE_SCHEMA_HPP
