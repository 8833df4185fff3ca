// SPDX-License-Identifier: MIT
// core/os/posix.cpp - the operating system as Linux and its relatives give it.
#include "core/os/os.hpp"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

namespace aikit::inline v0::os {

namespace {

/// Counts the forks between the first process and this one. A fork's child runs alone when it is changed.
std::atomic<std::uint64_t> generation{1};

void in_forked_child() {
    generation.fetch_add(1, std::memory_order_relaxed);
}

}  // namespace

void name_thread(char const* name) noexcept {
    char text[16] = {};
    ::strncpy(text, name, sizeof(text) - 1);
    ::pthread_setname_np(::pthread_self(), text);
}

bool random_bytes(void* out, std::size_t size) noexcept {
    auto* at = static_cast<unsigned char*>(out);
    while (size > 0) {
        ssize_t const got = ::getrandom(at, size, 0);
        if (got < 0 && errno != EINTR) return false;
        if (got <= 0) continue;
        at += got;
        size -= static_cast<std::size_t>(got);
    }
    return true;
}

std::optional<std::string> environment(char const* name) {
    char const* const value = std::getenv(name);
    if (value == nullptr) return std::nullopt;
    return std::string(value);
}

std::int64_t process_id() noexcept {
    return static_cast<std::int64_t>(::getpid());
}

std::uint64_t process_generation() noexcept {
    // The handler goes when the library is unloaded; without memory for it a fork is found by the process id alone.
    static bool const watched = ::pthread_atfork(nullptr, nullptr, in_forked_child) == 0;
    if (!watched) return static_cast<std::uint64_t>(::getpid());
    return generation.load(std::memory_order_relaxed);
}

bool around_forks(void (*before)(), void (*after)()) noexcept {
    return ::pthread_atfork(before, after, after) == 0;
}

int usable_cores() noexcept {
    cpu_set_t allowed;
    CPU_ZERO(&allowed);
    if (::sched_getaffinity(0, sizeof(allowed), &allowed) == 0) return std::max(1, CPU_COUNT(&allowed));
    // More processors than the set has room for.
    return std::max(1, static_cast<int>(::sysconf(_SC_NPROCESSORS_ONLN)));
}

void overwrite(void* data, std::size_t size) noexcept {
    ::explicit_bzero(data, size);
}

void park() noexcept {
    for (;;) ::pause();
}

SignalsBlocked::SignalsBlocked() noexcept {
    sigset_t all;
    ::sigfillset(&all);
    // A blocked fault kills the process without its host's crash reporter.
    for (int const fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS}) ::sigdelset(&all, fault);
    ::pthread_sigmask(SIG_SETMASK, &all, &before_);
}

SignalsBlocked::~SignalsBlocked() {
    ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

void hold_standard_descriptors() noexcept {
    for (int descriptor = 0; descriptor <= 2; ++descriptor) {
        if (::fcntl(descriptor, F_GETFD) != -1 || errno != EBADF) continue;
        // The lowest free descriptor is this one. Reading fails on 0 and writing on the others, as if still closed.
        if (::open("/dev/null", descriptor == 0 ? O_WRONLY : O_RDONLY) < 0) return;
    }
}

namespace {

void mask_broken_pipe(int how) noexcept {
    sigset_t only;
    ::sigemptyset(&only);
    ::sigaddset(&only, SIGPIPE);
    ::pthread_sigmask(how, &only, nullptr);
}

}  // namespace

void hold_broken_pipe() noexcept {
    mask_broken_pipe(SIG_BLOCK);
}

void release_broken_pipe() noexcept {
    mask_broken_pipe(SIG_UNBLOCK);
}

std::optional<std::string> read_line(int descriptor, std::atomic<bool> const& stop) {
    std::string line;
    while (!stop && line.size() < 4096) {
        pollfd watched{descriptor, POLLIN, 0};
        if (::poll(&watched, 1, 100) <= 0) continue;
        char byte = 0;
        ssize_t const got = ::read(descriptor, &byte, 1);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return line.empty() ? std::nullopt : std::optional<std::string>(line);
        if (byte == '\n') return line;
        line += byte;
    }
    return std::nullopt;
}

bool is_terminal(int descriptor) noexcept {
    return ::isatty(descriptor) == 1;
}

}  // namespace aikit::inline v0::os
