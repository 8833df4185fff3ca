// SPDX-License-Identifier: MIT
// model/openai_form/message_read.cpp - a caller's messages, strict about what they are made of.
#include "model/json_exact.hpp"
#include "model/openai_form/form.hpp"

namespace aikit::inline v0::openai_form {

namespace {

/// Reads one message and takes out of it what a field holds; what is left becomes `extra`.
class MessageReader {
public:
    MessageReader(json::object given, std::string const& path) : given_(std::move(given)), path_(path) {}

    Result<Message> read() {
        read_role();
        if (json::value const* speaker = present("name"); speaker != nullptr) {
            if (speaker->is_string()) message_.name = std::string(speaker->get_string());
            if (!speaker->is_string()) refuse("name", "must be a string");
            if (!message_.name.empty()) given_.erase("name");
        }
        read_ours();
        if (message_.role == Role::assistant) read_reasoning();
        if (message_.role == Role::tool && given_.if_contains("role") == nullptr) {
            read_result();
        } else {
            read_content();
        }
        if (json::value const* refusal = present("refusal"); refusal != nullptr && !failed_) {
            RefusalPart part;
            if (refusal->is_string()) part.text = std::string(refusal->get_string());
            if (!refusal->is_string()) refuse("refusal", "must be a string");
            message_.parts.emplace_back(std::move(part));
            given_.erase("refusal");
        }
        read_calls();
        if (failed_) return *failed_;
        message_.extra = extra_text(given_);
        return std::move(message_);
    }

private:
    json::value const* present(std::string_view key) const {
        if (given_.empty()) return nullptr;
        json::value const* value = given_.if_contains(key);
        return value == nullptr || value->is_null() ? nullptr : value;
    }

    void refuse(std::string const& member, std::string_view why) {
        if (!failed_) failed_ = wrong(path_ + "." + member, why);
    }

    void read_role() {
        json::value const* role = present("role");
        std::string_view const word =
            role != nullptr && role->is_string() ? std::string_view(role->get_string()) : std::string_view();
        if (word == "system" || word == "developer") {
            message_.role = Role::system;
        } else if (word == "user") {
            message_.role = Role::user;
        } else if (word == "assistant") {
            message_.role = Role::assistant;
        } else if (word == "tool" || word == "function") {
            message_.role = Role::tool;
        } else {
            return refuse("role", role == nullptr ? "is missing" : "must be system, user, assistant or tool");
        }
        if (word != "developer" && word != "function") given_.erase("role");
    }

    void read_ours() {
        json::value const* ours = present("aikit");
        if (ours == nullptr || failed_) return;
        if (!ours->is_object()) return refuse("aikit", "must be an object");
        json::Fields fields(ours->get_object(), path_ + ".aikit");
        fields.read("failed", tool_failed_);
        if (json::array const* list = fields.take_array("reasoning")) {
            for (std::size_t i = 0; i < list->size(); ++i) {
                std::string const name = path_ + ".aikit.reasoning[" + std::to_string(i) + "]";
                json::object const* item = (*list)[i].if_object();
                if (item == nullptr) return refuse("aikit.reasoning", "must be a list of objects");
                json::Fields one(*item, name);
                ReasoningPart part;
                one.read("text", part.text);
                one.read("signature", part.signature);
                one.read("redacted", part.redacted);
                one.read("source", part.source);
                if (Result<void> done = one.finish(); !done && !failed_) failed_ = done.error();
                message_.parts.emplace_back(std::move(part));
            }
        }
        if (Result<void> done = fields.finish(); !done && !failed_) failed_ = done.error();
        given_.erase("aikit");
    }

    void read_reasoning() {
        for (std::string_view const source : {"reasoning_content", "reasoning"}) {
            json::value const* reasoning = present(source);
            if (reasoning == nullptr || !reasoning->is_string()) continue;
            ReasoningPart part;
            part.text = std::string(reasoning->get_string());
            part.source = std::string(source);
            message_.parts.emplace_back(std::move(part));
            given_.erase(source);
            return;
        }
    }

    /// The parts of `content`; a null stays with the members that have no field.
    std::vector<Part> take_content(bool joins) {
        std::vector<Part> parts;
        json::value const* content = present("content");
        if (content == nullptr || failed_) return parts;
        if (content->is_string()) {
            parts.emplace_back(TextPart(std::string(content->get_string())));
        } else if (json::array const* list = content->if_array()) {
            for (std::size_t i = 0; i < list->size() && !failed_; ++i) {
                Result<Part> part = read_part((*list)[i], path_ + ".content[" + std::to_string(i) + "]");
                if (part) parts.push_back(std::move(*part));
                if (!part) failed_ = part.error();
            }
            if (list->empty()) return parts;  // stays as it is
            if (list->size() == 1 || joins) keep_as_list(parts);
        } else {
            refuse("content", "must be a string or a list of parts");
        }
        given_.erase("content");
        return parts;
    }

    /// Marks texts that would otherwise be written as one string.
    static void keep_as_list(std::vector<Part>& parts) {
        for (Part& part : parts) {
            auto* text = std::get_if<TextPart>(&part);
            if (text != nullptr && text->extra.empty()) text->extra = "{}";
        }
    }

    void read_content() {
        for (Part& part : take_content(message_.role == Role::assistant)) message_.parts.push_back(std::move(part));
    }

    void read_result() {
        ToolResult result;
        json::value const* id = present("tool_call_id");
        if (id == nullptr || !id->is_string()) return refuse("tool_call_id", "must be a string");
        result.call_id = std::string(id->get_string());
        result.failed = tool_failed_;
        for (Part& part : take_content(false)) {
            if (auto* text = std::get_if<TextPart>(&part)) {
                result.content.emplace_back(std::move(*text));
            } else if (auto* media = std::get_if<MediaPart>(&part)) {
                result.content.emplace_back(std::move(*media));
            } else {
                return refuse("content", "of a tool must hold texts and media only");
            }
        }
        message_.parts.emplace_back(std::move(result));
        given_.erase("tool_call_id");
    }

    void read_calls() {
        json::value const* calls = present("tool_calls");
        if (calls == nullptr || failed_) return;
        json::array const* list = calls->if_array();
        if (list == nullptr) return refuse("tool_calls", "must be a list");
        for (std::size_t i = 0; i < list->size() && !failed_; ++i) {
            read_call((*list)[i], "tool_calls[" + std::to_string(i) + "]");
        }
        if (!list->empty()) given_.erase("tool_calls");
    }

    void read_call(json::value const& given, std::string const& at) {
        json::object const* object = given.if_object();
        if (object == nullptr) return refuse(at, "must be an object");
        ToolCall call;
        call.custom = json::text(given, "type") == "custom";
        char const* const kind = call.custom ? "custom" : "function";
        json::object const* function = json::member_object(given, kind);
        if (function == nullptr) return refuse(at + "." + kind, "must be an object");
        json::value const* name = function->if_contains("name");
        if (name == nullptr || !name->is_string()) return refuse(at + "." + kind + ".name", "must be a string");
        char const* const input = call.custom ? "input" : "arguments";
        json::value const* arguments = function->if_contains(input);
        if (arguments == nullptr || !arguments->is_string()) {
            return refuse(at + "." + kind + "." + input, "must be a string");
        }
        json::value const* id = object->if_contains("id");
        if (id != nullptr && id->is_string()) call.id = std::string(id->get_string());
        call.name = std::string(name->get_string());
        call.arguments = std::string(arguments->get_string());
        if (call.arguments.empty() && !call.custom) call.arguments = "{}";
        call.extra = extra_text(call_difference(*object, call));
        message_.parts.emplace_back(std::move(call));
    }

    Message message_;
    json::object given_;
    std::string const& path_;
    bool tool_failed_ = false;
    std::optional<Error> failed_;
};

}  // namespace

json::object call_difference(json::object const& given, ToolCall const& call) {
    json::object function;
    function["name"] = call.name;
    function[call.custom ? "input" : "arguments"] = call.arguments;
    json::object canonical;
    canonical["id"] = call.id;
    canonical["type"] = call.custom ? "custom" : "function";
    canonical[call.custom ? "custom" : "function"] = std::move(function);
    return difference(given, canonical);
}

Result<Message> read_message(json::object given, std::string const& path) {
    MessageReader reader(std::move(given), path);
    return reader.read();
}

}  // namespace aikit::inline v0::openai_form
