// SPDX-License-Identifier: MIT
// provider/openai_wire/decode.cpp - whole bodies of 2xx answers.
#include "model/json_exact.hpp"
#include "model/openai_form/form.hpp"
#include "provider/carrier/body.hpp"
#include "provider/openai_wire/wire.hpp"

#include <array>

namespace aikit::inline v0::provider::openai_wire {

namespace {

/// OpenRouter tells a failed choice inside the choice.
std::optional<Error> choice_error(Exchange const& exchange, json::object const& body) {
    json::value const* choices = body.if_contains("choices");
    json::array const* list = choices == nullptr ? nullptr : choices->if_array();
    if (list == nullptr) return std::nullopt;
    for (json::value const& choice : *list) {
        json::value const* error = json::find(choice, "error");
        if (error != nullptr && error->is_object()) return carrier::in_band_error(exchange, choice, true);
        std::optional<std::string_view> const word = json::text(choice, "finish_reason");
        if (!word) continue;
        if (std::optional<Error> failed = finish_error(exchange, *word)) return failed;
    }
    return std::nullopt;
}

}  // namespace

std::optional<Error> finish_error(Exchange const& exchange, std::string_view finish_reason) {
    struct Failure {
        std::string_view word;
        Errc code;
    };
    // OpenRouter and Mistral; DeepSeek; Zhipu; vLLM.
    constexpr std::array<Failure, 4> failures{{{"error", Errc::server_error},
                                               {"insufficient_system_resource", Errc::overloaded},
                                               {"network_error", Errc::server_error},
                                               {"abort", Errc::incomplete}}};
    for (Failure const& failure : failures) {
        if (finish_reason != failure.word) continue;
        Error error = carrier::reply_error(exchange, failure.code,
                                           "The provider " + exchange.provider +
                                               " broke off while it answered; what came may be cut short. Try again.");
        error.provider_code = std::string(finish_reason);
        error.maybe_executed = true;
        return error;
    }
    return std::nullopt;
}

namespace {

Result<ChatReply> decode_any_chat(Exchange const& exchange, std::string_view body) {
    json_exact::Arena arena;
    Result<json::object> object = carrier::read_object(exchange, body, arena);
    if (!object) return object.error();
    if (std::optional<Error> failed = choice_error(exchange, *object)) return *failed;
    std::vector<std::string> warnings;
    Result<ChatReply> reply = openai_form::read_reply(std::move(*object), warnings);
    if (!reply) return carrier::unreadable(reply.error(), exchange);
    reply->complete = true;
    reply->info.warnings = std::move(warnings);
    return reply;
}

}  // namespace

Result<ChatReply> decode_chat(Exchange const& exchange, std::string_view body) {
    Result<ChatReply> reply;
    if (!openai_form::read_plain_reply(body, *reply)) return decode_any_chat(exchange, body);
    for (Choice const& choice : reply->choices) {
        if (std::optional<Error> failed = finish_error(exchange, choice.finish_text)) return *failed;
    }
    reply->complete = true;
    return reply;
}

Result<EmbedReply> decode_embeddings(Exchange const& exchange, std::string_view body, std::size_t expected) {
    json_exact::Arena arena;
    Result<json::object> object = carrier::read_object(exchange, body, arena);
    if (!object) return object.error();
    std::vector<std::string> warnings;
    Result<EmbedReply> reply = openai_form::read_embeddings(std::move(*object), expected, warnings);
    if (!reply) return carrier::unreadable(reply.error(), exchange);
    reply->info.warnings = std::move(warnings);
    return reply;
}

Result<ModerateReply> decode_moderation(Exchange const& exchange, std::string_view body) {
    json_exact::Arena arena;
    Result<json::object> object = carrier::read_object(exchange, body, arena);
    if (!object) return object.error();
    Result<ModerateReply> reply = openai_form::read_moderation(std::move(*object));
    if (!reply) return carrier::unreadable(reply.error(), exchange);
    return reply;
}

Result<ModelList> decode_models(Exchange const& exchange, std::string_view body) {
    json_exact::Arena arena;
    Result<json::object> object = carrier::read_object(exchange, body, arena);
    if (!object) return object.error();
    Result<ModelList> list = openai_form::read_models(std::move(*object));
    if (!list) return carrier::unreadable(list.error(), exchange);
    return list;
}

}  // namespace aikit::inline v0::provider::openai_wire
