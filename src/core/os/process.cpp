// SPDX-License-Identifier: MIT
// core/os/process.cpp - posix_spawn and three pipes.
#include "core/os/process.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <fcntl.h>
#include <optional>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

namespace aikit::inline v0::os {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr std::size_t most_errors = 4096;
constexpr milliseconds slice{20};
constexpr milliseconds patience{1000};

/// While it lives, writing to a pipe that nobody reads raises no signal in this thread.
class PipesQuiet {
public:
    PipesQuiet() noexcept {
        ::sigemptyset(&pipe_);
        ::sigaddset(&pipe_, SIGPIPE);
        sigset_t pending;
        ::sigpending(&pending);
        had_one_ = ::sigismember(&pending, SIGPIPE) == 1;
        ::pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
    }
    ~PipesQuiet() {
        timespec const at_once{0, 0};
        if (!had_one_) ::sigtimedwait(&pipe_, nullptr, &at_once);
        ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
    }
    PipesQuiet(PipesQuiet const&) = delete;
    PipesQuiet& operator=(PipesQuiet const&) = delete;

private:
    sigset_t pipe_;
    sigset_t before_;
    bool had_one_ = false;
};

/// Closed when it goes.
class Descriptor {
public:
    Descriptor() = default;
    explicit Descriptor(int number) : number_(number) {}
    ~Descriptor() { close(); }
    Descriptor(Descriptor const&) = delete;
    Descriptor& operator=(Descriptor const&) = delete;

    int number() const noexcept { return number_; }
    bool open() const noexcept { return number_ >= 0; }
    void reset(int number) noexcept {
        close();
        number_ = number;
    }
    void close() noexcept {
        if (number_ >= 0) ::close(number_);
        number_ = -1;
    }

private:
    int number_ = -1;
};

struct Pipe {
    Pipe() {
        std::array<int, 2> ends{-1, -1};
        if (::pipe2(ends.data(), O_CLOEXEC) != 0) return;
        read.reset(ends[0]);
        write.reset(ends[1]);
    }
    Descriptor read;
    Descriptor write;
};

/// What posix_spawn is told of descriptors, signals and the group.
class Terms {
public:
    Terms() { ready_ = ::posix_spawn_file_actions_init(&actions_) == 0 && ::posix_spawnattr_init(&attributes_) == 0; }
    ~Terms() {
        ::posix_spawn_file_actions_destroy(&actions_);
        ::posix_spawnattr_destroy(&attributes_);
    }
    Terms(Terms const&) = delete;
    Terms& operator=(Terms const&) = delete;

    bool set(int in, int out, int errors) {
        sigset_t none;
        sigset_t all;
        ::sigemptyset(&none);
        ::sigfillset(&all);
        short const flags = POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF;
        ready_ = ready_ && ::posix_spawn_file_actions_adddup2(&actions_, in, 0) == 0 &&
                 ::posix_spawn_file_actions_adddup2(&actions_, out, 1) == 0 &&
                 ::posix_spawn_file_actions_adddup2(&actions_, errors, 2) == 0 &&
                 ::posix_spawn_file_actions_addclosefrom_np(&actions_, 3) == 0 &&
                 ::posix_spawnattr_setflags(&attributes_, flags) == 0 &&
                 ::posix_spawnattr_setpgroup(&attributes_, 0) == 0 &&
                 ::posix_spawnattr_setsigmask(&attributes_, &none) == 0 &&
                 ::posix_spawnattr_setsigdefault(&attributes_, &all) == 0;
        return ready_;
    }

    posix_spawn_file_actions_t const* actions() const noexcept { return &actions_; }
    posix_spawnattr_t const* attributes() const noexcept { return &attributes_; }

private:
    posix_spawn_file_actions_t actions_;
    posix_spawnattr_t attributes_;
    bool ready_ = false;
};

std::vector<char*> pointers(std::vector<std::string> const& texts) {
    std::vector<char*> all;
    for (std::string const& text : texts) all.push_back(const_cast<char*>(text.c_str()));
    all.push_back(nullptr);
    return all;
}

Error why_not(int code, std::string const& name) {
    std::string const what = "The program '" + name + "' cannot be started: ";
    if (code == ENOENT || code == ENOTDIR) return fail(Errc::not_found, what + "there is none of that name.");
    if (code == EACCES || code == EPERM || code == ENOEXEC) {
        return fail(Errc::permission, what + "it is no program, or may not be run.");
    }
    return fail(Errc::storage, what + "the system has no process, descriptor or memory for it.");
}

/// One program while it runs.
class Running {
public:
    Running(Program const& program, std::atomic<bool> const& stop) : program_(program), stop_(stop) {}

    Result<void> start() {
        Terms terms;
        bool const piped = in_.write.open() && out_.write.open() && errors_.write.open();
        if (!piped || !terms.set(in_.read.number(), out_.write.number(), errors_.write.number())) {
            return why_not(EMFILE, program_.arguments.front());
        }
        std::vector<char*> const arguments = pointers(program_.arguments);
        std::vector<char*> const environment = pointers(program_.environment);
        int const code = ::posix_spawnp(&child_, arguments.front(), terms.actions(), terms.attributes(),
                                        arguments.data(), environment.data());
        if (code != 0) return why_not(code, program_.arguments.front());
        in_.read.close();
        out_.write.close();
        errors_.write.close();
        for (int const end : {in_.write.number(), out_.read.number(), errors_.read.number()}) {
            ::fcntl(end, F_SETFL, O_NONBLOCK);
        }
        if (program_.input.empty()) in_.write.close();
        return ok();
    }

    ProgramEnd wait() {
        steady_clock::time_point const begun = steady_clock::now();
        std::optional<steady_clock::time_point> ended;
        while (true) {
            transfer();
            bool const over = has_ended();
            steady_clock::time_point const now = steady_clock::now();
            if (over && !ended) ended = now;
            // Whoever it left behind may hold the pipes for ever.
            if (over && (!(out_.read.open() || errors_.read.open()) || now - *ended > milliseconds(200))) break;
            if (!over) end_if_due(now - begun, now);
        }
        // The child is not reaped before, so that its number is still its own.
        ::kill(-child_, SIGKILL);
        ::waitpid(child_, nullptr, 0);
        return std::move(end_);
    }

private:
    void transfer() {
        std::array<pollfd, 3> watched{
            {{in_.write.number(), POLLOUT, 0}, {out_.read.number(), POLLIN, 0}, {errors_.read.number(), POLLIN, 0}}};
        ::poll(watched.data(), watched.size(), static_cast<int>(slice.count()));
        if (watched[0].revents != 0) give();
        if (watched[1].revents != 0) end_.cut = take(out_.read, end_.output, program_.most_output) || end_.cut;
        if (watched[2].revents != 0) take(errors_.read, end_.errors, most_errors);
    }

    void give() {
        ssize_t const written =
            ::write(in_.write.number(), program_.input.data() + given_, program_.input.size() - given_);
        if (written > 0) given_ += static_cast<std::size_t>(written);
        bool const again = written < 0 && (errno == EAGAIN || errno == EINTR);
        // A program need not read what it is given.
        if ((written < 0 && !again) || given_ == program_.input.size()) in_.write.close();
    }

    /// True when there was more than is kept.
    static bool take(Descriptor& from, std::string& to, std::size_t most) {
        std::array<char, 16384> piece;
        ssize_t const got = ::read(from.number(), piece.data(), piece.size());
        if (got < 0 && (errno == EAGAIN || errno == EINTR)) return false;
        if (got <= 0) {
            from.close();
            return false;
        }
        std::size_t const kept = std::min(static_cast<std::size_t>(got), most - to.size());
        to.append(piece.data(), kept);
        return kept < static_cast<std::size_t>(got);
    }

    bool has_ended() {
        siginfo_t about{};
        if (::waitid(P_PID, static_cast<id_t>(child_), &about, WEXITED | WNOHANG | WNOWAIT) != 0) return true;
        if (about.si_pid != child_) return false;
        end_.exit_code = about.si_code == CLD_EXITED ? about.si_status : 128 + about.si_status;
        return true;
    }

    void end_if_due(steady_clock::duration so_far, steady_clock::time_point now) {
        if (asked_) {
            if (now - *asked_ > patience) ::kill(-child_, SIGKILL);
            return;
        }
        end_.stopped = stop_;
        end_.timed_out = !end_.stopped && program_.time.count() > 0 && so_far >= program_.time;
        if (!end_.stopped && !end_.timed_out) return;
        ::kill(-child_, SIGTERM);
        asked_ = now;
    }

    Program const& program_;
    std::atomic<bool> const& stop_;
    Pipe in_;
    Pipe out_;
    Pipe errors_;
    pid_t child_ = -1;
    std::size_t given_ = 0;
    std::optional<steady_clock::time_point> asked_;
    ProgramEnd end_;
};

}  // namespace

Result<ProgramEnd> run_program(Program const& program, std::atomic<bool> const& stop) {
    if (program.arguments.empty()) return fail(Errc::invalid_argument, "A program has no name.");
    PipesQuiet const quiet;
    Running running(program, stop);
    Result<void> const started = running.start();
    if (!started) return started.error();
    return running.wait();
}

}  // namespace aikit::inline v0::os
