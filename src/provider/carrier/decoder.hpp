// SPDX-License-Identifier: MIT
// provider/carrier/decoder.hpp - bytes of a streamed reply in, events out: what all dialects share.
#ifndef AIKIT_SRC_PROVIDER_CARRIER_DECODER_HPP
#define AIKIT_SRC_PROVIDER_CARRIER_DECODER_HPP

#include "model/json_exact.hpp"
#include "net/sse.hpp"
#include "provider/carrier/exchange.hpp"

#include <aikit/model/event.hpp>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace aikit::inline v0::provider::carrier {

/// Decodes one stream; no sockets, no coroutines.
///
///   decoder.feed(bytes);                     // as they come; after the last: decoder.end()
///   while (true) {
///       Result<std::optional<ChatEvent>> event = decoder.next();
///       // an error: the stream is over; nothing: feed more, or over when decoder.finished()
///   }
///
/// The reply is whole only when the dialect says so; what follows its end is not looked at. An event that is no JSON,
/// or not of the dialect, fails the stream: nothing is guessed. A server that ignores "stream" and answers with one
/// JSON document is understood too.
class ReplyDecoder {
public:
    enum class Framing {
        events,  ///< Server-sent events.
        lines,   ///< A JSON document a line; each comes as an event without a type.
    };

    explicit ReplyDecoder(Exchange exchange, Framing framing = Framing::events);
    virtual ~ReplyDecoder();
    ReplyDecoder(ReplyDecoder const&) = delete;
    ReplyDecoder& operator=(ReplyDecoder const&) = delete;

    /// Takes the next bytes of the body. What is wrong with them is told by next().
    void feed(std::string_view bytes);

    /// The body ended properly.
    void end() { ended_ = true; }

    /// The next event. Finished is the last. Errors: what the server told, protocol, incomplete.
    Result<std::optional<ChatEvent>> next();

    /// Finished was made.
    bool finished() const noexcept { return finished_; }

    /// Usage so far, the model's name as told, and what was odd.
    Usage const& usage() const noexcept { return usage_; }
    std::string const& model() const noexcept { return model_; }
    std::vector<std::string> const& warnings() const noexcept { return warnings_; }

protected:
    /// One event of the stream.
    virtual void take(net::SseEvent const& event) = 0;

    /// The whole body of an answer that is no stream.
    virtual Result<ChatReply> read_document(std::string_view body) = 0;

    /// The body ended, and the dialect's end marker has not come.
    virtual void ended_without_marker() { cut(); }

    void push(ChatEvent event) { events_.push_back(std::move(event)); }
    void push_text(int choice, std::string text) {
        generating_ = true;
        events_.emplace_back(std::in_place_type<TextDelta>, choice, std::move(text));
    }
    void push_extra(int choice, json::object const& changed, bool beside);

    /// The event's JSON, in storage that holds until the next one or the end of take(); null when it is none, which
    /// fails the stream. `marked`: the event says that it is an error.
    json::value const* parse(std::string_view data, bool marked);

    void fail_with(Error error);
    void wrong(char const* what);  ///< The event is not in the dialect's own format.
    void cut();                    ///< The stream ended too early.

    /// Takes new usage, and tells it when it says something new. `complete`: as UsageUpdate::complete.
    void take_usage(Usage usage, std::vector<std::string> warnings, bool complete = false);

    /// The last event; nothing is looked at from here on.
    void finish();

    Exchange const& exchange() const noexcept { return exchange_; }
    /// Of what parse() gave; only within take().
    boost::json::storage_ptr storage() noexcept { return arena_->storage(); }

    bool has_failed() const noexcept { return error_ != nullptr; }

    bool done_ = false;        // nothing more is looked at
    bool started_ = false;     // ReplyStarted was made
    bool generating_ = false;  // the model has written something
    Usage usage_;
    std::string model_;
    std::vector<std::string> warnings_;

private:
    enum class Mode { undecided, events, lines, document };
    /// A chunk is small.
    using ChunkArena = json_exact::ArenaOf<2048>;

    std::optional<net::SseEvent> next_event();
    Result<void> feed_framing(std::string_view bytes);
    void take_event(net::SseEvent const& event);
    bool is_framed() const noexcept { return mode_ == Mode::events || mode_ == Mode::lines; }

    void end_of_body();
    void take_document();

    Exchange exchange_;
    Mode mode_ = Mode::undecided;
    net::SseDecoder sse_;
    std::unique_ptr<net::NdjsonDecoder> lines_;  // where lines are the framing
    std::string document_;
    bool ended_ = false;    // the body did
    bool flushed_ = false;  // and the decoder was told

    // While an event is taken, and no longer: a stream that waits holds no memory for it.
    ChunkArena* arena_ = nullptr;
    std::optional<json::value> parsed_;  // in the arena

    std::vector<ChatEvent> events_;
    std::size_t next_event_ = 0;
    bool told_complete_ = false;      // a complete usage
    std::unique_ptr<Error> framing_;  // the framing's, told after the events before it
    std::unique_ptr<Error> error_;
    bool finished_ = false;
};

}  // namespace aikit::inline v0::provider::carrier

#endif  // AIKIT_SRC_PROVIDER_CARRIER_DECODER_HPP
