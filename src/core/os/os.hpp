// SPDX-License-Identifier: MIT
// core/os/os.hpp - everything aikit asks of the operating system about threads, processes and randomness.
#ifndef AIKIT_SRC_CORE_OS_OS_HPP
#define AIKIT_SRC_CORE_OS_OS_HPP

#include <aikit/core/config.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <signal.h>
#include <string>

namespace aikit::inline v0::os {

/// Gives the calling thread a name that debuggers and /proc show; at most 15 bytes count.
void name_thread(char const* name) noexcept;

/// Fills with bytes nobody can foresee. False when the system has none to give; `out` is undefined then.
[[nodiscard]] bool random_bytes(void* out, std::size_t size) noexcept;

/// The value of an environment variable; nothing when it is not set. Not while another thread changes the environment.
std::optional<std::string> environment(char const* name);

/// A number that differs between a process and the children it forks. Costs a load once it was called.
std::uint64_t process_generation() noexcept;

/// The process's number, as other programs show it.
std::int64_t process_id() noexcept;

/// Has each later fork() call `before`, and in the parent and in the child `after`. False without memory for it. It is
/// undone when the library is unloaded.
bool around_forks(void (*before)(), void (*after)()) noexcept;

/// True when the descriptor (1: standard output, 2: standard error) is a terminal.
bool is_terminal(int descriptor) noexcept;

/// Reads a line of at most 4 KiB without its end, from a terminal or a pipe. Nothing at the end of input, or when
/// `stop` is set, which is looked at about every 100 ms. Blocks.
std::optional<std::string> read_line(int descriptor, std::atomic<bool> const& stop);

/// Descriptors 0 to 2 that are closed become ones that fail when used, so that no file or socket opened later is taken
/// for standard input, output or error. For programs, before they open anything.
void hold_standard_descriptors() noexcept;

/// Keeps SIGPIPE from the calling thread and those it starts: a write whose reader went away fails with EPIPE.
/// For programs, at their beginning.
void hold_broken_pipe() noexcept;

/// Lets the SIGPIPE of such a write do what it would have done then, which ends the process unless it is ignored.
void release_broken_pipe() noexcept;

/// How many processors this process may run on; at least 1.
int usable_cores() noexcept;

/// Overwrites memory with zeros even when nobody reads it again.
void overwrite(void* data, std::size_t size) noexcept;

/// Never returns: for a thread that must not go on while its process exits.
[[noreturn]] void park() noexcept;

/// While it lives, a thread started by this one has every signal blocked but those a fault of its own raises, so
/// that the host's signals land on the host's threads. The calling thread's mask is put back at the end.
class SignalsBlocked {
public:
    SignalsBlocked() noexcept;
    ~SignalsBlocked();
    SignalsBlocked(SignalsBlocked const&) = delete;
    SignalsBlocked& operator=(SignalsBlocked const&) = delete;

private:
    sigset_t before_;
};

}  // namespace aikit::inline v0::os

#endif  // AIKIT_SRC_CORE_OS_OS_HPP
