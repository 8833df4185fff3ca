// SPDX-License-Identifier: MIT
// aikit/model/content.hpp - what a message is made of.
#ifndef AIKIT_MODEL_CONTENT_HPP
#define AIKIT_MODEL_CONTENT_HPP

#include <aikit/core/config.hpp>

#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace aikit::inline v0 {

enum class Role { system, user, assistant, tool };

/// "system", "user", "assistant", "tool". Static storage.
AIKIT_EXPORT char const* name(Role role) noexcept;

struct TextPart {
    TextPart() = default;
    explicit TextPart(std::string text_) : text(std::move(text_)) {}

    std::string text;

    /// Further members of this part in OpenAI's form ("cache_control"), as a JSON object; "{}" keeps the part an object
    /// of its own where a plain string would do. A part of a kind that aikit does not know stands here whole, with its
    /// "type", and `text` is empty. Empty: none.
    std::string extra;
};

/// Bytes that travel with a message: an image, a document, a sound. Exactly one of `bytes`, `url` and `file_id` is set.
struct MediaPart {
    enum class Kind { image, document, audio };

    MediaPart() = default;

    Kind kind = Kind::image;

    /// Shared, because a request is copied for every attempt.
    std::shared_ptr<std::string const> bytes;
    std::string url;      ///< https, or whatever the provider fetches.
    std::string file_id;  ///< A file stored at the provider.

    std::string media_type;  ///< "image/png", "application/pdf", "audio/wav"; needed with bytes.
    std::string name;        ///< A document's file name. May be empty.
    std::string detail;      ///< Images: "auto", "low", "high". Empty: the provider's default.

    std::string extra;  ///< As TextPart::extra.
};

/// A call of a tool that the model asks for.
struct ToolCall {
    ToolCall() = default;

    std::string id;
    std::string name;

    /// A JSON document, as the model wrote it; never empty ("{}" when the model gave nothing).
    std::string arguments;

    /// A tool with free-form input (OpenAI "custom"): `arguments` is then plain text.
    bool custom = false;

    /// Further members of the call in OpenAI's form, as a JSON object. Empty: none.
    std::string extra;
};

/// What a tool gave back.
struct ToolResult {
    ToolResult() = default;

    std::string call_id;
    std::vector<std::variant<TextPart, MediaPart>> content;
    bool failed = false;  ///< The tool failed, and `content` says how.
};

/// What the model thought, where the provider shows it. `signature` is opaque and has to be sent back unchanged.
struct ReasoningPart {
    ReasoningPart() = default;

    std::string text;
    std::string signature;
    bool redacted = false;  ///< `signature` is all there is.

    /// The member it came in ("reasoning_content", "reasoning"), where it goes when it is sent back to an OpenAI-style
    /// endpoint. Empty: it came from another dialect.
    std::string source;
};

/// The model declined, in its own words.
struct RefusalPart {
    RefusalPart() = default;

    std::string text;
    std::string extra;  ///< As TextPart::extra; not empty: it stands among the parts, not beside them.
};

using Part = std::variant<TextPart, MediaPart, ToolCall, ToolResult, ReasoningPart, RefusalPart>;

/// One turn.
struct AIKIT_EXPORT Message {
    Message() = default;
    explicit Message(Role role_) : role(role_) {}
    Message(Role role_, std::string text) : role(role_) { parts.emplace_back(TextPart(std::move(text))); }

    Role role = Role::user;
    std::vector<Part> parts;

    /// Who speaks, where several users share a role. May be empty.
    std::string name;

    /// Members of the provider's message that have no place above (annotations, audio), as a JSON object; sent back to
    /// providers of the same dialect. Empty: none.
    std::string extra;

    /// All text parts joined; refusals, reasoning and tools are left out.
    std::string text() const;

    /// All refusal parts joined; empty when the model did not refuse.
    std::string refusal() const;

    /// All reasoning parts joined.
    std::string reasoning() const;

    std::vector<ToolCall> tool_calls() const;
};

}  // namespace aikit::inline v0

#endif  // AIKIT_MODEL_CONTENT_HPP
