// SPDX-License-Identifier: MIT
// core/os/durable_file.cpp - write beside, sync, rename, sync the folder.
#include "core/os/durable_file.hpp"

#include <atomic>
#include <cerrno>
#include <fcntl.h>
#include <filesystem>
#include <sys/stat.h>
#include <unistd.h>

namespace aikit::inline v0::os {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t buffer_size = 1 << 20;

std::string temporary_name(std::string const& path) {
    static std::atomic<unsigned> count{0};
    return path + ".new." + std::to_string(::getpid()) + "." + std::to_string(++count);
}

/// 0, or the system's error number.
int write_whole(int descriptor, char const* data, std::size_t size) {
    while (size > 0) {
        ssize_t const written = ::write(descriptor, data, size);
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return errno;
        data += written;
        size -= static_cast<std::size_t>(written);
    }
    return 0;
}

int sync_folder(std::string const& path) {
    fs::path const folder = fs::path(path).parent_path();
    int const descriptor = ::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0) return errno;
    int const number = ::fsync(descriptor) == 0 ? 0 : errno;
    ::close(descriptor);
    return number == EINVAL ? 0 : number;  // some file systems cannot sync a folder
}

Error write_error(std::string const& path, int number) {
    switch (number) {
        case ENOENT:
        case ENOTDIR: return fail(Errc::not_found, "the folder of " + path + " does not exist: make it first");
        case EACCES:
        case EPERM: return fail(Errc::permission, path + " may not be written by this user");
        case ENOSPC:
        case EDQUOT: return fail(Errc::storage, "the disk is full: free space where " + path + " is stored");
        case EROFS: return fail(Errc::storage, path + " cannot be written: its disk is read-only");
        default: return fail(Errc::storage, path + " cannot be written (system error " + std::to_string(number) + ")");
    }
}

}  // namespace

DurableFile::DurableFile(std::string path) : path_(std::move(path)), temporary_(temporary_name(path_)) {
    descriptor_ = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (descriptor_ < 0) failed(errno);
}

DurableFile::~DurableFile() {
    if (descriptor_ < 0) return;
    ::close(descriptor_);
    ::unlink(temporary_.c_str());
}

void DurableFile::failed(int number) {
    if (error_ == 0) error_ = number;
}

void DurableFile::write(std::span<std::byte const> bytes) {
    if (error_ != 0) return;
    char const* const data = reinterpret_cast<char const*>(bytes.data());
    if (bytes.size() >= buffer_size) {
        flush();
        if (error_ == 0) failed(write_whole(descriptor_, data, bytes.size()));
        return;
    }
    buffer_.append(data, bytes.size());
    if (buffer_.size() >= buffer_size) flush();
}

void DurableFile::flush() {
    if (error_ == 0) failed(write_whole(descriptor_, buffer_.data(), buffer_.size()));
    buffer_.clear();
}

void DurableFile::write_at(std::uint64_t offset, std::span<std::byte const> bytes) {
    flush();
    if (error_ != 0) return;
    if (::lseek(descriptor_, static_cast<off_t>(offset), SEEK_SET) < 0) {
        failed(errno);
        return;
    }
    failed(write_whole(descriptor_, reinterpret_cast<char const*>(bytes.data()), bytes.size()));
    if (::lseek(descriptor_, 0, SEEK_END) < 0) failed(errno);
}

Result<void> DurableFile::commit() {
    flush();
    if (error_ == 0 && ::fsync(descriptor_) != 0) failed(errno);
    if (error_ == 0 && ::rename(temporary_.c_str(), path_.c_str()) != 0) failed(errno);
    if (error_ != 0) return write_error(path_, error_);
    ::close(descriptor_);
    descriptor_ = -1;
    if (int const number = sync_folder(path_); number != 0) return write_error(path_, number);
    return ok();
}

Result<void> make_folder(std::string const& path) {
    if (::mkdir(path.c_str(), 0755) == 0 || errno == EEXIST) return ok();
    return write_error(path, errno);
}

}  // namespace aikit::inline v0::os
