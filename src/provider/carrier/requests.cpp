// SPDX-License-Identifier: MIT
// provider/carrier/requests.cpp - requests in OpenAI's words, read into the fields that every dialect has.
#include "provider/carrier/requests.hpp"

#include "model/json_exact.hpp"
#include "model/openai_form/tools.hpp"

#include <cmath>

namespace aikit::inline v0::provider::carrier {

namespace {

using openai_form::wrong;

Error not_understood() {
    return fail(Errc::unsupported,
                "The request's tool_choice is in words that this provider does not have; choose auto, none, required, "
                "or one tool by its name.");
}

/// Members of a function, wherever its dialect keeps them.
std::string name_in(json::value const& given) {
    json::value const* function = json::find(given, "function");
    return std::string(json::text(function == nullptr ? given : *function, "name").value_or(""));
}

Result<ToolChoice::Kind> kind_of(std::string_view word) {
    if (word == "auto") return ToolChoice::Kind::automatic;
    if (word == "none") return ToolChoice::Kind::none;
    if (word == "required" || word == "any") return ToolChoice::Kind::required;
    return not_understood();
}

/// {"type": "allowed_tools", "allowed_tools": {"mode": ..., "tools": [...]}}, and the same without the inner object.
Result<PlainChoice> read_allowed(json::value const& given) {
    json::value const* inner = json::find(given, "allowed_tools");
    json::value const& told = inner == nullptr ? given : *inner;
    Result<ToolChoice::Kind> const kind = kind_of(json::text(told, "mode").value_or("auto"));
    if (!kind) return kind.error();
    Result<PlainChoice> plain;
    plain->choice.kind = *kind;
    json::array const* tools = json::member_array(told, "tools");
    if (tools == nullptr || tools->empty()) return wrong("tool_choice", "must name the tools that are allowed");
    for (json::value const& tool : *tools) {
        plain->allowed.push_back(name_in(tool));
        if (plain->allowed.back().empty()) return not_understood();
    }
    return plain;
}

}  // namespace

Result<void> check_numbers(ChatRequest const& request) {
    for (auto const& [name, value] : {std::pair("temperature", request.temperature), std::pair("top_p", request.top_p),
                                      std::pair("presence_penalty", request.presence_penalty),
                                      std::pair("frequency_penalty", request.frequency_penalty)}) {
        if (value && !std::isfinite(*value)) return wrong(name, "must be a finite number");
    }
    return ok();
}

Result<ToolSpec> with_fields(ToolSpec const& tool, std::string const& path) {
    if (tool.raw.empty() || !tool.name.empty()) return tool;
    Result<json::value> given = json_exact::parse(tool.raw, "tool", Errc::invalid_argument);
    if (!given || !given->is_object()) return wrong(path, "must be a JSON object");
    if (json::text(*given, "type") != "function") return tool;
    json::object members = given->get_object();
    if (members.if_contains("function") == nullptr) {  // Responses keeps the fields beside the type
        json::object function;
        for (std::string_view const name : {"name", "description", "parameters", "strict"}) {
            if (json::value const* value = members.if_contains(name)) function[name] = *value;
            members.erase(name);
        }
        members["function"] = std::move(function);
    }
    Result<ToolSpec> read = openai_form::read_tool(members, path);
    if (!read) return read.error();
    members.erase("function");
    read->raw = members.size() > 1 ? json_exact::write(members) : std::string();
    return read;
}

Result<PlainChoice> with_fields(ToolChoice const& choice) {
    Result<PlainChoice> plain;
    plain->choice = choice;
    if (choice.raw.empty()) return plain;
    plain->choice.raw.clear();
    Result<json::value> const given = json_exact::parse(choice.raw, "tool_choice", Errc::invalid_argument);
    if (!given) return wrong("tool_choice", "must be JSON");
    json::string const* word = given->if_string();
    std::string const type =
        word != nullptr ? std::string(*word) : std::string(json::text(*given, "type").value_or(""));
    if (type == "allowed_tools") return read_allowed(*given);
    if (type == "function" || type == "tool") {
        plain->choice.kind = ToolChoice::Kind::named;
        plain->choice.name = name_in(*given);
        if (plain->choice.name.empty()) return wrong("tool_choice", "must have the name of a tool");
        return plain;
    }
    Result<ToolChoice::Kind> const kind = kind_of(type);
    if (!kind) return kind.error();
    plain->choice.kind = *kind;
    return plain;
}

}  // namespace aikit::inline v0::provider::carrier
