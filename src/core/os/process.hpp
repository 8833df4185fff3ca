// SPDX-License-Identifier: MIT
// core/os/process.hpp - another program: its arguments as they are, no shell, and nothing that it does not need.
#ifndef AIKIT_SRC_CORE_OS_PROCESS_HPP
#define AIKIT_SRC_CORE_OS_PROCESS_HPP

#include <aikit/core/result.hpp>

#include <atomic>
#include <chrono>
#include <string>
#include <vector>

namespace aikit::inline v0::os {

struct Program {
    Program() = default;

    std::vector<std::string> arguments;    ///< The first is the program: a path, or a name that PATH finds.
    std::vector<std::string> environment;  ///< All of it, as "NAME=value".
    std::string input;                     ///< Its standard input.
    std::chrono::milliseconds time{0};     ///< Past it the program is stopped. Zero or less: no limit.
    std::size_t most_output = 1 << 20;     ///< Bytes of its standard output that are kept.
};

struct ProgramEnd {
    ProgramEnd() = default;

    int exit_code = 0;  ///< 128 and its number for a signal, as shells have it.
    bool timed_out = false;
    bool stopped = false;  ///< `stop` was set.
    bool cut = false;      ///< There was more output.
    std::string output;
    std::string errors;  ///< The first 4 KiB of its standard error.
};

/// Runs a program in a process group of its own and waits for its end: it inherits no descriptor but the three standard
/// ones, which are pipes, and no signal mask. It is stopped (SIGTERM, SIGKILL a second later, with all it started in
/// its group) when time is up or `stop` is set, which is looked at about every 20 ms; what of its group is left when it
/// has ended is killed. Blocks: for a thread that may. Errors: not_found (no such program), permission, storage (no
/// process or descriptor to be had).
Result<ProgramEnd> run_program(Program const& program, std::atomic<bool> const& stop);

}  // namespace aikit::inline v0::os

#endif  // AIKIT_SRC_CORE_OS_PROCESS_HPP
