// SPDX-License-Identifier: MIT
// model/openai_form/tools.cpp - tools, their choice, formats, stop sequences.
#include "model/openai_form/tools.hpp"

#include "model/json_exact.hpp"

namespace aikit::inline v0::openai_form {

namespace {

std::string text_of(json::object const& object, std::string_view key) {
    json::value const* value = object.if_contains(key);
    return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

std::optional<bool> boolean_of(json::object const& object, std::string_view key) {
    json::value const* value = object.if_contains(key);
    if (value == nullptr || !value->is_bool()) return std::nullopt;
    return value->get_bool();
}

json::value parsed_or_null(std::string const& text) {
    Result<json::value> parsed = json_exact::parse(text, "schema", Errc::invalid_argument);
    return parsed ? std::move(*parsed) : json::value();
}

json::object canonical_tool(ToolSpec const& tool) {
    json::object function;
    function["name"] = tool.name;
    if (!tool.description.empty()) function["description"] = tool.description;
    if (!tool.parameters.empty()) function["parameters"] = parsed_or_null(tool.parameters);
    if (tool.strict) function["strict"] = *tool.strict;
    json::object whole;
    whole["type"] = "function";
    whole["function"] = std::move(function);
    return whole;
}

}  // namespace

std::optional<std::vector<std::string>> read_stop_texts(json::value const& given) {
    std::vector<std::string> texts;
    if (json::string const* one = given.if_string()) {
        texts.emplace_back(*one);
        return texts;
    }
    json::array const* list = given.if_array();
    if (list == nullptr) return std::nullopt;
    for (json::value const& item : *list) {
        if (!item.is_string()) return std::nullopt;
        texts.emplace_back(item.get_string());
    }
    return texts;
}

Result<ToolSpec> read_tool(json::object const& given, std::string const& path) {
    ToolSpec tool;
    std::string const type = text_of(given, "type");
    if (type.empty()) return wrong(path + ".type", "must be a string");
    json::value const* function = given.if_contains("function");
    if (type == "function" && function != nullptr) {
        if (!function->is_object()) return wrong(path + ".function", "must be an object");
        json::object const& members = function->get_object();
        tool.name = text_of(members, "name");
        if (tool.name.empty()) return wrong(path + ".function.name", "must be a string that is not empty");
        tool.description = text_of(members, "description");
        tool.strict = boolean_of(members, "strict");
        json::value const* parameters = members.if_contains("parameters");
        if (parameters != nullptr && parameters->is_object()) tool.parameters = json_exact::write(*parameters);
    }
    if (tool.name.empty() || !(canonical_tool(tool) == given)) tool.raw = json_exact::write(given);
    return tool;
}

Result<void> write_tool(JsonWriter& out, ToolSpec const& tool, std::string const& path) {
    if (!tool.raw.empty()) {
        Result<json::value> const raw = json_exact::parse(tool.raw, "tool", Errc::invalid_argument);
        if (!raw || !raw->is_object()) return wrong(path + ".raw", "must be a JSON object");
        out.raw(tool.raw);
        return ok();
    }
    if (tool.name.empty()) return wrong(path + ".name", "must not be empty");
    out.begin_object();
    out.key("type").text("function");
    out.key("function").begin_object();
    out.key("name").text(tool.name);
    if (!tool.description.empty()) out.key("description").text(tool.description);
    if (!tool.parameters.empty()) {
        Result<json::value> const schema = json_exact::parse(tool.parameters, "schema", Errc::invalid_argument);
        if (!schema || !schema->is_object()) return wrong(path + ".parameters", "must be a JSON object");
        out.key("parameters").raw(tool.parameters);
    }
    if (tool.strict) out.key("strict").boolean(*tool.strict);
    out.end_object();
    out.end_object();
    return ok();
}

ToolChoice read_tool_choice(json::value const& given) {
    ToolChoice choice;
    if (json::string const* word = given.if_string()) {
        if (*word == "auto") return choice;
        if (*word == "none") {
            choice.kind = ToolChoice::Kind::none;
            return choice;
        }
        if (*word == "required") {
            choice.kind = ToolChoice::Kind::required;
            return choice;
        }
    }
    if (json::object const* function = json::member_object(given, "function")) {
        choice.kind = ToolChoice::Kind::named;
        choice.name = text_of(*function, "name");
        bool const whole = json::text(given, "type") == "function" && given.get_object().size() == 2 &&
                           function->size() == 1 && !choice.name.empty();
        if (whole) return choice;
    }
    choice.raw = json_exact::write(given);
    return choice;
}

Result<void> write_tool_choice(JsonWriter& out, ToolChoice const& choice) {
    if (!choice.raw.empty()) {
        Result<json::value> const raw = json_exact::parse(choice.raw, "tool_choice", Errc::invalid_argument);
        if (!raw) return wrong("tool_choice.raw", "must be JSON");
        out.raw(choice.raw);
        return ok();
    }
    switch (choice.kind) {
        case ToolChoice::Kind::automatic: out.text("auto"); return ok();
        case ToolChoice::Kind::none: out.text("none"); return ok();
        case ToolChoice::Kind::required: out.text("required"); return ok();
        case ToolChoice::Kind::named: break;
    }
    if (choice.name.empty()) return wrong("tool_choice.name", "must not be empty");
    out.begin_object();
    out.key("type").text("function");
    out.key("function").begin_object();
    out.key("name").text(choice.name);
    out.end_object();
    out.end_object();
    return ok();
}

std::optional<ResponseFormat> read_response_format(json::object const& given) {
    ResponseFormat format;
    std::string const type = text_of(given, "type");
    if (type == "text") return format;
    if (type == "json_object") {
        format.kind = ResponseFormat::Kind::json_object;
        return format;
    }
    json::value const* inner = given.if_contains("json_schema");
    if (type != "json_schema" || inner == nullptr || !inner->is_object()) return std::nullopt;
    json::object const& members = inner->get_object();
    format.kind = ResponseFormat::Kind::json_schema;
    format.name = text_of(members, "name");
    format.description = text_of(members, "description");
    format.strict = boolean_of(members, "strict");
    json::value const* schema = members.if_contains("schema");
    if (schema != nullptr && schema->is_object()) format.schema = json_exact::write(*schema);
    return format;
}

json::object canonical_format(ResponseFormat const& format) {
    json::object whole;
    if (format.kind == ResponseFormat::Kind::text) whole["type"] = "text";
    if (format.kind == ResponseFormat::Kind::json_object) whole["type"] = "json_object";
    if (format.kind != ResponseFormat::Kind::json_schema) return whole;
    json::object schema;
    schema["name"] = format.name;
    if (!format.description.empty()) schema["description"] = format.description;
    if (!format.schema.empty()) {
        json::value parsed = parsed_or_null(format.schema);
        if (!parsed.is_object()) return json::object();
        schema["schema"] = std::move(parsed);
    }
    if (format.strict) schema["strict"] = *format.strict;
    whole["type"] = "json_schema";
    whole["json_schema"] = std::move(schema);
    return whole;
}

bool same(ResponseFormat const& a, ResponseFormat const& b) {
    return a.kind == b.kind && a.name == b.name && a.description == b.description && a.schema == b.schema &&
           a.strict == b.strict;
}

}  // namespace aikit::inline v0::openai_form
