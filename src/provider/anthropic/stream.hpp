// SPDX-License-Identifier: MIT
// provider/anthropic/stream.hpp - the events of a streamed message.
#ifndef AIKIT_SRC_PROVIDER_ANTHROPIC_STREAM_HPP
#define AIKIT_SRC_PROVIDER_ANTHROPIC_STREAM_HPP

#include "provider/anthropic/wire.hpp"
#include "provider/carrier/decoder.hpp"

namespace aikit::inline v0::provider::anthropic {

/// The reply is whole only after "message_stop", when each block was ended. Pings and events that are not known are
/// passed over; usage replaces what was told before, member by member.
class StreamDecoder final : public carrier::ReplyDecoder {
public:
    explicit StreamDecoder(carrier::Exchange exchange) : ReplyDecoder(std::move(exchange)) {}

private:
    /// A content block that is being written.
    struct Block {
        std::int64_t index = 0;
        json::object content;  // as it will stand in the whole message
        std::string text;      // what came in pieces: text, thinking, the JSON of a tool's input
        std::string signature;
        bool ended = false;
        int call = -1;  // which tool call of the reply it is
    };

    void take(net::SseEvent const& event) override;
    Result<ChatReply> read_document(std::string_view body) override { return decode_chat(exchange(), body); }

    void take_start(json::value const& event);
    void take_block_start(json::value const& event);
    void take_block_delta(json::value const& event);
    void take_delta(Block& block, json::value const& delta);
    void take_block_stop(json::value const& event);
    void take_message_delta(json::value const& event);
    void merge_usage(json::value const* given);
    void complete_reply();
    void push_calls(Message& message);

    Block* block_of(json::value const& event);
    static void close(Block& block);

    std::vector<Block> blocks_;
    json::object usage_told_;  // all members so far
    json::object stop_;        // of message_delta
    int calls_ = 0;
};

}  // namespace aikit::inline v0::provider::anthropic

#endif  // AIKIT_SRC_PROVIDER_ANTHROPIC_STREAM_HPP
