// SPDX-License-Identifier: MIT
// cli/chat_tools.cpp - aikit chat --tools: a run, and what is shown of it.
#include "cli/tools.hpp"
#include "core/os/os.hpp"
#include "kit/tool_runs.hpp"

#include <cmath>

namespace aikit::cli {
namespace {

Result<policy::ToolRunConfig> limits_of(ChatSettings const& settings, Runtime const& runtime) {
    policy::ToolRunConfig config;
    if (settings.max_steps) config.max_steps = *settings.max_steps;
    if (!settings.max_cost.empty()) {
        Result<Money> const money = Money::from_usd(settings.max_cost);
        if (!money || *money < Money()) {
            return fail(Errc::invalid_argument, "--max-cost must be an amount of dollars such as 0.05");
        }
        config.max_cost = *money;
    }
    if (settings.call.timeout) {
        config.max_time = std::chrono::milliseconds(std::llround(*settings.call.timeout * 1000));
    }
    if (!settings.approve || settings.yes) return config;
    if (!os::is_terminal(0) || !os::is_terminal(2)) {
        return fail(Errc::invalid_argument,
                    "--approve asks on the terminal, and there is none: say --yes to allow every call");
    }
    config.approve = ask_on_terminal(runtime);
    return config;
}

/// What is shown while it runs.
struct Shown {
    Console& console;
    bool at_line_start = true;

    void text(std::string_view words) {
        if (words.empty()) return;
        console.write(words);
        at_line_start = words.back() == '\n';
    }
    void end_line() {
        if (!at_line_start) console.line("");
        at_line_start = true;
    }
};

void listen(policy::ToolRunConfig& config, Shown& shown, bool streamed) {
    if (streamed && shown.console.json()) {
        config.on_event = [&shown](int step, ChatEvent const& event, ChatReply const& so_far) {
            std::string const text = tool_runs::write_chunk(step, event, so_far);
            if (!text.empty()) shown.console.line(text);
        };
    } else if (streamed) {
        config.on_event = [&shown](int, ChatEvent const& event, ChatReply const&) {
            if (auto const* text = std::get_if<TextDelta>(&event)) shown.text(text->text);
            if (auto const* refusal = std::get_if<RefusalDelta>(&event)) shown.text(refusal->text);
        };
    }
    config.on_result = [&shown, streamed](int step, ToolCall const& call, ToolResult const& result) {
        if (streamed && shown.console.json()) shown.console.line(tool_runs::write_result(step, call, result));
        if (!shown.console.json()) shown.end_line();
        shown.console.note(harmless(call.name) + " " + harmless(call.arguments) + (result.failed ? "  failed" : ""));
    };
}

char const* warning(policy::ToolRunEnd end) {
    switch (end) {
        case policy::ToolRunEnd::answered: return "";
        case policy::ToolRunEnd::length: return "the answer was cut off by the limit of tokens";
        case policy::ToolRunEnd::content_filter: return "the provider withheld the answer";
        case policy::ToolRunEnd::steps: return "there is no answer yet: --max-steps was reached";
        case policy::ToolRunEnd::time: return "there is no answer yet: --timeout was reached";
        case policy::ToolRunEnd::cost: return "there is no answer yet: --max-cost was reached, or a reply had no price";
    }
    return "";
}

void print(Shown& shown, policy::ToolRun const& run, bool streamed) {
    if (shown.console.json()) return shown.console.line(tool_runs::write(run));
    if (!streamed && !run.reply.choices.empty()) {
        Message const& message = run.reply.choices.front().message;
        shown.text(message.text() + message.refusal());
    }
    shown.end_line();
    std::string const why = warning(run.end);
    if (!why.empty()) shown.console.warn(why);
    shown.console.note(std::to_string(run.steps) + " replies, " + std::to_string(run.calls) + " calls, " +
                       std::to_string(run.usage.total_input()) + " tokens in, " + std::to_string(run.usage.output) +
                       " out  " + (run.cost ? "$" + run.cost->usd() : "price unknown"));
    for (std::string const& each : run.reply.info.warnings) shown.console.warn(each);
}

}  // namespace

int run_chat_with_tools(Console& console, Session& kit, ChatSettings const& settings, json_form::ChatCall call) {
    Result<std::string> const text = read_argument_file(settings.tools);
    if (!text) return console.fail(text.error());
    Result<ToolRegistry> tools = read_tools(*text, kit.runtime());
    if (!tools) return console.fail(tools.error());
    Result<policy::ToolRunConfig> config = limits_of(settings, kit.runtime());
    if (!config) return console.fail(config.error());
    Shown shown{console};
    listen(*config, shown, call.stream);
    std::string partial;
    config->on_failure = [&partial](policy::ToolRun const& run, Error const& error) {
        partial = tool_runs::write(run, &error);
    };
    Task<policy::ToolRun> running =
        run_tools(kit, std::move(*tools), std::move(call.request), std::move(*config), std::move(call.options));
    Result<policy::ToolRun> done = run(kit, std::move(running));
    if (!done) {
        if (!console.json()) shown.end_line();
        return fail_call(console, kit, done.error(), partial);
    }
    settle(kit, done->reply.info.warnings);
    print(shown, *done, call.stream);
    return 0;
}

}  // namespace aikit::cli
