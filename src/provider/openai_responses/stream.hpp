// SPDX-License-Identifier: MIT
// provider/openai_responses/stream.hpp - bytes of a streamed response in, events out: no sockets, no coroutines.
#ifndef AIKIT_SRC_PROVIDER_OPENAI_RESPONSES_STREAM_HPP
#define AIKIT_SRC_PROVIDER_OPENAI_RESPONSES_STREAM_HPP

#include "provider/carrier/decoder.hpp"
#include "provider/openai_responses/wire.hpp"

#include <map>

namespace aikit::inline v0::provider::openai_responses {

/// The reply is whole only after "response.completed" or "response.incomplete", whose response object has to say what
/// the pieces said. What it says beyond them is told at the end; what contradicts them fails the stream.
class StreamDecoder final : public carrier::ReplyDecoder {
public:
    explicit StreamDecoder(Exchange exchange) : ReplyDecoder(std::move(exchange)) {}

private:
    /// An item of the output while it is being written.
    struct Item {
        json::object whole;  // once it is done
        int call = -1;       // which tool call of the reply it is
        std::string arguments;
        std::string thought;  // the part of its thoughts that is being written: "summary 0"
        bool has_thoughts = false;
    };

    void take(net::SseEvent const& event) override;
    Result<ChatReply> read_document(std::string_view body) override;

    /// Has this event been seen? Servers number them, and send them again when a stream is taken up again.
    bool is_repeated(json::value const& event);

    void take_event(std::string_view type, json::value const& event);
    void take_start(json::value const& event);
    void take_item(json::value const& event, bool done);
    void take_whole_call(Item& item, json::value const& given, std::string_view arguments);
    void take_text(json::value const& event, bool refusal);
    void take_thought(json::value const& event, std::string_view kind);
    void take_arguments(json::value const& event);

    Item* item_of(json::value const& event);
    std::optional<std::string> piece_of(json::value const& event);

    void complete_reply(std::string_view type, json::value const& event);
    bool catch_up(ChatReply const& reply);
    std::optional<std::string> rest_of(std::string const& came, std::string const& whole);
    void push_end(ChatReply& reply);

    std::map<std::int64_t, Item> items_;
    std::string text_;
    std::string refusal_;
    std::string thoughts_;
    int calls_ = 0;
    bool from_the_start_ = false;  // else it was taken up in the middle
    bool counts_ = false;          // the events' numbers have been seen to grow
    std::optional<std::int64_t> number_;
};

}  // namespace aikit::inline v0::provider::openai_responses

#endif  // AIKIT_SRC_PROVIDER_OPENAI_RESPONSES_STREAM_HPP
