// SPDX-License-Identifier: MIT
// aikit/model/tool.hpp - a function of the host's that a model may call.
#ifndef AIKIT_MODEL_TOOL_HPP
#define AIKIT_MODEL_TOOL_HPP

#include <aikit/model/chat.hpp>

#include <functional>
#include <memory>
#include <string>

namespace aikit::inline v0 {

/// What a tool is told beside its arguments.
struct ToolContext {
    ToolContext() = default;

    std::string call_id;  ///< As the model named the call.
    int step = 1;         ///< Which reply of the loop asked for it, from 1.
    CallOptions options;  ///< Of the whole run: who it is for, and the deadline.
};

/// Ownership: a shared handle; a run keeps its tools alive. Thread-safety: call() may be under way several times.
class AIKIT_EXPORT Tool {
public:
    virtual ~Tool();

    /// Name, description and the JSON Schema of the arguments. Lives as long as the tool and never changes.
    virtual ToolSpec const& spec() const noexcept = 0;

    /// `arguments` is a JSON document that fits the schema (plain text for a custom tool). The result's call_id is set
    /// by who called. An error is told to the model by its message alone, and does not end the run.
    ///
    /// Cancellation: terminal; a run that is cancelled or out of time cancels the tools that are under way.
    virtual Task<ToolResult> call(std::string arguments, ToolContext context) = 0;
};

/// A result that is one text.
AIKIT_EXPORT ToolResult text_result(std::string text);

/// A tool of a callable that answers at once, on the caller's executor: for work under a millisecond.
AIKIT_EXPORT std::shared_ptr<Tool> make_tool(ToolSpec spec, std::function<Result<std::string>(std::string)> call);

/// A tool of a callable that gives a Task. It must not be a coroutine lambda with captures: pass what it needs on to a
/// coroutine function by value.
AIKIT_EXPORT std::shared_ptr<Tool> make_async_tool(ToolSpec spec,
                                                   std::function<Task<ToolResult>(std::string, ToolContext)> call);

}  // namespace aikit::inline v0

#endif  // AIKIT_MODEL_TOOL_HPP
