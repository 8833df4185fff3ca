// SPDX-License-Identifier: MIT
// aikit/model/event.hpp - what happens while a reply is being written, and a reply made of it.
#ifndef AIKIT_MODEL_EVENT_HPP
#define AIKIT_MODEL_EVENT_HPP

#include <aikit/core/indirect.hpp>
#include <aikit/model/chat.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <variant>

namespace aikit::inline v0 {

/// The reply has begun.
struct ReplyStarted {
    ReplyStarted() = default;

    std::string id;
    std::string model;
    std::int64_t created = 0;
};

struct TextDelta {
    TextDelta() = default;
    TextDelta(int choice_, std::string text_) : choice(choice_), text(std::move(text_)) {}

    int choice = 0;
    std::string text;  ///< Never empty; whole UTF-8 characters.
};

struct RefusalDelta {
    RefusalDelta() = default;

    int choice = 0;
    std::string text;
};

struct ReasoningDelta {
    ReasoningDelta() = default;

    int choice = 0;
    std::string text;
    std::string signature;  ///< Comes with, or after, the last piece of a block.
    bool redacted = false;  ///< As ReasoningPart::redacted: a block of its own.
    std::string source;     ///< As ReasoningPart::source.
};

/// A tool call is being written; for showing progress only.
struct ToolCallProgress {
    ToolCallProgress() = default;

    int choice = 0;
    int index = 0;          ///< Which call of this choice.
    std::string id;         ///< With the first piece; empty where the provider gives none.
    std::string name;       ///< With the first piece.
    std::string arguments;  ///< The new piece.
    bool custom = false;    ///< As ToolCall::custom.
};

/// A tool call is whole: its JSON parses and the stream ended properly. Comes right before Finished.
struct ToolCallReady {
    ToolCallReady() = default;

    int choice = 0;
    ToolCall call;
};

/// Log-probabilities of the latest tokens, as OpenAI has them.
struct LogprobsDelta {
    LogprobsDelta() = default;

    int choice = 0;
    std::string json;
};

/// Usage so far; each replaces the one before.
struct UsageUpdate {
    UsageUpdate() = default;

    Usage usage;
    bool complete = false;  ///< All choices had ended by then: nothing comes on top of it.
};

/// Something of the provider's that has no place in the other events, as a JSON object.
/// choice -1: a member of the reply; else of that choice's message, or of the choice itself when `beside` is set.
struct ExtraDelta {
    ExtraDelta() = default;

    int choice = -1;
    std::string json;
    bool beside = false;
};

/// The end of one choice.
struct ChoiceFinished {
    ChoiceFinished() = default;

    int choice = 0;
    FinishReason reason = FinishReason::unknown;
    std::string text;  ///< The provider's own word.
};

/// The last event, exactly once, and only after the dialect's own terminal marker.
struct Finished {
    Finished() = default;

    Usage usage;
    Indirect<CallInfo> info;  ///< Apart, so that the many small events stay small.
};

using ChatEvent = std::variant<ReplyStarted, TextDelta, RefusalDelta, ReasoningDelta, ToolCallProgress, ToolCallReady,
                               LogprobsDelta, UsageUpdate, ExtraDelta, ChoiceFinished, Finished>;

/// Makes a reply out of the events of a stream. Pure; memory is what the reply holds, time is linear in the events.
class AIKIT_EXPORT ReplyAssembler {
public:
    ReplyAssembler();
    ~ReplyAssembler();
    ReplyAssembler(ReplyAssembler&&) noexcept;
    ReplyAssembler& operator=(ReplyAssembler&&) noexcept;

    void take(ChatEvent const& event);

    /// What there is so far. complete is set once Finished was taken. The fields that hold JSON (logprobs, extra) are
    /// up to date once Finished or settle() has been.
    ChatReply const& reply() const noexcept { return reply_; }

    /// Bytes of what was taken so far.
    std::size_t size() const noexcept { return size_; }

    /// Brings the fields that hold JSON up to date, and the choices into order.
    void settle();

    /// Settles and moves the reply out; the assembler is empty afterwards.
    ChatReply release();

private:
    struct Gathered;

    Choice& choice(int index);
    Gathered& gathered();

    ChatReply reply_;
    std::size_t size_ = 0;
    std::unique_ptr<Gathered> gathered_;  // what came as JSON; null while nothing did
};

}  // namespace aikit::inline v0

#endif  // AIKIT_MODEL_EVENT_HPP
