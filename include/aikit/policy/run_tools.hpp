// SPDX-License-Identifier: MIT
// aikit/policy/run_tools.hpp - lets a model call tools until it has its answer, within limits.
#ifndef AIKIT_POLICY_RUN_TOOLS_HPP
#define AIKIT_POLICY_RUN_TOOLS_HPP

#include <aikit/model/provider.hpp>
#include <aikit/model/tool.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

namespace aikit::inline v0::policy {

struct ToolRunConfig {
    ToolRunConfig() = default;

    // How far it may go.
    int max_steps = 8;                      ///< Replies of the model, 1 to 1000.
    std::chrono::milliseconds max_time{0};  ///< The whole run; zero or less: only the call's own deadline.

    /// No further step is begun once the replies cost this much: the last one may go over it. A reply that could not
    /// be priced ends the run too.
    std::optional<Money> max_cost;

    int max_parallel = 4;  ///< Calls of one step under way at once, 1 to 64.

    /// Asked before each call, one at a time; false: the model is told that the call was declined. Empty: all may run.
    std::function<Task<bool>(ToolCall)> approve;

    // What happens on the way, told on the run's executor. With on_event the replies are streamed. An exception from
    // either ends the run as internal.
    std::function<void(int step, ChatEvent const&)> on_event;
    std::function<void(int step, ToolCall const&, ToolResult const&)> on_result;

    std::shared_ptr<Clock> clock;  ///< Null: the machine's.
};

/// Why a run ended.
enum class ToolRunEnd {
    answered,        ///< The model asks for no tool.
    length,          ///< The last reply was cut by a limit of tokens; its calls were not run.
    content_filter,  ///< The last reply was withheld by the provider.
    steps,           ///< max_steps replies, and the last asks for tools still.
    time,            ///< max_time, or the call's deadline.
    cost,            ///< max_cost, or a reply without a price.
};

/// "answered", "length", "content_filter", "steps", "time", "cost". Static storage.
AIKIT_EXPORT char const* name(ToolRunEnd end) noexcept;

struct ToolRun {
    ToolRun() = default;

    ToolRunEnd end = ToolRunEnd::answered;
    ChatReply reply;  ///< The last one that came; empty when time was up before the first.

    /// The request's messages and all that came after, the model's as they came: for the next turn. Where a limit
    /// ended the run, calls of the last reply have no result there.
    std::vector<Message> messages;

    int steps = 0;              ///< Replies that came.
    int calls = 0;              ///< Calls that were answered, declined and refused ones included.
    Usage usage;                ///< Of all replies. Without Usage::raw.
    std::optional<Money> cost;  ///< Of all replies; missing when one could not be priced.
};

/// Asks the model, runs the tools it calls, gives it their results, and so on until one of the limits or an answer. The
/// tools' specs are added to the request's. Arguments are checked against the tool's schema before it is called; what
/// is wrong, an unknown name and a tool's error go back to the model as failed results.
///
/// Cancellation: terminal; reaches the model's reply and all tools under way. What was done stays done.
/// Errors: invalid_argument (two tools of one name, limits out of range, n over 1), unsupported (a schema that cannot
/// be checked), cancelled, and the provider's.
AIKIT_EXPORT Task<ToolRun> run_tools(std::shared_ptr<AIProvider> provider, std::vector<std::shared_ptr<Tool>> tools,
                                     ChatRequest request, ToolRunConfig config, CallOptions options);

}  // namespace aikit::inline v0::policy

#endif  // AIKIT_POLICY_RUN_TOOLS_HPP
