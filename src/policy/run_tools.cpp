// SPDX-License-Identifier: MIT
// policy/run_tools.cpp - the loop: ask, approve, check, call, give back.
#include "core/json.hpp"
#include "core/together.hpp"

#include <aikit/policy/run_tools.hpp>

namespace aikit::inline v0::policy {
namespace {

/// A call of the last reply, until the results of all of them are in the history.
struct Open {
    explicit Open(ToolCall call_) : call(std::move(call_)) {}

    ToolCall call;
    bool begun = false;
    std::optional<ToolResult> result;
};

/// What all steps of a run share; used on the run's executor only.
struct Run {
    Run() = default;

    std::shared_ptr<AIProvider> provider;
    ToolRegistry tools;
    ChatRequest request;
    ToolRunConfig config;
    CallOptions options;
    ToolRun result;
    std::vector<Open> open;
};

using Shared = std::shared_ptr<Run>;

Error refuse(std::string why) {
    return fail(Errc::invalid_argument, "The tools cannot be run: " + std::move(why) + ".");
}

Result<void> prepare(Run& run) {
    if (!run.provider) return refuse("there is no provider");
    if (run.config.max_steps < 1 || run.config.max_steps > 1000) return refuse("max_steps must be 1 to 1000");
    if (run.config.max_parallel < 1 || run.config.max_parallel > 64) return refuse("max_parallel must be 1 to 64");
    if (run.request.n.value_or(1) != 1) return refuse("n must be 1");
    for (ToolSpec& spec : run.tools.specs()) run.request.tools.push_back(std::move(spec));
    if (!run.config.clock) run.config.clock = real_clock();
    run.options.deadline = run.options.deadline.sooner(Deadline::after(*run.config.clock, run.config.max_time));
    run.result.messages = run.request.messages;
    run.result.cost = Money();
    return ok();
}

// ---- one reply ----

void spend(ToolRun& result, Usage const& usage, std::optional<Money> const& cost) {
    result.usage.add(usage);
    Result<Money> sum = fail(Errc::unknown_price, "A reply has no price.");
    if (result.cost && cost) sum = Money::add(*result.cost, *cost);
    result.cost = sum ? std::optional<Money>(*sum) : std::nullopt;
}

Task<void> wait_for_room(Shared run) {
    if (!run->config.room) co_return ok();
    Task<void> waiting = run->config.room();
    co_return co_await std::move(waiting);
}

Task<void> pass_on(Shared run, std::shared_ptr<ChatStream> stream) {
    while (true) {
        Task<void> waiting = wait_for_room(run);
        Result<void> const room = co_await std::move(waiting);
        if (!room) co_return room.error();
        Task<std::optional<ChatEvent>> pending = stream->next();
        Result<std::optional<ChatEvent>> event = co_await std::move(pending);
        if (!event) co_return event.error();
        if (!*event) co_return ok();
        run->config.on_event(run->result.steps + 1, **event, stream->reply());
    }
}

Task<ChatReply> streamed(Shared run, ChatRequest request) {
    Task<ChatStream> opening = run->provider->stream_chat(std::move(request), run->options);
    Result<ChatStream> opened = co_await std::move(opening);
    if (!opened) co_return opened.error();
    auto const stream = std::make_shared<ChatStream>(std::move(*opened));
    Task<void> passing = guard(pass_on(run, stream));
    Result<void> const passed = co_await std::move(passing);
    CallInfo info = stream->info();
    if (!passed) {
        if (info.cost) spend(run->result, info.usage, info.cost);
        co_return passed.error();
    }
    ChatReply reply = stream->take_reply();
    reply.info = std::move(info);
    co_return reply;
}

ChatRequest next_request(Run const& run) {
    ChatRequest request = run.request;
    request.messages = run.result.messages;
    bool const demands = request.tool_choice && request.tool_choice->raw.empty() &&
                         (request.tool_choice->kind == ToolChoice::Kind::required ||
                          request.tool_choice->kind == ToolChoice::Kind::named);
    if (demands && run.result.steps > 0) request.tool_choice.reset();
    return request;
}

Task<ChatReply> ask(Shared run) {
    ChatRequest request = next_request(*run);
    if (run->config.on_event) return streamed(run, std::move(request));
    return run->provider->chat(std::move(request), run->options);
}

void count(ToolRun& result, ChatReply reply) {
    ++result.steps;
    spend(result, reply.usage, reply.info.cost);
    if (!reply.choices.empty()) result.messages.push_back(reply.choices.front().message);
    result.reply = std::move(reply);
}

// ---- its calls ----

Task<bool> yes() {
    co_return true;
}

/// What the model is told when the call is not made; nothing when it may be.
Task<std::optional<ToolResult>> refusal(Shared run, ToolCall call) {
    Result<void> const checked = run->tools.check(call);
    if (!checked) co_return failed_result(checked.error().message);
    Task<bool> asking = run->config.approve ? run->config.approve(call) : yes();
    Result<bool> const approved = co_await std::move(asking);
    if (!approved) co_return approved.error();
    if (!*approved) co_return failed_result("The call was declined.");
    co_return std::optional<ToolResult>();
}

/// Kept before anything is awaited: a tool's work is not lost when the run ends just now.
void keep(Run& run, std::size_t place, ToolResult result) {
    result.call_id = run.open[place].call.id;
    run.open[place].result = std::move(result);
    ++run.result.calls;
}

Task<void> tell(Shared run, std::size_t place) {
    if (!run->config.on_result) co_return ok();
    Task<void> waiting = wait_for_room(run);
    Result<void> const room = co_await std::move(waiting);
    if (!room) co_return room.error();
    run->config.on_result(run->result.steps, run->open[place].call, *run->open[place].result);
    co_return ok();
}

Task<void> call_tool(Shared run, std::size_t place) {
    run->open[place].begun = true;
    ToolCall call = run->open[place].call;
    ToolContext context;
    context.call_id = call.id;
    context.step = run->result.steps;
    context.options = run->options;
    Task<ToolResult> calling = run->tools.call(std::move(call), std::move(context));
    Result<ToolResult> result = co_await std::move(calling);
    if (!result) co_return result.error();
    keep(*run, place, std::move(*result));
    Task<void> telling = tell(run, place);
    co_return co_await std::move(telling);
}

Task<void> answer_all(Shared run) {
    std::vector<Task<void>> tasks;
    for (std::size_t i = 0; i < run->open.size(); ++i) {
        Task<std::optional<ToolResult>> refusing = refusal(run, run->open[i].call);
        Result<std::optional<ToolResult>> refused = co_await std::move(refusing);
        if (!refused) co_return refused.error();
        if (*refused) keep(*run, i, std::move(**refused));
        tasks.push_back(*refused ? tell(run, i) : call_tool(run, i));
    }
    std::size_t const width = static_cast<std::size_t>(run->config.max_parallel);
    Task<std::vector<Result<void>>> running = together(std::move(tasks), width, true);
    Result<std::vector<Result<void>>> const results = co_await std::move(running);
    if (!results) co_return results.error();
    boost::asio::cancellation_state const state = co_await boost::asio::this_coro::cancellation_state;
    if (state.cancelled() != boost::asio::cancellation_type::none) {
        co_return fail(Errc::cancelled, "The run of tools was cancelled.");
    }
    for (Result<void> const& each : *results) {
        if (!each) co_return each.error();
    }
    co_return ok();
}

/// Arguments that were cut cannot be sent back to every provider.
bool is_whole(ToolCall const& call) {
    return call.custom || json::parse(call.arguments, "arguments").has_value();
}

/// Opens the calls of the last reply. At the run's end those that were cut leave the history; else the model is told.
void open_calls(Run& run, bool at_end) {
    Message& message = run.result.messages.back();
    if (at_end) {
        std::erase_if(message.parts, [](Part const& part) {
            auto const* call = std::get_if<ToolCall>(&part);
            return call != nullptr && !is_whole(*call);
        });
    }
    for (ToolCall& call : message.tool_calls()) run.open.emplace_back(std::move(call));
    if (message.parts.empty()) run.result.messages.pop_back();
}

/// Gives each open call its message; `why` is for those that have no result.
void settle(Run& run, std::string const& why) {
    for (Open& open : run.open) {
        char const* const begin = open.begun ? "The call was stopped before it ended: " : "The call was not made: ";
        ToolResult result = open.result ? std::move(*open.result) : failed_result(begin + why + ".");
        result.call_id = open.call.id;
        Message message(Role::tool);
        message.parts.emplace_back(std::move(result));
        run.result.messages.push_back(std::move(message));
    }
    run.open.clear();
}

// ---- the loop ----

bool over_cost(Run const& run) {
    std::optional<Money> const& limit = run.config.max_cost;
    if (!limit) return false;
    if (!run.result.cost || *run.result.cost >= *limit) return true;
    if (!run.config.estimate) return false;
    std::optional<Money> const next = run.config.estimate(next_request(run));
    if (!next) return false;
    Result<Money> const sum = Money::add(*run.result.cost, *next);
    return !sum || *sum > *limit;
}

/// Why no tool may be run after this reply; nothing when the run goes on.
std::optional<ToolRunEnd> end_of(Run const& run) {
    if (run.result.reply.choices.empty()) return ToolRunEnd::answered;
    Choice const& choice = run.result.reply.choices.front();
    if (choice.finish == FinishReason::length) return ToolRunEnd::length;
    if (choice.finish == FinishReason::content_filter) return ToolRunEnd::content_filter;
    if (choice.message.tool_calls().empty()) return ToolRunEnd::answered;
    if (run.result.steps >= run.config.max_steps) return ToolRunEnd::steps;
    // What tools say costs more still: those are not run whose results could not be given back.
    if (over_cost(run)) return ToolRunEnd::cost;
    return std::nullopt;
}

char const* reason(ToolRunEnd end) {
    switch (end) {
        case ToolRunEnd::length: return "the reply was cut";
        case ToolRunEnd::content_filter: return "the reply was withheld";
        case ToolRunEnd::steps: return "no more steps are allowed";
        case ToolRunEnd::time: return "time was up";
        case ToolRunEnd::cost: return "no more may be spent";
        case ToolRunEnd::answered: break;
    }
    return "the run ended";
}

void end_run(Run& run, ToolRunEnd end) {
    run.result.end = end;
    settle(run, reason(end));
}

Task<void> loop(Shared run) {
    while (true) {
        if (over_cost(*run)) {
            end_run(*run, ToolRunEnd::cost);
            co_return ok();
        }
        Task<ChatReply> asking = ask(run);
        Result<ChatReply> reply = co_await std::move(asking);
        if (!reply) co_return reply.error();
        count(run->result, std::move(*reply));
        std::optional<ToolRunEnd> const end = end_of(*run);
        if (!run->result.reply.choices.empty()) open_calls(*run, end.has_value());
        if (end) {
            end_run(*run, *end);
            co_return ok();
        }
        Task<void> answering = guard(answer_all(run));
        Result<void> const answers = co_await std::move(answering);
        if (!answers) co_return answers.error();
        settle(*run, {});
    }
}

Task<ToolRun> start(Shared run) {
    Result<void> const prepared = prepare(*run);
    if (!prepared) co_return prepared.error();
    Deadline const deadline = run->options.deadline;
    Task<void> looping = loop(run);
    Task<void> limited = with_timeout(run->config.clock, deadline, std::string("run of tools"), std::move(looping));
    Result<void> const done = co_await std::move(limited);
    if (done) co_return std::move(run->result);
    bool const late = done.error().code == Errc::timeout && deadline.passed(run->config.clock->now());
    if (late) {
        end_run(*run, ToolRunEnd::time);
        co_return std::move(run->result);
    }
    settle(*run, done.error().code == Errc::cancelled ? "the run was cancelled" : "the run failed");
    if (run->config.on_failure) run->config.on_failure(run->result, done.error());
    co_return done.error();
}

Task<ToolRun> refused(Error error) {
    co_return error;
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

Task<ToolRun> run_tools(std::shared_ptr<AIProvider> provider, ToolRegistry tools, ChatRequest request,
                        ToolRunConfig config, CallOptions options) {
    auto const run = std::make_shared<Run>();
    run->provider = std::move(provider);
    run->tools = std::move(tools);
    run->request = std::move(request);
    run->config = std::move(config);
    run->options = std::move(options);
    return guard(start(run));
}

Task<ToolRun> run_tools(std::shared_ptr<AIProvider> provider, std::vector<std::shared_ptr<Tool>> tools,
                        ChatRequest request, ToolRunConfig config, CallOptions options) {
    Result<ToolRegistry> registry = ToolRegistry::of(std::move(tools));
    if (!registry) return refused(registry.error());
    return run_tools(std::move(provider), std::move(*registry), std::move(request), std::move(config),
                     std::move(options));
}

}  // namespace aikit::inline v0::policy
