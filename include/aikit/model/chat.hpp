// SPDX-License-Identifier: MIT
// aikit/model/chat.hpp - a chat's request, its reply, and its events while it is written.
#ifndef AIKIT_MODEL_CHAT_HPP
#define AIKIT_MODEL_CHAT_HPP

#include <aikit/model/call.hpp>
#include <aikit/model/content.hpp>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace aikit::inline v0 {

/// A function the model may call.
struct ToolSpec {
    ToolSpec() = default;

    std::string name;  ///< 1 to 64 of [a-zA-Z0-9_-].
    std::string description;
    std::string parameters;  ///< A JSON Schema as text. Empty: no parameters.
    std::optional<bool> strict;

    /// A tool in the provider's own words (built-in or custom), as a JSON object; the fields above are then unused.
    std::string raw;
};

struct ToolChoice {
    enum class Kind { automatic, none, required, named };

    ToolChoice() = default;

    Kind kind = Kind::automatic;
    std::string name;  ///< For named.
    std::string raw;   ///< A choice in the provider's own words, as JSON; the fields above are then unused.
};

struct ResponseFormat {
    enum class Kind { text, json_object, json_schema };

    ResponseFormat() = default;

    Kind kind = Kind::text;
    std::string name;         ///< json_schema: 1 to 64 of [a-zA-Z0-9_-].
    std::string description;  ///< json_schema: may be empty.
    std::string schema;       ///< json_schema: the JSON Schema as text.
    std::optional<bool> strict;
};

struct ChatRequest {
    ChatRequest() = default;
    ChatRequest(std::string model_, std::string user_text) : model(std::move(model_)) {
        messages.emplace_back(Role::user, std::move(user_text));
    }

    /// The provider's own name of the model; through a Kit also "provider/model" or an alias.
    std::string model;

    /// Oldest first. Must not be empty.
    std::vector<Message> messages;

    // What may be generated. A missing value is the provider's default.
    std::optional<std::int64_t> max_tokens;   ///< Upper bound of generated tokens, reasoning included.
    std::string max_tokens_name;              ///< "max_tokens" or "max_completion_tokens"; empty: what the model takes.
    std::optional<double> temperature;        ///< 0 is near-deterministic; most providers take 0 to 2.
    std::optional<double> top_p;              ///< 0 to 1.
    std::optional<double> presence_penalty;   ///< -2 to 2.
    std::optional<double> frequency_penalty;  ///< -2 to 2.
    std::optional<std::int64_t> seed;
    std::optional<int> n;  ///< Choices, 1 to 128.
    std::vector<std::string> stop;
    std::optional<bool> logprobs;
    std::optional<int> top_logprobs;  ///< 0 to 20.
    std::string reasoning_effort;     ///< "none" to "max"; empty: the provider's default.

    std::vector<ToolSpec> tools;
    std::optional<ToolChoice> tool_choice;
    std::optional<bool> parallel_tool_calls;
    std::optional<ResponseFormat> response_format;

    std::string service_tier;  ///< "auto", "default", "flex", "priority"; empty: the provider's default.

    /// The parameters were given in OpenAI's own form, and OpenAI-style endpoints get them as they are; else those that
    /// a model is known not to take are left out, with a warning.
    bool verbatim = false;

    /// Further members of the request in OpenAI's form, as a JSON object. OpenAI-style endpoints get them unchanged;
    /// other dialects map them or name them in CallInfo::warnings. A field above goes before a member of the same name.
    /// Empty: none.
    std::string extra;
};

enum class FinishReason {
    unknown,         ///< Not ended, or a reason aikit does not know (Choice::finish_text has it).
    stop,            ///< The model was done, or met a stop sequence.
    length,          ///< A limit of tokens was reached: the text is cut.
    tool_calls,      ///< The model waits for its tools.
    content_filter,  ///< Withheld by the provider.
};

/// OpenAI's word for it; "unknown" is "". Static storage.
AIKIT_EXPORT char const* name(FinishReason reason) noexcept;

struct Choice {
    Choice() = default;

    int index = 0;
    Message message{Role::assistant, {}};
    FinishReason finish = FinishReason::unknown;
    std::string finish_text;  ///< The provider's own word.
    std::string logprobs;     ///< JSON as OpenAI has it; empty: none.
    std::string extra;        ///< Further members of the provider's choice, as a JSON object. Empty: none.
};

struct ChatReply {
    ChatReply() = default;

    std::string id;
    std::int64_t created = 0;  ///< Seconds since 1970; 0: not told.
    std::string model;         ///< As the provider named it.
    std::vector<Choice> choices;
    Usage usage;
    std::string service_tier;

    /// True only when the provider said that this is all.
    bool complete = false;

    /// Members of the provider's reply that have no place above, as a JSON object. Empty: none.
    std::string extra;
    CallInfo info;

    /// The first choice's text; empty when there is none.
    std::string text() const { return choices.empty() ? std::string() : choices.front().message.text(); }
};

// ---- events of a stream ----

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
    CallInfo info;
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

    /// Brings the fields that hold JSON up to date, and the choices into order.
    void settle();

    /// Settles and moves the reply out; the assembler is empty afterwards.
    ChatReply release();

private:
    struct Gathered;

    Choice& choice(int index);
    Gathered& gathered();

    ChatReply reply_;
    std::unique_ptr<Gathered> gathered_;  // what came as JSON; null while nothing did
};

}  // namespace aikit::inline v0

#endif  // AIKIT_MODEL_CHAT_HPP
