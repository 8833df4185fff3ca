// SPDX-License-Identifier: MIT
// provider/openai_responses/decode.cpp - response objects to replies.
#include "model/openai_form/form.hpp"
#include "model/usage_form/usage_form.hpp"
#include "provider/carrier/body.hpp"
#include "provider/openai_responses/wire.hpp"

#include <algorithm>
#include <array>

namespace aikit::inline v0::provider::openai_responses {

namespace {

using openai_form::wrong_reply;

/// What a response repeats of its request.
constexpr std::array<std::string_view, 20> echoes{"frequency_penalty",
                                                  "instructions",
                                                  "max_output_tokens",
                                                  "max_tool_calls",
                                                  "parallel_tool_calls",
                                                  "presence_penalty",
                                                  "prompt",
                                                  "prompt_cache_key",
                                                  "reasoning",
                                                  "prompt_cache_retention",
                                                  "safety_identifier",
                                                  "temperature",
                                                  "text",
                                                  "tool_choice",
                                                  "tools",
                                                  "top_logprobs",
                                                  "top_p",
                                                  "truncation",
                                                  "user",
                                                  "prompt_cache_options"};

/// What fields hold.
constexpr std::array<std::string_view, 10> held{
    "id",    "object",      "created_at", "model",        "output",
    "usage", "output_text", "error",      "service_tier", "incomplete_details"};

std::string_view word(json::object const& object, std::string_view key) noexcept {
    json::value const* value = object.if_contains(key);
    return value != nullptr && value->is_string() ? std::string_view(value->get_string()) : std::string_view();
}

std::int64_t characters(std::string_view text) noexcept {
    return std::count_if(text.begin(), text.end(),
                         [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; });
}

/// Reads one item of the output after the other.
class OutputReader {
public:
    /// `cut`: the response ended early, so that what is not whole is no mistake.
    OutputReader(Choice& choice, bool cut, bool stored, std::vector<std::string>& warnings)
        : choice_(choice), cut_(cut), stored_(stored), warnings_(warnings) {}

    Result<void> read(json::array const& output) {
        for (std::size_t i = 0; i < output.size(); ++i) {
            at_ = "output[" + std::to_string(i) + "]";
            if (!output[i].is_object()) return wrong_reply(at_ + " is no object");
            if (Result<void> taken = take(output[i]); !taken) return taken;
        }
        keep(output);
        return ok();
    }

    bool called() const noexcept { return called_; }

private:
    Result<void> take(json::value const& item) {
        std::optional<std::string_view> const type = json::text(item, "type");
        if (!type) return wrong_reply(at_ + " has no type");
        if (type == "message") return take_message(item);
        if (type == "function_call") return take_call(item, false);
        if (type == "custom_tool_call") return take_call(item, true);
        native_ = true;  // thoughts, a tool of the provider's own, or something newer than this program
        if (type == "reasoning") take_reasoning(item);
        return ok();
    }

    Result<void> take_message(json::value const& item) {
        json::array const* content = json::member_array(item, "content");
        if (content == nullptr) return wrong_reply(at_ + ".content is no list");
        json::value const* phase = json::find(item, "phase");
        // Chats have one text, and calls behind it.
        native_ = native_ || messages_++ > 0 || called_ || (phase != nullptr && !phase->is_null());
        for (std::size_t i = 0; i < content->size(); ++i) {
            Result<void> taken = take_content((*content)[i], at_ + ".content[" + std::to_string(i) + "]");
            if (!taken) return taken;
        }
        return ok();
    }

    Result<void> take_content(json::value const& part, std::string const& at) {
        std::optional<std::string_view> const type = json::text(part, "type");
        if (!type) return wrong_reply(at + " has no type");
        if (type == "refusal") {
            std::optional<std::string_view> const words = json::text(part, "refusal");
            if (!words) return wrong_reply(at + ".refusal is no string");
            RefusalPart refusal;
            refusal.text = std::string(*words);
            choice_.message.parts.emplace_back(std::move(refusal));
            return ok();
        }
        if (type != "output_text") {
            native_ = true;
            return ok();
        }
        std::optional<std::string_view> const text = json::text(part, "text");
        if (!text) return wrong_reply(at + ".text is no string");
        if (json::array const* notes = json::member_array(part, "annotations")) {
            for (json::value const& note : *notes) take_annotation(note);
        }
        if (json::array const* tokens = json::member_array(part, "logprobs")) {
            logprobs_.insert(logprobs_.end(), tokens->begin(), tokens->end());
        }
        if (!text->empty()) choice_.message.parts.emplace_back(TextPart(std::string(*text)));
        before_ += characters(*text);
        return ok();
    }

    /// As chats have it: nested under its type, places counted from the beginning of the whole text.
    void take_annotation(json::value const& note) {
        std::optional<std::string_view> const type = json::text(note, "type");
        native_ = true;
        if (!type) return;
        json::object inner;
        for (auto const& member : note.get_object()) {
            if (member.key() == "type") continue;
            json::value& out = inner[member.key()];
            out = member.value();
            bool const place = member.key() == "start_index" || member.key() == "end_index";
            std::optional<std::int64_t> const index = place ? json::as_integer(member.value()) : std::nullopt;
            if (index) out = *index + before_;
        }
        json::object outer;
        outer["type"] = *type;
        outer[*type] = std::move(inner);
        annotations_.push_back(std::move(outer));
    }

    void take_reasoning(json::value const& item) {
        ReasoningPart part;
        part.text = reasoning_text(item);
        if (std::optional<std::string_view> const sealed = json::text(item, sealed_reasoning)) {
            part.signature = std::string(*sealed);
            part.source = std::string(sealed_reasoning);
            part.redacted = part.text.empty();
        }
        if (!part.text.empty() || !part.signature.empty()) choice_.message.parts.emplace_back(std::move(part));
    }

    /// A call whose arguments are not whole is never handed over.
    Result<void> take_call(json::value const& item, bool custom) {
        std::optional<std::string_view> const id = json::text(item, "call_id");
        std::optional<std::string_view> const name = json::text(item, "name");
        if (!id || !name) return wrong_reply(at_ + " calls a tool without call_id or name");
        ToolCall call;
        call.id = std::string(*id);
        call.name = std::string(*name);
        call.custom = custom;
        json::value const* given = json::find(item, custom ? "input" : "arguments");
        if (given == nullptr || !given->is_string()) return wrong_reply(at_ + " calls a tool without its arguments");
        call.arguments = std::string(given->get_string());
        if (!custom && call.arguments.empty()) call.arguments = "{}";
        bool const ended = json::text(item, "status").value_or("completed") == "completed";
        bool const whole = custom || json_exact::parse(call.arguments, "arguments").has_value();
        if (cut_ && (!ended || !whole)) {
            warnings_.push_back("A tool call was cut short (" + call.name + ") and left out.");
            native_ = true;
            dropped_.emplace_back(call.id);
            return ok();
        }
        if (!whole) return wrong_reply(at_ + " calls a tool with arguments that are not JSON");
        called_ = true;
        choice_.message.parts.emplace_back(std::move(call));
        return ok();
    }

    /// What of an item could not be read by its provider again, or may not be carried out.
    bool is_lost(json::value const& item) const {
        std::string_view const id = json::text(item, "call_id").value_or("");
        bool const sealed = json::text(item, sealed_reasoning).has_value();
        if (json::text(item, "type") == "reasoning") return !stored_ && !sealed;
        return std::find(dropped_.begin(), dropped_.end(), id) != dropped_.end();
    }

    void keep(json::array const& output) {
        json::object extra;
        if (!annotations_.empty()) extra["annotations"] = std::move(annotations_);
        if (native_) {
            json::array items;
            for (json::value const& item : output) {
                if (!is_lost(item)) items.push_back(json::value(item, boost::json::storage_ptr()));
            }
            json::object by_dialect;
            by_dialect[dialect] = std::move(items);
            extra[openai_form::native_content] = std::move(by_dialect);
        }
        choice_.message.extra = openai_form::extra_text(extra);
        if (logprobs_.empty()) return;
        json::object logprobs;
        logprobs["content"] = std::move(logprobs_);
        choice_.logprobs = json_exact::write(logprobs);
    }

    Choice& choice_;
    bool const cut_;
    bool const stored_;
    std::vector<std::string>& warnings_;
    std::string at_;
    json::array annotations_;
    json::array logprobs_;
    std::vector<std::string> dropped_;
    std::int64_t before_ = 0;  // characters of the texts in front
    int messages_ = 0;
    bool native_ = false;
    bool called_ = false;
};

/// By OpenAI's rules, under the names that this API has for them.
Usage read_usage(json::value const& given, std::vector<std::string>& warnings) {
    return usage_form::read_responses(given, warnings).usage;
}

/// Which price its searches have; the reply repeats the tools of the request.
Piece kind_of_search(json::object const& response) {
    json::value const* tools = response.if_contains("tools");
    if (tools == nullptr || !tools->is_array()) return Piece::web_searches;
    for (json::value const& tool : tools->get_array()) {
        if (!json::text(tool, "type").value_or("").starts_with("web_search")) continue;
        std::string_view const size = json::text(tool, "search_context_size").value_or("");
        if (size == "low") return Piece::web_searches_low;
        if (size == "high") return Piece::web_searches_high;
    }
    return Piece::web_searches;
}

/// Searches that the provider made. Opening a page and looking within one cost nothing (OpenAI's reference of
/// web_search_call: "search actions incur a tool call cost").
void count_searches(json::object const& response, json::array const& output, Usage& usage) {
    for (json::value const& item : output) {
        if (json::text(item, "type") != "web_search_call" || json::text(item, "status") == "failed") continue;
        json::value const* action = json::find(item, "action");
        std::string_view const what = action == nullptr ? "search" : json::text(*action, "type").value_or("search");
        if (what == "search") ++usage.pieces[kind_of_search(response)];
    }
}

void put_finish(Choice& choice, json::object const& given, std::string_view status, bool called) {
    choice.finish_text = std::string(status);
    if (status == "completed") {
        choice.finish = called ? FinishReason::tool_calls : FinishReason::stop;
        return;
    }
    json::value const* details = given.if_contains("incomplete_details");
    std::optional<std::string_view> const reason = details == nullptr ? std::nullopt : json::text(*details, "reason");
    if (reason) choice.finish_text = std::string(*reason);
    choice.finish = openai_form::finish_reason(choice.finish_text);
}

}  // namespace

std::int64_t seconds(json::value const* given) noexcept {
    constexpr double year_9999 = 253'402'300'800;
    if (given == nullptr) return 0;
    double const* fraction = given->if_double();
    if (fraction != nullptr && *fraction >= 0 && *fraction < year_9999) return static_cast<std::int64_t>(*fraction);
    return json::as_integer(*given).value_or(0);
}

std::string reasoning_text(json::value const& item) {
    std::string all;
    for (std::string_view const name : {"content", "summary"}) {
        json::array const* parts = json::member_array(item, name);
        for (std::size_t i = 0; parts != nullptr && i < parts->size(); ++i) {
            std::string_view const text = json::text((*parts)[i], "text").value_or("");
            if (!text.empty()) all.append(all.empty() ? "" : "\n\n").append(text);
        }
    }
    return all;
}

std::optional<Error> failure(Exchange const& exchange, json::object const& response) {
    json::value const* error = response.if_contains("error");
    bool const told = error != nullptr && error->is_object() && !error->get_object().empty();
    if (word(response, "status") != "failed" && !told) return std::nullopt;
    json::object only;
    if (told) only["error"] = *error;
    return carrier::in_band_error(exchange, json::value(std::move(only)), true);
}

Result<ChatReply> read_response(json::object given) {
    ChatReply reply;
    std::string const status(word(given, "status"));
    if (status.empty()) return wrong_reply("status is no string");
    json::value const* output = given.if_contains("output");
    if (output == nullptr || !output->is_array()) return wrong_reply("output is no list");
    Choice& choice = reply.choices.emplace_back();
    reply.complete = status == "completed" || status == "incomplete";
    json::value const* store = given.if_contains("store");
    bool const stored = store == nullptr || !store->is_bool() || store->get_bool();
    OutputReader reader(choice, status != "completed", stored, reply.info.warnings);
    if (Result<void> read = reader.read(output->get_array()); !read) return read.error();
    if (reply.complete) put_finish(choice, given, status, reader.called());

    if (json::value const* usage = given.if_contains("usage"); usage != nullptr && !usage->is_null()) {
        reply.usage = read_usage(*usage, reply.info.warnings);
        count_searches(given, output->get_array(), reply.usage);
    }
    reply.created = seconds(given.if_contains("created_at"));
    reply.id = openai_form::take_text(given, "id");
    reply.model = openai_form::take_text(given, "model");
    reply.service_tier = openai_form::take_text(given, "service_tier");
    json::object extra;
    for (auto const& member : given) {
        bool const known = std::find(held.begin(), held.end(), member.key()) != held.end() ||
                           std::find(echoes.begin(), echoes.end(), member.key()) != echoes.end();
        bool const empty = member.value().is_null() || member.value() == json::object();
        if (!known && !empty) extra[member.key()] = member.value();
    }
    reply.extra = openai_form::extra_text(extra);
    return reply;
}

Result<ChatReply> decode_chat(Exchange const& exchange, std::string_view body) {
    json_exact::Arena arena;
    Result<json::object> object = carrier::read_object(exchange, body, arena);
    if (!object) return object.error();
    if (std::optional<Error> failed = failure(exchange, *object)) return *failed;
    Result<ChatReply> reply = read_response(std::move(*object));
    if (!reply) return carrier::unreadable(reply.error(), exchange);
    return reply;
}

}  // namespace aikit::inline v0::provider::openai_responses
