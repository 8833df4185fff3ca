// SPDX-License-Identifier: MIT
// policy/response_cache_members.hpp - the structs of requests and replies, taken apart into all of their fields.
//
// One that gets another field does not compile here until somebody has said what becomes of it.
#ifndef AIKIT_SRC_POLICY_RESPONSE_CACHE_MEMBERS_HPP
#define AIKIT_SRC_POLICY_RESPONSE_CACHE_MEMBERS_HPP

#include <aikit/model/provider.hpp>

#include <concepts>
#include <tuple>
#include <type_traits>

namespace aikit::inline v0::policy::packed {

template <class T, class S>
concept Is = std::same_as<std::remove_const_t<T>, S>;

auto members(Is<TextPart> auto& value) {
    auto& [text, extra] = value;
    return std::tie(text, extra);
}
auto members(Is<MediaPart> auto& value) {
    auto& [kind, bytes, url, file_id, media_type, name, detail, extra] = value;
    return std::tie(kind, bytes, url, file_id, media_type, name, detail, extra);
}
auto members(Is<ToolCall> auto& value) {
    auto& [id, name, arguments, custom, extra] = value;
    return std::tie(id, name, arguments, custom, extra);
}
auto members(Is<ToolResult> auto& value) {
    auto& [call_id, content, failed] = value;
    return std::tie(call_id, content, failed);
}
auto members(Is<ReasoningPart> auto& value) {
    auto& [text, signature, redacted, source] = value;
    return std::tie(text, signature, redacted, source);
}
auto members(Is<RefusalPart> auto& value) {
    auto& [text, extra] = value;
    return std::tie(text, extra);
}
auto members(Is<Message> auto& value) {
    auto& [role, parts, name, extra] = value;
    return std::tie(role, parts, name, extra);
}
auto members(Is<ToolSpec> auto& value) {
    auto& [name, description, parameters, strict, raw] = value;
    return std::tie(name, description, parameters, strict, raw);
}
auto members(Is<ToolChoice> auto& value) {
    auto& [kind, name, raw] = value;
    return std::tie(kind, name, raw);
}
auto members(Is<ResponseFormat> auto& value) {
    auto& [kind, name, description, schema, strict] = value;
    return std::tie(kind, name, description, schema, strict);
}
auto members(Is<ChatRequest> auto& value) {
    auto& [model, messages, max_tokens, max_tokens_name, temperature, top_p, presence_penalty, frequency_penalty, seed,
           n, stop, logprobs, top_logprobs, reasoning_effort, tools, tool_choice, parallel_tool_calls, response_format,
           service_tier, verbatim, extra] = value;
    return std::tie(model, messages, max_tokens, max_tokens_name, temperature, top_p, presence_penalty,
                    frequency_penalty, seed, n, stop, logprobs, top_logprobs, reasoning_effort, tools, tool_choice,
                    parallel_tool_calls, response_format, service_tier, verbatim, extra);
}
auto members(Is<EmbedRequest> auto& value) {
    auto& [model, inputs, dimensions, purpose, extra] = value;
    return std::tie(model, inputs, dimensions, purpose, extra);
}

/// What of the options shapes an answer; who asks is told apart from it. How long, how urgent, how often and under
/// which id a call is made does not.
auto members(Is<CallOptions> auto& value) {
    auto& [limits, deadline, caller, privacy, priority, max_retries, replay, resume, repairs, idempotency_key,
           request_id, region, trace, cache, send_trace, attempt, attempts, keep] = value;
    return std::tie(privacy, repairs, region);
}

auto members(Is<Usage> auto& value) {
    auto& [input, cache_read, cache_write_5m, cache_write_1h, output, reasoning, audio_input, audio_cache_read,
           audio_output, image_input, image_output, pieces, estimated, output_at_least, output_at_most, raw] = value;
    return std::tie(input, cache_read, cache_write_5m, cache_write_1h, output, reasoning, audio_input, audio_cache_read,
                    audio_output, image_input, image_output, pieces, estimated, output_at_least, output_at_most, raw);
}
auto members(Is<Choice> auto& value) {
    auto& [index, message, finish, finish_text, logprobs, extra] = value;
    return std::tie(index, message, finish, finish_text, logprobs, extra);
}

/// What is still true of an answer when it is given again. Its cost is kept beside it.
auto members(Is<CallInfo> auto& value) {
    auto& [request_id, provider, model, attempts, usage, repairs, cost, cost_exact, price_id, warnings, route, cache] =
        value;
    return std::tie(provider, model, warnings);
}
auto members(Is<ChatReply> auto& value) {
    auto& [id, created, model, choices, usage, service_tier, complete, extra, info] = value;
    return std::tie(id, created, model, choices, usage, service_tier, complete, extra, info);
}
auto members(Is<EmbedReply> auto& value) {
    auto& [model, vectors, usage, extra, info] = value;
    return std::tie(model, vectors, usage, extra, info);
}

}  // namespace aikit::inline v0::policy::packed

#endif  // AIKIT_SRC_POLICY_RESPONSE_CACHE_MEMBERS_HPP
