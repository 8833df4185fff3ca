// SPDX-License-Identifier: MIT
// provider/ollama/encode.cpp - requests to bodies.
#include "model/json_exact.hpp"
#include "model/openai_form/form.hpp"
#include "provider/carrier/media.hpp"
#include "provider/carrier/requests.hpp"
#include "provider/ollama/wire.hpp"

#include <algorithm>
#include <array>
#include <map>

namespace aikit::inline v0::provider::ollama {

namespace {

using carrier::left_out;
using openai_form::Extra;
using openai_form::wrong;

// Members of this API that OpenAI's form has no field for: sent as they are given.
constexpr std::array<std::string_view, 5> own_members{"format", "keep_alive", "shift", "think", "truncate"};

// What OpenAI's clients send and this API has no need of.
constexpr std::array<std::string_view, 4> needless{"stream", "stream_options", "store", "user"};

constexpr std::string_view unknown_here = "this provider does not know it";

/// Writes a request member by member.
class RequestWriter {
public:
    RequestWriter(ChatRequest const& request, bool streaming, std::vector<std::string>& warnings)
        : request_(request), streaming_(streaming), warnings_(warnings), out_(text_), extra_(request.extra) {}

    Result<std::string> write() {
        if (!extra_.valid()) return wrong("extra", "must be a JSON object");
        if (request_.messages.empty()) return wrong("messages", "must not be empty");
        if (Result<void> finite = carrier::check_numbers(request_); !finite) return finite.error();
        if (request_.n.value_or(1) != 1) {
            return fail(Errc::unsupported, "The request asks for several choices (n), and this provider gives one.");
        }
        out_.begin_object();
        out_.key("model").text(request_.model);
        out_.key("stream").boolean(streaming_);
        for (auto const step : {&RequestWriter::write_messages, &RequestWriter::write_tools,
                                &RequestWriter::write_options, &RequestWriter::write_rest}) {
            if (Result<void> written = (this->*step)(); !written) return written.error();
        }
        out_.end_object();
        if (!out_.valid()) return wrong("request", "holds text that is not valid UTF-8");
        return std::move(text_);
    }

private:
    Result<void> write_messages() {
        out_.key("messages").begin_array();
        for (std::size_t i = 0; i < request_.messages.size(); ++i) {
            std::string const path = "messages[" + std::to_string(i) + "]";
            if (Result<void> written = write_message(request_.messages[i], path); !written) return written;
        }
        out_.end_array();
        return ok();
    }

    Result<void> write_message(Message const& message, std::string const& path) {
        bool results = false;
        for (Part const& part : message.parts) {
            auto const* result = std::get_if<ToolResult>(&part);
            if (result == nullptr) continue;
            results = true;
            if (Result<void> written = write_result(*result, path); !written) return written;
        }
        bool const more = std::any_of(message.parts.begin(), message.parts.end(),
                                      [](Part const& part) { return !std::holds_alternative<ToolResult>(part); });
        if (results && !more) return ok();
        std::vector<MediaPart const*> media;
        std::string text;
        for (Part const& part : message.parts) {
            if (auto const* one = std::get_if<TextPart>(&part)) {
                if (carrier::is_foreign(*one)) return carrier::foreign_part(path);
                text += one->text;
            }
            if (auto const* one = std::get_if<RefusalPart>(&part)) text += one->text;
            if (auto const* one = std::get_if<MediaPart>(&part)) media.push_back(one);
        }
        out_.begin_object();
        out_.key("role").text(name(message.role));
        out_.key("content").text(text);
        if (Result<void> written = write_images(media, path); !written) return written;
        if (std::string const thinking = message.reasoning(); !thinking.empty()) out_.key("thinking").text(thinking);
        if (Result<void> written = write_calls(message, path); !written) return written;
        out_.end_object();
        return ok();
    }

    Result<void> write_images(std::vector<MediaPart const*> const& parts, std::string const& path) {
        if (parts.empty()) return ok();
        out_.key("images").begin_array();
        for (MediaPart const* part : parts) {
            std::optional<carrier::InlineMedia> const media = carrier::inline_media(*part);
            if (part->kind != MediaPart::Kind::image || !media) {
                return fail(Errc::unsupported, "The request holds media (" + path +
                                                   ") that this provider does not take: it takes pictures, as bytes.");
            }
            out_.text(media->base64);
        }
        out_.end_array();
        return ok();
    }

    Result<void> write_calls(Message const& message, std::string const& path) {
        bool open = false;
        for (Part const& part : message.parts) {
            auto const* call = std::get_if<ToolCall>(&part);
            if (call == nullptr) continue;
            if (call->custom) {
                return fail(Errc::unsupported,
                            "The request holds a call of a tool with free-form input (" + path +
                                "), which this provider does not have; describe the tool's input by a schema.");
            }
            Result<json::value> arguments = json_exact::parse(call->arguments, "arguments", Errc::invalid_argument);
            if (!arguments || !arguments->is_object()) {
                return wrong(path + ".tool_calls", "must have a JSON object as arguments");
            }
            if (!std::exchange(open, true)) out_.key("tool_calls").begin_array();
            names_[call->id] = call->name;
            out_.begin_object();
            out_.key("id").text(call->id);
            out_.key("function").begin_object();
            out_.key("name").text(call->name);
            out_.key("arguments").value(*arguments);
            out_.end_object();
            out_.end_object();
        }
        if (open) out_.end_array();
        return ok();
    }

    Result<void> write_result(ToolResult const& result, std::string const& path) {
        std::string text;
        std::vector<MediaPart const*> media;
        for (auto const& part : result.content) {
            if (auto const* one = std::get_if<TextPart>(&part)) text += one->text;
            if (auto const* one = std::get_if<MediaPart>(&part)) media.push_back(one);
        }
        out_.begin_object();
        out_.key("role").text("tool");
        out_.key("content").text(text);
        if (Result<void> written = write_images(media, path); !written) return written;
        auto const called = names_.find(result.call_id);
        if (called != names_.end()) out_.key("tool_name").text(called->second);
        out_.key("tool_call_id").text(result.call_id);
        out_.end_object();
        return ok();
    }

    Result<void> write_tools() {
        Result<carrier::PlainChoice> plain = carrier::with_fields(request_.tool_choice.value_or(ToolChoice()));
        if (!plain) return plain.error();
        bool const wanted = plain->choice.kind != ToolChoice::Kind::none;
        if (!request_.tools.empty() && wanted) {
            out_.key("tools").begin_array();
            for (std::size_t i = 0; i < request_.tools.size(); ++i) {
                if (Result<void> written = write_tool(request_.tools[i], i); !written) return written;
            }
            out_.end_array();
        }
        if (wanted && (plain->choice.kind != ToolChoice::Kind::automatic || !plain->allowed.empty())) {
            left_out(warnings_, "tool_choice", "this provider lets the model choose");
        }
        if (request_.parallel_tool_calls) left_out(warnings_, "parallel_tool_calls", unknown_here);
        return ok();
    }

    Result<void> write_tool(ToolSpec const& tool, std::size_t i) {
        std::string const path = "tools[" + std::to_string(i) + "]";
        if (!tool.raw.empty()) {
            Result<json::value> raw = json_exact::parse(tool.raw, "tool", Errc::invalid_argument);
            if (!raw || !raw->is_object()) return wrong(path, "must be a JSON object");
            if (json::text(*raw, "type") != "function") {
                return fail(Errc::unsupported, "The request offers a tool (" + path +
                                                   ") that is no function, and this provider runs none of its own.");
            }
            out_.value(*raw);
            return ok();
        }
        out_.begin_object();
        out_.key("type").text("function");
        out_.key("function").begin_object();
        out_.key("name").text(tool.name);
        out_.key("description").text(tool.description);
        out_.key("parameters");
        if (tool.parameters.empty()) {
            out_.raw(R"({"type":"object","properties":{}})");
        } else {
            Result<json::value> schema = json_exact::parse(tool.parameters, "schema", Errc::invalid_argument);
            if (!schema || !schema->is_object()) return wrong(path + ".parameters", "must be a JSON Schema, an object");
            out_.value(*schema);
        }
        out_.end_object();
        out_.end_object();
        return ok();
    }

    Result<void> write_options() {
        json::object options;
        json::value const* given = extra_.find("options");
        if (given != nullptr && !given->is_null() && !given->is_object()) return wrong("options", "must be an object");
        if (given != nullptr && given->is_object()) options = given->get_object();
        if (request_.max_tokens) options["num_predict"] = *request_.max_tokens;
        if (request_.temperature) options["temperature"] = *request_.temperature;
        if (request_.top_p) options["top_p"] = *request_.top_p;
        if (request_.seed) options["seed"] = *request_.seed;
        if (request_.presence_penalty) options["presence_penalty"] = *request_.presence_penalty;
        if (request_.frequency_penalty) options["frequency_penalty"] = *request_.frequency_penalty;
        if (!request_.stop.empty()) {
            json::array stops;
            for (std::string const& stop : request_.stop) stops.emplace_back(stop);
            options["stop"] = std::move(stops);
        }
        extra_.drop("options");
        if (!options.empty()) out_.key("options").object(options);
        if (request_.logprobs) out_.key("logprobs").boolean(*request_.logprobs);
        if (request_.top_logprobs) out_.key("top_logprobs").number(static_cast<std::int64_t>(*request_.top_logprobs));
        return ok();
    }

    /// gpt-oss is told how much, the others whether.
    Result<void> write_think() {
        std::string const& effort = request_.reasoning_effort;
        if (effort.empty() || extra_.find("think") != nullptr) return ok();
        constexpr std::array<std::pair<std::string_view, std::string_view>, 6> levels{{{"minimal", "low"},
                                                                                       {"low", "low"},
                                                                                       {"medium", "medium"},
                                                                                       {"high", "high"},
                                                                                       {"xhigh", "high"},
                                                                                       {"max", "max"}}};
        if (effort == "none") {
            out_.key("think").boolean(false);
            return ok();
        }
        auto const level =
            std::find_if(levels.begin(), levels.end(), [&](auto const& one) { return one.first == effort; });
        if (level == levels.end()) {
            return wrong("reasoning_effort", "must be none, minimal, low, medium, high, xhigh or max");
        }
        out_.key("think");
        request_.model.starts_with("gpt-oss") ? out_.text(level->second) : out_.boolean(true);
        return ok();
    }

    Result<void> write_format() {
        if (!request_.response_format || request_.response_format->kind == ResponseFormat::Kind::text) return ok();
        extra_.drop("format");
        out_.key("format");
        if (request_.response_format->kind == ResponseFormat::Kind::json_object) {
            out_.text("json");
            return ok();
        }
        Result<json::value> schema =
            json_exact::parse(request_.response_format->schema, "schema", Errc::invalid_argument);
        if (!schema || !schema->is_object()) return wrong("response_format.schema", "must be a JSON Schema, an object");
        out_.value(*schema);
        return ok();
    }

    Result<void> write_rest() {
        if (Result<void> written = write_think(); !written) return written;
        if (Result<void> written = write_format(); !written) return written;
        if (!request_.service_tier.empty()) left_out(warnings_, "service_tier", unknown_here);
        for (std::string_view const name : needless) extra_.drop(name);
        for (auto const& member : extra_.members()) {
            bool const own = std::find(own_members.begin(), own_members.end(), member.key()) != own_members.end();
            if (own) out_.key(member.key()).value(member.value());
            if (!own) left_out(warnings_, member.key(), unknown_here);
        }
        return ok();
    }

    ChatRequest const& request_;
    bool const streaming_;
    std::vector<std::string>& warnings_;
    std::string text_;
    JsonWriter out_;
    Extra extra_;
    std::map<std::string, std::string> names_;  // of the tools called so far, by the id of the call
};

}  // namespace

Result<carrier::Encoded> encode_chat(ChatRequest const& request, bool streaming) {
    carrier::Encoded encoded;
    RequestWriter writer(request, streaming, encoded.warnings);
    Result<std::string> body = writer.write();
    if (!body) return body.error();
    encoded.body = std::move(*body);
    return encoded;
}

Result<carrier::Encoded> encode_embed(EmbedRequest const& request) {
    Extra extra(request.extra);
    if (!extra.valid()) return wrong("extra", "must be a JSON object");
    carrier::Encoded encoded;
    JsonWriter out(encoded.body);
    out.begin_object();
    out.key("model").text(request.model);
    out.key("input").begin_array();
    for (std::size_t i = 0; i < request.inputs.size(); ++i) {
        auto const* text = std::get_if<TextPart>(&request.inputs[i]);
        if (text == nullptr) {
            return fail(Errc::unsupported, "The request holds an input that is no text (inputs[" + std::to_string(i) +
                                               "]); this provider embeds texts.");
        }
        out.text(text->text);
    }
    out.end_array();
    if (request.dimensions) out.key("dimensions").number(static_cast<std::int64_t>(*request.dimensions));
    for (std::string_view const name : {"options", "keep_alive", "truncate"}) {
        if (json::value const* given = extra.find(name)) out.key(name).value(*given);
        extra.drop(name);
    }
    for (std::string_view const name : {"encoding_format", "input", "user"}) extra.drop(name);
    for (auto const& member : extra.members()) left_out(encoded.warnings, member.key(), unknown_here);
    out.end_object();
    if (!out.valid()) return wrong("inputs", "hold text that is not valid UTF-8");
    return encoded;
}

}  // namespace aikit::inline v0::provider::ollama
