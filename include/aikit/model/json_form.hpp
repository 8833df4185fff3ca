// SPDX-License-Identifier: MIT
// aikit/model/json_form.hpp - requests and replies as JSON: OpenAI's Chat Completions form, plus an "aikit" object.
//
// The command, the C ABI and the OpenAI adapter all use this one form.
#ifndef AIKIT_MODEL_JSON_FORM_HPP
#define AIKIT_MODEL_JSON_FORM_HPP

#include <aikit/model/partial_json.hpp>
#include <aikit/model/provider.hpp>

#include <boost/json/fwd.hpp>

#include <string>
#include <string_view>

namespace aikit::inline v0::json_form {

/// A chat request with what stands under its "aikit" member (limits, caller, priority, retries, ...).
struct ChatCall {
    ChatCall() = default;

    ChatRequest request;
    CallOptions options;
    bool stream = false;
    bool partial = false;  ///< With stream: each chunk with text has the document so far, `"aikit": {"partial": ...}`.
};

/// Reads a request. Members OpenAI has and ChatRequest has not go to ChatRequest::extra. invalid_argument names the
/// member that is wrong ("messages[2].role"), unknown members under "aikit" included.
AIKIT_EXPORT Result<ChatCall> read_chat(std::string_view json);

/// The request as OpenAI's JSON, without "stream"; what read_chat reads. Members of `extra` come last.
AIKIT_EXPORT Result<std::string> write_chat(ChatRequest const& request);

/// A reply as OpenAI's JSON with `"aikit": {provider, model, complete, usage, cost, attempts, warnings, ...}`.
AIKIT_EXPORT std::string write_reply(ChatReply const& reply);

/// An event as one "chat.completion.chunk" object in OpenAI's form; "" for events that have no such form.
AIKIT_EXPORT std::string write_chunk(ChatEvent const& event, ChatReply const& so_far);

/// The same with what is known of the JSON that the first choice writes; `partial` takes its text.
AIKIT_EXPORT std::string write_chunk(ChatEvent const& event, ChatReply const& so_far, PartialJson& partial);

/// Reads OpenAI's form of an embedding request; what stands under "aikit" goes to `options`, but for "purpose".
AIKIT_EXPORT Result<EmbedRequest> read_embed(std::string_view json, CallOptions& options);
AIKIT_EXPORT Result<EmbedRequest> read_embed(std::string_view json);
AIKIT_EXPORT std::string write_embeddings(EmbedReply const& reply);

/// The same for moderation. An input of parts is one message (ModerateRequest::together), a list of texts is many.
AIKIT_EXPORT Result<ModerateRequest> read_moderate(std::string_view json, CallOptions& options);
AIKIT_EXPORT Result<ModerateRequest> read_moderate(std::string_view json);
AIKIT_EXPORT std::string write_moderation(ModerateReply const& reply);
AIKIT_EXPORT std::string write_models(ModelList const& list);
AIKIT_EXPORT std::string write_token_count(TokenCount const& count);

/// `{"code","message","provider","http_status","provider_code","request_id","retryable","retry_after_ms"}`, what is
/// not known being null.
AIKIT_EXPORT std::string write_error(Error const& error);

/// The "aikit" object of a reply.
AIKIT_EXPORT std::string write_info(CallInfo const& info, bool complete);

}  // namespace aikit::inline v0::json_form

#endif  // AIKIT_MODEL_JSON_FORM_HPP
