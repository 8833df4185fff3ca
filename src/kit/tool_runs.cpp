// SPDX-License-Identifier: MIT
// kit/tool_runs.cpp - limits and answers read, runs and their events written.
#include "kit/tool_runs.hpp"

#include "model/json_exact.hpp"
#include "model/openai_form/form.hpp"

namespace aikit::inline v0::tool_runs {
namespace {

Result<json::value> read_value(std::string_view text, char const* what) {
    return json_exact::parse(text, what, Errc::invalid_argument);
}

/// Dollars: a number as it is written, or its text.
void read_cost(json::Fields& fields, std::optional<Money>& out) {
    json::value const* const given = fields.take("max_cost");
    if (given == nullptr) return;
    std::string const written = given->is_string() ? std::string(given->get_string()) : json_exact::write(*given);
    Result<Money> money = Money::from_usd(written);
    if (!money && given->is_double()) {  // with an exponent
        Result<Price> const price = Price::from_usd(written, 1);
        if (price) money = Money::nanos(price->femtos() / 1'000'000);
    }
    if (!money || *money < Money()) {
        return fields.refuse("max_cost", "must be an amount of dollars such as \"0.05\", not below 0");
    }
    out = *money;
}

void write_message(JsonWriter& out, Message const& message) {
    std::string text;
    JsonWriter one(text);
    openai_form::Style const style;
    Result<void> const written = openai_form::write_message(one, message, style, "message");
    // What came from a provider or a host was read in this form.
    if (written && one.valid()) out.raw(text);
}

void write_result_message(JsonWriter& out, ToolResult const& result) {
    Message message(Role::tool);
    message.parts.emplace_back(result);
    write_message(out, message);
}

void begin(JsonWriter& out, char const* type, int step) {
    out.begin_object();
    out.member("type", type);
    out.key("step").number(std::int64_t{step});
}

}  // namespace

Result<void> read_limits(std::string_view text, policy::ToolRunConfig& config) {
    if (text.empty()) return ok();
    Result<json::value> const given = read_value(text, "limits");
    if (!given) return given.error();
    if (!given->is_object()) return fail(Errc::invalid_argument, "limits must be a JSON object.");
    json::Fields fields(given->get_object(), "limits");
    std::optional<double> seconds;
    fields.read("max_steps", config.max_steps);
    fields.read("max_parallel", config.max_parallel);
    fields.read("max_time", seconds);
    read_cost(fields, config.max_cost);
    if (config.max_steps < 1 || config.max_steps > 1000) fields.refuse("max_steps", "must be 1 to 1000");
    if (config.max_parallel < 1 || config.max_parallel > 64) fields.refuse("max_parallel", "must be 1 to 64");
    if (seconds && !(*seconds <= 1e9)) fields.refuse("max_time", "must be at most 1000000000 seconds");
    if (Result<void> done = fields.finish(); !done) return done.error();
    if (seconds && *seconds > 0) {
        std::chrono::duration<double> const given_time(*seconds);
        config.max_time = std::chrono::ceil<std::chrono::milliseconds>(given_time);
    }
    return ok();
}

Result<ToolResult> read_answer(std::string_view text) {
    Result<json::value> given = read_value(text, "result");
    if (!given) return given.error();
    if (given->is_string()) return text_result(std::string(given->get_string()));
    if (!given->is_object()) return fail(Errc::invalid_argument, "result must be a string or a JSON object.");
    json::Fields fields(given->get_object(), "result");
    bool failed = false;
    bool declined = false;
    fields.read("failed", failed);
    fields.read("declined", declined);
    json::value const* const content = fields.take("content");
    if (content == nullptr && !declined) fields.refuse("content", "is missing");
    if (Result<void> done = fields.finish(); !done) return done.error();
    if (declined) return failed_result("The call was declined.");
    json::object message{{"role", "tool"}, {"tool_call_id", "call"}, {"content", *content}};
    Result<Message> read = openai_form::read_message(std::move(message), "result");
    if (!read) return read.error();
    ToolResult result;
    for (Part& part : read->parts) {
        if (auto* one = std::get_if<ToolResult>(&part)) result = std::move(*one);
    }
    result.failed = failed;
    return result;
}

std::string write(policy::ToolRun const& run, Error const* failure) {
    std::string text;
    JsonWriter out(text);
    out.begin_object();
    out.member("object", "aikit.tool_run");
    if (failure == nullptr) {
        out.member("end", policy::name(run.end));
    } else {
        out.member("end", failure->code == Errc::cancelled ? "cancelled" : "failed");
    }
    out.counts({{"steps", run.steps}, {"calls", run.calls}});
    out.key("usage");
    openai_form::write_counts(out, run.usage);
    out.key("cost");
    if (run.cost) {
        out.begin_object();
        out.member("usd", run.cost->usd());
        out.end_object();
    } else {
        out.null();
    }
    out.key("reply");
    run.steps > 0 ? out.raw(json_form::write_reply(run.reply)) : out.null();
    out.key("messages").begin_array();
    for (Message const& message : run.messages) write_message(out, message);
    out.end_array();
    out.end_object();
    return text;
}

std::string write_chunk(int step, ChatEvent const& event, ChatReply const& so_far) {
    std::string const chunk = json_form::write_chunk(event, so_far);
    if (chunk.empty()) return {};
    std::string text;
    JsonWriter out(text);
    begin(out, "chunk", step);
    out.key("chunk").raw(chunk);
    out.end_object();
    return text;
}

std::string write_call(std::int64_t number, int step, ToolCall const& call) {
    std::string text;
    JsonWriter out(text);
    begin(out, "call", step);
    out.key("call").number(number);
    out.member("id", call.id);
    out.member("name", call.name);
    out.member("arguments", call.arguments);
    out.end_object();
    return text;
}

std::string write_result(int step, ToolCall const& call, ToolResult const& result) {
    std::string text;
    JsonWriter out(text);
    begin(out, "result", step);
    out.member("name", call.name);
    out.member("arguments", call.arguments);
    out.key("failed").boolean(result.failed);
    out.key("message");
    write_result_message(out, result);
    out.end_object();
    return text;
}

std::string write_cancelled(std::int64_t number, int step) {
    std::string text;
    JsonWriter out(text);
    begin(out, "cancelled", step);
    out.key("call").number(number);
    out.end_object();
    return text;
}

}  // namespace aikit::inline v0::tool_runs
