// SPDX-License-Identifier: MIT
// aikit/model/typed_tool.hpp - a tool whose arguments are a struct that is described.
#ifndef AIKIT_MODEL_TYPED_TOOL_HPP
#define AIKIT_MODEL_TYPED_TOOL_HPP

#include <aikit/model/described.hpp>
#include <aikit/model/tool.hpp>

#include <functional>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

namespace aikit::inline v0 {

namespace described {

/// What a callable gives, as a tool's text: words as they are, all else as JSON.
template <class T>
Result<std::string> told(Result<T> given) {
    if (!given) return given.error();
    if constexpr (std::is_same_v<T, std::string>) {
        return std::move(*given);
    } else {
        return write_described(*given);
    }
}

}  // namespace described

/// A tool of a callable `Result<std::string>(Args)` or `Result<R>(Args)`, R being anything that can be described. The
/// schema is that of Args; arguments that cannot be read into one are told to the model with their path.
/// As make_tool(): it answers at once, on the caller's executor.
template <class Args, class Call>
std::shared_ptr<Tool> make_typed_tool(std::string name, std::string description, Call call) {
    ToolSpec spec;
    spec.name = std::move(name);
    spec.description = std::move(description);
    spec.parameters = schema_of<Args>();
    std::function<Result<std::string>(std::string)> run =
        [call = std::move(call)](std::string arguments) mutable -> Result<std::string> {
        Result<Args> read = read_described<Args>(arguments);
        if (!read) return read.error();
        return described::told(call(std::move(*read)));
    };
    return make_tool(std::move(spec), std::move(run));
}

}  // namespace aikit::inline v0

#endif  // AIKIT_MODEL_TYPED_TOOL_HPP
