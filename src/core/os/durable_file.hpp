// SPDX-License-Identifier: MIT
// core/os/durable_file.hpp - replacing a file as a whole: after a crash there is the old one or the new one.
#ifndef AIKIT_SRC_CORE_OS_DURABLE_FILE_HPP
#define AIKIT_SRC_CORE_OS_DURABLE_FILE_HPP

#include <aikit/core/result.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace aikit::inline v0::os {

/// A file being written under a name of its own beside `path`; commit() puts it in the place of `path`.
///
/// Thread-safety: distinct objects: safe. Shared objects: unsafe. Errors are kept: after one, nothing is written.
class DurableFile {
public:
    explicit DurableFile(std::string path);
    DurableFile(DurableFile const&) = delete;
    DurableFile& operator=(DurableFile const&) = delete;
    /// Without a commit() the new file is removed.
    ~DurableFile();

    void write(std::span<std::byte const> bytes);

    /// Overwrites what was written before.
    void write_at(std::uint64_t offset, std::span<std::byte const> bytes);

    /// Forces it to the disk and gives it its name. Errors: storage (full, failed), permission, not_found (no such
    /// folder); the file that was there stays.
    Result<void> commit();

private:
    void flush();
    void failed(int number);

    std::string const path_;
    std::string const temporary_;
    int descriptor_ = -1;
    int error_ = 0;
    std::string buffer_;
};

/// Makes a folder when it is not there; its parent must exist.
Result<void> make_folder(std::string const& path);

}  // namespace aikit::inline v0::os

#endif  // AIKIT_SRC_CORE_OS_DURABLE_FILE_HPP
