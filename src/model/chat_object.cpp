// SPDX-License-Identifier: MIT
// model/chat_object.cpp - what of asking for a struct does not depend on the struct.
#include <aikit/model/chat_object.hpp>

namespace aikit::inline v0::described {

void ask_for(std::string schema, ChatRequest& request, CallOptions& options) {
    if (!request.response_format) request.response_format.emplace();
    ResponseFormat& format = *request.response_format;
    format.kind = ResponseFormat::Kind::json_schema;
    format.schema = std::move(schema);
    if (format.name.empty()) format.name = "reply";
    if (!options.repairs) options.repairs = 2;
}

Result<void> check_answer(ChatReply const& reply) {
    if (reply.choices.empty()) return fail(Errc::protocol, "The reply holds no choice.");
    Choice const& choice = reply.choices.front();
    if (std::string const refusal = choice.message.refusal(); !refusal.empty()) {
        return fail(Errc::content_filtered, "The model declined to answer.", refusal);
    }
    if (choice.finish == FinishReason::content_filter) {
        return fail(Errc::content_filtered, "The provider withheld the answer.");
    }
    if (choice.message.text().empty() && !choice.message.tool_calls().empty()) {
        return fail(Errc::protocol, "The model calls tools in place of an answer: use policy::run_tools for them.");
    }
    return ok();
}

}  // namespace aikit::inline v0::described
