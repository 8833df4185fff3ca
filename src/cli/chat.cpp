// SPDX-License-Identifier: MIT
// cli/chat.cpp - aikit chat, and what a chat would count.
#include "cli/tools.hpp"

#include <cmath>

namespace aikit::cli {
namespace {

/// What the flags say of JSON.
Result<void> add_format(ChatSettings const& settings, json_form::ChatCall& call) {
    if (settings.repairs) call.options.repairs = settings.repairs;
    if (settings.schema.empty()) return ok();
    Result<std::string> schema = read_argument_file(settings.schema);
    if (!schema) return schema.error();
    ResponseFormat& format = call.request.response_format.emplace();
    format.kind = ResponseFormat::Kind::json_schema;
    format.name = "reply";
    format.schema = std::move(*schema);
    if (!call.options.repairs) call.options.repairs = 0;
    call.partial = true;
    return ok();
}

/// The request of the file, or of the prompt; flags stand above what the file says.
Result<json_form::ChatCall> make_call(ChatSettings const& settings) {
    json_form::ChatCall call;
    if (!settings.request.empty()) {
        Result<std::string> text = read_argument_file(settings.request);
        if (!text) return text.error();
        Result<json_form::ChatCall> read = json_form::read_chat(*text);
        if (!read) return read.error();
        call = std::move(*read);
    } else {
        std::string prompt = settings.prompt;
        if (prompt == "-") {
            Result<std::string> text = read_argument_file("-");
            if (!text) return text.error();
            prompt = std::move(*text);
        }
        if (prompt.find_first_not_of(" \t\r\n") == std::string::npos) {
            return fail(Errc::invalid_argument, "the prompt is empty; say what to ask");
        }
        if (!settings.system.empty()) call.request.messages.emplace_back(Role::system, settings.system);
        call.request.messages.emplace_back(Role::user, std::move(prompt));
    }
    if (!settings.call.model.empty()) call.request.model = settings.call.model;
    if (settings.max_tokens) call.request.max_tokens = settings.max_tokens;
    if (settings.temperature && !std::isfinite(*settings.temperature)) {
        return fail(Errc::invalid_argument, "--temperature must be a number");
    }
    if (settings.temperature) call.request.temperature = settings.temperature;
    if (Result<void> added = add_format(settings, call); !added) return added.error();
    Result<CallOptions> flags = call_options(settings.call);
    if (!flags) return flags.error();
    if (flags->limits.total) call.options.limits.total = flags->limits.total;
    if (flags->max_retries) call.options.max_retries = flags->max_retries;
    if (!flags->caller.user.empty()) call.options.caller.user = flags->caller.user;
    if (!flags->caller.project.empty()) call.options.caller.project = flags->caller.project;
    for (std::string const& tag : flags->caller.tags) call.options.caller.tags.push_back(tag);
    call.stream = call.stream || settings.stream;
    return call;
}

void print_event(Console& console, ChatEvent const& event, ChatReply const& so_far, PartialJson* partial) {
    if (console.json()) {
        std::string const chunk = partial != nullptr ? json_form::write_chunk(event, so_far, *partial)
                                                     : json_form::write_chunk(event, so_far);
        if (!chunk.empty()) console.line(chunk);
        return;
    }
    // With several choices only the first is shown while it comes.
    if (auto const* text = std::get_if<TextDelta>(&event); text && text->choice == 0) console.write(text->text);
    if (auto const* refusal = std::get_if<RefusalDelta>(&event); refusal && refusal->choice == 0) {
        console.write(refusal->text);
    }
}

/// What of a reply is no text: for people, after the text.
void print_rest(Console& console, ChatReply const& reply, bool streamed) {
    for (std::size_t index = 0; index < reply.choices.size(); ++index) {
        Choice const& choice = reply.choices[index];
        if (!streamed || index > 0) {
            std::string const text = choice.message.text() + choice.message.refusal();
            if (!text.empty()) console.line(text);
        }
        for (ToolCall const& call : choice.message.tool_calls()) console.line(call.name + "(" + call.arguments + ")");
        if (choice.finish == FinishReason::length) console.warn("the answer was cut off by the limit of tokens");
        if (choice.finish == FinishReason::content_filter) console.warn("the provider withheld the answer");
    }
    note_cost(console, reply.info);
}

int finish(Console& console, Session& kit, ChatReply reply, bool streamed) {
    settle(kit, reply.info.warnings);
    if (console.json()) {
        console.line(json_form::write_reply(reply));
    } else {
        print_rest(console, reply, streamed);
    }
    return 0;
}

int stream(Console& console, Session& kit, json_form::ChatCall call) {
    PartialJson document;
    PartialJson* const wanted = call.partial ? &document : nullptr;
    Result<ChatStream> stream = run(kit, kit.stream_chat(std::move(call.request), std::move(call.options)));
    if (!stream) return fail_call(console, kit, stream.error());
    bool at_line_start = true;
    for (;;) {
        Result<std::optional<ChatEvent>> event = run(kit, stream->next());
        if (!event) {
            if (!console.json() && !at_line_start) console.line("");
            ChatReply partial = stream->reply();
            partial.info = stream->info();
            return fail_call(console, kit, event.error(), json_form::write_reply(partial));
        }
        if (!*event) break;
        print_event(console, **event, stream->reply(), wanted);
        auto const* text = std::get_if<TextDelta>(&**event);
        if (text && !text->text.empty()) at_line_start = text->text.back() == '\n';
        if (output_lost()) return 0;  // nobody reads on: the stream is dropped and its bill settled; main tells why
    }
    if (!console.json() && !at_line_start) console.line("");
    ChatReply reply = stream->reply();
    reply.info = stream->info();
    return finish(console, kit, std::move(reply), true);
}

}  // namespace

int run_chat(CommonOptions const& common, ChatSettings const& settings) {
    Console console(common.json, common.quiet);
    Result<json_form::ChatCall> call = make_call(settings);
    if (!call) return console.fail(call.error());
    Result<KitConfig> config = configure(common, settings.call);
    if (!config) return console.fail(config.error());
    Result<Session> kit = open_kit(std::move(*config));
    if (!kit) return console.fail(kit.error());

    if (!settings.tools.empty()) return run_chat_with_tools(console, *kit, settings, std::move(*call));
    if (call->stream) return stream(console, *kit, std::move(*call));
    Result<ChatReply> reply = run(*kit, kit->chat(std::move(call->request), std::move(call->options)));
    if (!reply) return fail_call(console, *kit, reply.error());
    return finish(console, *kit, std::move(*reply), false);
}

int run_count(CommonOptions const& common, ChatSettings const& settings) {
    Console console(common.json, common.quiet);
    Result<json_form::ChatCall> call = make_call(settings);
    if (!call) return console.fail(call.error());
    Result<KitConfig> config = configure(common, settings.call);
    if (!config) return console.fail(config.error());
    Result<Session> kit = open_kit(std::move(*config));
    if (!kit) return console.fail(kit.error());
    Result<TokenCount> count = run(*kit, kit->count_tokens(std::move(call->request), std::move(call->options)));
    if (!count) return console.fail(count.error());
    if (console.json()) {
        console.line(json_form::write_token_count(*count));
        return 0;
    }
    console.line(std::to_string(count->tokens));
    for (std::string const& warning : count->info.warnings) console.warn(warning);
    return 0;
}

}  // namespace aikit::cli
