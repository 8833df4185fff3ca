// SPDX-License-Identifier: MIT
// provider/gemini/encode.cpp - requests to bodies.
#include "model/json_exact.hpp"
#include "model/openai_form/form.hpp"
#include "provider/carrier/media.hpp"
#include "provider/carrier/requests.hpp"
#include "provider/gemini/wire.hpp"

#include <algorithm>
#include <array>
#include <map>

namespace aikit::inline v0::provider::gemini {

namespace {

using openai_form::Extra;
using openai_form::wrong;

// Members of this API that OpenAI's form has no field for: sent as they are given.
constexpr std::array<std::string_view, 5> own_members{"cachedContent", "labels", "safetySettings", "serviceTier",
                                                      "toolConfig"};

// What OpenAI's clients send and this API has no need of.
constexpr std::array<std::string_view, 5> needless{"stream", "stream_options", "store", "user", "model"};

struct Effort {
    std::string_view word;
    std::string_view level;  // from the third generation on
    std::int64_t budget;     // before; OpenAI's words as Google's compatible endpoint maps them
};
constexpr std::array<Effort, 7> efforts{{{"none", "MINIMAL", 0},
                                         {"minimal", "MINIMAL", 1'024},
                                         {"low", "LOW", 1'024},
                                         {"medium", "MEDIUM", 8'192},
                                         {"high", "HIGH", 24'576},
                                         {"xhigh", "HIGH", 24'576},
                                         {"max", "HIGH", 24'576}}};

bool is_by_level(std::string_view model) noexcept {
    std::size_t const slash = model.rfind('/');
    if (slash != std::string_view::npos) model.remove_prefix(slash + 1);
    return !model.starts_with("gemini-2") && !model.starts_with("gemini-1");
}

/// Ids that were made here, or by others, say nothing to this API.
bool is_own_id(std::string_view id) noexcept {
    return !id.empty() && !id.starts_with("call_");
}

/// The parts of one side, as it takes its turn.
struct Turn {
    std::string_view role;
    json::array parts;
};

/// Makes the contents of one conversation.
class Contents {
public:
    /// `media_within`: a tool's result may hold media itself, which older models take beside it.
    Contents(std::vector<std::string>& warnings, bool media_within)
        : warnings_(warnings), media_within_(media_within) {}

    Result<void> take(Message const& message, std::string const& path) {
        path_ = path;
        if (message.role == Role::system) return take_system(message);
        json::array& parts = parts_of(message.role == Role::assistant ? "model" : "user");
        if (message.role == Role::assistant) {
            Result<bool> native = take_native(message, parts);
            if (!native) return native.error();
            if (*native) return ok();
        }
        for (Part const& part : message.parts) {
            if (Result<void> taken = take_part(part, parts); !taken) return taken;
        }
        return ok();
    }

    Result<void> put(json::object& body) {
        if (!system_.empty()) {
            json::object instruction;
            instruction["parts"] = std::move(system_);
            body["systemInstruction"] = std::move(instruction);
        }
        json::array contents;
        for (Turn& turn : turns_) {
            if (turn.parts.empty()) continue;
            json::object content;
            content["role"] = turn.role;
            content["parts"] = std::move(turn.parts);
            contents.push_back(std::move(content));
        }
        if (contents.empty()) return wrong("messages", "must hold more than the system's words for this provider");
        body["contents"] = std::move(contents);
        return ok();
    }

private:
    json::array& parts_of(std::string_view role) {
        if (turns_.empty() || turns_.back().role != role) turns_.emplace_back().role = role;
        return turns_.back().parts;
    }

    static void put_text(json::array& parts, std::string const& text) {
        if (text.empty()) return;
        json::object part;
        part["text"] = text;
        parts.push_back(std::move(part));
    }

    Result<void> take_system(Message const& message) {
        if (!turns_.empty()) {
            std::string sentence =
                "This provider has one place for the system's words; those in the middle were put in front.";
            if (std::find(warnings_.begin(), warnings_.end(), sentence) == warnings_.end()) {
                warnings_.push_back(std::move(sentence));
            }
        }
        for (Part const& part : message.parts) {
            auto const* text = std::get_if<TextPart>(&part);
            if (text == nullptr) return wrong(path_, "must hold only text");
            put_text(system_, text->text);
        }
        return ok();
    }

    /// A turn of this dialect's own goes back as it came.
    Result<bool> take_native(Message const& message, json::array& parts) {
        if (message.extra.empty()) return false;
        Extra const extra(message.extra);
        if (!extra.valid()) return wrong(path_ + ".extra", "must be a JSON object");
        json::value const* native = extra.find(openai_form::native_content);
        json::array const* given = native == nullptr ? nullptr : json::member_array(*native, dialect);
        if (given == nullptr) return false;
        for (json::value const& part : *given) parts.push_back(part);
        // The results that follow are named by these calls.
        for (ToolCall const& call : message.tool_calls()) names_[call.id] = call.name;
        return true;
    }

    Result<void> take_part(Part const& part, json::array& parts) {
        if (auto const* text = std::get_if<TextPart>(&part)) return take_text(*text, parts);
        if (auto const* refusal = std::get_if<RefusalPart>(&part)) put_text(parts, refusal->text);
        if (auto const* media = std::get_if<MediaPart>(&part)) return take_media(*media, parts);
        if (auto const* call = std::get_if<ToolCall>(&part)) return take_call(*call, parts);
        if (auto const* result = std::get_if<ToolResult>(&part)) return take_result(*result, parts);
        return ok();  // reasoning is this provider's own only as native content
    }

    Result<void> take_text(TextPart const& part, json::array& parts) {
        Extra const extra(part.extra);
        if (!extra.valid()) return wrong(path_ + ".extra", "must be a JSON object");
        // A part of this dialect's own, which has no "type" there.
        json::value const* native = extra.find(dialect);
        if (native != nullptr && part.text.empty()) {
            parts.push_back(*native);
            return ok();
        }
        if (carrier::is_foreign(part)) return carrier::foreign_part(path_);
        put_text(parts, part.text);
        return ok();
    }

    Result<void> take_media(MediaPart const& part, json::array& parts) {
        json::object data;
        json::object out;
        if (std::optional<carrier::InlineMedia> const media = carrier::inline_media(part)) {
            if (!media->media_type.empty()) data["mimeType"] = media->media_type;
            data["data"] = media->base64;
            out["inlineData"] = std::move(data);
        } else {
            // The service wants to be told, and does not look.
            if (std::string const type = carrier::media_type_of(part); !type.empty()) data["mimeType"] = type;
            data["fileUri"] = part.url.empty() ? part.file_id : part.url;
            out["fileData"] = std::move(data);
        }
        parts.push_back(std::move(out));
        return ok();
    }

    Result<void> take_call(ToolCall const& call, json::array& parts) {
        if (call.custom) {
            return fail(Errc::unsupported,
                        "The request holds a call of a tool with free-form input (" + path_ +
                            "), which this provider does not have; describe the tool's input by a schema.");
        }
        Result<json::value> arguments = json_exact::parse(call.arguments, "arguments", Errc::invalid_argument);
        if (!arguments || !arguments->is_object()) {
            return wrong(path_ + ".tool_calls", "must have a JSON object as arguments");
        }
        names_[call.id] = call.name;
        json::object function;
        if (is_own_id(call.id)) function["id"] = call.id;
        function["name"] = call.name;
        function["args"] = std::move(*arguments);
        json::object out;
        out["functionCall"] = std::move(function);
        parts.push_back(std::move(out));
        return ok();
    }

    /// A result is an object here; what is none stands under "result", and a failure under "error".
    Result<void> take_result(ToolResult const& result, json::array& parts) {
        std::string text;
        json::array media;
        for (auto const& part : result.content) {
            if (auto const* one = std::get_if<TextPart>(&part)) text += one->text;
            auto const* one = std::get_if<MediaPart>(&part);
            if (one == nullptr) continue;
            if (Result<void> taken = take_media(*one, media); !taken) return taken;
        }
        auto const called = names_.find(result.call_id);
        if (called == names_.end()) {
            return wrong(path_ + ".tool_call_id",
                         "names no call of the messages before, whose name this provider needs");
        }
        Result<json::value> parsed = json_exact::parse(text, "result", Errc::invalid_argument);
        json::object response;
        if (parsed && parsed->is_object() && !result.failed) {
            response = std::move(parsed->get_object());
        } else if (!text.empty() || media.empty()) {
            response[result.failed ? "error" : "result"] = text;
        }
        json::object function;
        if (is_own_id(result.call_id)) function["id"] = result.call_id;
        function["name"] = called->second;
        function["response"] = std::move(response);
        if (media_within_ && !media.empty()) {
            function["parts"] = std::move(media);
            media = json::array();
        }
        json::object out;
        out["functionResponse"] = std::move(function);
        parts.push_back(std::move(out));
        for (json::value& one : media) parts.push_back(std::move(one));
        return ok();
    }

    std::vector<std::string>& warnings_;
    bool const media_within_;
    std::string path_;
    json::array system_;
    std::vector<Turn> turns_;
    std::map<std::string, std::string> names_;  // of the tools called so far, by the id of the call
};

/// Makes a request's body.
class RequestWriter {
public:
    RequestWriter(ChatRequest const& request, std::vector<std::string>& warnings)
        : request_(request), warnings_(warnings), extra_(request.extra) {}

    Result<std::string> write() {
        if (!extra_.valid()) return wrong("extra", "must be a JSON object");
        if (request_.messages.empty()) return wrong("messages", "must not be empty");
        if (Result<void> finite = carrier::check_numbers(request_); !finite) return finite.error();
        Contents contents(warnings_, is_by_level(request_.model));
        for (std::size_t i = 0; i < request_.messages.size(); ++i) {
            Result<void> taken = contents.take(request_.messages[i], "messages[" + std::to_string(i) + "]");
            if (!taken) return taken.error();
        }
        if (Result<void> put = contents.put(body_); !put) return put.error();
        for (auto const step : {&RequestWriter::put_config, &RequestWriter::put_tools, &RequestWriter::put_rest}) {
            if (Result<void> put = (this->*step)(); !put) return put.error();
        }
        std::string text;
        JsonWriter out(text);
        out.object(body_);
        if (!out.valid()) return wrong("request", "holds text that is not valid UTF-8");
        return text;
    }

private:
    void left_out(std::string_view name, std::string_view why) { carrier::left_out(warnings_, name, why); }

    Result<void> put_config() {
        json::object config;
        json::value const* given = extra_.find("generationConfig");
        if (given != nullptr && !given->is_object()) return wrong("generationConfig", "must be an object");
        if (given != nullptr) config = given->get_object();
        extra_.drop("generationConfig");
        if (request_.temperature) config["temperature"] = *request_.temperature;
        if (request_.top_p) config["topP"] = *request_.top_p;
        if (request_.max_tokens) config["maxOutputTokens"] = *request_.max_tokens;
        if (request_.n) config["candidateCount"] = *request_.n;
        if (request_.seed) config["seed"] = *request_.seed;
        if (request_.presence_penalty) config["presencePenalty"] = *request_.presence_penalty;
        if (request_.frequency_penalty) config["frequencyPenalty"] = *request_.frequency_penalty;
        if (request_.logprobs) config["responseLogprobs"] = *request_.logprobs;
        if (request_.top_logprobs) config["logprobs"] = *request_.top_logprobs;
        if (!request_.stop.empty()) {
            json::array stops;
            for (std::string const& stop : request_.stop) stops.emplace_back(stop);
            config["stopSequences"] = std::move(stops);
        }
        if (Result<void> put = put_format(config); !put) return put;
        if (Result<void> put = put_thinking(config); !put) return put;
        if (!config.empty()) body_["generationConfig"] = std::move(config);
        return ok();
    }

    Result<void> put_format(json::object& config) {
        if (!request_.response_format || request_.response_format->kind == ResponseFormat::Kind::text) return ok();
        config["responseMimeType"] = "application/json";
        if (request_.response_format->kind == ResponseFormat::Kind::json_object) return ok();
        Result<json::value> schema =
            json_exact::parse(request_.response_format->schema, "schema", Errc::invalid_argument);
        if (!schema || !schema->is_object()) return wrong("response_format.schema", "must be a JSON Schema, an object");
        config["responseJsonSchema"] = std::move(*schema);
        return ok();
    }

    Result<void> put_thinking(json::object& config) {
        if (request_.reasoning_effort.empty() || config.if_contains("thinkingConfig") != nullptr) return ok();
        auto const effort = std::find_if(efforts.begin(), efforts.end(),
                                         [&](Effort const& one) { return one.word == request_.reasoning_effort; });
        if (effort == efforts.end()) {
            return wrong("reasoning_effort", "must be none, minimal, low, medium, high, xhigh or max");
        }
        json::object thinking;
        if (is_by_level(request_.model)) {
            thinking["thinkingLevel"] = effort->level;
        } else {
            thinking["thinkingBudget"] = effort->budget;
        }
        if (effort->budget > 0) thinking["includeThoughts"] = true;
        config["thinkingConfig"] = std::move(thinking);
        return ok();
    }

    Result<void> put_tools() {
        json::array tools;
        json::array functions;
        for (std::size_t i = 0; i < request_.tools.size(); ++i) {
            std::string const path = "tools[" + std::to_string(i) + "]";
            Result<ToolSpec> const read = carrier::with_fields(request_.tools[i], path);
            if (!read) return read.error();
            ToolSpec const& tool = *read;
            if (tool.name.empty() && !tool.raw.empty()) {  // a tool of the provider's own: {"googleSearch": {}}
                Result<json::value> raw = json_exact::parse(tool.raw, "tool", Errc::invalid_argument);
                if (!raw || !raw->is_object()) return wrong(path, "must be a JSON object");
                raw->get_object().erase("type");  // which OpenAI's form wants of every tool
                tools.push_back(std::move(*raw));
                continue;
            }
            json::object function;
            function["name"] = tool.name;
            if (!tool.description.empty()) function["description"] = tool.description;
            if (!tool.parameters.empty()) {
                Result<json::value> schema = json_exact::parse(tool.parameters, "schema", Errc::invalid_argument);
                if (!schema || !schema->is_object()) {
                    return wrong(path + ".parameters", "must be a JSON Schema, an object");
                }
                function["parametersJsonSchema"] = std::move(*schema);
            }
            functions.push_back(std::move(function));
        }
        if (!functions.empty()) {
            json::object declared;
            declared["functionDeclarations"] = std::move(functions);
            tools.insert(tools.begin(), std::move(declared));
        }
        if (!tools.empty()) body_["tools"] = std::move(tools);
        if (request_.parallel_tool_calls) left_out("parallel_tool_calls", "this provider lets the model choose");
        return request_.tool_choice ? put_choice(*request_.tool_choice) : ok();
    }

    Result<void> put_choice(ToolChoice const& given_choice) {
        Result<carrier::PlainChoice> const plain = carrier::with_fields(given_choice);
        if (!plain) return plain.error();
        ToolChoice const& choice = plain->choice;
        json::object calling;
        switch (choice.kind) {
            case ToolChoice::Kind::automatic: calling["mode"] = "AUTO"; break;
            case ToolChoice::Kind::none: calling["mode"] = "NONE"; break;
            case ToolChoice::Kind::required: calling["mode"] = "ANY"; break;
            case ToolChoice::Kind::named: {
                calling["mode"] = "ANY";
                json::array names;
                names.emplace_back(choice.name);
                calling["allowedFunctionNames"] = std::move(names);
                break;
            }
        }
        if (!plain->allowed.empty()) {
            // Free to answer in words, but of these tools only.
            if (choice.kind == ToolChoice::Kind::automatic) calling["mode"] = "VALIDATED";
            json::array names;
            for (std::string const& name : plain->allowed) names.emplace_back(name);
            calling["allowedFunctionNames"] = std::move(names);
        }
        // What is given besides (streamFunctionCallArguments, retrievalConfig) stands beside the choice.
        json::value const* given = extra_.find("toolConfig");
        json::object config;
        if (given != nullptr && given->is_object()) config = given->get_object();
        json::value const* beside = config.if_contains("functionCallingConfig");
        if (beside != nullptr && beside->is_object()) {
            for (auto const& member : beside->get_object()) calling.emplace(member.key(), member.value());
        }
        config["functionCallingConfig"] = std::move(calling);
        body_["toolConfig"] = std::move(config);
        extra_.drop("toolConfig");
        return ok();
    }

    Result<void> put_rest() {
        if (!request_.service_tier.empty()) body_["serviceTier"] = request_.service_tier;
        for (std::string_view const name : needless) extra_.drop(name);
        for (auto const& member : extra_.members()) {
            bool const own = std::find(own_members.begin(), own_members.end(), member.key()) != own_members.end();
            if (own) body_[member.key()] = member.value();
            if (!own) left_out(member.key(), "this provider does not know it");
        }
        return ok();
    }

    ChatRequest const& request_;
    std::vector<std::string>& warnings_;
    Extra extra_;
    json::object body_;
};

}  // namespace

Result<carrier::Encoded> encode_chat(ChatRequest const& request) {
    carrier::Encoded encoded;
    RequestWriter writer(request, encoded.warnings);
    Result<std::string> body = writer.write();
    if (!body) return body.error();
    encoded.body = std::move(*body);
    return encoded;
}

Result<carrier::Encoded> encode_count(ChatRequest const& request, bool vertex) {
    Result<carrier::Encoded> encoded = encode_chat(request);
    if (!encoded) return encoded;
    Result<json::value> parsed = json_exact::parse(encoded->body, "request", Errc::internal);
    if (!parsed) return parsed.error();
    json::object body;
    for (auto& member : parsed->as_object()) {
        std::string_view const name = member.key();
        bool const counted =
            name == "contents" || name == "systemInstruction" || name == "tools" || name == "generationConfig";
        if (counted || !vertex) body[member.key()] = std::move(member.value());
    }
    bool const alone = body.size() == 1 && body.if_contains("contents") != nullptr;
    if (!vertex && !alone) {
        body["model"] = request.model.starts_with("models/") ? request.model : "models/" + request.model;
        json::object around;
        around["generateContentRequest"] = std::move(body);
        body = std::move(around);
    }
    encoded->body = json_exact::write(body);
    return encoded;
}

}  // namespace aikit::inline v0::provider::gemini
