// SPDX-License-Identifier: MIT
// aikit/testing/scripted_provider.hpp - a provider that says what a script says, for tests of what stands on providers.
#ifndef AIKIT_TESTING_SCRIPTED_PROVIDER_HPP
#define AIKIT_TESTING_SCRIPTED_PROVIDER_HPP

#include <aikit/core/runtime.hpp>
#include <aikit/model/provider.hpp>
#include <aikit/testing/fake_transport.hpp>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace aikit::inline v0::testing {

/// One answer of a script, to whatever operation asks next and fits.
struct ScriptedReply {
    ScriptedReply() = default;
    explicit ScriptedReply(std::string text) { pieces.push_back(std::move(text)); }

    // chat and stream_chat
    std::vector<std::string> pieces;  ///< The text; a stream gives one TextDelta for each.
    std::string reasoning;
    std::string refusal;
    std::vector<ToolCall> tool_calls;
    FinishReason finish = FinishReason::stop;

    /// chat and stream_chat: a whole reply, in place of the fields above; its texts come in pieces of about `piece`
    /// bytes, 0: whole.
    std::optional<ChatReply> whole;
    std::size_t piece = 0;

    std::vector<std::vector<float>> vectors;   ///< embed; must be as many as the inputs.
    int dimensions = 0;                        ///< embed, without vectors: unit vectors that depend on the text alone.
    std::vector<ModerationResult> moderation;  ///< moderate.
    std::optional<ModelList> models;           ///< models.
    std::int64_t tokens = 0;                   ///< count_tokens.

    /// Real traffic, answered through the OpenAI adapter; its reply's `deliver` and `ending` are the faults.
    std::optional<Recording> recording;

    /// Only for requests whose last user message (or first input) holds this text. Empty: for any.
    std::string match;

    std::string model;  ///< Empty: the request's.
    Usage usage;

    /// What goes wrong. Without fail_after: at once, and nothing else happens.
    std::optional<Error> error;

    /// Streams: the error, or incomplete when there is none, comes after this many events.
    std::optional<int> fail_after;

    std::chrono::milliseconds delay{0};        ///< Before the answer, or a stream's first event.
    std::chrono::milliseconds piece_delay{0};  ///< Before each piece of a stream.
};

/// What a ScriptedProvider was asked.
struct ScriptedCall {
    ScriptedCall() = default;

    std::string operation;  ///< "chat", "stream_chat", "embed", "moderate", "models", "count_tokens".
    ChatRequest chat;
    EmbedRequest embed;
    ModerateRequest moderate;
    CallOptions options;
};

/// Answers each call with the next reply of its script that fits it; when none is left the call fails with
/// invalid_state, unless the script repeats. Waits on the runtime's clock, within the call's time limits (connect
/// apart, which nothing is). Thread-safety: shared objects: safe.
class AIKIT_EXPORT ScriptedProvider : public AIProvider {
public:
    static std::shared_ptr<ScriptedProvider> create(std::string name, Runtime runtime);

    /// Adds an answer at the end of the script.
    virtual void add(ScriptedReply reply) = 0;

    /// After the last reply, start again with the first.
    virtual void repeat(bool on) = 0;

    /// What was asked so far.
    virtual std::vector<ChatRequest> chats() const = 0;
    virtual std::vector<EmbedRequest> embeds() const = 0;

    /// The same with operations, options and everything else, oldest first.
    virtual std::vector<ScriptedCall> calls() const = 0;
};

/// Makes one from a script in JSON:
///
///   {"repeat": false, "replies": [
///     {"text": "Hello" or "pieces": ["Hel", "lo"], "reasoning": "", "refusal": "", "finish": "stop", "model": "m-1",
///      "tool_calls": [{"id": "c1", "name": "clock", "arguments": "{}"}],
///      "usage": {"input": 1, "cache_read": 0, "cache_write_5m": 0, "cache_write_1h": 0, "output": 1, "reasoning": 0},
///      "vectors": [[0.6, 0.8]], "moderation": [{"flagged": true, "categories": {"hate": 0.9}}],
///      "error": {"code": "rate_limited", "message": "Slow down.", "http_status": 429, "provider_code": "x",
///                "retry_after": 0.5, "maybe_executed": false},
///      "reply": {a whole chat.completion object of OpenAI}, "piece": 8, "dimensions": 8, "models": ["m-1"], "tokens":
///      9, "recording": {"request": {}, "response": {}}, "deliver": 100, "ending": "whole", "cut", "reset" or "stall",
///      "match": "weather", "fail_after": 2, "delay": 0.1, "piece_delay": 0.02}]}
///
/// A single recording in place of a script answers every call. Durations are in seconds; everything may be left out.
/// Errors: invalid_argument, naming the member; unknown members are errors.
AIKIT_EXPORT Result<std::shared_ptr<AIProvider>> scripted_from_json(std::string_view script, std::string name,
                                                                    Runtime runtime);

}  // namespace aikit::inline v0::testing

#endif  // AIKIT_TESTING_SCRIPTED_PROVIDER_HPP
