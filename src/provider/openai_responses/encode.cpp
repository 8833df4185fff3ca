// SPDX-License-Identifier: MIT
// provider/openai_responses/encode.cpp - requests to bodies.
#include "model/json_exact.hpp"
#include "model/openai_form/form.hpp"
#include "model/openai_form/tools.hpp"
#include "provider/openai_responses/wire.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace aikit::inline v0::provider::openai_responses {

namespace {

using openai_form::Extra;
using openai_form::wrong;

/// Parameters of Chat Completions that this API has not. What neither API is known to have is newer than this program,
/// and is sent.
constexpr std::array<std::string_view, 9> only_of_chats{"audio",      "function_call", "functions",
                                                        "logit_bias", "modalities",    "prediction",
                                                        "input",      "messages",      "web_search_options"};

constexpr std::string_view not_here = "the Responses API has no such parameter";
constexpr std::string_view logprobs_wanted = "message.output_text.logprobs";

json::object object_of(json::value const* given) {
    return given != nullptr && given->is_object() ? given->get_object() : json::object();
}

/// Writes a request member by member; each one drops what `extra` says of the same name.
class RequestWriter {
public:
    RequestWriter(ChatRequest const& request, std::span<std::string_view const> left_out, bool streaming,
                  std::vector<std::string>& warnings)
        : request_(request),
          left_out_(left_out),
          streaming_(streaming),
          warnings_(warnings),
          out_(text_),
          extra_(request.extra) {}

    Result<std::string> write() {
        if (!extra_.valid()) return wrong("extra", "must be a JSON object");
        if (request_.n.value_or(1) != 1) {
            return fail(Errc::unsupported, "The request asks for several choices (n), and this API gives one.");
        }
        out_.begin_object();
        if (!request_.model.empty()) put("model", request_.model);
        for (auto const step : {&RequestWriter::write_input, &RequestWriter::write_numbers, &RequestWriter::write_tools,
                                &RequestWriter::write_text, &RequestWriter::write_include}) {
            if (Result<void> written = (this->*step)(); !written) return written.error();
        }
        write_stream();
        write_rest();
        out_.end_object();
        if (!out_.valid()) return wrong("request", "holds text that is not valid UTF-8");
        return std::move(text_);
    }

private:
    void left_out(std::string_view name) { carrier::left_out(warnings_, name, not_here); }

    /// The member's key, or false when the model does not take it.
    bool begin(std::string_view name) {
        extra_.drop(name);
        if (std::find(left_out_.begin(), left_out_.end(), name) != left_out_.end()) {
            carrier::left_out(warnings_, name, "the model " + request_.model + " does not take it");
            return false;
        }
        out_.key(name);
        return true;
    }
    void put(std::string_view name, std::string const& value) {
        if (!value.empty() && begin(name)) out_.text(value);
    }

    Result<void> write_input() {
        json::value const* store = extra_.find("store");
        bool const stored = store == nullptr || !store->is_bool() || store->get_bool();
        std::string items;
        JsonWriter out(items);
        Result<void> written = write_items(out, request_.messages, stored, warnings_);
        if (!written) return written;
        if (!out.valid()) return wrong("messages", "hold text that is not valid UTF-8");
        bool const empty = items == "[]";
        if (empty && !has_input_elsewhere(request_)) return wrong("messages", "must not be empty");
        if (!empty) out_.key("input").raw(items);
        return ok();
    }

    Result<void> write_numbers() {
        for (auto const& [name, value] :
             {std::pair("temperature", &request_.temperature), std::pair("top_p", &request_.top_p)}) {
            if (!*value) continue;
            if (!std::isfinite(**value)) return wrong(name, "must be a finite number");
            if (begin(name)) out_.number(**value);
        }
        if (request_.max_tokens && begin("max_output_tokens")) out_.number(*request_.max_tokens);
        for (std::string_view const name : {"max_completion_tokens", "max_tokens"}) {
            json::value const* other = extra_.find(name);
            bool const given = other != nullptr && !other->is_null() && !request_.max_tokens;
            if (given && extra_.find("max_output_tokens") == nullptr) out_.key("max_output_tokens").value(*other);
            extra_.drop(name);
        }
        if (request_.top_logprobs && begin("top_logprobs")) {
            out_.number(static_cast<std::int64_t>(*request_.top_logprobs));
        }
        if (request_.presence_penalty) left_out("presence_penalty");
        if (request_.frequency_penalty) left_out("frequency_penalty");
        if (request_.seed || extra_.find("seed") != nullptr) left_out("seed");
        if (!request_.stop.empty()) left_out("stop");
        if (request_.parallel_tool_calls && begin("parallel_tool_calls")) {
            out_.boolean(*request_.parallel_tool_calls);
        }
        put("service_tier", request_.service_tier);
        json::object reasoning = object_of(extra_.find("reasoning"));
        if (!request_.reasoning_effort.empty()) reasoning["effort"] = request_.reasoning_effort;
        if (!reasoning.empty() && begin("reasoning")) out_.object(reasoning);
        for (std::string_view const name : {"stop", "seed", "n", "reasoning_effort"}) extra_.drop(name);
        return ok();
    }

    Result<void> write_tools() {
        if (!request_.tools.empty() && begin("tools")) {
            out_.begin_array();
            for (std::size_t i = 0; i < request_.tools.size(); ++i) {
                if (Result<void> written = write_tool(request_.tools[i], "tools[" + std::to_string(i) + "]");
                    !written) {
                    return written;
                }
            }
            out_.end_array();
        }
        if (!request_.tool_choice || !begin("tool_choice")) return ok();
        std::string text;
        JsonWriter choice(text);
        if (Result<void> written = openai_form::write_tool_choice(choice, *request_.tool_choice); !written) {
            return written;
        }
        Result<json::value> const parsed = json_exact::parse(text, "tool_choice", Errc::invalid_argument);
        if (!parsed) return wrong("tool_choice", "must be JSON");
        parsed->is_object() ? out_.object(flattened(parsed->get_object())) : out_.value(*parsed);
        return ok();
    }

    Result<void> write_tool(ToolSpec const& tool, std::string const& path) {
        std::string text;
        JsonWriter nested(text);
        if (Result<void> written = openai_form::write_tool(nested, tool, path); !written) return written;
        Result<json::value> const parsed = json_exact::parse(text, "tool", Errc::invalid_argument);
        if (!parsed || !parsed->is_object()) return wrong(path, "must be a JSON object");
        json::object flat = flattened(parsed->get_object());
        bool const function = json::text(*parsed, "type") == "function";
        if (function && flat.if_contains("parameters") == nullptr) {  // it has to be told that there are none
            json::object none;
            none["type"] = "object";
            none["properties"] = json::object();
            none["required"] = json::array();
            none["additionalProperties"] = false;
            flat["parameters"] = std::move(none);
        }
        out_.object(flat);
        return ok();
    }

    /// Format and verbosity share an object, which a caller may have begun.
    Result<void> write_text() {
        json::object text = object_of(extra_.find("text"));
        if (json::value const* verbosity = extra_.find("verbosity"); verbosity != nullptr && verbosity->is_string()) {
            text["verbosity"] = *verbosity;
        }
        extra_.drop("verbosity");
        if (request_.response_format) {
            json::object format = openai_form::canonical_format(*request_.response_format);
            if (format.empty()) return wrong("response_format.schema", "must be a JSON object");
            openai_form::overlay(format, object_of(extra_.find("response_format")));
            text["format"] = flattened(format);
        } else if (json::value const* other = extra_.find("response_format"); other != nullptr && other->is_object()) {
            text["format"] = flattened(other->get_object());
        }
        extra_.drop("response_format");
        if (!text.empty() && begin("text")) out_.object(text);
        return ok();
    }

    Result<void> write_include() {
        json::value const* given = extra_.find("include");
        json::array include = given != nullptr && given->is_array() ? given->get_array() : json::array();
        bool const wanted = request_.logprobs.value_or(false);
        bool const there = std::find(include.begin(), include.end(), json::value(logprobs_wanted)) != include.end();
        bool const taken = std::find(left_out_.begin(), left_out_.end(), "logprobs") == left_out_.end();
        if (wanted && !taken) carrier::left_out(warnings_, "logprobs", "the model " + request_.model + " has none");
        if (wanted && taken && !there) include.emplace_back(logprobs_wanted);
        if (!include.empty() && begin("include")) out_.value(json::value(std::move(include)));
        return ok();
    }

    /// Usage always comes; whether chunks are padded may be chosen.
    void write_stream() {
        json::object options = object_of(extra_.find("stream_options"));
        options.erase("include_usage");
        for (std::string_view const name : {"stream", "stream_options"}) extra_.drop(name);
        if (!streaming_) return;
        out_.key("stream").boolean(true);
        if (!options.empty()) out_.key("stream_options").object(options);
    }

    void write_rest() {
        for (auto const& member : extra_.members()) {
            if (member.value().is_null()) continue;
            std::string_view const name = member.key();
            bool const chat = std::find(only_of_chats.begin(), only_of_chats.end(), name) != only_of_chats.end();
            if (chat) {
                left_out(name);
            } else {
                out_.key(name).value(member.value());
            }
        }
    }

    ChatRequest const& request_;
    std::span<std::string_view const> left_out_;
    bool const streaming_;
    std::vector<std::string>& warnings_;
    std::string text_;
    JsonWriter out_;
    Extra extra_;
};

}  // namespace

bool has_input_elsewhere(ChatRequest const& request) {
    Extra const extra(request.extra);
    for (std::string_view const name : {"prompt", "previous_response_id", "conversation"}) {
        json::value const* given = extra.find(name);
        if (given != nullptr && !given->is_null()) return true;
    }
    return false;
}

json::object flattened(json::object const& given) {
    json::object flat;
    json::value const* type = given.if_contains("type");
    std::string_view const word =
        type != nullptr && type->is_string() ? std::string_view(type->get_string()) : std::string_view();
    for (auto const& member : given) {
        bool const nested = !word.empty() && member.key() == word && member.value().is_object();
        if (!nested) {
            flat[member.key()] = member.value();
            continue;
        }
        for (auto const& inner : member.value().get_object()) {
            // "format" of a custom tool is nested in the same way, and so are the tools of a choice.
            json::object const* object = inner.value().if_object();
            json::array const* list = inner.value().if_array();
            json::value& out = flat[inner.key()];
            out = inner.value();
            if (inner.key() == "format" && object != nullptr) out = flattened(*object);
            if (inner.key() != "tools" || list == nullptr) continue;
            for (json::value& one : out.get_array()) {
                if (one.is_object()) one = flattened(one.get_object());
            }
        }
    }
    return flat;
}

Result<Encoded> encode_chat(ChatRequest const& request, std::span<std::string_view const> left_out, bool streaming) {
    Encoded encoded;
    RequestWriter writer(request, left_out, streaming, encoded.warnings);
    Result<std::string> body = writer.write();
    if (!body) return body.error();
    encoded.body = std::move(*body);
    return encoded;
}

}  // namespace aikit::inline v0::provider::openai_responses
