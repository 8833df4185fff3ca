// SPDX-License-Identifier: MIT
// model/openai_form/reply.cpp - whole replies: what a provider wrote, and the house form of it.
#include "model/json_exact.hpp"
#include "model/openai_form/form.hpp"

#include <algorithm>
#include <limits>

namespace aikit::inline v0::openai_form {

namespace {

/// Arguments as a text, whatever a server makes of them.
void straighten_calls(json::object& message) {
    json::value* calls = message.if_contains("tool_calls");
    if (calls == nullptr || !calls->is_array()) return;
    for (json::value& call : calls->get_array()) {
        json::object* object = call.if_object();
        json::value* function = object == nullptr ? nullptr : object->if_contains("function");
        if (function == nullptr || !function->is_object()) continue;
        json::value& arguments = function->get_object()["arguments"];
        if (arguments.is_null()) arguments = "";
        if (arguments.is_object()) arguments = json_exact::write(arguments);
    }
}

/// Reads one choice.
class ChoiceReader {
public:
    ChoiceReader(json::object given, std::size_t position, std::vector<std::string>& warnings)
        : given_(std::move(given)),
          path_("choices[" + std::to_string(position) + "]"),
          position_(position),
          warnings_(warnings) {}

    Result<Choice> read() {
        Result<void> (ChoiceReader::*const steps[])() = {&ChoiceReader::read_index, &ChoiceReader::read_finish,
                                                         &ChoiceReader::read_message, &ChoiceReader::check_calls};
        for (auto const step : steps) {
            if (Result<void> done = (this->*step)(); !done) return done.error();
        }
        if (json::value const* logprobs = given_.if_contains("logprobs"); logprobs && logprobs->is_object()) {
            choice_.logprobs = json_exact::write(*logprobs);
            given_.erase("logprobs");
        }
        choice_.extra = extra_text(given_);
        return std::move(choice_);
    }

private:
    Result<void> read_index() {
        choice_.index = static_cast<int>(position_);
        json::value const* index = given_.if_contains("index");
        if (index == nullptr || index->is_null()) return ok();
        std::optional<std::int64_t> const number = json::as_integer(*index);
        if (!number || *number < 0 || *number > std::numeric_limits<int>::max()) {
            return wrong_reply(path_ + ".index is no index");
        }
        choice_.index = static_cast<int>(*number);
        given_.erase("index");
        return ok();
    }

    Result<void> read_finish() {
        json::value const* word = given_.if_contains("finish_reason");
        if (word == nullptr || word->is_null()) return ok();
        if (!word->is_string()) return wrong_reply(path_ + ".finish_reason is no string");
        choice_.finish_text = take_text(given_, "finish_reason");
        choice_.finish = finish_reason(choice_.finish_text);
        return ok();
    }

    Result<void> read_message() {
        json::value* message = given_.if_contains("message");
        if (message == nullptr || !message->is_object()) return wrong_reply(path_ + ".message is no object");
        json::object members = std::move(message->get_object());
        given_.erase("message");
        members["role"] = "assistant";
        straighten_calls(members);
        Result<Message> read = openai_form::read_message(std::move(members), path_ + ".message");
        if (!read) {
            // error() gives a copy, which has to outlive the view.
            std::string const sentence = read.error().message;
            std::string_view what = sentence;
            what.remove_prefix(std::min(what.size(), what.find(path_) == what.npos ? 0 : what.find(path_)));
            if (what.ends_with('.')) what.remove_suffix(1);
            return wrong_reply(std::string(what));
        }
        choice_.message = std::move(*read);
        return ok();
    }

    /// A call whose JSON is not whole is never handed over.
    Result<void> check_calls() {
        bool const cut = choice_.finish == FinishReason::length || choice_.finish == FinishReason::content_filter;
        std::vector<Part>& parts = choice_.message.parts;
        bool any = false;
        int number = 0;
        for (auto it = parts.begin(); it != parts.end();) {
            auto* call = std::get_if<ToolCall>(&*it);
            bool const whole =
                call == nullptr || call->custom || json_exact::parse(call->arguments, "arguments").has_value();
            if (!whole && !cut) return wrong_reply(path_ + " calls a tool with arguments that are not JSON");
            if (!whole) {
                warnings_.push_back("A tool call was cut short (finish_reason " + choice_.finish_text +
                                    ") and left out.");
                it = parts.erase(it);
                continue;
            }
            any = any || call != nullptr;
            if (call != nullptr && call->id.empty()) call->id = "call_" + std::to_string(number);
            if (call != nullptr) ++number;
            ++it;
        }
        // Older models say "stop" when a named tool was forced.
        if (any && choice_.finish == FinishReason::stop) choice_.finish = FinishReason::tool_calls;
        return ok();
    }

    json::object given_;
    std::string path_;
    std::size_t position_;
    std::vector<std::string>& warnings_;
    Choice choice_;
};

}  // namespace

Result<ChatReply> read_reply(json::object given, std::vector<std::string>& warnings) {
    json::value* choices = given.if_contains("choices");
    if (choices == nullptr || !choices->is_array()) return wrong_reply("choices is no list");
    json::array list = std::move(choices->get_array());
    given.erase("choices");
    if (list.empty()) return wrong_reply("choices is empty");

    ChatReply reply;
    for (std::size_t i = 0; i < list.size(); ++i) {
        if (!list[i].is_object()) return wrong_reply("choices[" + std::to_string(i) + "] is no object");
        ChoiceReader reader(std::move(list[i].get_object()), i, warnings);
        Result<Choice> choice = reader.read();
        if (!choice) return choice.error();
        reply.choices.push_back(std::move(*choice));
    }
    if (json::value const* kind = given.if_contains("object"); kind != nullptr && *kind == "chat.completion") {
        given.erase("object");
    }
    reply.id = take_text(given, "id");
    reply.model = take_text(given, "model");
    reply.service_tier = take_text(given, "service_tier");
    if (json::value const* created = given.if_contains("created")) {
        if (std::optional<std::int64_t> const seconds = json::as_integer(*created)) {
            reply.created = *seconds;
            given.erase("created");
        }
    }
    if (json::value const* usage = given.if_contains("usage"); usage != nullptr && !usage->is_null()) {
        reply.usage = read_usage(*usage, warnings);
        if (usage->is_object()) given.erase("usage");
    }
    reply.extra = extra_text(given);
    return reply;
}

}  // namespace aikit::inline v0::openai_form

namespace aikit::inline v0::json_form {

using openai_form::Extra;

namespace {

void write_choice(JsonWriter& out, Choice const& choice, bool complete) {
    openai_form::Style style;
    style.reply = true;
    Extra extra(choice.extra);
    out.begin_object();
    out.key("index").number(static_cast<std::int64_t>(choice.index));
    extra.drop("index");
    out.key("message");
    // A reply's parts came from a provider; what cannot be written is left out rather than failing a reply.
    if (!openai_form::write_message(out, choice.message, style, "message")) out.null();
    extra.drop("message");
    if (!choice.logprobs.empty()) {
        out.key("logprobs").raw(choice.logprobs);
        extra.drop("logprobs");
    }
    std::string_view const word = openai_form::finish_word(choice.finish, choice.finish_text);
    // A whole reply says what its provider said; a choice that is not over yet says so.
    if (!word.empty() || (!complete && extra.find("finish_reason") == nullptr)) {
        out.key("finish_reason");
        word.empty() ? out.null() : out.text(word);
        extra.drop("finish_reason");
    }
    extra.write(out);
    out.end_object();
}

}  // namespace

std::string write_reply(ChatReply const& reply) {
    constexpr std::size_t usual_size = 2048;  // so that it does not grow in steps
    std::string text;
    text.reserve(usual_size);
    JsonWriter out(text);
    Extra extra(reply.extra);
    out.begin_object();
    out.member("id", reply.id);
    if (extra.find("object") == nullptr) out.member("object", "chat.completion");
    if (extra.find("created") == nullptr) out.key("created").number(reply.created);
    out.member("model", reply.model);
    out.key("choices").begin_array();
    for (Choice const& choice : reply.choices) write_choice(out, choice, reply.complete);
    out.end_array();
    openai_form::write_usage(out, reply.usage);
    if (openai_form::known(reply.usage)) extra.drop("usage");
    if (!reply.service_tier.empty()) out.member("service_tier", reply.service_tier);
    for (std::string_view const name : {"id", "model", "choices", "aikit"}) extra.drop(name);
    if (!reply.service_tier.empty()) extra.drop("service_tier");
    extra.write(out);
    openai_form::write_info(out.key("aikit"), reply.info, reply.complete);
    out.end_object();
    return text;
}

}  // namespace aikit::inline v0::json_form
