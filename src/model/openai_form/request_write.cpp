// SPDX-License-Identifier: MIT
// model/openai_form/request_write.cpp - requests to OpenAI's JSON.
#include "model/json_exact.hpp"
#include "model/openai_form/form.hpp"
#include "model/openai_form/tools.hpp"

#include <algorithm>
#include <cmath>

namespace aikit::inline v0::openai_form {

namespace {

/// Writes a request member by member; each one drops what `extra` says of the same name.
class RequestWriter {
public:
    RequestWriter(ChatRequest const& request, Style const& style)
        : request_(request), style_(style), out_(text_), extra_(request.extra) {}

    Result<std::string> write() {
        if (!extra_.valid()) return wrong("extra", "must be a JSON object");
        if (request_.messages.empty()) return wrong("messages", "must not be empty");
        text_.reserve(usual_size());
        out_.begin_object();
        if (!request_.model.empty()) put("model", request_.model);
        write_messages();
        write_numbers();
        write_stop();
        write_tools();
        write_format();
        write_stream();
        write_extra();
        out_.end_object();
        if (failed_) return *failed_;
        if (!out_.valid()) return wrong("request", "holds text that is not valid UTF-8");
        return std::move(text_);
    }

private:
    /// What a request of texts takes that need no escapes.
    std::size_t usual_size() const noexcept {
        std::size_t size = 256;
        for (Message const& message : request_.messages) {
            size += 64;
            for (Part const& part : message.parts) {
                if (auto const* text = std::get_if<TextPart>(&part)) size += text->text.size();
            }
        }
        return size;
    }

    /// The member's key, or false when the model does not take it.
    bool begin(std::string_view name) {
        extra_.drop(name);
        if (is_left_out(name)) return false;
        out_.key(name);
        return true;
    }

    bool is_left_out(std::string_view name) {
        if (std::find(style_.left_out.begin(), style_.left_out.end(), name) == style_.left_out.end()) return false;
        if (style_.warnings != nullptr) {
            style_.warnings->push_back("The model " + request_.model + " does not take " + std::string(name) +
                                       "; it was left out.");
        }
        return true;
    }

    void put(std::string_view name, std::string const& value) {
        if (!value.empty() && begin(name)) out_.text(value);
    }
    void put(std::string_view name, std::optional<bool> value) {
        if (value && begin(name)) out_.boolean(*value);
    }
    void put(std::string_view name, std::optional<double> value) {
        if (value && !std::isfinite(*value)) return refuse(wrong(std::string(name), "must be a finite number"));
        if (value && begin(name)) out_.number(*value);
    }
    void put(std::string_view name, std::optional<std::int64_t> value) {
        if (value && begin(name)) out_.number(*value);
    }
    void put(std::string_view name, std::optional<int> value) {
        if (value && begin(name)) out_.number(static_cast<std::int64_t>(*value));
    }

    void refuse(Error error) {
        if (!failed_) failed_ = std::move(error);
    }
    void refuse(Result<void> const& result) {
        if (!result) refuse(result.error());
    }

    void write_messages() {
        out_.key("messages").begin_array();
        for (std::size_t i = 0; i < request_.messages.size() && !failed_; ++i) {
            std::string const path = "messages[" + std::to_string(i) + "]";
            refuse(write_message(out_, request_.messages[i], style_, path));
            if (!failed_ && !out_.valid()) refuse(wrong(path, "holds text that is not valid UTF-8"));
        }
        out_.end_array();
        extra_.drop("messages");
    }

    void write_numbers() {
        std::string_view name = style_.max_tokens_name;
        if (name.empty()) name = request_.max_tokens_name;
        if (name.empty()) name = "max_tokens";
        put(name, request_.max_tokens);
        put("temperature", request_.temperature);
        put("top_p", request_.top_p);
        put("presence_penalty", request_.presence_penalty);
        put("frequency_penalty", request_.frequency_penalty);
        put("seed", request_.seed);
        put("n", request_.n);
        put("logprobs", request_.logprobs);
        put("top_logprobs", request_.top_logprobs);
        put("reasoning_effort", request_.reasoning_effort);
        put("parallel_tool_calls", request_.parallel_tool_calls);
        put("service_tier", request_.service_tier);
    }

    void write_stop() {
        if (request_.stop.empty()) return;
        json::value const* given = extra_.find("stop");
        bool const as_text = given != nullptr && given->is_string() && request_.stop.size() == 1 &&
                             std::string_view(given->get_string()) == request_.stop.front();
        if (!begin("stop")) return;
        if (as_text) return out_.text(request_.stop.front());
        out_.begin_array();
        for (std::string const& one : request_.stop) out_.text(one);
        out_.end_array();
    }

    void write_tools() {
        if (!request_.tools.empty() && begin("tools")) {
            out_.begin_array();
            for (std::size_t i = 0; i < request_.tools.size(); ++i) {
                refuse(write_tool(out_, request_.tools[i], "tools[" + std::to_string(i) + "]"));
            }
            out_.end_array();
        }
        if (request_.tool_choice && begin("tool_choice")) refuse(write_tool_choice(out_, *request_.tool_choice));
    }

    void write_format() {
        if (!request_.response_format) return;
        ResponseFormat const& format = *request_.response_format;
        json::value const* given = extra_.find("response_format");
        if (given != nullptr && given->is_object()) {
            std::optional<ResponseFormat> const same_as = read_response_format(given->get_object());
            if (same_as && same(*same_as, format)) return;  // written with the rest
        }
        json::object const whole = canonical_format(format);
        if (whole.empty()) return refuse(wrong("response_format.schema", "must be a JSON object"));
        if (begin("response_format")) out_.object(whole);
    }

    void write_stream() {
        if (style_.house) return extra_.drop("stream");
        if (!style_.streaming) return extra_.drop("stream_options");
        extra_.drop("stream");
        out_.key("stream").boolean(true);
        json::object options;
        json::value const* given = extra_.find("stream_options");
        if (given != nullptr && given->is_object()) options = given->get_object();
        if (style_.include_usage && !options.contains("include_usage")) options["include_usage"] = true;
        extra_.drop("stream_options");
        if (!options.empty()) out_.key("stream_options").object(options);
    }

    void write_extra() {
        for (auto const& member : extra_.members()) {
            if (!member.value().is_null() && is_left_out(member.key())) continue;
            out_.key(member.key()).value(member.value());
        }
    }

    ChatRequest const& request_;
    Style const& style_;
    std::string text_;
    JsonWriter out_;
    Extra extra_;
    std::optional<Error> failed_;
};

}  // namespace

Result<std::string> write_request(ChatRequest const& request, Style const& style) {
    RequestWriter writer(request, style);
    return writer.write();
}

}  // namespace aikit::inline v0::openai_form
