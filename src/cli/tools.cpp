// SPDX-License-Identifier: MIT
// cli/tools.cpp - programs that a model may call.
#include "cli/tools.hpp"

#include "core/async.hpp"
#include "core/json.hpp"
#include "core/os/os.hpp"
#include "core/os/process.hpp"
#include "text/utf8.hpp"

#include <array>

namespace aikit::cli {
namespace {

struct ProgramTool {
    ProgramTool() = default;

    ToolSpec spec;
    std::vector<std::string> command;
    std::vector<std::string> environment;
    double timeout = 30;
    std::int64_t max_output = 65536;
};

/// What programs need to find their way, and nothing that could be a key.
constexpr std::array<char const*, 10> passed_on{"PATH",   "HOME",     "USER", "LOGNAME", "LANG",
                                                "LC_ALL", "LC_CTYPE", "TZ",   "TMPDIR",  "TERM"};

void pass_on(std::string const& name, std::vector<std::string>& environment) {
    std::optional<std::string> const value = os::environment(name.c_str());
    if (value) environment.push_back(name + "=" + *value);
}

/// A list of strings; refused when it is none.
std::vector<std::string> read_texts(json::Fields& fields, char const* key) {
    std::vector<std::string> out;
    json::array const* const list = fields.take_array(key);
    if (list == nullptr) return out;
    for (json::value const& text : *list) {
        if (!text.is_string()) fields.refuse(key, "must be a list of strings");
        if (text.is_string()) out.emplace_back(text.get_string());
    }
    return out;
}

Result<ProgramTool> read_tool(json::object const& given, std::string const& path) {
    ProgramTool tool;
    json::Fields fields(given, path);
    fields.read("name", tool.spec.name);
    fields.read("description", tool.spec.description);
    fields.read("strict", tool.spec.strict);
    fields.read("timeout", tool.timeout);
    fields.read("max_output", tool.max_output);
    if (json::object const* parameters = fields.take_object("parameters")) {
        tool.spec.parameters = json::serialize(*parameters);
    }
    tool.command = read_texts(fields, "command");
    std::vector<std::string> const named = read_texts(fields, "environment");
    if (tool.spec.name.empty()) fields.refuse("name", "is missing");
    if (tool.command.empty()) fields.refuse("command", "is missing: it lists the program and its arguments");
    if (!(tool.timeout > 0 && tool.timeout <= 86400)) fields.refuse("timeout", "must be more than 0, at most 86400");
    if (tool.max_output < 1 || tool.max_output > 16 * 1024 * 1024) {
        fields.refuse("max_output", "must be 1 to 16777216");
    }
    if (Result<void> done = fields.finish(); !done) return done.error();
    for (char const* const name : passed_on) pass_on(name, tool.environment);
    for (std::string const& name : named) pass_on(name, tool.environment);
    return tool;
}

/// Programs may print any bytes; models are told UTF-8.
std::string readable(std::string text) {
    std::string out;
    std::size_t at = 0;
    while (at < text.size()) {
        text::Decoded const one = text::decode_at(text, at);
        if (one.point == text::Decoded::bad) {
            out += "\xEF\xBF\xBD";
        } else {
            out.append(text, at, one.size);
        }
        at += one.size;
    }
    return out;
}

std::string trimmed(std::string text) {
    while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
    return text;
}

ToolResult result_of(ProgramTool const& tool, os::ProgramEnd end) {
    if (end.timed_out) {
        std::string const seconds = std::to_string(static_cast<std::int64_t>(tool.timeout));
        return failed_result("The program took longer than " + seconds + " seconds and was stopped.");
    }
    std::string output = trimmed(readable(std::move(end.output)));
    if (end.exit_code != 0) {
        std::string text = "The program ended with exit code " + std::to_string(end.exit_code) + ".";
        std::string const errors = trimmed(readable(std::move(end.errors)));
        if (!errors.empty()) text += "\n" + errors;
        if (!output.empty()) text += "\n" + output;
        return failed_result(std::move(text));
    }
    if (end.cut) output += "\n[The output was cut after " + std::to_string(tool.max_output) + " bytes.]";
    return text_result(std::move(output));
}

/// Runs blocking work beside the loop; when the run is cancelled, `stop` is set.
template <class T>
Task<T> stoppable(Runtime runtime, std::shared_ptr<std::atomic<bool>> stop, std::function<Result<T>()> work) {
    namespace asio = boost::asio;
    asio::cancellation_state const outer = co_await asio::this_coro::cancellation_state;
    auto const cancel = [stop](asio::cancellation_type) { *stop = true; };
    // The caller's slot is free while the work has none.
    if (outer.slot().is_connected()) outer.slot().assign(cancel);
    boost::asio::any_io_executor pool = runtime.cpu();
    Task<T> working = run_on<T>(std::move(pool), std::move(work));
    Result<T> result = co_await std::move(working);
    if (outer.slot().is_connected()) outer.slot().clear();
    if (*stop) co_return fail(Errc::cancelled, "The run was cancelled.");
    co_return result;
}

Task<ToolResult> run_tool(Runtime runtime, std::shared_ptr<ProgramTool const> tool, std::string arguments) {
    auto const stop = std::make_shared<std::atomic<bool>>(false);
    std::function<Result<ToolResult>()> work = [tool, stop, arguments = std::move(arguments)]() -> Result<ToolResult> {
        os::Program program;
        program.arguments = tool->command;
        program.environment = tool->environment;
        program.input = arguments;
        program.time = std::chrono::milliseconds(static_cast<std::int64_t>(tool->timeout * 1000));
        program.most_output = static_cast<std::size_t>(tool->max_output);
        Result<os::ProgramEnd> end = os::run_program(program, *stop);
        if (!end) return end.error();
        return result_of(*tool, std::move(*end));
    };
    return stoppable<ToolResult>(std::move(runtime), stop, std::move(work));
}

Task<bool> ask(Runtime runtime, ToolCall call) {
    auto const stop = std::make_shared<std::atomic<bool>>(false);
    std::string const question = "Run " + harmless(call.name) + " " + harmless(call.arguments) + "? [y/N] ";
    std::function<Result<bool>()> work = [stop, question]() -> Result<bool> {
        std::fputs(question.c_str(), stderr);
        std::fflush(stderr);
        std::optional<std::string> const line = os::read_line(0, *stop);
        return line && (*line == "y" || *line == "Y" || *line == "yes");
    };
    return stoppable<bool>(std::move(runtime), stop, std::move(work));
}

}  // namespace

std::string harmless(std::string_view text) {
    std::string out;
    std::size_t at = 0;
    while (at < text.size()) {
        text::Decoded const decoded = text::decode_at(text, at);
        char32_t const one = decoded.point;
        bool const steers = one < 0x20 || (one >= 0x7F && one < 0xA0) || one == text::Decoded::bad;
        bool const hides = (one >= 0x200B && one <= 0x200F) || (one >= 0x2028 && one <= 0x202E) ||
                           (one >= 0x2060 && one <= 0x2069) || one == 0xFEFF;
        if (steers || hides) {
            out += '?';
        } else {
            out.append(text.substr(at, decoded.size));
        }
        at += decoded.size;
    }
    return out;
}

Result<ToolRegistry> read_tools(std::string_view text, Runtime const& runtime) {
    Result<json::value> const given = json::parse(text, "the file of tools", Errc::invalid_argument);
    if (!given) return given.error();
    if (!given->is_object()) return fail(Errc::invalid_argument, "The file of tools must hold a JSON object.");
    json::Fields fields(given->get_object(), "tools");
    json::array const* const list = fields.take_array("tools");
    if (list == nullptr) fields.refuse("tools", "is missing: it lists the tools");
    if (Result<void> done = fields.finish(); !done) return done.error();
    ToolRegistry registry;
    for (std::size_t i = 0; i < list->size(); ++i) {
        std::string const path = "tools[" + std::to_string(i) + "]";
        if (!(*list)[i].is_object()) return fail(Errc::invalid_argument, path + " must be an object.");
        Result<ProgramTool> read = read_tool((*list)[i].get_object(), path);
        if (!read) return read.error();
        ToolSpec const spec = read->spec;
        auto const tool = std::make_shared<ProgramTool const>(std::move(*read));
        auto const call = [runtime, tool](std::string arguments, ToolContext const&) {
            return run_tool(runtime, tool, std::move(arguments));
        };
        Result<void> const added = registry.add(make_async_tool(spec, call));
        if (!added) return added.error();
    }
    return registry;
}

std::function<Task<bool>(ToolCall)> ask_on_terminal(Runtime const& runtime) {
    return [runtime](ToolCall call) { return ask(runtime, std::move(call)); };
}

}  // namespace aikit::cli
