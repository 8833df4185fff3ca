// SPDX-License-Identifier: MIT
// aikit/model/tool_registry.hpp - tools by name, each with its schema read once, for one run or for many.
#ifndef AIKIT_MODEL_TOOL_REGISTRY_HPP
#define AIKIT_MODEL_TOOL_REGISTRY_HPP

#include <aikit/model/json_schema.hpp>
#include <aikit/model/tool.hpp>

#include <memory>
#include <string_view>
#include <vector>

namespace aikit::inline v0 {

/// Ownership: a value that shares its tools; a run has a copy of its own. Thread-safety: distinct objects: safe. Shared
/// objects: unsafe (const access: safe).
class AIKIT_EXPORT ToolRegistry {
public:
    /// Without tools.
    ToolRegistry() = default;

    /// Errors: those of add().
    static Result<ToolRegistry> of(std::vector<std::shared_ptr<Tool>> tools);

    /// Errors: invalid_argument (null, no name, a name that is taken, a schema that is none), unsupported (a schema
    /// that cannot be checked).
    Result<void> add(std::shared_ptr<Tool> tool);

    /// Null when there is none of that name.
    std::shared_ptr<Tool> find(std::string_view name) const noexcept;

    /// What a request tells the model, in the order of add().
    std::vector<ToolSpec> specs() const;

    /// May this call be made? Errors: not_found (no tool of that name), invalid_argument (the arguments do not fit its
    /// schema, with the place). The sentence is fit for the model.
    Result<void> check(ToolCall const& call) const;

    /// Checks the call and makes it. What is wrong, and the tool's own error, are failed results, as run_tools() gives
    /// them to the model; an error is only that the call was cancelled. For loops of one's own.
    Task<ToolResult> call(ToolCall call, ToolContext context) const;

    std::size_t size() const noexcept { return entries_.size(); }
    bool empty() const noexcept { return entries_.empty(); }

private:
    struct Entry {
        Entry() = default;

        std::shared_ptr<Tool> tool;
        JsonSchema schema;
    };
    Entry const* entry(std::string_view name) const noexcept;

    std::vector<Entry> entries_;
};

/// A failed result, for what the model should know and may put right.
AIKIT_EXPORT ToolResult failed_result(std::string text);

}  // namespace aikit::inline v0

#endif  // AIKIT_MODEL_TOOL_REGISTRY_HPP
