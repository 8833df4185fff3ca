// SPDX-License-Identifier: MIT
// core/os/files.cpp - reading files on POSIX.
#include "core/os/files.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

namespace aikit::inline v0::os {
namespace {

Error file_error(std::string const& what, int number) {
    switch (number) {
        case ENOENT:
        case ENOTDIR: return fail(Errc::not_found, what + " does not exist");
        case EACCES:
        case EPERM: return fail(Errc::permission, what + " may not be read by this user");
        case EISDIR: return fail(Errc::invalid_argument, what + " is a folder, not a file");
        case ENAMETOOLONG: return fail(Errc::invalid_argument, what + " is too long a name");
        case EMFILE:
        case ENFILE: return fail(Errc::busy, what + " cannot be opened: too many files are open");
        case ENOMEM: return fail(Errc::out_of_memory, what + " cannot be read: out of memory");
        case ENXIO: return fail(Errc::invalid_argument, what + " is a socket or a device, not a file");
        default: return fail(Errc::storage, what + " cannot be read: " + std::generic_category().message(number));
    }
}

struct Descriptor {
    int number;
    ~Descriptor() {
        if (number >= 0) ::close(number);
    }
};

}  // namespace

Result<std::string> read_descriptor(int descriptor, std::string const& what, std::int64_t most) {
    std::string bytes;
    struct stat facts {};
    if (::fstat(descriptor, &facts) == 0 && S_ISREG(facts.st_mode)) {
        if (facts.st_size > most) {
            return fail(Errc::invalid_argument,
                        what + " is larger than the limit of " + std::to_string(most) + " bytes");
        }
        bytes.reserve(static_cast<std::size_t>(facts.st_size) + 1);
    }
    for (;;) {
        std::size_t const before = bytes.size();
        std::size_t const room = std::max<std::size_t>(bytes.capacity() - before, 64 * 1024);
        bytes.resize(before + room);
        ssize_t const got = ::read(descriptor, bytes.data() + before, room);
        if (got < 0 && errno == EINTR) {
            bytes.resize(before);
            continue;
        }
        if (got < 0) return file_error(what, errno);
        bytes.resize(before + static_cast<std::size_t>(got));
        if (static_cast<std::int64_t>(bytes.size()) > most) {
            return fail(Errc::invalid_argument,
                        what + " is larger than the limit of " + std::to_string(most) + " bytes");
        }
        if (got == 0) return bytes;
    }
}

Result<std::string> read_file(std::string const& path, std::int64_t most) {
    std::string const what = std::string("the file '") + path.c_str() + "'";
    // The system would read the file whose name ends there.
    if (path.find('\0') != std::string::npos) {
        return fail(Errc::invalid_argument, what + " is named with a zero byte, which no file can have in its name");
    }
    Descriptor const file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
    if (file.number < 0) return file_error(what, errno);
    return read_descriptor(file.number, what, most);
}

Result<std::string> read_regular_file(std::string const& path, std::int64_t most) {
    std::string const what = "the file '" + path + "'";
    // Opening a pipe waits for its writer otherwise; for a file the flag means nothing.
    Descriptor const file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
    if (file.number < 0) return file_error(what, errno);
    struct stat facts {};
    if (::fstat(file.number, &facts) != 0) return file_error(what, errno);
    if (S_ISDIR(facts.st_mode)) return file_error(what, EISDIR);
    if (!S_ISREG(facts.st_mode)) {
        return fail(Errc::invalid_argument, what + " is a pipe or a device; only files and folders are taken in");
    }
    return read_descriptor(file.number, what, most);
}

}  // namespace aikit::inline v0::os
