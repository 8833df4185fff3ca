// SPDX-License-Identifier: MIT
// provider/openai_wire/decode.cpp - whole bodies of 2xx answers.
#include "model/json_exact.hpp"
#include "model/openai_form/form.hpp"
#include "provider/openai_wire/wire.hpp"

namespace aikit::inline v0::provider::openai_wire {

namespace {

/// The body's object, or the error that it tells or is.
Result<json::object> read_body(Exchange const& exchange, std::string_view body, json_exact::Arena& arena) {
    constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
    if (body.starts_with(byte_order_mark)) body.remove_prefix(byte_order_mark.size());
    Result<json::value> document = json_exact::parse(body, "reply", Errc::protocol, arena.storage());
    if (!document) {
        Error error = complete(document.error(), exchange);
        error.message = "The provider " + exchange.provider + " did not answer in JSON; check the base URL. " +
                        document.error().message;
        error.remote_detail = fail(Errc::protocol, "", body).remote_detail;
        error.maybe_executed = true;
        return error;
    }
    if (std::optional<Error> told = in_band_error(exchange, *document, false)) return *told;
    if (!document->is_object()) {
        Error error = reply_error(exchange, Errc::protocol,
                                  "The provider " + exchange.provider + " answered with JSON that is no object.", body);
        error.maybe_executed = true;
        return error;
    }
    return std::move(document->get_object());
}

/// An error of the form's, with what is known of the exchange.
Error unreadable(Error error, Exchange const& exchange) {
    error.maybe_executed = true;
    return complete(std::move(error), exchange);
}

/// OpenRouter tells a failed choice inside the choice.
std::optional<Error> choice_error(Exchange const& exchange, json::object const& body) {
    json::value const* choices = body.if_contains("choices");
    json::array const* list = choices == nullptr ? nullptr : choices->if_array();
    if (list == nullptr) return std::nullopt;
    for (json::value const& choice : *list) {
        json::value const* error = json::find(choice, "error");
        if (error != nullptr && error->is_object()) return in_band_error(exchange, choice, true);
        std::optional<std::string_view> const word = json::text(choice, "finish_reason");
        if (!word) continue;
        if (std::optional<Error> failed = finish_error(exchange, *word)) return failed;
    }
    return std::nullopt;
}

}  // namespace

Result<ChatReply> decode_chat(Exchange const& exchange, std::string_view body) {
    json_exact::Arena arena;
    Result<json::object> object = read_body(exchange, body, arena);
    if (!object) return object.error();
    if (std::optional<Error> failed = choice_error(exchange, *object)) return *failed;
    std::vector<std::string> warnings;
    Result<ChatReply> reply = openai_form::read_reply(std::move(*object), warnings);
    if (!reply) return unreadable(reply.error(), exchange);
    reply->complete = true;
    reply->info.warnings = std::move(warnings);
    return reply;
}

Result<EmbedReply> decode_embeddings(Exchange const& exchange, std::string_view body, std::size_t expected) {
    json_exact::Arena arena;
    Result<json::object> object = read_body(exchange, body, arena);
    if (!object) return object.error();
    std::vector<std::string> warnings;
    Result<EmbedReply> reply = openai_form::read_embeddings(std::move(*object), expected, warnings);
    if (!reply) return unreadable(reply.error(), exchange);
    reply->info.warnings = std::move(warnings);
    return reply;
}

Result<ModerateReply> decode_moderation(Exchange const& exchange, std::string_view body) {
    json_exact::Arena arena;
    Result<json::object> object = read_body(exchange, body, arena);
    if (!object) return object.error();
    Result<ModerateReply> reply = openai_form::read_moderation(std::move(*object));
    if (!reply) return unreadable(reply.error(), exchange);
    return reply;
}

Result<ModelList> decode_models(Exchange const& exchange, std::string_view body) {
    json_exact::Arena arena;
    Result<json::object> object = read_body(exchange, body, arena);
    if (!object) return object.error();
    Result<ModelList> list = openai_form::read_models(std::move(*object));
    if (!list) return unreadable(list.error(), exchange);
    return list;
}

}  // namespace aikit::inline v0::provider::openai_wire
