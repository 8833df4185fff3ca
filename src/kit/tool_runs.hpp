// SPDX-License-Identifier: MIT
// kit/tool_runs.hpp - runs of tools as JSON; the command and the C ABI say it the same way.
#ifndef AIKIT_SRC_KIT_TOOL_RUNS_HPP
#define AIKIT_SRC_KIT_TOOL_RUNS_HPP

#include <aikit/policy/run_tools.hpp>

#include <string>
#include <string_view>

namespace aikit::inline v0::tool_runs {

/// {"max_steps", "max_time" in seconds, "max_cost" in dollars, "max_parallel"} into a configuration; the empty text
/// says nothing. Errors: invalid_argument, naming the member.
Result<void> read_limits(std::string_view json, policy::ToolRunConfig& config);

/// What a tool answers: a text, or {"content": a text or a list of parts in OpenAI's form, "failed", "declined"}.
/// Errors: invalid_argument, naming the member.
Result<ToolResult> read_answer(std::string_view json);

/// {"object", "end", "steps", "calls", "usage", "cost", "reply", "messages"}. `failure`: what it ended with, should it
/// have failed; "end" is "failed" or "cancelled" then.
std::string write(policy::ToolRun const& run, Error const* failure = nullptr);

// Events, each an object with "type" and "step".

std::string write_chunk(int step, ChatEvent const& event, ChatReply const& so_far);  ///< Empty: it has no such form.
std::string write_call(std::int64_t number, int step, ToolCall const& call);
std::string write_result(int step, ToolCall const& call, ToolResult const& result);
std::string write_cancelled(std::int64_t number, int step);

}  // namespace aikit::inline v0::tool_runs

#endif  // AIKIT_SRC_KIT_TOOL_RUNS_HPP
