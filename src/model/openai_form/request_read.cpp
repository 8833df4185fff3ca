// SPDX-License-Identifier: MIT
// model/openai_form/request_read.cpp - a caller's request, strict about kinds, lenient about what it does not know.
#include "model/json_exact.hpp"
#include "model/openai_form/form.hpp"
#include "model/openai_form/tools.hpp"

#include <limits>

namespace aikit::inline v0::openai_form {

namespace {

/// Takes members out of a request; what is left becomes ChatRequest::extra.
class RequestReader {
public:
    RequestReader(json::object given, ChatRequest& request) : given_(std::move(given)), request_(request) {}

    Result<void> read() {
        request_.verbatim = true;
        take("model", request_.model);
        read_messages();
        read_limit();
        take("temperature", request_.temperature);
        take("top_p", request_.top_p);
        take("presence_penalty", request_.presence_penalty);
        take("frequency_penalty", request_.frequency_penalty);
        if (json::value const* seed = present("seed"); seed != nullptr && !seed->is_uint64()) {
            take("seed", request_.seed);
        }
        take("n", request_.n);
        read_stop();
        take("logprobs", request_.logprobs);
        take("top_logprobs", request_.top_logprobs);
        take("reasoning_effort", request_.reasoning_effort);
        read_tools();
        take("parallel_tool_calls", request_.parallel_tool_calls);
        read_format();
        take("service_tier", request_.service_tier);
        if (failed_) return *failed_;
        request_.extra = extra_text(given_);
        return ok();
    }

private:
    json::value const* present(std::string_view key) const {
        if (given_.empty()) return nullptr;
        json::value const* value = given_.if_contains(key);
        return value == nullptr || value->is_null() ? nullptr : value;
    }

    void refuse(std::string const& path, std::string_view why) {
        if (!failed_) failed_ = wrong(path, why);
    }

    void take(std::string_view key, std::string& out) {
        json::value const* value = present(key);
        if (value == nullptr) return;
        if (!value->is_string()) return refuse(std::string(key), "must be a string");
        if (value->get_string().empty()) return;  // stays as it is: an empty field is not written
        out = std::string(value->get_string());
        given_.erase(key);
    }

    void take(std::string_view key, std::optional<bool>& out) {
        json::value const* value = present(key);
        if (value == nullptr) return;
        if (!value->is_bool()) return refuse(std::string(key), "must be true or false");
        out = value->get_bool();
        given_.erase(key);
    }

    void take(std::string_view key, std::optional<double>& out) {
        json::value const* value = present(key);
        if (value == nullptr) return;
        if (!value->is_number()) return refuse(std::string(key), "must be a number");
        boost::system::error_code ignored;
        out = value->to_number<double>(ignored);
        given_.erase(key);
    }

    void take(std::string_view key, std::optional<std::int64_t>& out) {
        json::value const* value = present(key);
        if (value == nullptr) return;
        out = json::as_integer(*value);
        if (!out) return refuse(std::string(key), "must be a whole number");
        given_.erase(key);
    }

    void take(std::string_view key, std::optional<int>& out) {
        std::optional<std::int64_t> wide;
        take(key, wide);
        if (!wide) return;
        if (*wide < 0 || *wide > std::numeric_limits<int>::max()) return refuse(std::string(key), "is out of range");
        out = static_cast<int>(*wide);
    }

    void read_limit() {
        for (std::string_view const name : {"max_completion_tokens", "max_tokens"}) {
            if (request_.max_tokens) return;  // the newer name goes first, the other stays as it is
            take(name, request_.max_tokens);
            if (request_.max_tokens) request_.max_tokens_name = std::string(name);
        }
    }

    void read_messages() {
        json::value const* messages = present("messages");
        if (messages == nullptr) return refuse("messages", "is missing");
        json::array const* list = messages->if_array();
        if (list == nullptr) return refuse("messages", "must be a list");
        if (list->empty()) return refuse("messages", "must not be empty");
        json::array taken = std::move(given_.at("messages").get_array());
        given_.erase("messages");
        request_.messages.reserve(taken.size());
        for (std::size_t i = 0; i < taken.size() && !failed_; ++i) {
            std::string const path = "messages[" + std::to_string(i) + "]";
            if (!taken[i].is_object()) return refuse(path, "must be an object");
            Result<Message> message = read_message(std::move(taken[i].get_object()), path);
            if (!message) failed_ = message.error();
            if (message) request_.messages.push_back(std::move(*message));
        }
    }

    void read_stop() {
        json::value const* stop = present("stop");
        if (stop == nullptr) return;
        std::optional<std::vector<std::string>> texts = read_stop_texts(*stop);
        if (!texts) return refuse("stop", "must be a string or a list of strings");
        request_.stop = std::move(*texts);
        if (stop->is_array() && !stop->get_array().empty()) given_.erase("stop");
    }

    void read_tools() {
        if (json::value const* tools = present("tools")) {
            json::array const* list = tools->if_array();
            if (list == nullptr) return refuse("tools", "must be a list");
            for (std::size_t i = 0; i < list->size(); ++i) {
                std::string const path = "tools[" + std::to_string(i) + "]";
                if (!(*list)[i].is_object()) return refuse(path, "must be an object");
                Result<ToolSpec> tool = read_tool((*list)[i].get_object(), path);
                if (!tool) return refuse_with(tool.error());
                request_.tools.push_back(std::move(*tool));
            }
            if (!list->empty()) given_.erase("tools");
        }
        if (json::value const* choice = present("tool_choice")) {
            if (!choice->is_string() && !choice->is_object()) {
                return refuse("tool_choice", "must be a string or an object");
            }
            request_.tool_choice = read_tool_choice(*choice);
            given_.erase("tool_choice");
        }
    }

    void read_format() {
        json::value const* given = present("response_format");
        if (given == nullptr) return;
        if (!given->is_object()) return refuse("response_format", "must be an object");
        request_.response_format = read_response_format(given->get_object());
        if (!request_.response_format) return;
        // A form with more members stays beside the field, and is written as long as both say the same.
        if (*given == json::value(canonical_format(*request_.response_format))) given_.erase("response_format");
    }

    void refuse_with(Error error) {
        if (!failed_) failed_ = std::move(error);
    }

    json::object given_;
    ChatRequest& request_;
    std::optional<Error> failed_;
};

}  // namespace

Result<void> read_request(json::object given, ChatRequest& out) {
    RequestReader reader(std::move(given), out);
    return reader.read();
}

}  // namespace aikit::inline v0::openai_form
