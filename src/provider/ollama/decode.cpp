// SPDX-License-Identifier: MIT
// provider/ollama/decode.cpp - answers, whole and line by line.
#include "model/openai_form/form.hpp"
#include "model/usage_form/usage_form.hpp"
#include "provider/carrier/body.hpp"
#include "provider/ollama/wire.hpp"

namespace aikit::inline v0::provider::ollama {

namespace {

using openai_form::wrong_reply;

/// What was counted. A prompt that was kept from the last call may not be told; then nothing of it was read.
Usage read_usage(json::object const& given) {
    std::vector<std::string> odd;
    return usage_form::read_ollama(json::value(given), odd).usage;
}

std::int64_t created_of(json::object const& given) {
    json::value const* made = given.if_contains("created_at");
    if (made == nullptr || !made->is_string()) return 0;
    Result<SystemTime> const at = from_rfc3339(made->get_string());
    return at ? std::chrono::duration_cast<std::chrono::seconds>(at->time_since_epoch()).count() : 0;
}

/// Adds the calls of one message. Their arguments come whole; an id may be missing and is then made.
Result<void> take_calls(json::object const& message, std::vector<ToolCall>& calls) {
    json::value const* given = message.if_contains("tool_calls");
    if (given == nullptr || given->is_null()) return ok();
    json::array const* list = given->if_array();
    if (list == nullptr) return wrong_reply("message.tool_calls is no list");
    for (json::value const& item : *list) {
        json::value const* function = json::find(item, "function");
        std::optional<std::string_view> const name = function ? json::text(*function, "name") : std::nullopt;
        if (!name) return wrong_reply("a tool call has no name");
        json::value const* arguments = json::find(*function, "arguments");
        bool const none = arguments == nullptr || arguments->is_null();
        if (!none && !arguments->is_object()) return wrong_reply("a tool call's arguments are no object");
        ToolCall call;
        call.id = std::string(json::text(item, "id").value_or(""));
        if (call.id.empty()) call.id = "call_" + std::to_string(calls.size());
        call.name = std::string(*name);
        call.arguments = none ? "{}" : json_exact::write(*arguments);
        calls.push_back(std::move(call));
    }
    return ok();
}

/// The text of a member that is one; a null is nothing. Errors: protocol.
Result<std::string_view> text_of(json::object const& message, std::string_view key) {
    json::value const* value = message.if_contains(key);
    if (value == nullptr || value->is_null()) return std::string_view();
    if (!value->is_string()) return wrong_reply("message." + std::string(key) + " is no string");
    return std::string_view(value->get_string());
}

/// Calls of tools end a turn with "stop" here, which is then no word for what happened; older servers have none.
void put_reason(std::string_view word, bool called, FinishReason& reason, std::string& text) {
    if (word.empty()) word = "stop";
    bool const by_calls = called && word == "stop";
    reason = by_calls ? FinishReason::tool_calls : openai_form::finish_reason(word);
    text = by_calls ? std::string() : std::string(word);
}

/// What has no place elsewhere: how long it took, and where it ran.
std::string rest_of(json::object const& given) {
    json::object rest = given;
    for (std::string_view const known :
         {"model", "created_at", "message", "done", "done_reason", "prompt_eval_count", "eval_count"}) {
        rest.erase(known);
    }
    return openai_form::extra_text(rest);
}

std::string logprobs_of(json::object& given) {
    json::value const* list = given.if_contains("logprobs");
    if (list == nullptr || !list->is_array()) return {};
    json::object as_openai;
    as_openai["content"] = *list;
    given.erase("logprobs");
    return json_exact::write(as_openai);
}

}  // namespace

Result<ChatReply> decode_chat(carrier::Exchange const& exchange, std::string_view body) {
    json_exact::Arena arena;
    Result<json::object> object = carrier::read_object(exchange, body, arena);
    if (!object) return object.error();
    auto const unreadable = [&](Error error) { return carrier::unreadable(std::move(error), exchange); };
    json::value const* message = object->if_contains("message");
    if (message == nullptr || !message->is_object()) return unreadable(wrong_reply("message is no object"));
    if (json::boolean(json::value(*object), "done") != true) return unreadable(wrong_reply("it is not done"));
    ChatReply reply;
    Choice& choice = reply.choices.emplace_back();
    Result<std::string_view> const thinking = text_of(message->get_object(), "thinking");
    Result<std::string_view> const content = text_of(message->get_object(), "content");
    if (!thinking) return unreadable(thinking.error());
    if (!content) return unreadable(content.error());
    if (!thinking->empty()) {
        ReasoningPart part;
        part.text = std::string(*thinking);
        part.source = "reasoning";
        choice.message.parts.emplace_back(std::move(part));
    }
    if (!content->empty()) choice.message.parts.emplace_back(TextPart(std::string(*content)));
    std::vector<ToolCall> calls;
    if (Result<void> taken = take_calls(message->get_object(), calls); !taken) return unreadable(taken.error());
    for (ToolCall& call : calls) choice.message.parts.emplace_back(std::move(call));
    put_reason(openai_form::take_text(*object, "done_reason"), !calls.empty(), choice.finish, choice.finish_text);
    choice.logprobs = logprobs_of(*object);
    reply.usage = read_usage(*object);
    reply.created = created_of(*object);
    reply.extra = rest_of(*object);
    reply.model = openai_form::take_text(*object, "model");
    reply.complete = true;
    return reply;
}

Result<EmbedReply> decode_embeddings(carrier::Exchange const& exchange, std::string_view body, std::size_t expected) {
    json_exact::Arena arena;
    Result<json::object> object = carrier::read_object(exchange, body, arena);
    if (!object) return object.error();
    json::value const* vectors = object->if_contains("embeddings");
    if (vectors == nullptr || !vectors->is_array()) {
        return carrier::unreadable(wrong_reply("embeddings is no list"), exchange);
    }
    std::vector<json::value const*> all;
    for (json::value const& vector : vectors->get_array()) all.push_back(&vector);
    Result<EmbedReply> reply = carrier::read_vectors(exchange, all, expected);
    if (!reply) return reply.error();
    reply->usage = read_usage(*object);
    reply->model = openai_form::take_text(*object, "model");
    object->erase("embeddings");
    reply->extra = rest_of(*object);
    return reply;
}

Result<carrier::ModelPage> decode_models(carrier::Exchange const& exchange, std::string_view body) {
    json_exact::Arena arena;
    Result<json::object> object = carrier::read_object(exchange, body, arena);
    if (!object) return object.error();
    json::value const* models = object->if_contains("models");
    if (models == nullptr || !models->is_array()) {
        return carrier::unreadable(wrong_reply("models is no list"), exchange);
    }
    carrier::ModelPage page;
    for (json::value const& item : models->get_array()) {
        ModelInfo model;
        model.id = std::string(json::text(item, "name").value_or(json::text(item, "model").value_or("")));
        if (model.id.empty()) return carrier::unreadable(wrong_reply("a model has no name"), exchange);
        json::object rest = item.get_object();
        if (Result<SystemTime> const at = from_rfc3339(json::text(item, "modified_at").value_or("")); at) {
            model.created = std::chrono::duration_cast<std::chrono::seconds>(at->time_since_epoch()).count();
        }
        for (std::string_view const known : {"name", "model"}) rest.erase(known);
        model.extra = openai_form::extra_text(rest);
        page.list.models.push_back(std::move(model));
    }
    return page;
}

void StreamDecoder::take(net::SseEvent const& event) {
    json::value const* const document = parse(event.data, false);
    if (document == nullptr) return;
    if (std::optional<Error> told = carrier::in_band_error(exchange(), *document, false)) {
        return fail_with(std::move(*told));
    }
    json::object const* chunk = document->if_object();
    if (chunk == nullptr) return wrong("a line is no JSON object");
    if (!started_) {
        started_ = true;
        ReplyStarted started;
        model_ = std::string(json::text(*document, "model").value_or(""));
        started.model = model_;
        started.created = created_of(*chunk);
        push(std::move(started));
    }
    json::value const* message = chunk->if_contains("message");
    bool const done = json::boolean(*document, "done") == true;
    if (message != nullptr && message->is_object()) {
        take_message(message->get_object());
    } else if (!done) {
        return wrong("a line has no message");
    }
    json::value const* logprobs = chunk->if_contains("logprobs");
    if (logprobs != nullptr && logprobs->is_array()) {
        LogprobsDelta delta;
        json::object as_openai;
        as_openai["content"] = json::value(*logprobs, boost::json::storage_ptr());
        delta.json = json_exact::write(as_openai);
        push(std::move(delta));
    }
    if (done && !has_failed()) complete_reply(*chunk);
}

void StreamDecoder::take_message(json::object const& message) {
    Result<std::string_view> const thinking = text_of(message, "thinking");
    Result<std::string_view> const content = text_of(message, "content");
    if (!thinking || !content) return wrong("a content is no text");
    if (!thinking->empty()) {
        ReasoningDelta reasoning;
        reasoning.text = std::string(*thinking);
        reasoning.source = "reasoning";
        generating_ = true;
        push(std::move(reasoning));
    }
    if (!content->empty()) push_text(0, std::string(*content));
    std::size_t const before = calls_.size();
    if (Result<void> taken = take_calls(message, calls_); !taken) return wrong("a tool call makes no sense");
    for (std::size_t i = before; i < calls_.size(); ++i) {
        ToolCallProgress progress;
        progress.index = static_cast<int>(i);
        progress.id = calls_[i].id;
        progress.name = calls_[i].name;
        progress.arguments = calls_[i].arguments;
        generating_ = true;
        push(std::move(progress));
    }
}

void StreamDecoder::complete_reply(json::object const& chunk) {
    take_usage(read_usage(chunk), {});
    ChoiceFinished finished;
    json::value const* word = chunk.if_contains("done_reason");
    bool const told = word != nullptr && word->is_string();
    put_reason(told ? std::string_view(word->get_string()) : std::string_view(), !calls_.empty(), finished.reason,
               finished.text);
    json::object rest = chunk;
    rest.erase("logprobs");
    if (std::string const extra = rest_of(rest); !extra.empty()) {
        ExtraDelta delta;
        delta.json = extra;
        push(std::move(delta));
    }
    push(std::move(finished));
    for (ToolCall& call : calls_) {
        ToolCallReady ready;
        ready.call = std::move(call);
        push(std::move(ready));
    }
    finish();
}

}  // namespace aikit::inline v0::provider::ollama
