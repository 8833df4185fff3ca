// SPDX-License-Identifier: MIT
// provider/anthropic/wire.hpp - the Messages dialect as pure functions: no sockets, no clocks.
//
// Facts from Anthropic's API reference and the types of its Python SDK.
#ifndef AIKIT_SRC_PROVIDER_ANTHROPIC_WIRE_HPP
#define AIKIT_SRC_PROVIDER_ANTHROPIC_WIRE_HPP

#include "core/json.hpp"
#include "model/json_writer.hpp"
#include "provider/carrier/lists.hpp"

#include <aikit/model/provider.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace aikit::inline v0::provider::anthropic {

/// Under "native_content" in a message's extra: its content as it came, where other dialects have no place for it.
inline constexpr std::string_view dialect = "anthropic";

/// A request's body. `max_tokens` serves where the request names no limit.
/// Errors: invalid_argument (a field, named), unsupported (a sound, several choices).
Result<carrier::Encoded> encode_chat(ChatRequest const& request, std::int64_t max_tokens, bool streaming);

/// The same request for counting its tokens, which takes only what is read.
Result<carrier::Encoded> encode_count(ChatRequest const& request);

/// The body of a 2xx answer. Errors: what the body says went wrong, protocol.
Result<ChatReply> decode_chat(carrier::Exchange const& exchange, std::string_view body);
Result<carrier::ModelPage> decode_models(carrier::Exchange const& exchange, std::string_view body);

// ---- pieces ----

/// How a family of models is told how much to think.
enum class Thinking {
    none,    ///< Not at all: it cannot.
    budget,  ///< By a number of tokens: thinking.budget_tokens.
    effort,  ///< In words: output_config.effort.
};

/// What is known of a model by its name.
Thinking thinking_of(std::string_view model) noexcept;

/// The messages and the system's words, as members of a request that is being written.
Result<void> write_messages(JsonWriter& out, std::vector<Message> const& messages, std::vector<std::string>& warnings);

/// Counts by Anthropic's rules: what was read from and written to a cache is counted beside input_tokens.
Usage read_usage(json::object const& given, std::vector<std::string>& warnings);

/// A whole reply's message, out of its content.
struct Content {
    Content() = default;

    Message message{Role::assistant};
    std::string cut_call;  ///< The name of a tool call whose input is not whole; empty: none.
};

/// `content` is the list as it came. Errors: protocol, as a sentence about the place.
Result<Content> read_content(json::array const& content);

/// What a reply has beside its content: stop_reason, stop_sequence and stop_details, put where they belong.
void put_stop(Choice& choice, json::object const& given);

/// stop_reason "max_tokens" and its like: what is not whole was cut, and is no mistake of the server.
bool is_cut(FinishReason reason) noexcept;

}  // namespace aikit::inline v0::provider::anthropic

#endif  // AIKIT_SRC_PROVIDER_ANTHROPIC_WIRE_HPP
