// SPDX-License-Identifier: MIT
// Covers src/core/os/process.hpp: programs that answer, hang, flood, and look around.
#include "core/os/process.hpp"

#include <doctest/doctest.h>

#include <thread>

namespace aikit {
namespace {

os::Program shell(std::string script) {
    os::Program program;
    program.arguments = {"/bin/sh", "-c", std::move(script)};
    program.environment = {"PATH=/usr/bin:/bin"};
    program.time = std::chrono::seconds(20);
    return program;
}

Result<os::ProgramEnd> run(os::Program const& program) {
    std::atomic<bool> const stop = false;
    return os::run_program(program, stop);
}

}  // namespace

TEST_CASE("a program gets its input and gives its output, errors and exit code") {
    os::Program program = shell("cat; echo wrong >&2; exit 3");
    program.input = std::string(300'000, 'x');
    os::ProgramEnd const end = run(program).value();
    CHECK(end.output == program.input);
    CHECK(end.errors == "wrong\n");
    CHECK(end.exit_code == 3);
    CHECK(!end.cut);
    CHECK(!end.timed_out);
}

TEST_CASE("arguments reach a program as they are and no shell reads them") {
    os::Program program;
    program.arguments = {"printf", "%s|", "$HOME", "a b", "`id`", ";", ""};
    CHECK(run(program).value().output == "$HOME|a b|`id`|;||");
}

TEST_CASE("a program sees the environment it is given and no descriptor but the three") {
    os::Program program = shell("env; ls /proc/self/fd | wc -l");
    program.environment = {"PATH=/usr/bin:/bin", "ONE=1"};
    std::string const seen = run(program).value().output;
    CHECK(seen.find("ONE=1") != std::string::npos);
    CHECK(seen.find("HOME=") == std::string::npos);
    // The fourth is that of the folder that ls reads.
    CHECK(seen.substr(seen.rfind('\n', seen.size() - 2) + 1) == "4\n");
}

TEST_CASE("a program that does not read its input ends as it will") {
    os::Program program = shell("echo done");
    program.input = std::string(300'000, 'x');
    CHECK(run(program).value().output == "done\n");
}

TEST_CASE("output beyond the limit is dropped while the program goes on") {
    os::Program program = shell("head -c 500000 /dev/zero | tr '\\0' a; exit 5");
    program.most_output = 1000;
    os::ProgramEnd const end = run(program).value();
    CHECK(end.output == std::string(1000, 'a'));
    CHECK(end.cut);
    CHECK(end.exit_code == 5);
}

TEST_CASE("a program that takes too long is stopped with all it started") {
    os::Program program = shell("trap '' TERM; sleep 60 & sleep 60");
    program.time = std::chrono::milliseconds(100);
    auto const begun = std::chrono::steady_clock::now();
    os::ProgramEnd const end = run(program).value();
    CHECK(end.timed_out);
    CHECK(std::chrono::steady_clock::now() - begun < std::chrono::seconds(20));
}

TEST_CASE("a program is stopped when that is asked") {
    std::atomic<bool> stop = false;
    std::thread asks([&stop] { stop = true; });
    os::ProgramEnd const end = os::run_program(shell("sleep 60"), stop).value();
    asks.join();
    CHECK(end.stopped);
    CHECK(end.exit_code == 128 + 15);
}

TEST_CASE("what a program leaves behind neither holds its end up nor lives on") {
    auto const begun = std::chrono::steady_clock::now();
    os::ProgramEnd const end = run(shell("sleep 60 & echo $!")).value();
    CHECK(std::chrono::steady_clock::now() - begun < std::chrono::seconds(20));
    std::string const folder = "/proc/" + end.output.substr(0, end.output.size() - 1);
    // It may still wait to be reaped by whoever adopted it.
    CHECK(run(shell("sleep 0.2; ! grep '^State:' " + folder + "/status | grep -v Z")).value().exit_code == 0);
}

TEST_CASE("a program that is not there or none is told as such") {
    os::Program program;
    program.arguments = {"no-such-program-anywhere"};
    CHECK(run(program).error().code == Errc::not_found);
    program.arguments = {"/etc/passwd"};
    CHECK(run(program).error().code == Errc::permission);
    program.arguments.clear();
    CHECK(run(program).error().code == Errc::invalid_argument);
}

}  // namespace aikit
