// SPDX-License-Identifier: MIT
// model/tool_registry.cpp - tools by name, and what a model is told when a call cannot be made.
#include "core/async.hpp"

#include <aikit/model/tool_registry.hpp>

namespace aikit::inline v0 {
namespace {

Error refuse(std::string why) {
    return fail(Errc::invalid_argument, "The tools cannot be run: " + std::move(why) + ".");
}

Task<ToolResult> ready(ToolResult result) {
    co_return result;
}

Task<ToolResult> make_call(std::shared_ptr<Tool> tool, ToolCall call, ToolContext context) {
    std::string const id = call.id;
    Task<ToolResult> calling = guard(tool->call(std::move(call.arguments), std::move(context)));
    Result<ToolResult> result = co_await std::move(calling);
    boost::asio::cancellation_state const state = co_await boost::asio::this_coro::cancellation_state;
    if (!result && state.cancelled() != boost::asio::cancellation_type::none) {
        co_return fail(Errc::cancelled, "The call of the tool was cancelled.");
    }
    if (!result) result = failed_result("The tool failed: " + result.error().message);
    result->call_id = id;
    co_return result;
}

}  // namespace

ToolResult failed_result(std::string text) {
    ToolResult result = text_result(std::move(text));
    result.failed = true;
    return result;
}

Result<ToolRegistry> ToolRegistry::of(std::vector<std::shared_ptr<Tool>> tools) {
    ToolRegistry registry;
    for (std::shared_ptr<Tool>& tool : tools) {
        if (Result<void> added = registry.add(std::move(tool)); !added) return added.error();
    }
    return registry;
}

Result<void> ToolRegistry::add(std::shared_ptr<Tool> tool) {
    if (!tool) return refuse("a tool is null");
    ToolSpec const& spec = tool->spec();
    if (spec.name.empty()) return refuse("a tool has no name");
    if (entry(spec.name) != nullptr) return refuse("two of them have one name");
    Entry added;
    if (!spec.parameters.empty()) {
        Result<JsonSchema> schema = JsonSchema::parse(spec.parameters);
        if (!schema) return schema.error();
        added.schema = std::move(*schema);
    }
    added.tool = std::move(tool);
    entries_.push_back(std::move(added));
    return ok();
}

ToolRegistry::Entry const* ToolRegistry::entry(std::string_view name) const noexcept {
    for (Entry const& each : entries_) {
        if (each.tool->spec().name == name) return &each;
    }
    return nullptr;
}

std::shared_ptr<Tool> ToolRegistry::find(std::string_view name) const noexcept {
    Entry const* const found = entry(name);
    return found == nullptr ? nullptr : found->tool;
}

std::vector<ToolSpec> ToolRegistry::specs() const {
    std::vector<ToolSpec> all;
    all.reserve(entries_.size());
    for (Entry const& each : entries_) all.push_back(each.tool->spec());
    return all;
}

Result<void> ToolRegistry::check(ToolCall const& call) const {
    Entry const* const found = entry(call.name);
    if (found == nullptr) return fail(Errc::not_found, "There is no tool of this name.");
    if (call.custom) return ok();
    Result<void> const checked = found->schema.check(call.arguments);
    if (checked) return ok();
    return fail(Errc::invalid_argument, "The arguments do not fit the schema: " + checked.error().message);
}

Task<ToolResult> ToolRegistry::call(ToolCall call, ToolContext context) const {
    if (context.call_id.empty()) context.call_id = call.id;
    Result<void> const checked = check(call);
    if (!checked) {
        ToolResult refused = failed_result(checked.error().message);
        refused.call_id = call.id;
        return ready(std::move(refused));
    }
    std::shared_ptr<Tool> tool = find(call.name);
    return guard(make_call(std::move(tool), std::move(call), std::move(context)));
}

}  // namespace aikit::inline v0
