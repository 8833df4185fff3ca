// SPDX-License-Identifier: MIT
// provider/ollama/wire.hpp - Ollama's own dialect as pure functions: no sockets, no clocks.
//
// Facts from Ollama's API reference and its api/types.go.
#ifndef AIKIT_SRC_PROVIDER_OLLAMA_WIRE_HPP
#define AIKIT_SRC_PROVIDER_OLLAMA_WIRE_HPP

#include "provider/carrier/decoder.hpp"
#include "provider/carrier/lists.hpp"

#include <aikit/model/provider.hpp>

#include <string_view>

namespace aikit::inline v0::provider::ollama {

/// A request's body. Errors: invalid_argument (a field, named), unsupported (media other than pictures with their
/// bytes, several choices).
Result<carrier::Encoded> encode_chat(ChatRequest const& request, bool streaming);
Result<carrier::Encoded> encode_embed(EmbedRequest const& request);

/// The bodies of 2xx answers. Errors: what the body says went wrong, protocol.
Result<ChatReply> decode_chat(carrier::Exchange const& exchange, std::string_view body);
Result<EmbedReply> decode_embeddings(carrier::Exchange const& exchange, std::string_view body, std::size_t expected);
Result<carrier::ModelPage> decode_models(carrier::Exchange const& exchange, std::string_view body);

/// A streamed reply: a document a line. It is whole only after the one that says "done".
class StreamDecoder final : public carrier::ReplyDecoder {
public:
    explicit StreamDecoder(carrier::Exchange exchange) : ReplyDecoder(std::move(exchange), Framing::lines) {}

private:
    void take(net::SseEvent const& event) override;
    Result<ChatReply> read_document(std::string_view body) override { return decode_chat(exchange(), body); }
    void take_message(json::object const& message);
    void complete_reply(json::object const& chunk);

    std::vector<ToolCall> calls_;
};

}  // namespace aikit::inline v0::provider::ollama

#endif  // AIKIT_SRC_PROVIDER_OLLAMA_WIRE_HPP
