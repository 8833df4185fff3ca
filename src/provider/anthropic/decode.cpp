// SPDX-License-Identifier: MIT
// provider/anthropic/decode.cpp - whole bodies of 2xx answers.
#include "model/openai_form/form.hpp"
#include "model/usage_form/usage_form.hpp"
#include "provider/anthropic/wire.hpp"
#include "provider/carrier/body.hpp"

namespace aikit::inline v0::provider::anthropic {

namespace {

using openai_form::wrong_reply;

/// Reads one content block after the other.
class ContentReader {
public:
    Result<Content> read(json::array const& content) {
        for (std::size_t i = 0; i < content.size(); ++i) {
            if (!content[i].is_object()) return wrong_reply(at(i) + " is no object");
            if (Result<void> taken = take(content[i], i); !taken) return taken.error();
        }
        if (native_) {
            json::object by_dialect;
            by_dialect[dialect] = json::value(content, boost::json::storage_ptr());
            json::object extra;
            extra[openai_form::native_content] = std::move(by_dialect);
            content_.message.extra = json_exact::write(extra);
        }
        return std::move(content_);
    }

private:
    static std::string at(std::size_t i) { return "content[" + std::to_string(i) + "]"; }

    Result<void> take(json::value const& block, std::size_t i) {
        std::optional<std::string_view> const type = json::text(block, "type");
        if (type == "text") return take_text(block, i);
        if (type == "tool_use") return take_call(block, i);
        if (type == "thinking" || type == "redacted_thinking") return take_reasoning(block, i, type != "thinking");
        if (!type) return wrong_reply(at(i) + " has no type");
        native_ = true;  // a tool of the provider's own, or something newer than this program
        return ok();
    }

    void note_order() { native_ = native_ || called_; }  // calls stand last where nothing else keeps their place

    Result<void> take_text(json::value const& block, std::size_t i) {
        std::optional<std::string_view> const text = json::text(block, "text");
        if (!text) return wrong_reply(at(i) + ".text is no string");
        json::array const* citations = json::member_array(block, "citations");
        native_ = native_ || (citations != nullptr && !citations->empty());
        note_order();
        if (!text->empty()) content_.message.parts.emplace_back(TextPart(std::string(*text)));
        return ok();
    }

    Result<void> take_reasoning(json::value const& block, std::size_t i, bool redacted) {
        ReasoningPart part;
        part.redacted = redacted;
        std::optional<std::string_view> const body = json::text(block, redacted ? "data" : "thinking");
        if (!body) return wrong_reply(at(i) + (redacted ? ".data is no string" : ".thinking is no string"));
        (redacted ? part.signature : part.text) = std::string(*body);
        if (!redacted) part.signature = std::string(json::text(block, "signature").value_or(""));
        note_order();
        content_.message.parts.emplace_back(std::move(part));
        return ok();
    }

    Result<void> take_call(json::value const& block, std::size_t i) {
        std::optional<std::string_view> const id = json::text(block, "id");
        std::optional<std::string_view> const name = json::text(block, "name");
        if (!id || !name) return wrong_reply(at(i) + " calls a tool without id or name");
        json::value const* input = json::find(block, "input");
        called_ = true;
        if (input == nullptr || input->is_null()) {  // what a stream made of pieces that are not whole
            content_.cut_call = std::string(*name);
            return ok();
        }
        if (!input->is_object()) return wrong_reply(at(i) + ".input is no object");
        ToolCall call;
        call.id = std::string(*id);
        call.name = std::string(*name);
        call.arguments = json_exact::write(*input);
        content_.message.parts.emplace_back(std::move(call));
        return ok();
    }

    Content content_;
    bool native_ = false;
    bool called_ = false;
};

/// The members that OpenAI's form names otherwise.
void to_openai_model(json::value& item) {
    json::object* model = item.if_object();
    if (model == nullptr) return;
    std::optional<std::string_view> const made = json::text(item, "created_at");
    if (Result<SystemTime> const at = from_rfc3339(made.value_or("")); at) {
        (*model)["created"] = std::chrono::duration_cast<std::chrono::seconds>(at->time_since_epoch()).count();
    }
    model->erase("type");
    (*model)["owned_by"] = "anthropic";
}

}  // namespace

Usage read_usage(json::object const& given, std::vector<std::string>& warnings) {
    return usage_form::read_anthropic(json::value(given), warnings).usage;
}

Result<Content> read_content(json::array const& content) {
    ContentReader reader;
    return reader.read(content);
}

bool is_cut(FinishReason reason) noexcept {
    return reason == FinishReason::length || reason == FinishReason::content_filter;
}

void put_stop(Choice& choice, json::object const& given) {
    json::value const* reason = given.if_contains("stop_reason");
    if (reason != nullptr && reason->is_string()) choice.finish_text = std::string(reason->get_string());
    choice.finish = openai_form::finish_reason(choice.finish_text);
    json::object extra;
    for (std::string_view const name : {"stop_sequence", "stop_details"}) {
        json::value const* value = given.if_contains(name);
        if (value != nullptr && !value->is_null()) extra[name] = *value;
    }
    choice.extra = openai_form::extra_text(extra);
}

Result<ChatReply> decode_chat(carrier::Exchange const& exchange, std::string_view body) {
    json_exact::Arena arena;
    Result<json::object> object = carrier::read_object(exchange, body, arena);
    if (!object) return object.error();
    json::value const* content = object->if_contains("content");
    if (content == nullptr || !content->is_array()) {
        return carrier::unreadable(wrong_reply("content is no list"), exchange);
    }
    Result<Content> read = read_content(content->get_array());
    if (!read) return carrier::unreadable(read.error(), exchange);
    ChatReply reply;
    Choice& choice = reply.choices.emplace_back();
    choice.message = std::move(read->message);
    put_stop(choice, *object);
    if (!read->cut_call.empty()) return carrier::unreadable(wrong_reply("a tool call has no input"), exchange);
    if (choice.finish_text.empty()) return carrier::unreadable(wrong_reply("stop_reason is missing"), exchange);
    if (json::value const* usage = object->if_contains("usage"); usage != nullptr && usage->is_object()) {
        reply.usage = read_usage(usage->get_object(), reply.info.warnings);
        bool const fast = json::text(*usage, "speed") == "fast";
        reply.service_tier = fast ? "fast" : std::string(json::text(*usage, "service_tier").value_or(""));
    }
    reply.id = openai_form::take_text(*object, "id");
    reply.model = openai_form::take_text(*object, "model");
    for (std::string_view const known :
         {"id", "type", "role", "model", "content", "stop_reason", "stop_sequence", "stop_details", "usage"}) {
        object->erase(known);
    }
    reply.extra = openai_form::extra_text(*object);
    reply.complete = true;
    return reply;
}

Result<carrier::ModelPage> decode_models(carrier::Exchange const& exchange, std::string_view body) {
    json_exact::Arena arena;
    Result<json::object> object = carrier::read_object(exchange, body, arena);
    if (!object) return object.error();
    carrier::ModelPage page;
    bool const more = object->if_contains("has_more") != nullptr && object->at("has_more") == true;
    if (more) page.next = openai_form::take_text(*object, "last_id");
    json::value* data = object->if_contains("data");
    if (data != nullptr && data->is_array()) {
        for (json::value& item : data->get_array()) to_openai_model(item);
    }
    Result<ModelList> list = openai_form::read_models(std::move(*object));
    if (!list) return carrier::unreadable(list.error(), exchange);
    page.list = std::move(*list);
    return page;
}

}  // namespace aikit::inline v0::provider::anthropic
