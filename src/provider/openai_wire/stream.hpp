// SPDX-License-Identifier: MIT
// provider/openai_wire/stream.hpp - bytes of a streamed reply in, events out: no sockets, no coroutines.
#ifndef AIKIT_SRC_PROVIDER_OPENAI_WIRE_STREAM_HPP
#define AIKIT_SRC_PROVIDER_OPENAI_WIRE_STREAM_HPP

#include "provider/carrier/decoder.hpp"
#include "provider/openai_wire/tool_calls.hpp"
#include "provider/openai_wire/wire.hpp"

#include <memory>

namespace aikit::inline v0::provider::openai_wire {

/// The reply is whole only after "[DONE]" (see Quirks::done_marker_required).
class StreamDecoder final : public carrier::ReplyDecoder {
public:
    StreamDecoder(Exchange exchange, Quirks quirks, int choices);

private:
    /// What is known of one choice.
    struct ChoiceState {
        int index = 0;
        bool has_delta = false;    // a delta has come: "message" members are then repetitions
        bool has_text = false;     // some text was handed on
        bool has_content = false;  // a content was given, if only an empty one
        bool ended = false;        // a finish_reason was given
        FinishReason reason = FinishReason::unknown;
        std::string finish_text;
        ToolCalls calls;
        json::object message_extra;
        json::object extra;
    };

    void take(net::SseEvent const& event) override;
    Result<ChatReply> read_document(std::string_view body) override { return decode_chat(exchange(), body); }
    void ended_without_marker() override;

    /// Is it something else than the last time? Remembers it.
    static bool changes(json::object& known, std::string_view key, json::value const& value);

    void take_chunk(json::object const& chunk, json::value const* choices);
    void start(json::object const& chunk, bool has_choices);
    /// `counts` becomes the usage, where this member is one.
    void take_reply_member(std::string_view key, json::value const& value, json::object& changed,
                           json::value const*& counts);
    void take_counts(json::value const& usage);

    void take_choice(json::value const& choice, std::size_t beside);
    ChoiceState* choice_state(json::value const* index, std::size_t beside);
    void take_delta(ChoiceState& state, json::object const& delta);
    void take_content(ChoiceState& state, json::value const& content);
    void take_content_part(ChoiceState& state, json::value const& part);
    void take_reasoning(ChoiceState& state, std::string_view text, std::string_view source);
    void take_tool_calls(ChoiceState& state, json::value const& calls);
    void take_finish(ChoiceState& state, json::value const& reason);

    bool all_ended() const;
    void complete_reply();
    bool complete_calls(ChoiceState& state, std::vector<ToolCallReady>& ready);

    Quirks quirks_;
    int choices_;
    std::vector<ChoiceState> states_;
    json::object reply_extra_;
};

}  // namespace aikit::inline v0::provider::openai_wire

#endif  // AIKIT_SRC_PROVIDER_OPENAI_WIRE_STREAM_HPP
