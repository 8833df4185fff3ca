// SPDX-License-Identifier: MIT
// capi/tools.cpp - runs of tools: calls go to the host as events, and its answers come from whatever thread.
#include "kit.hpp"
#include "kit/tool_runs.hpp"

#include <aikit/kit/run_tools.hpp>
#include <aikit/model/json_form.hpp>

#include <map>

using namespace aikit;
using namespace aikit::capi;

namespace {

/// The calls that wait for the host. Thread-safety: shared objects: safe.
class Desk {
public:
    std::int64_t open(std::shared_ptr<Waiter<ToolResult>> const& waiter) {
        std::lock_guard const lock(mutex_);
        waiting_.emplace(++last_, waiter);
        return last_;
    }

    void close(std::int64_t call) {
        std::lock_guard const lock(mutex_);
        waiting_.erase(call);
    }

    Result<void> answer(std::int64_t call, std::string_view given) {
        Result<ToolResult> result = tool_runs::read_answer(given);
        if (!result) return result.error();
        std::shared_ptr<Waiter<ToolResult>> waiter;
        {
            std::lock_guard const lock(mutex_);
            auto const found = waiting_.find(call);
            if (found != waiting_.end()) {
                waiter = found->second.lock();
                waiting_.erase(found);
            }
        }
        if (waiter && waiter->give(result)) return ok();
        return fail(Errc::not_found, "Nobody waits for this call: it was answered already, or the run went on.");
    }

private:
    std::mutex mutex_;
    std::map<std::int64_t, std::weak_ptr<Waiter<ToolResult>>> waiting_;
    std::int64_t last_ = 0;
};

Task<void> room_for_event(std::shared_ptr<Op> op) {
    if (op->may_go_on()) co_return ok();
    Task<void> waiting = Op::room(op);
    co_return co_await std::move(waiting);
}

Task<ToolResult> ask_host(std::shared_ptr<Op> op, std::shared_ptr<Desk> desk, std::shared_ptr<Clock> clock,
                          ToolCall call, int step) {
    Task<void> room = room_for_event(op);
    Result<void> const free = co_await std::move(room);
    if (!free) co_return free.error();
    auto waiter = std::make_shared<Waiter<ToolResult>>();
    std::int64_t const number = desk->open(waiter);
    op->emit(tool_runs::write_call(number, step, call));
    Task<ToolResult> waiting = Waiter<ToolResult>::wait(std::move(waiter), std::move(clock), SteadyTime::max());
    Result<ToolResult> result = co_await std::move(waiting);
    if (result) co_return result;
    desk->close(number);
    op->emit(tool_runs::write_cancelled(number, step));
    co_return fail(Errc::cancelled, "The call of the tool was cancelled.");
}

/// A tool that the host carries out.
class HostTool final : public Tool {
public:
    HostTool(ToolSpec spec, std::shared_ptr<Op> op, std::shared_ptr<Desk> desk, std::shared_ptr<Clock> clock)
        : spec_(std::move(spec)), op_(std::move(op)), desk_(std::move(desk)), clock_(std::move(clock)) {}

    ToolSpec const& spec() const noexcept override { return spec_; }
    Task<ToolResult> call(std::string arguments, ToolContext context) override {
        ToolCall call;
        call.id = std::move(context.call_id);
        call.name = spec_.name;
        call.arguments = std::move(arguments);
        return ask_host(op_, desk_, clock_, std::move(call), context.step);
    }

private:
    ToolSpec spec_;
    std::shared_ptr<Op> op_;
    std::shared_ptr<Desk> desk_;
    std::shared_ptr<Clock> clock_;
};

struct RunCall {
    RunCall() = default;

    json_form::ChatCall chat;
    policy::ToolRunConfig config;
};

/// The host's tools are the functions of the request; what the provider does by itself stays there.
Result<ToolRegistry> host_tools(ChatRequest& request, std::shared_ptr<Op> const& op, std::shared_ptr<Desk> const& desk,
                                std::shared_ptr<Clock> const& clock) {
    ToolRegistry tools;
    std::vector<ToolSpec> others;
    for (ToolSpec& spec : request.tools) {
        if (!spec.raw.empty()) {
            others.push_back(std::move(spec));
            continue;
        }
        Result<void> const added = tools.add(std::make_shared<HostTool>(std::move(spec), op, desk, clock));
        if (!added) return added.error();
    }
    request.tools = std::move(others);
    return tools;
}

void listen(policy::ToolRunConfig& config, std::shared_ptr<Op> const& op, bool chunks) {
    if (chunks) {
        config.on_event = [op](int step, ChatEvent const& event, ChatReply const& so_far) {
            std::string text = tool_runs::write_chunk(step, event, so_far);
            if (!text.empty()) op->emit(std::move(text));
        };
    }
    config.on_result = [op](int step, ToolCall const& call, ToolResult const& result) {
        op->emit(tool_runs::write_result(step, call, result));
    };
    config.room = [op] { return room_for_event(op); };
    config.on_failure = [op](policy::ToolRun const& run, Error const& error) {
        op->keep(tool_runs::write(run, &error));
    };
}

Task<Reply> run_work(KitPointer kit, RunCall call, std::shared_ptr<Op> op) {
    auto const desk = std::make_shared<Desk>();
    op->take_answers([desk](std::int64_t number, std::string_view answer) { return desk->answer(number, answer); });
    std::shared_ptr<Clock> const clock = kit->runtime->runtime().clock();
    Result<ToolRegistry> tools = host_tools(call.chat.request, op, desk, clock);
    if (!tools) co_return tools.error();
    listen(call.config, op, call.chat.stream);
    Task<policy::ToolRun> running = run_tools(kit->kit, std::move(*tools), std::move(call.chat.request),
                                              std::move(call.config), std::move(call.chat.options));
    Result<policy::ToolRun> const run = co_await std::move(running);
    if (!run) co_return run.error();
    co_return Reply(tool_runs::write(*run));
}

Result<RunCall> read_run(char const* request, std::size_t request_size, char const* limits, std::size_t limits_size) {
    Result<std::string_view> const text = required_text(request, request_size, "request");
    if (!text) return text.error();
    Result<std::string_view> const bounds = optional_text(limits, limits_size, "limits");
    if (!bounds) return bounds.error();
    Result<json_form::ChatCall> chat = json_form::read_chat(*text);
    if (!chat) return chat.error();
    RunCall call;
    call.chat = std::move(*chat);
    if (Result<void> read = tool_runs::read_limits(*bounds, call.config); !read) return read.error();
    return call;
}

}  // namespace

aikit_status aikit_tools_start(aikit_kit* kit, char const* request, size_t request_size, char const* limits,
                               size_t limits_size, uint32_t window, aikit_event_cb on_event, aikit_done_cb on_done,
                               void* user, aikit_op** out, aikit_error** error) {
    Listener listener(on_event, on_done, user, window, true);
    listener.asks = true;
    return starting(kit, listener, out, error, [&](KitPointer const& object, Listener&) -> Result<Work> {
        Result<RunCall> call = read_run(request, request_size, limits, limits_size);
        if (!call) return call.error();
        return Work([object, call = std::move(*call)](std::shared_ptr<Op> op) mutable {
            return run_work(object, std::move(call), op);
        });
    });
}

aikit_status aikit_op_answer(aikit_op* op, int64_t call, char const* answer, size_t answer_size, aikit_error** error) {
    return guard_entry(error, [&]() -> Result<void> {
        Result<std::shared_ptr<Op>> const object = object_of(op, "op");
        if (!object) return object.error();
        Result<std::string_view> const text = required_text(answer, answer_size, "answer");
        if (!text) return text.error();
        return (**object).answer(call, *text);
    });
}
