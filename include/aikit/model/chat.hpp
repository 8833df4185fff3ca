// SPDX-License-Identifier: MIT
// aikit/model/chat.hpp - a chat's request and its reply.
#ifndef AIKIT_MODEL_CHAT_HPP
#define AIKIT_MODEL_CHAT_HPP

#include <aikit/model/call.hpp>
#include <aikit/model/content.hpp>

#include <optional>
#include <string>
#include <utility>
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
    Message message{Role::assistant};
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

}  // namespace aikit::inline v0

#endif  // AIKIT_MODEL_CHAT_HPP
