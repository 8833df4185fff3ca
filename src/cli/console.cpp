// SPDX-License-Identifier: MIT
// cli/console.cpp - printing.
#include "cli/console.hpp"

#include "core/os/os.hpp"

#include <aikit/model/json_form.hpp>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <system_error>

namespace aikit::cli {
namespace {

/// The system's number for the first failed write to standard output; 0: none failed.
int first_failure = 0;

void note_failure() noexcept {
    if (first_failure == 0) first_failure = errno != 0 ? errno : EIO;
}

void put(std::FILE* out, std::string_view text) {
    errno = 0;
    if (std::fwrite(text.data(), 1, text.size(), out) != text.size() && out == stdout) note_failure();
}

void flush_output() {
    errno = 0;
    if (std::fflush(stdout) != 0) note_failure();
}

/// Terminals obey control characters, and error texts may quote file names.
std::string printable(std::string_view text) {
    std::string out;
    for (char const c : text) {
        bool const control = static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
        out += control ? ' ' : c;
    }
    return out;
}

constexpr std::string_view wipe_line = "\r\033[K";

}  // namespace

int exit_code(Errc code) noexcept {
    return code == Errc::cancelled ? exit_interrupted : 10 + static_cast<int>(code);
}

void begin_output() {
    os::hold_standard_descriptors();
    os::hold_broken_pipe();
}

bool output_lost() noexcept {
    return first_failure != 0;
}

int end_output(int code) {
    flush_output();
    if (first_failure == 0) return code;
    if (first_failure == EPIPE) os::release_broken_pipe();
    put(stderr, "aikit: standard output cannot be written: " + std::generic_category().message(first_failure) + "\n");
    return code != 0 ? code : exit_code(Errc::storage);
}

Console::Console(bool json, bool quiet)
    : json_(json),
      quiet_(quiet),
      colour_(os::is_terminal(1) && !os::environment("NO_COLOR").has_value()),
      progress_on_terminal_(!quiet && !json && os::is_terminal(2)) {}

void Console::write(std::string_view text) {
    put(stdout, text);
    flush_output();
}

void Console::line(std::string_view text) {
    put(stdout, text);
    put(stdout, "\n");
    flush_output();
}

void Console::note(std::string_view text) {
    if (quiet_ || json_) return;
    end_progress();
    put(stderr, printable(text));
    put(stderr, "\n");
}

void Console::warn(std::string_view text) {
    if (quiet_) return;
    end_progress();
    put(stderr, "aikit: warning: " + printable(text) + "\n");
}

int Console::fail(Error const& error, std::string_view partial) {
    end_progress();
    put(stderr, "aikit: " + printable(error.message) + "\n");
    if (json_) {
        std::string line = "{\"error\":" + json_form::write_error(error);
        if (!partial.empty()) line.append(",\"partial\":").append(partial);
        this->line(line + "}");
    }
    return exit_code(error.code);
}

void Console::progress(std::int64_t done, std::int64_t total, std::string_view what) {
    if (!progress_on_terminal_) return;
    constexpr int width = 24;
    int const filled = total > 0 ? static_cast<int>(std::clamp<std::int64_t>(done * width / total, 0, width)) : 0;
    std::string const tail = printable(what.size() > 40 ? what.substr(what.size() - 40) : what);
    put(stderr, std::string(wipe_line) + "[" + std::string(static_cast<std::size_t>(filled), '#') +
                    std::string(static_cast<std::size_t>(width - filled), '.') + "] " + std::to_string(done) + "/" +
                    std::to_string(total) + " " + tail);
    progress_shown_ = true;
}

void Console::end_progress() {
    if (!progress_shown_) return;
    put(stderr, wipe_line);
    progress_shown_ = false;
}

std::string Console::bold(std::string_view text) const {
    return colour_ ? "\033[1m" + std::string(text) + "\033[0m" : std::string(text);
}

std::string Console::dim(std::string_view text) const {
    return colour_ ? "\033[2m" + std::string(text) + "\033[0m" : std::string(text);
}

}  // namespace aikit::cli
