// SPDX-License-Identifier: MIT
// aikit/model/stream.hpp - a reply as it is being written.
#ifndef AIKIT_MODEL_STREAM_HPP
#define AIKIT_MODEL_STREAM_HPP

#include <aikit/model/event.hpp>

#include <memory>
#include <optional>

namespace aikit::inline v0 {

/// How much of a reply a stream keeps, in bytes: what never ends must not fill the memory.
inline constexpr std::size_t max_reply_size = 64 * 1024 * 1024;

/// A stream that you pull, so that a slow reader slows the provider down.
///
///   while (true) {
///       Result<std::optional<ChatEvent>> event = co_await stream.next();
///       if (!event) ...            // ended with a cause; stream.reply() has what came
///       if (!*event) break;        // the proper end
///   }
///
/// Ownership: move-only; keeps what it needs alive. Destroying it cancels the read, frees the connection and still
/// settles the bill. Thread-safety: distinct objects: safe. Shared objects: unsafe.
class AIKIT_EXPORT ChatStream {
public:
    /// Implemented by providers and decorators.
    class Source {
    public:
        virtual ~Source() = default;

        /// The next event; nothing after Finished. After an error it is not called again.
        virtual Task<std::optional<ChatEvent>> next() = 0;

        /// What is known of the call so far, also after an error.
        virtual CallInfo info() const = 0;
    };

    /// An ended stream.
    ChatStream() = default;
    explicit ChatStream(std::unique_ptr<Source> source) : source_(std::move(source)) {}
    ChatStream(ChatStream&&) noexcept = default;
    ChatStream& operator=(ChatStream&&) noexcept = default;

    /// Waits for the next event. Nothing is the proper end; an Error ends the stream too.
    ///
    /// Cancellation: terminal. Afterwards reply() and info() may still be read.
    /// Errors: incomplete, connection, timeout (idle or total), protocol (also a reply over max_reply_size), the
    /// provider's own, cancelled, invalid_state (two calls at once, or a call after an error).
    Task<std::optional<ChatEvent>> next();

    /// All that came so far, assembled. `complete` is true only after Finished. Fields that hold JSON (logprobs, extra)
    /// are up to date once the stream has ended, properly or not.
    ChatReply const& reply() const noexcept;

    /// Moves what reply() shows out of the stream.
    ChatReply take_reply() { return assembler_ ? assembler_->release() : ChatReply(); }

    /// How it came about so far: usage, cost, attempts. Also after an error.
    CallInfo info() const;

    /// Hands the source on to a decorator; this stream is then ended.
    std::unique_ptr<Source> release() { return std::move(source_); }

private:
    std::unique_ptr<Source> source_;
    std::unique_ptr<ReplyAssembler> assembler_;  // made by the first next(), so that streams are light to hand on
    bool busy_ = false;
    bool failed_ = false;
    bool finished_ = false;  // Finished was handed out
    bool ended_ = false;     // and the end after it
};

/// Pulls a stream to its end and gives the whole reply. On an error, `*partial` receives what came.
AIKIT_EXPORT Task<ChatReply> collect(ChatStream stream, std::shared_ptr<ChatReply> partial = nullptr);

}  // namespace aikit::inline v0

#endif  // AIKIT_MODEL_STREAM_HPP
