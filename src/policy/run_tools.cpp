// SPDX-License-Identifier: MIT
// policy/run_tools.cpp - the loop: ask, approve, check, call, give back.
#include "core/together.hpp"

#include <aikit/model/json_schema.hpp>
#include <aikit/policy/run_tools.hpp>

#include <map>

namespace aikit::inline v0::policy {
namespace {

struct Ready {
    Ready() = default;

    std::shared_ptr<Tool> tool;
    JsonSchema schema;
};

/// What all steps of a run share; used on the run's executor only.
struct Run {
    Run() = default;

    std::shared_ptr<AIProvider> provider;
    std::map<std::string, Ready, std::less<>> tools;
    ChatRequest request;
    ToolRunConfig config;
    CallOptions options;
    ToolRun result;
};

using Shared = std::shared_ptr<Run>;

ToolResult failed_result(std::string text) {
    ToolResult result = text_result(std::move(text));
    result.failed = true;
    return result;
}

Error refuse(std::string why) {
    return fail(Errc::invalid_argument, "The tools cannot be run: " + std::move(why) + ".");
}

Result<void> prepare(Run& run, std::vector<std::shared_ptr<Tool>> tools) {
    if (!run.provider) return refuse("there is no provider");
    if (run.config.max_steps < 1 || run.config.max_steps > 1000) return refuse("max_steps must be 1 to 1000");
    if (run.config.max_parallel < 1 || run.config.max_parallel > 64) return refuse("max_parallel must be 1 to 64");
    if (run.request.n.value_or(1) != 1) return refuse("n must be 1");
    for (std::shared_ptr<Tool>& tool : tools) {
        if (!tool) return refuse("a tool is null");
        ToolSpec const& spec = tool->spec();
        if (run.tools.contains(spec.name)) return refuse("two of them have one name");
        Ready ready;
        if (!spec.parameters.empty()) {
            Result<JsonSchema> schema = JsonSchema::parse(spec.parameters);
            if (!schema) return schema.error();
            ready.schema = std::move(*schema);
        }
        run.request.tools.push_back(spec);
        ready.tool = std::move(tool);
        run.tools.emplace(spec.name, std::move(ready));
    }
    if (!run.config.clock) run.config.clock = real_clock();
    run.options.deadline = run.options.deadline.sooner(Deadline::after(*run.config.clock, run.config.max_time));
    run.result.messages = run.request.messages;
    run.result.cost = Money();
    return ok();
}

Task<ChatReply> streamed(Shared run, ChatRequest request) {
    Task<ChatStream> opening = run->provider->stream_chat(std::move(request), run->options);
    Result<ChatStream> stream = co_await std::move(opening);
    if (!stream) co_return stream.error();
    while (true) {
        Task<std::optional<ChatEvent>> pending = stream->next();
        Result<std::optional<ChatEvent>> event = co_await std::move(pending);
        if (!event) co_return event.error();
        if (!*event) break;
        run->config.on_event(run->result.steps + 1, **event);
    }
    CallInfo info = stream->info();
    ChatReply reply = stream->take_reply();
    reply.info = std::move(info);
    co_return reply;
}

Task<ChatReply> ask(Shared run) {
    ChatRequest request = run->request;
    request.messages = run->result.messages;
    if (run->config.on_event) return streamed(run, std::move(request));
    return run->provider->chat(std::move(request), run->options);
}

Task<bool> yes() {
    co_return true;
}

/// What the model is told when the call is not made; nothing when it may be.
Task<std::optional<ToolResult>> refusal(Shared run, ToolCall call) {
    auto const found = run->tools.find(call.name);
    if (found == run->tools.end()) co_return failed_result("There is no tool of this name.");
    if (!call.custom) {
        Result<void> const checked = found->second.schema.check(call.arguments);
        if (!checked) {
            std::string text = "The arguments do not fit the schema: " + checked.error().message;
            if (!checked.error().remote_detail.empty()) text += " (" + checked.error().remote_detail + ")";
            co_return failed_result(std::move(text));
        }
    }
    Task<bool> asking = run->config.approve ? run->config.approve(call) : yes();
    Result<bool> const approved = co_await std::move(asking);
    if (!approved) co_return approved.error();
    if (!*approved) co_return failed_result("The call was declined.");
    co_return std::optional<ToolResult>();
}

Task<ToolResult> call_tool(Shared run, ToolCall call) {
    ToolContext context;
    context.call_id = call.id;
    context.step = run->result.steps;
    context.options = run->options;
    std::shared_ptr<Tool> const tool = run->tools.find(call.name)->second.tool;
    Task<ToolResult> calling = tool->call(std::move(call.arguments), std::move(context));
    co_return co_await std::move(calling);
}

Task<ToolResult> ready_result(ToolResult result) {
    co_return result;
}

/// Adds one message for each call, in the order of the calls.
Task<void> answer(Shared run, std::vector<ToolCall> calls) {
    std::vector<Task<ToolResult>> tasks;
    for (ToolCall const& call : calls) {
        Task<std::optional<ToolResult>> refusing = refusal(run, call);
        Result<std::optional<ToolResult>> refused = co_await std::move(refusing);
        if (!refused) co_return refused.error();
        tasks.push_back(*refused ? ready_result(std::move(**refused)) : call_tool(run, call));
    }
    std::size_t const width = static_cast<std::size_t>(run->config.max_parallel);
    Task<std::vector<Result<ToolResult>>> running = together(std::move(tasks), width, false);
    Result<std::vector<Result<ToolResult>>> results = co_await std::move(running);
    if (!results) co_return results.error();
    boost::asio::cancellation_state const state = co_await boost::asio::this_coro::cancellation_state;
    if (state.cancelled() != boost::asio::cancellation_type::none) {
        co_return fail(Errc::cancelled, "The run of tools was cancelled.");
    }
    for (std::size_t i = 0; i < calls.size(); ++i) {
        Result<ToolResult>& each = (*results)[i];
        ToolResult result = each ? std::move(*each) : failed_result("The tool failed: " + each.error().message);
        result.call_id = calls[i].id;
        if (run->config.on_result) run->config.on_result(run->result.steps, calls[i], result);
        Message message(Role::tool);
        message.parts.emplace_back(std::move(result));
        run->result.messages.push_back(std::move(message));
        ++run->result.calls;
    }
    co_return ok();
}

void count(ToolRun& result, ChatReply reply) {
    ++result.steps;
    result.usage.add(reply.usage);
    Result<Money> sum = fail(Errc::unknown_price, "A reply has no price.");
    if (result.cost && reply.info.cost) sum = Money::add(*result.cost, *reply.info.cost);
    result.cost = sum ? std::optional<Money>(*sum) : std::nullopt;
    if (!reply.choices.empty()) result.messages.push_back(reply.choices.front().message);
    result.reply = std::move(reply);
}

/// Why no tool may be run after this reply; nothing when the run goes on.
std::optional<ToolRunEnd> end_of(Run const& run) {
    if (run.result.reply.choices.empty()) return ToolRunEnd::answered;
    Choice const& choice = run.result.reply.choices.front();
    if (choice.finish == FinishReason::length) return ToolRunEnd::length;
    if (choice.finish == FinishReason::content_filter) return ToolRunEnd::content_filter;
    if (choice.message.tool_calls().empty()) return ToolRunEnd::answered;
    if (run.result.steps >= run.config.max_steps) return ToolRunEnd::steps;
    std::optional<Money> const& limit = run.config.max_cost;
    if (limit && (!run.result.cost || *run.result.cost >= *limit)) return ToolRunEnd::cost;
    return std::nullopt;
}

Task<void> loop(Shared run) {
    while (true) {
        Task<ChatReply> asking = ask(run);
        Result<ChatReply> reply = co_await std::move(asking);
        if (!reply) co_return reply.error();
        count(run->result, std::move(*reply));
        if (std::optional<ToolRunEnd> const end = end_of(*run)) {
            run->result.end = *end;
            co_return ok();
        }
        Task<void> answering = answer(run, run->result.reply.choices.front().message.tool_calls());
        Result<void> const answered = co_await std::move(answering);
        if (!answered) co_return answered.error();
    }
}

Task<ToolRun> start(Shared run, std::vector<std::shared_ptr<Tool>> tools) {
    Result<void> const prepared = prepare(*run, std::move(tools));
    if (!prepared) co_return prepared.error();
    Deadline const deadline = run->options.deadline;
    Task<void> looping = loop(run);
    Task<void> limited = with_timeout(run->config.clock, deadline, std::string("run of tools"), std::move(looping));
    Result<void> const done = co_await std::move(limited);
    if (done) co_return std::move(run->result);
    bool const late = done.error().code == Errc::timeout && deadline.passed(run->config.clock->now());
    if (!late) co_return done.error();
    run->result.end = ToolRunEnd::time;
    co_return std::move(run->result);
}

}  // namespace

char const* name(ToolRunEnd end) noexcept {
    switch (end) {
        case ToolRunEnd::answered: return "answered";
        case ToolRunEnd::length: return "length";
        case ToolRunEnd::content_filter: return "content_filter";
        case ToolRunEnd::steps: return "steps";
        case ToolRunEnd::time: return "time";
        case ToolRunEnd::cost: return "cost";
    }
    return "";
}

Task<ToolRun> run_tools(std::shared_ptr<AIProvider> provider, std::vector<std::shared_ptr<Tool>> tools,
                        ChatRequest request, ToolRunConfig config, CallOptions options) {
    auto const run = std::make_shared<Run>();
    run->provider = std::move(provider);
    run->request = std::move(request);
    run->config = std::move(config);
    run->options = std::move(options);
    return guard(start(run, std::move(tools)));
}

}  // namespace aikit::inline v0::policy
