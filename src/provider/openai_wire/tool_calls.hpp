// SPDX-License-Identifier: MIT
// provider/openai_wire/tool_calls.hpp - tool calls out of fragments, in whatever dialect a server sends them.
#ifndef AIKIT_SRC_PROVIDER_OPENAI_WIRE_TOOL_CALLS_HPP
#define AIKIT_SRC_PROVIDER_OPENAI_WIRE_TOOL_CALLS_HPP

#include "core/json.hpp"

#include <aikit/model/event.hpp>

#include <optional>
#include <string>
#include <vector>

namespace aikit::inline v0::provider::openai_wire {

/// Follows a JSON text piece by piece: is it whole? Strings and brackets only; a last check parses it.
class JsonProgress {
public:
    void take(std::string_view piece) noexcept;

    /// An object or list that was opened and closed again.
    bool whole() const noexcept { return opened_ && depth_ == 0; }

private:
    int depth_ = 0;
    bool opened_ = false;
    bool in_string_ = false;
    bool escaped_ = false;
};

/// The tool calls of one choice.
///
/// A fragment belongs to a call by its index, by its id, or (when it has neither) to the latest one. It begins a new
/// call when it brings another id together with a name, or a name after the latest call of that index is whole: some
/// servers give every call the index 0, or none, or a null id; others repeat id and name with every fragment.
class ToolCalls {
public:
    /// One element of delta.tool_calls. Errors: protocol (kinds that make no sense, too many calls).
    Result<ToolCallProgress> take(json::value const& fragment);

    bool empty() const noexcept { return calls_.empty(); }

    /// The calls, once the stream has ended properly. `cut`: the choice ended early (length, content_filter): calls
    /// that are not whole are then dropped and counted in `*dropped`; else one is a protocol error.
    Result<std::vector<ToolCall>> finish(bool cut, int* dropped);

private:
    struct Building {
        std::optional<std::int64_t> index;
        ToolCall call;
        JsonProgress progress;
        json::object extra;
    };

    Building& place(std::optional<std::int64_t> index, std::string_view id, std::string_view name, bool* is_new);

    std::vector<Building> calls_;
};

}  // namespace aikit::inline v0::provider::openai_wire

#endif  // AIKIT_SRC_PROVIDER_OPENAI_WIRE_TOOL_CALLS_HPP
