// SPDX-License-Identifier: MIT
// cli/tools.hpp - programs as tools: read from a file, run without a shell, asked for on the terminal.
#ifndef AIKIT_SRC_CLI_TOOLS_HPP
#define AIKIT_SRC_CLI_TOOLS_HPP

#include "cli/commands.hpp"

#include <atomic>
#include <memory>
#include <string_view>

namespace aikit::cli {

/// The tools of a file: {"tools": [{"name", "description", "parameters", "strict", "command": [program, arguments...],
/// "timeout" in seconds (30), "max_output" in bytes (65536), "environment": [names]}]}. A program gets the call's
/// arguments as JSON on its standard input, and answers on its standard output; an exit code that is not 0 is a failed
/// result. Of the environment it sees PATH, HOME, LANG, TZ and their like, and what is named. Errors:
/// invalid_argument, naming the member.
Result<ToolRegistry> read_tools(std::string_view json, Runtime const& runtime);

/// Asks on standard error, and takes the answer from standard input, for each call.
std::function<Task<bool>(ToolCall)> ask_on_terminal(Runtime const& runtime);

/// Carries out a chat with the tools of its settings.
int run_chat_with_tools(Console& console, Session& kit, ChatSettings const& settings, json_form::ChatCall call);

/// Text that a terminal shows as it is: what would steer it, or turn the direction of reading, is a question mark.
std::string harmless(std::string_view text);

}  // namespace aikit::cli

#endif  // AIKIT_SRC_CLI_TOOLS_HPP
