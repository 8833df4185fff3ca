// SPDX-License-Identifier: MIT
// model/openai_form/tools.hpp - the smaller objects of a request: tools, their choice, formats, stop sequences.
#ifndef AIKIT_SRC_MODEL_OPENAI_FORM_TOOLS_HPP
#define AIKIT_SRC_MODEL_OPENAI_FORM_TOOLS_HPP

#include "model/openai_form/form.hpp"

namespace aikit::inline v0::openai_form {

/// A string or a list of strings; nothing for any other kind.
std::optional<std::vector<std::string>> read_stop_texts(json::value const& given);

/// A function's fields; `raw` as well when it has more than these, or is no function.
Result<ToolSpec> read_tool(json::object const& given, std::string const& path);
Result<void> write_tool(JsonWriter& out, ToolSpec const& tool, std::string const& path);

ToolChoice read_tool_choice(json::value const& given);
Result<void> write_tool_choice(JsonWriter& out, ToolChoice const& choice);

/// Nothing for a type that ResponseFormat does not have.
std::optional<ResponseFormat> read_response_format(json::object const& given);

/// A format as its fields make it; an empty object when its schema is not JSON.
json::object canonical_format(ResponseFormat const& format);

bool same(ResponseFormat const& a, ResponseFormat const& b);

}  // namespace aikit::inline v0::openai_form

#endif  // AIKIT_SRC_MODEL_OPENAI_FORM_TOOLS_HPP
