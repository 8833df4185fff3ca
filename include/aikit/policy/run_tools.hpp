// SPDX-License-Identifier: MIT
// aikit/policy/run_tools.hpp - lets a model call tools until it has its answer, within limits.
#ifndef AIKIT_POLICY_RUN_TOOLS_HPP
#define AIKIT_POLICY_RUN_TOOLS_HPP

#include <aikit/model/provider.hpp>
#include <aikit/model/tool_registry.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

namespace aikit::inline v0::policy {

struct ToolRun;

struct ToolRunConfig {
    ToolRunConfig() = default;

    // How far it may go.
    int max_steps = 8;                      ///< Replies of the model, 1 to 1000.
    std::chrono::milliseconds max_time{0};  ///< The whole run; zero or less: only the call's own deadline.

    /// What all replies together may cost. No request is sent that is known to go over it: neither once so much is
    /// spent, nor when `estimate` says that the next one would. The last reply may still be longer than was expected;
    /// ChatRequest::max_tokens bounds that. A reply that could not be priced ends the run too.
    std::optional<Money> max_cost;

    /// What a request is expected to cost; nothing: not known. Empty: nothing is expected. A kit's run_tools() sets it.
    std::function<std::optional<Money>(ChatRequest const&)> estimate;

    int max_parallel = 4;  ///< Calls of one step under way at once, 1 to 64.

    /// Asked before each call, one at a time; false: the model is told that the call was declined. Empty: all may run.
    std::function<Task<bool>(ToolCall)> approve;

    // What happens on the way, told on the run's executor. With on_event the replies are streamed. An exception from
    // either ends the run as internal.
    std::function<void(int step, ChatEvent const&, ChatReply const& so_far)> on_event;
    std::function<void(int step, ToolCall const&, ToolResult const&)> on_result;  ///< As each call is answered.

    /// Awaited before an event is asked for and before a result is told, so that whoever is told can be slow. An error
    /// of it ends the run. Empty: told at once.
    std::function<Task<void>()> room;

    /// Told what there is when a run fails or is cancelled: what was spent is not lost, and `messages` can be gone on
    /// with. Called once at most, before the run ends with that error.
    std::function<void(ToolRun const&, Error const&)> on_failure;

    std::shared_ptr<Clock> clock;  ///< Null: the machine's.
};

/// Why a run ended.
enum class ToolRunEnd {
    answered,        ///< The model asks for no tool.
    length,          ///< The last reply was cut by a limit of tokens; its calls were not run.
    content_filter,  ///< The last reply was withheld by the provider.
    steps,           ///< max_steps replies, and the last asks for tools still.
    time,            ///< max_time, or the call's deadline.
    cost,            ///< max_cost is spent, the next request would go over it, or a reply had no price.
};

/// "answered", "length", "content_filter", "steps", "time", "cost". Static storage.
AIKIT_EXPORT char const* name(ToolRunEnd end) noexcept;

struct ToolRun {
    ToolRun() = default;

    ToolRunEnd end = ToolRunEnd::answered;
    ChatReply reply;  ///< The last one that came; empty when a limit came before the first.

    /// The request's messages and all that came after, the model's as they came: for the next turn, which any provider
    /// takes. Each call has its result, also where the run ended before the call was made or had ended: a failed one
    /// that says so. Only calls that were cut in their arguments are left out (they stand in `reply`).
    std::vector<Message> messages;

    int steps = 0;  ///< Replies that came.
    int calls = 0;  ///< Calls that were answered, declined and refused ones included.
    Usage usage;    ///< Of all replies, and of what came of a stream that failed. Without Usage::raw.

    /// Of the same; missing when a reply could not be priced. What a request cost that was cancelled, or had no answer,
    /// is in the ledger alone.
    std::optional<Money> cost;
};

/// Asks the model, runs the tools it calls, gives it their results, and so on until one of the limits or an answer. The
/// tools' specs are added to the request's; a tool_choice that demands a call is for the first step only. Arguments are
/// checked against the tool's schema before it is called; what is wrong, an unknown name and a tool's error go back to
/// the model as failed results.
///
/// Cancellation: terminal; reaches the model's reply and all tools under way. What was done stays done.
/// Errors: invalid_argument (two tools of one name, limits out of range, n over 1), unsupported (a schema that cannot
/// be checked), cancelled, and the provider's. What had been spent by then is told to on_failure, and in a kit's ledger
/// as every reply is.
AIKIT_EXPORT Task<ToolRun> run_tools(std::shared_ptr<AIProvider> provider, ToolRegistry tools, ChatRequest request,
                                     ToolRunConfig config, CallOptions options);
AIKIT_EXPORT Task<ToolRun> run_tools(std::shared_ptr<AIProvider> provider, std::vector<std::shared_ptr<Tool>> tools,
                                     ChatRequest request, ToolRunConfig config, CallOptions options);

}  // namespace aikit::inline v0::policy

#endif  // AIKIT_POLICY_RUN_TOOLS_HPP
