// SPDX-License-Identifier: MIT
// provider/anthropic/encode.cpp - requests to bodies, and which model takes what.
#include "model/json_exact.hpp"
#include "model/openai_form/form.hpp"
#include "provider/anthropic/wire.hpp"
#include "provider/carrier/requests.hpp"

#include <algorithm>
#include <array>

namespace aikit::inline v0::provider::anthropic {

namespace {

using openai_form::Extra;
using openai_form::wrong;

struct Family {
    std::string_view prefix;
    Thinking thinking;
};

// First match counts; what is newer than these is told in words.
constexpr std::array<Family, 10> families{{
    {"claude-2", Thinking::none},
    {"claude-3-7", Thinking::budget},
    {"claude-3", Thinking::none},
    {"claude-sonnet-4-5", Thinking::budget},
    {"claude-haiku-4-5", Thinking::budget},
    {"claude-opus-4-5", Thinking::budget},
    {"claude-opus-4-1", Thinking::budget},
    {"claude-opus-4-0", Thinking::budget},
    {"claude-sonnet-4-0", Thinking::budget},
    {"claude-instant", Thinking::none},
}};

struct Effort {
    std::string_view word;    // OpenAI's
    std::string_view theirs;  // Anthropic's
    std::int64_t budget;      // for models that are told in tokens
};

constexpr std::int64_t least_budget = 1'024;  // what the API takes
constexpr std::array<Effort, 6> efforts{{
    {"minimal", "low", least_budget},
    {"low", "low", 2'048},
    {"medium", "medium", 8'192},
    {"high", "high", 16'384},
    {"xhigh", "xhigh", 32'768},
    {"max", "max", 32'768},
}};

// Members of this API that OpenAI's form has no field for: sent as they are given.
constexpr std::array<std::string_view, 9> own_members{"output_format", "thinking",      "top_k",
                                                      "metadata",      "cache_control", "container",
                                                      "inference_geo", "mcp_servers",   "context_management"};

// What OpenAI's clients send and this API has no need of.
constexpr std::array<std::string_view, 3> needless{"stream", "stream_options", "store"};

/// Writes a request member by member.
class RequestWriter {
public:
    RequestWriter(ChatRequest const& request, std::int64_t max_tokens, bool streaming,
                  std::vector<std::string>& warnings)
        : request_(request),
          limit_(request.max_tokens.value_or(max_tokens)),
          streaming_(streaming),
          warnings_(warnings),
          out_(text_),
          extra_(request.extra) {}

    Result<std::string> write() {
        if (!extra_.valid()) return wrong("extra", "must be a JSON object");
        if (request_.n.value_or(1) != 1) {
            return fail(Errc::unsupported, "The request asks for several choices (n), and this provider gives one.");
        }
        if (Result<void> finite = carrier::check_numbers(request_); !finite) return finite.error();
        if (limit_ < 0) return wrong("max_tokens", "must not be negative");
        out_.begin_object();
        out_.key("model").text(request_.model);
        out_.key("max_tokens").number(limit_);
        if (Result<void> written = write_messages(out_, request_.messages, warnings_); !written) return written.error();
        for (auto const step : {&RequestWriter::write_thinking, &RequestWriter::write_sampling,
                                &RequestWriter::write_tools, &RequestWriter::write_rest}) {
            if (Result<void> written = (this->*step)(); !written) return written.error();
        }
        out_.end_object();
        if (!out_.valid()) return wrong("request", "holds text that is not valid UTF-8");
        return std::move(text_);
    }

private:
    void left_out(std::string_view name, std::string_view why) { carrier::left_out(warnings_, name, why); }

    Result<void> write_thinking() {
        json::value const* const told = extra_.find("thinking");
        std::string_view const kind = told == nullptr ? std::string_view() : json::text(*told, "type").value_or("");
        thinks_ = kind == "enabled" || kind == "adaptive";
        if (request_.reasoning_effort.empty() || request_.reasoning_effort == "none") return ok();
        auto const effort = std::find_if(efforts.begin(), efforts.end(),
                                         [&](Effort const& one) { return one.word == request_.reasoning_effort; });
        if (effort == efforts.end())
            return wrong("reasoning_effort", "must be none, minimal, low, medium, high, xhigh or max");
        switch (thinking_of(request_.model)) {
            case Thinking::none: left_out("reasoning_effort", "this model does not think"); break;
            case Thinking::effort:
                effort_ = effort->theirs;
                write_adaptive();
                break;
            case Thinking::budget: write_budget(*effort); break;
        }
        return ok();
    }

    /// Does the request demand a call? A model that has to call a tool does not think first.
    bool forced() const {
        return request_.tool_choice && (request_.tool_choice->kind == ToolChoice::Kind::required ||
                                        request_.tool_choice->kind == ToolChoice::Kind::named);
    }

    /// An effort alone switches no thinking on.
    void write_adaptive() {
        if (extra_.find("thinking") != nullptr || forced()) return;
        out_.key("thinking").begin_object();
        out_.key("type").text("adaptive");
        out_.end_object();
        thinks_ = true;
    }

    /// The budget has to be smaller than the limit of tokens, of which it is a part.
    void write_budget(Effort const& effort) {
        if (extra_.find("thinking") != nullptr) return;  // told by the caller
        if (forced() && request_.tool_choice->raw.empty()) {
            return left_out("reasoning_effort", "a model that has to call a tool does not think first");
        }
        std::int64_t const budget = std::min(effort.budget, limit_ - 1);
        if (budget < least_budget) return left_out("reasoning_effort", "max_tokens leaves no room to think");
        out_.key("thinking").begin_object();
        out_.key("type").text("enabled");
        out_.key("budget_tokens").number(budget);
        out_.end_object();
        thinks_ = true;
    }

    Result<void> write_sampling() {
        if (request_.temperature && thinks_ && *request_.temperature != 1) {
            left_out("temperature", "a model that thinks has its own");
        } else if (request_.temperature) {
            if (*request_.temperature > 1)
                warnings_.emplace_back("The temperature was lowered to 1, the most that this provider takes.");
            out_.key("temperature").number(std::min(*request_.temperature, 1.0));
        }
        if (request_.top_p) out_.key("top_p").number(*request_.top_p);
        if (!request_.stop.empty()) {
            out_.key("stop_sequences").begin_array();
            for (std::string const& stop : request_.stop) out_.text(stop);
            out_.end_array();
        }
        constexpr std::string_view why = "this provider has no such parameter";
        if (request_.presence_penalty) left_out("presence_penalty", why);
        if (request_.frequency_penalty) left_out("frequency_penalty", why);
        if (request_.seed) left_out("seed", why);
        if (request_.logprobs.value_or(false) || request_.top_logprobs) left_out("logprobs", why);
        return ok();
    }

    Result<void> write_tools() {
        bool const none = request_.tools.empty();
        if (!none) {
            out_.key("tools").begin_array();
            for (std::size_t i = 0; i < request_.tools.size(); ++i) {
                if (Result<void> written = write_tool(request_.tools[i], "tools[" + std::to_string(i) + "]");
                    !written) {
                    return written;
                }
            }
            out_.end_array();
        }
        bool const one_at_a_time = request_.parallel_tool_calls && !*request_.parallel_tool_calls;
        if (none || (!request_.tool_choice && !one_at_a_time)) return ok();
        return write_choice(request_.tool_choice.value_or(ToolChoice()), one_at_a_time);
    }

    Result<void> write_tool(ToolSpec const& given, std::string const& path) {
        Result<ToolSpec> const read = carrier::with_fields(given, path);
        if (!read) return read.error();
        ToolSpec const& tool = *read;
        // A tool of the provider's own has another type than "function".
        if (!tool.raw.empty()) {
            Result<json::value> raw = json_exact::parse(tool.raw, "tool", Errc::invalid_argument);
            if (!raw || !raw->is_object()) return wrong(path, "must be a JSON object");
            if (json::text(*raw, "type") != "function") {
                out_.value(*raw);
                return ok();
            }
        }
        if (tool.name.empty()) return wrong(path + ".name", "must not be empty");
        out_.begin_object();
        out_.key("name").text(tool.name);
        if (!tool.description.empty()) out_.key("description").text(tool.description);
        out_.key("input_schema");
        if (tool.parameters.empty()) {
            out_.raw(R"({"type":"object","properties":{}})");
        } else {
            Result<json::value> schema = json_exact::parse(tool.parameters, "schema", Errc::invalid_argument);
            if (!schema || !schema->is_object()) return wrong(path + ".parameters", "must be a JSON Schema, an object");
            if (schema->get_object().if_contains("type") == nullptr) schema->get_object()["type"] = "object";
            out_.value(*schema);
        }
        if (tool.strict) out_.key("strict").boolean(*tool.strict);
        if (!tool.raw.empty()) {  // marks beside the function: cache_control, defer_loading
            Extra raw(tool.raw);
            for (std::string_view const name : {"type", "function"}) raw.drop(name);
            raw.write(out_);
        }
        out_.end_object();
        return ok();
    }

    /// Is it in this dialect's words? OpenAI has none of these as an object's type.
    static bool is_own_choice(ToolChoice const& given) {
        if (given.raw.empty()) return false;
        Result<json::value> const raw = json_exact::parse(given.raw, "tool_choice", Errc::invalid_argument);
        std::string_view const type = raw ? json::text(*raw, "type").value_or("") : std::string_view();
        return type == "auto" || type == "any" || type == "tool" || type == "none";
    }

    Result<void> write_choice(ToolChoice const& given, bool one_at_a_time) {
        if (is_own_choice(given)) {
            out_.key("tool_choice").raw(given.raw);
            return ok();
        }
        Result<carrier::PlainChoice> plain = carrier::with_fields(given);
        if (!plain) return plain.error();
        ToolChoice& choice = plain->choice;
        // Of several tools this provider allows all or one.
        if (!plain->allowed.empty() && choice.kind != ToolChoice::Kind::none) {
            bool const one = plain->allowed.size() == 1 && choice.kind == ToolChoice::Kind::required;
            if (!one) {
                return fail(Errc::unsupported,
                            "The request's tool_choice allows some of its tools only, which this provider does not "
                            "have; send no other tools.");
            }
            choice.kind = ToolChoice::Kind::named;
            choice.name = plain->allowed.front();
        }
        out_.key("tool_choice");
        out_.begin_object();
        switch (choice.kind) {
            case ToolChoice::Kind::automatic: out_.key("type").text("auto"); break;
            case ToolChoice::Kind::none: out_.key("type").text("none"); break;
            case ToolChoice::Kind::required: out_.key("type").text("any"); break;
            case ToolChoice::Kind::named:
                out_.key("type").text("tool");
                out_.key("name").text(choice.name);
                break;
        }
        if (one_at_a_time && choice.kind != ToolChoice::Kind::none) out_.key("disable_parallel_tool_use").boolean(true);
        out_.end_object();
        return ok();
    }

    /// effort and format share an object, which a caller may have begun.
    Result<void> write_output() {
        json::value const* given = extra_.find("output_config");
        json::object output;
        if (given != nullptr && given->is_object()) output = given->get_object();
        if (!effort_.empty() && output.if_contains("effort") == nullptr) output["effort"] = effort_;
        if (request_.response_format && request_.response_format->kind == ResponseFormat::Kind::json_schema) {
            Result<json::value> schema =
                json_exact::parse(request_.response_format->schema, "schema", Errc::invalid_argument);
            if (!schema || !schema->is_object())
                return wrong("response_format.schema", "must be a JSON Schema, an object");
            json::object format;
            format["type"] = "json_schema";
            format["schema"] = std::move(*schema);
            output["format"] = std::move(format);
        } else if (request_.response_format && request_.response_format->kind == ResponseFormat::Kind::json_object) {
            left_out("response_format", "this provider writes JSON only by a schema; give one");
        }
        extra_.drop("output_config");
        if (!output.empty()) out_.key("output_config").object(output);
        return ok();
    }

    Result<void> write_rest() {
        if (Result<void> written = write_output(); !written) return written;
        if (streaming_) out_.key("stream").boolean(true);
        if (request_.service_tier == "auto") {
            out_.key("service_tier").text("auto");
        } else if (request_.service_tier == "default" || request_.service_tier == "standard_only") {
            out_.key("service_tier").text("standard_only");
        } else if (!request_.service_tier.empty()) {
            left_out("service_tier", "this provider has auto and default");
        }
        if (json::value const* user = extra_.find("user");
            user != nullptr && user->is_string() && extra_.find("metadata") == nullptr) {
            out_.key("metadata").begin_object();
            out_.key("user_id").text(user->get_string());
            out_.end_object();
        }
        extra_.drop("user");
        for (std::string_view const name : needless) extra_.drop(name);
        for (auto const& member : extra_.members()) {
            bool const own = std::find(own_members.begin(), own_members.end(), member.key()) != own_members.end();
            if (own) out_.key(member.key()).value(member.value());
            if (!own) left_out(member.key(), "this provider does not know it");
        }
        return ok();
    }

    ChatRequest const& request_;
    std::int64_t const limit_;
    bool const streaming_;
    std::vector<std::string>& warnings_;
    std::string text_;
    JsonWriter out_;
    Extra extra_;
    bool thinks_ = false;
    std::string_view effort_;
};

/// "claude-sonnet-4-20250514": the family of the fourth generation's first models, which have only a date behind them.
bool is_first_of_four(std::string_view model) noexcept {
    return model.starts_with("claude-sonnet-4-2") || model.starts_with("claude-opus-4-2");
}

}  // namespace

Thinking thinking_of(std::string_view model) noexcept {
    if (is_first_of_four(model)) return Thinking::budget;
    for (Family const& family : families) {
        if (model.starts_with(family.prefix)) return family.thinking;
    }
    return Thinking::effort;
}

Result<carrier::Encoded> encode_chat(ChatRequest const& request, std::int64_t max_tokens, bool streaming) {
    carrier::Encoded encoded;
    RequestWriter writer(request, max_tokens, streaming, encoded.warnings);
    Result<std::string> body = writer.write();
    if (!body) return body.error();
    encoded.body = std::move(*body);
    return encoded;
}

Result<carrier::Encoded> encode_count(ChatRequest const& request) {
    // What the service of counting takes; anything else it refuses.
    constexpr std::array<std::string_view, 11> counted{
        "model",       "messages",      "system",        "tools",         "tool_choice",       "thinking",
        "mcp_servers", "cache_control", "output_config", "output_format", "context_management"};
    constexpr std::int64_t enough = 1'000'000;  // not sent; room for any budget of thinking
    Result<carrier::Encoded> encoded = encode_chat(request, enough, false);
    if (!encoded) return encoded;
    Result<json::value> const whole = json_exact::parse(encoded->body, "request", Errc::internal);
    if (!whole) return whole.error();
    json::object body;
    for (auto const& member : whole->as_object()) {
        bool const read = std::find(counted.begin(), counted.end(), member.key()) != counted.end();
        if (read) body[member.key()] = member.value();
    }
    encoded->body = json_exact::write(body);
    return encoded;
}

}  // namespace aikit::inline v0::provider::anthropic
