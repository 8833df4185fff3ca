// SPDX-License-Identifier: MIT
// policy/structured_turn.cpp - the request's form, the verdict on a reply, and the words for the model.
#include "policy/structured_turn.hpp"

#include "model/json_repair.hpp"

#include <aikit/text/unicode.hpp>

#include <algorithm>

namespace aikit::inline v0::policy {
namespace {

constexpr std::size_t most_detail = 4096;
constexpr char const* any_object = R"({"type": "object"})";

bool has_kind(ChatRequest const& request, ResponseFormat::Kind kind) noexcept {
    return request.response_format && request.response_format->kind == kind;
}

void set_text(Message& message, std::string text) {
    std::erase_if(message.parts, [](Part const& part) { return std::holds_alternative<TextPart>(part); });
    message.parts.emplace_back(TextPart(std::move(text)));
}

}  // namespace

bool StructuredTurn::wanted(ChatRequest const& request, CallOptions const& options) noexcept {
    if (!request.response_format || request.response_format->kind == ResponseFormat::Kind::text) return false;
    if (options.repairs) return true;
    return !request.verbatim && has_kind(request, ResponseFormat::Kind::json_schema) &&
           request.response_format->strict.value_or(false);
}

Result<StructuredTurn> StructuredTurn::begin(ChatRequest& request, std::optional<int> repairs,
                                             StructuredSupport support) {
    StructuredTurn turn;
    turn.checks_ = repairs.has_value();
    turn.repairs_ = repairs.value_or(0);
    if (turn.repairs_ < 0 || turn.repairs_ > 10) {
        return fail(Errc::invalid_argument, "CallOptions::repairs must be between 0 and 10");
    }
    if (turn.checks_ && request.n.value_or(1) != 1) {
        return fail(Errc::invalid_argument,
                    "A reply can be checked and asked for again only when it has one choice: leave out n, or repairs.");
    }
    if (!turn.checks_ && support.rules != SchemaRules::openai) return turn;
    if (Result<void> prepared = turn.prepare(request, support); !prepared) return prepared.error();
    return turn;
}

Result<void> StructuredTurn::prepare(ChatRequest& request, StructuredSupport support) {
    ResponseFormat& format = *request.response_format;
    bool const any = format.kind == ResponseFormat::Kind::json_object || format.schema.empty();
    std::string const given = any ? any_object : format.schema;
    if (checks_) {
        Result<JsonSchema> schema = JsonSchema::parse(given);
        if (!schema) return schema.error();
        schema_ = std::move(*schema);
    }
    bool const by_schema = format.kind == ResponseFormat::Kind::json_schema;
    SchemaRules rules = by_schema && support.way == StructuredWay::native ? support.rules : SchemaRules::none;
    if (rules == SchemaRules::openai && !format.strict.value_or(true)) rules = SchemaRules::none;
    Result<StrictSchema> strict = StrictSchema::make(given, rules);
    if (!strict) return strict.error();
    strict_ = std::move(*strict);
    StructuredWay way = support.way;
    if (!strict_.possible) {
        warnings_.emplace_back("the provider's strict mode cannot express the schema, so it is not used");
        if (rules == SchemaRules::openai) format.strict = false;
        if (rules == SchemaRules::anthropic) way = StructuredWay::tool;
    } else if (rules != SchemaRules::none) {
        if (rules == SchemaRules::openai) format.strict = true;
        format.schema = strict_.text;
        for (std::string const& keyword : strict_.relaxed) {
            warnings_.push_back("the provider does not take '" + keyword + "' in a schema" +
                                (checks_ ? ": it is checked here alone" : ", so it was left out"));
        }
    }
    if (by_schema && format.name.empty()) format.name = "reply";
    // Models that think are not made to call a tool: the dialects refuse both together.
    if (way == StructuredWay::tool && !request.reasoning_effort.empty()) way = StructuredWay::prompt;
    if (!by_schema && way == StructuredWay::tool) way = StructuredWay::prompt;
    switch (way) {
        case StructuredWay::native: break;
        case StructuredWay::tool: use_tool(request); break;
        case StructuredWay::json_object: use_prompt(request, true); break;
        case StructuredWay::prompt: use_prompt(request, false); break;
    }
    return ok();
}

void StructuredTurn::use_tool(ChatRequest& request) {
    ResponseFormat const format = std::move(*request.response_format);
    request.response_format.reset();
    tool_ = format.name;
    auto const taken = [&](ToolSpec const& tool) { return tool.name == tool_; };
    while (std::any_of(request.tools.begin(), request.tools.end(), taken)) tool_ += "_";
    ToolSpec tool;
    tool.name = tool_;
    tool.description = format.description.empty() ? "Gives the answer." : format.description;
    tool.parameters = format.schema.empty() ? any_object : format.schema;
    if (!request.tool_choice) {
        request.tool_choice.emplace();
        request.tool_choice->kind = request.tools.empty() ? ToolChoice::Kind::named : ToolChoice::Kind::required;
        if (request.tools.empty()) request.tool_choice->name = tool_;
    }
    request.tools.push_back(std::move(tool));
}

void StructuredTurn::use_prompt(ChatRequest& request, bool json_mode) {
    std::string const schema = request.response_format->schema;
    if (json_mode) {
        request.response_format.emplace();
        request.response_format->kind = ResponseFormat::Kind::json_object;
    } else {
        request.response_format.reset();
    }
    std::string words = "Answer with one JSON document and nothing before or after it.";
    if (!schema.empty()) words += " It must fit this JSON Schema:\n" + schema;
    auto const after = std::find_if(request.messages.begin(), request.messages.end(),
                                    [](Message const& message) { return message.role != Role::system; });
    request.messages.insert(after, Message(Role::system, std::move(words)));
}

void StructuredTurn::take_tool_call(Choice& choice) const {
    std::vector<ToolCall> const calls = choice.message.tool_calls();
    if (calls.size() != 1 || calls.front().name != tool_) return;
    std::erase_if(choice.message.parts, [](Part const& part) {
        return std::holds_alternative<ToolCall>(part) || std::holds_alternative<TextPart>(part);
    });
    choice.message.parts.emplace_back(TextPart(calls.front().arguments));
    choice.finish = FinishReason::stop;
}

/// The one of a text's documents that fits; `text` becomes it when it may.
bool StructuredTurn::accept(std::string& text, bool in_place) {
    std::optional<std::string> fitting;
    bool several = false;
    std::vector<std::string> const candidates = json_candidates(text);
    if (candidates.empty()) {
        why_ = text.empty() ? "it is empty" : "it holds no JSON document that is whole";
        detail_.clear();
        return false;
    }
    for (std::string const& candidate : candidates) {
        std::string plain = strict_.without_nulls(candidate);
        Result<void> const checked = schema_.check(plain);
        if (checked) {
            several = several || fitting;
            fitting = std::move(plain);
        } else if (!fitting) {
            why_ = checked.error().message;
            detail_ = checked.error().remote_detail;
        }
    }
    if (several) {
        why_ = "it holds several JSON documents that fit";
        detail_.clear();
    }
    if (!fitting || several) return false;
    if (*fitting == text) return true;
    if (!in_place) {
        warnings_.emplace_back("the text that was streamed is not only the document that was asked for");
    } else {
        text = std::move(*fitting);
    }
    return true;
}

StructuredTurn::Verdict StructuredTurn::failed(bool may_ask) {
    if (!may_ask || asked_again_ >= repairs_) return Verdict::bad;
    ++asked_again_;
    return Verdict::again;
}

StructuredTurn::Verdict StructuredTurn::judge(ChatReply& reply) {
    if (!checks_) {
        for (Choice& choice : reply.choices) {
            if (!strict_.nulls) break;
            std::string const text = choice.message.text();
            std::string plain = strict_.without_nulls(text);
            if (plain != text) set_text(choice.message, std::move(plain));
        }
        return Verdict::good;
    }
    if (reply.choices.empty()) return Verdict::good;
    Choice& choice = reply.choices.front();
    if (!tool_.empty()) take_tool_call(choice);
    bool const own_way = choice.finish == FinishReason::content_filter || !choice.message.refusal().empty() ||
                         !choice.message.tool_calls().empty();
    if (own_way) return Verdict::good;
    text_ = choice.message.text();
    cut_ = choice.finish == FinishReason::length;
    std::string mended = text_;
    if (!accept(mended, true)) return failed(!cut_);
    if (mended != text_) set_text(choice.message, std::move(mended));
    return Verdict::good;
}

void StructuredTurn::tell(ChatRequest& request) const {
    if (!text_.empty()) request.messages.emplace_back(Role::assistant, text_);
    std::string words = "That is not the JSON that was asked for: " + why_;
    if (!detail_.empty()) words += " (" + detail_ + ")";
    words += words.ends_with('.') ? "" : ".";
    request.messages.emplace_back(Role::user, words + " Answer again with the whole corrected JSON document alone.");
}

Error StructuredTurn::error(std::string const& provider) const {
    std::string words = provider + ": the model's reply does not fit the schema";
    if (asked_again_ > 0) words += ", after it was asked " + std::to_string(asked_again_ + 1) + " times";
    words += ": " + why_;
    words += words.ends_with('.') ? "" : ".";
    if (cut_) words += " It was cut off by the limit of tokens: raise max_tokens.";
    std::string_view const text = text_;
    Error error = fail(Errc::protocol, std::move(words),
                       std::string(text.substr(0, text::floor_char(text, std::min(text.size(), most_detail)))));
    error.provider = provider;
    return error;
}

std::optional<ChatEvent> StructuredTurn::show(ChatEvent event) {
    if (auto* const progress = std::get_if<ToolCallProgress>(&event);
        progress && !tool_.empty() && progress->choice == 0) {
        bool const ours = progress->index == 0 && (progress->name.empty() ? !other_calls_ : progress->name == tool_);
        other_calls_ = other_calls_ || !ours;
        if (!ours) return event;
        if (progress->arguments.empty()) return std::nullopt;
        streamed_ += progress->arguments;
        return ChatEvent(TextDelta(0, std::move(progress->arguments)));
    }
    if (auto const* const ready = std::get_if<ToolCallReady>(&event)) {
        if (tool_.empty() || ready->call.name != tool_) {
            other_calls_ = true;
            return event;
        }
        if (!streamed_.empty()) return std::nullopt;
        streamed_ = ready->call.arguments;  // some dialects give a call only when it is whole
        return ChatEvent(TextDelta(0, ready->call.arguments));
    }
    if (auto const* const text = std::get_if<TextDelta>(&event); text && text->choice == 0) {
        if (!tool_.empty()) {  // beside a call it is no part of the reply, without one it is the reply
            beside_ += text->text;
            return std::nullopt;
        }
        streamed_ += text->text;
    }
    if (std::holds_alternative<RefusalDelta>(event)) refused_ = true;
    if (auto* const finished = std::get_if<ChoiceFinished>(&event); finished && finished->choice == 0) {
        if (!tool_.empty() && !other_calls_ && finished->reason == FinishReason::tool_calls)
            finished->reason = FinishReason::stop;
        finish_ = finished->reason;
    }
    return event;
}

std::string StructuredTurn::take_unshown() {
    return streamed_.empty() ? std::exchange(beside_, {}) : std::string();
}

StructuredTurn::Verdict StructuredTurn::judge_stream() {
    if (strict_.nulls) warnings_.emplace_back("members that may be missing stand in the streamed text as null");
    if (!checks_ || refused_ || other_calls_ || finish_ == FinishReason::content_filter) return Verdict::good;
    text_ = streamed_.empty() ? beside_ : streamed_;
    cut_ = finish_ == FinishReason::length;
    std::string whole = text_;
    bool const nulls = strict_.nulls;
    bool const fits = accept(whole, nulls);
    return fits ? Verdict::good : Verdict::bad;
}

}  // namespace aikit::inline v0::policy
