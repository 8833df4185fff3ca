// SPDX-License-Identifier: MIT
// provider/openai_responses/wire.hpp - OpenAI's Responses dialect as pure functions: no sockets, no clocks.
//
// Facts from OpenAI's API reference and the types of its Python SDK. OpenAI and Azure share it.
#ifndef AIKIT_SRC_PROVIDER_OPENAI_RESPONSES_WIRE_HPP
#define AIKIT_SRC_PROVIDER_OPENAI_RESPONSES_WIRE_HPP

#include "core/json.hpp"
#include "model/json_writer.hpp"
#include "provider/carrier/exchange.hpp"

#include <aikit/model/provider.hpp>

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace aikit::inline v0::provider::openai_responses {

using carrier::Encoded;
using carrier::Exchange;

/// Under "native_content" in a message's extra: its items as they came, where chats have no place for them.
inline constexpr std::string_view dialect = "openai_responses";

/// ReasoningPart::source of what this dialect wrote: `signature` came in, and goes back in, the member of this name.
inline constexpr std::string_view sealed_reasoning = "encrypted_content";

/// A request's body. `left_out` are parameters that its model does not take.
/// Errors: invalid_argument (a field, named), unsupported (several choices, a sound by URL).
Result<Encoded> encode_chat(ChatRequest const& request, std::span<std::string_view const> left_out, bool streaming);

/// The body of a 2xx answer. A response that is still being worked on (background) is a reply that is not complete.
/// Errors: what the body says went wrong, protocol.
Result<ChatReply> decode_chat(Exchange const& exchange, std::string_view body);

// ---- pieces ----

/// Does the request name what the model reads by something else than messages: a stored prompt, an earlier response?
bool has_input_elsewhere(ChatRequest const& request);

/// The conversation as the list of items that "input" is. `stored` false: nothing of the provider's own can be referred
/// to. Errors: invalid_argument, unsupported.
Result<void> write_items(JsonWriter& out, std::vector<Message> const& messages, bool stored,
                         std::vector<std::string>& warnings);

/// {"type": T, T: {...}} as {"type": T, ...}: chats nest what stands flat here, in tools and in their choice.
json::object flattened(json::object const& given);

/// A response object, whatever its status but failed. Errors: protocol, as a sentence about the place.
Result<ChatReply> read_response(json::object given);

/// What a response object says went wrong; nothing when it did not fail.
std::optional<Error> failure(Exchange const& exchange, json::object const& response);

/// "created_at": seconds, which some servers give with a fraction; 0 for anything else.
std::int64_t seconds(json::value const* given) noexcept;

/// The thoughts of a reasoning item: its own words, then its summary, a blank line between any two.
std::string reasoning_text(json::value const& item);

}  // namespace aikit::inline v0::provider::openai_responses

#endif  // AIKIT_SRC_PROVIDER_OPENAI_RESPONSES_WIRE_HPP
