// SPDX-License-Identifier: MIT
// provider/openai_wire/stream.hpp - bytes of a streamed reply in, events out: no sockets, no coroutines.
#ifndef AIKIT_SRC_PROVIDER_OPENAI_WIRE_STREAM_HPP
#define AIKIT_SRC_PROVIDER_OPENAI_WIRE_STREAM_HPP

#include "model/json_exact.hpp"
#include "net/sse.hpp"
#include "provider/openai_wire/tool_calls.hpp"
#include "provider/openai_wire/wire.hpp"

#include <memory>

namespace aikit::inline v0::provider::openai_wire {

/// Decodes one stream.
///
///   decoder.feed(bytes);                     // as they come; after the last: decoder.end()
///   while (true) {
///       Result<std::optional<ChatEvent>> event = decoder.next();
///       // an error: the stream is over; nothing: feed more, or over when decoder.finished()
///   }
///
/// The reply is whole only after "[DONE]" (see Quirks::done_marker_required); what follows it is not looked at. An
/// event that is no JSON, or not OpenAI's, fails the stream: nothing is guessed. A server that ignores "stream" and
/// answers with one JSON document is understood too.
class StreamDecoder {
public:
    StreamDecoder(Exchange exchange, Quirks quirks, int choices);
    ~StreamDecoder();

    /// Takes the next bytes of the body. What is wrong with them is told by next().
    void feed(std::string_view bytes);

    /// The body ended properly.
    void end();

    /// The next event. Finished is the last. Errors: what the server told, protocol, incomplete.
    Result<std::optional<ChatEvent>> next();

    /// Finished was made.
    bool finished() const noexcept { return finished_; }

    /// Usage so far, the model's name as told, and what was odd.
    Usage const& usage() const noexcept { return usage_; }
    std::string const& model() const noexcept { return model_; }
    std::vector<std::string> const& warnings() const noexcept { return warnings_; }

private:
    enum class Mode { undecided, events, document };

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

    void fail_with(Error error);
    void wrong(char const* what);  // the chunk is not in its own format
    void push(ChatEvent event) { events_.push_back(std::move(event)); }
    void push_extra(int choice, json::object const& changed, bool beside);

    /// Is it something else than the last time? Remembers it.
    static bool changes(json::object& known, std::string_view key, json::value const& value);

    void take(net::SseEvent const& event);
    void take_chunk(json::object const& chunk, json::value const* choices);
    void start(json::object const& chunk, bool has_choices);
    void take_reply_member(std::string_view key, json::value const& value, json::object& changed);
    void take_usage(json::value const& usage);

    void take_choice(json::value const& choice, std::size_t beside);
    ChoiceState* choice_state(json::value const* index, std::size_t beside);
    void take_delta(ChoiceState& state, json::object const& delta);
    void take_content(ChoiceState& state, json::value const& content);
    void take_content_part(ChoiceState& state, json::value const& part);
    void take_reasoning(ChoiceState& state, std::string_view text, std::string_view source);
    void take_tool_calls(ChoiceState& state, json::value const& calls);
    void take_finish(ChoiceState& state, json::value const& reason);

    void end_of_body();
    void cut();
    void complete_reply();
    bool complete_calls(ChoiceState& state, std::vector<ToolCallReady>& ready);
    void take_document();

    Exchange exchange_;
    Quirks quirks_;
    int choices_;

    Mode mode_ = Mode::undecided;
    net::SseDecoder sse_;
    std::string document_;
    bool ended_ = false;    // the body did
    bool flushed_ = false;  // and the decoder was told
    bool done_ = false;     // nothing more is looked at

    json_exact::Parser parser_;
    std::unique_ptr<json_exact::Arena> arena_;

    std::vector<ChatEvent> events_;
    std::size_t next_event_ = 0;
    std::optional<Error> framing_;  // the decoder's, told after the events before it
    std::optional<Error> error_;
    bool finished_ = false;
    bool started_ = false;     // ReplyStarted was made
    bool generating_ = false;  // the model has written something
    std::vector<ChoiceState> states_;
    json::object reply_extra_;
    Usage usage_;
    std::string model_;
    std::vector<std::string> warnings_;
};

}  // namespace aikit::inline v0::provider::openai_wire

#endif  // AIKIT_SRC_PROVIDER_OPENAI_WIRE_STREAM_HPP
