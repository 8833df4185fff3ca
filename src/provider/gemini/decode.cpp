// SPDX-License-Identifier: MIT
// provider/gemini/decode.cpp - what answers are made of, and whole ones.
#include "model/openai_form/form.hpp"
#include "model/usage_form/usage_form.hpp"
#include "provider/carrier/body.hpp"
#include "provider/gemini/wire.hpp"

#include <algorithm>
#include <array>

namespace aikit::inline v0::provider::gemini {

namespace {

using openai_form::wrong_reply;

bool is_plain_text(json::object const& part) {
    return part.if_contains("text") != nullptr && part.if_contains("thoughtSignature") == nullptr &&
           std::all_of(part.begin(), part.end(),
                       [](auto const& member) { return member.key() == "text" || member.key() == "thought"; });
}

bool is_thought(json::value const& part) {
    return json::boolean(part, "thought") == true;
}

}  // namespace

Usage read_usage(json::object const& given, std::vector<std::string>& warnings) {
    return usage_form::read_gemini(json::value(given), warnings).usage;
}

std::string served_tier(json::object const& usage) {
    for (std::string_view const name : {"serviceTier", "trafficType"}) {
        json::value const* const word = usage.if_contains(name);
        if (word != nullptr && word->is_string()) return usage_form::tier_of_word(word->get_string());
    }
    return {};
}

void PartReader::keep(json::object part) {
    if (!parts_.empty() && is_plain_text(part)) {
        json::object& last = parts_.back().get_object();
        if (is_plain_text(last) && is_thought(parts_.back()) == is_thought(json::value(part))) {
            last["text"].get_string().append(part["text"].get_string());
            return;
        }
    }
    parts_.push_back(std::move(part));
}

Result<PartReader::Piece> PartReader::take(json::value const& part) {
    if (!part.is_object()) return wrong_reply("a part is no object");
    json::object kept(part.get_object(), boost::json::storage_ptr());
    Piece piece;
    json::value const* text = json::find(part, "text");
    if (json::find(part, "thoughtSignature") != nullptr) native_ = true;
    if (text != nullptr) {
        if (!text->is_string()) return wrong_reply("a part's text is no string");
        piece.text = std::string(text->get_string());
        piece.thought = is_thought(part);
        native_ = native_ || (calls_ > 0 && !piece.text.empty());
    } else if (json::find(part, "functionCall") != nullptr) {
        Result<void> taken = take_call(part, std::move(kept), piece);
        if (!taken) return taken.error();
        return piece;
    } else {
        native_ = true;  // code that ran, media that was made, or something newer than this program
    }
    keep(std::move(kept));
    return piece;
}

Result<void> PartReader::take_call(json::value const& part, json::object kept, Piece& piece) {
    json::value const& call = *json::find(part, "functionCall");
    std::optional<std::string_view> const name = json::text(call, "name");
    bool const goes_on = json::boolean(call, "willContinue") == true;
    if (!name) {  // a piece of the call before
        if (!open_) return wrong_reply("a functionCall has no name");
        json::value const* signature = json::find(part, "thoughtSignature");
        if (signature != nullptr) parts_[open_->part].get_object()["thoughtSignature"] = *signature;
        if (Result<void> taken = take_pieces(call); !taken) return taken;
        if (!goes_on) piece.calls.push_back(close());
        return ok();
    }
    if (open_) piece.calls.push_back(close());
    json::value const* arguments = json::find(call, "args");
    bool const none = arguments == nullptr || arguments->is_null();
    if (!none && !arguments->is_object()) return wrong_reply("a functionCall's args are no object");
    ToolCall made;
    made.id = std::string(json::text(call, "id").value_or(""));
    if (made.id.empty()) made.id = "call_" + std::to_string(calls_);
    made.name = std::string(*name);
    ++calls_;
    if (!goes_on && json::find(call, "partialArgs") == nullptr) {
        made.arguments = none ? "{}" : json_exact::write(*arguments);
        piece.calls.push_back(std::move(made));
        keep(std::move(kept));
        return ok();
    }
    open_.emplace();
    open_->call = std::move(made);
    if (!none) open_->pieces.arguments() = json::object(arguments->get_object(), boost::json::storage_ptr());
    open_->part = parts_.size();
    parts_.push_back(std::move(kept));
    if (Result<void> taken = take_pieces(call); !taken) return taken;
    if (!goes_on) piece.calls.push_back(close());
    return ok();
}

Result<void> PartReader::take_pieces(json::value const& call) {
    json::value const* given = json::find(call, "partialArgs");
    if (given == nullptr || given->is_null()) return ok();
    if (!given->is_array()) return wrong_reply("partialArgs is no list");
    for (json::value const& piece : given->get_array()) {
        if (Result<void> taken = open_->pieces.take(piece); !taken) return taken;
    }
    return ok();
}

/// The part goes back as if it had come whole.
ToolCall PartReader::close() {
    json::object& call = parts_[open_->part].get_object()["functionCall"].get_object();
    call.erase("partialArgs");
    call.erase("willContinue");
    call["args"] = open_->pieces.arguments();
    ToolCall made = std::move(open_->call);
    made.arguments = json_exact::write(call["args"]);
    open_.reset();
    return made;
}

Result<std::optional<ToolCall>> PartReader::end(std::string_view finish) {
    if (!open_) return std::optional<ToolCall>();
    if (finish == "STOP" && !open_->pieces.pending()) return std::optional<ToolCall>(close());
    if (finish == "STOP") return wrong_reply("the arguments of a call end within a text");
    parts_.erase(parts_.begin() + static_cast<std::ptrdiff_t>(open_->part));
    open_.reset();
    --calls_;
    return std::optional<ToolCall>();
}

std::string PartReader::extra() const {
    if (!native_) return {};
    json::object by_dialect;
    by_dialect[dialect] = parts_;
    json::object extra;
    extra[openai_form::native_content] = std::move(by_dialect);
    return json_exact::write(extra);
}

std::string finish_word(json::value const& candidate) {
    constexpr std::array<std::string_view, 10> by_number{"FINISH_REASON_UNSPECIFIED",
                                                         "STOP",
                                                         "MAX_TOKENS",
                                                         "SAFETY",
                                                         "RECITATION",
                                                         "OTHER",
                                                         "BLOCKLIST",
                                                         "PROHIBITED_CONTENT",
                                                         "SPII",
                                                         "MALFORMED_FUNCTION_CALL"};
    json::value const* given = json::find(candidate, "finishReason");
    if (given == nullptr) return {};
    if (given->is_string())
        return given->get_string() == by_number[0] ? std::string() : std::string(given->get_string());
    std::optional<std::int64_t> const number = json::as_integer(*given);
    bool const known = number && *number > 0 && *number < static_cast<std::int64_t>(by_number.size());
    return known ? std::string(by_number[static_cast<std::size_t>(*number)]) : std::string();
}

FinishReason finish_of(std::string_view word, bool called) noexcept {
    constexpr std::array<std::string_view, 6> withheld{
        "IMAGE_SAFETY", "IMAGE_PROHIBITED_CONTENT", "IMAGE_RECITATION", "IMAGE_OTHER", "LANGUAGE", "MODEL_ARMOR"};
    if (called && word == "STOP") return FinishReason::tool_calls;
    if (std::find(withheld.begin(), withheld.end(), word) != withheld.end()) return FinishReason::content_filter;
    return openai_form::finish_reason(word);
}

std::optional<Error> blocked(carrier::Exchange const& exchange, json::object const& given) {
    json::value const* feedback = given.if_contains("promptFeedback");
    std::optional<std::string_view> const reason =
        feedback == nullptr ? std::nullopt : json::text(*feedback, "blockReason");
    if (!reason) return std::nullopt;
    Error error = carrier::reply_error(
        exchange, Errc::content_filtered,
        "The provider " + exchange.provider + " withheld the answer for the prompt's content; change the request.",
        json::text(*feedback, "blockReasonMessage").value_or(*reason));
    error.provider_code = std::string(*reason);
    return error;
}

json::object beside(json::object const& candidate) {
    json::object rest(candidate, boost::json::storage_ptr());
    for (std::string_view const known : {"content", "finishReason", "index"}) rest.erase(known);
    return rest;
}

namespace {

/// One candidate of a whole reply.
Result<Choice> read_candidate(json::value const& given, std::size_t position) {
    if (!given.is_object()) return wrong_reply("a candidate is no object");
    Choice choice;
    std::optional<std::int64_t> const index = json::integer(given, "index");
    choice.index = static_cast<int>(index && *index >= 0 && *index < 1'000 ? *index : static_cast<int>(position));
    PartReader reader;
    json::value const* content = json::find(given, "content");
    json::array const* parts = content == nullptr ? nullptr : json::member_array(*content, "parts");
    std::vector<ToolCall> calls;
    for (std::size_t i = 0; parts != nullptr && i < parts->size(); ++i) {
        Result<PartReader::Piece> piece = reader.take((*parts)[i]);
        if (!piece) return piece.error();
        for (ToolCall& call : piece->calls) calls.push_back(std::move(call));
        if (piece->text.empty()) continue;
        std::vector<Part>& all = choice.message.parts;
        if (piece->thought) {
            auto* last = all.empty() ? nullptr : std::get_if<ReasoningPart>(&all.back());
            if (last == nullptr) last = &std::get<ReasoningPart>(all.emplace_back(ReasoningPart()));
            last->text += piece->text;
        } else {
            auto* last = all.empty() ? nullptr : std::get_if<TextPart>(&all.back());
            if (last == nullptr) last = &std::get<TextPart>(all.emplace_back(TextPart()));
            last->text += piece->text;
        }
    }
    choice.finish_text = finish_word(given);
    Result<std::optional<ToolCall>> last = reader.end(choice.finish_text);
    if (!last) return last.error();
    if (*last) calls.push_back(std::move(**last));
    for (ToolCall& call : calls) choice.message.parts.emplace_back(std::move(call));
    choice.message.extra = reader.extra();
    choice.finish = finish_of(choice.finish_text, reader.called());
    choice.extra = openai_form::extra_text(beside(given.get_object()));
    return choice;
}

}  // namespace

std::int64_t searches_of(json::value const& candidate) noexcept {
    json::value const* grounding = json::find(candidate, "groundingMetadata");
    json::array const* queries = grounding == nullptr ? nullptr : json::member_array(*grounding, "webSearchQueries");
    return queries == nullptr ? 0 : static_cast<std::int64_t>(queries->size());
}

Result<ChatReply> decode_chat(carrier::Exchange const& exchange, std::string_view body) {
    json_exact::Arena arena;
    Result<json::object> object = carrier::read_object(exchange, body, arena);
    if (!object) return object.error();
    json::value const* candidates = object->if_contains("candidates");
    json::array const* list = candidates == nullptr ? nullptr : candidates->if_array();
    if (list == nullptr || list->empty()) {
        if (std::optional<Error> error = blocked(exchange, *object)) return *error;
        return carrier::unreadable(wrong_reply("candidates is no list, or empty"), exchange);
    }
    ChatReply reply;
    for (std::size_t i = 0; i < list->size(); ++i) {
        Result<Choice> choice = read_candidate((*list)[i], i);
        if (!choice) return carrier::unreadable(choice.error(), exchange);
        reply.choices.push_back(std::move(*choice));
    }
    if (json::value const* usage = object->if_contains("usageMetadata"); usage != nullptr && usage->is_object()) {
        reply.usage = read_usage(usage->get_object(), reply.info.warnings);
        for (json::value const& candidate : *list) {
            std::int64_t const searches = searches_of(candidate);
            if (searches > 0) reply.usage.pieces[Piece::web_searches] += searches;
        }
        reply.service_tier = served_tier(usage->get_object());
    }
    reply.id = openai_form::take_text(*object, "responseId");
    reply.model = openai_form::take_text(*object, "modelVersion");
    for (std::string_view const known : {"candidates", "usageMetadata"}) object->erase(known);
    reply.extra = openai_form::extra_text(*object);
    reply.complete = true;
    return reply;
}

Result<carrier::ModelPage> decode_models(carrier::Exchange const& exchange, std::string_view body) {
    json_exact::Arena arena;
    Result<json::object> object = carrier::read_object(exchange, body, arena);
    if (!object) return object.error();
    json::value const* models = object->if_contains("models");
    if (models == nullptr) models = object->if_contains("publisherModels");
    bool const none = models == nullptr && (object->empty() || object->if_contains("nextPageToken") != nullptr);
    if (!none && (models == nullptr || !models->is_array())) {
        return carrier::unreadable(wrong_reply("models is no list"), exchange);
    }
    carrier::ModelPage page;
    for (json::value const& item : none ? json::array() : models->get_array()) {
        if (!item.is_object()) return carrier::unreadable(wrong_reply("a model is no object"), exchange);
        std::string_view name = json::text(item, "name").value_or("");
        // "models/NAME", and "publishers/google/models/NAME" by Vertex AI.
        for (std::string_view const folder : {"publishers/google/", "models/"}) {
            if (name.starts_with(folder)) name.remove_prefix(folder.size());
        }
        if (name.empty()) return carrier::unreadable(wrong_reply("a model has no name"), exchange);
        ModelInfo model;
        model.id = std::string(name);
        model.owner = "google";
        json::object rest = item.get_object();
        rest.erase("name");
        model.extra = openai_form::extra_text(rest);
        page.list.models.push_back(std::move(model));
    }
    page.next = openai_form::take_text(*object, "nextPageToken");
    return page;
}

}  // namespace aikit::inline v0::provider::gemini
