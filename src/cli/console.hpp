// SPDX-License-Identifier: MIT
// cli/console.hpp - what the command prints, and where: answers on standard output, all else on standard error.
#ifndef AIKIT_SRC_CLI_CONSOLE_HPP
#define AIKIT_SRC_CLI_CONSOLE_HPP

#include <aikit/core/error.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace aikit::cli {

/// Exit codes: 0 ok, 2 usage, 10 + the error's number, 130 on Ctrl-C.
inline constexpr int exit_usage = 2;
inline constexpr int exit_interrupted = 130;
int exit_code(Errc code) noexcept;

/// Call first: makes sure that nothing opened later can take the place of a standard descriptor that is closed, and
/// that a reader who goes away is noticed instead of killing the process before a bill is settled.
void begin_output();

/// Whether something could not be written to standard output.
bool output_lost() noexcept;

/// Call last. Where output was lost: says so and turns success into a failure; where its reader went away, ends as any
/// program does then. Otherwise gives `code` back.
int end_output(int code);

class Console {
public:
    Console(bool json, bool quiet);

    bool json() const noexcept { return json_; }
    bool quiet() const noexcept { return quiet_; }

    /// Text of an answer, at once and as it stands.
    void write(std::string_view text);

    /// A line of standard output.
    void line(std::string_view text);

    /// A line on standard error for people: left out with --quiet or --json.
    void note(std::string_view text);

    /// A warning on standard error; left out with --quiet.
    void warn(std::string_view text);

    /// Tells a failure: the sentence on standard error, with --json also `{"error": {...}}` as the last line of
    /// standard output (`partial` is a JSON object, or empty). Returns the exit code.
    int fail(Error const& error, std::string_view partial = {});

    /// Redraws the progress line when standard error is a terminal; `done` of `total`, and what is at work.
    void progress(std::int64_t done, std::int64_t total, std::string_view what);
    void end_progress();

    /// `text` in bold or dim when standard output is a terminal and NO_COLOR is not set.
    std::string bold(std::string_view text) const;
    std::string dim(std::string_view text) const;

private:
    bool json_;
    bool quiet_;
    bool colour_;
    bool progress_on_terminal_;
    bool progress_shown_ = false;
};

}  // namespace aikit::cli

#endif  // AIKIT_SRC_CLI_CONSOLE_HPP
