// SPDX-License-Identifier: MIT
// model/openai_form/form.hpp - values to OpenAI's Chat Completions JSON and back: the house form, and the wire's base.
//
// Reading what a caller wrote is strict about kinds and names the member that is wrong; reading what a provider wrote
// keeps whatever it does not know. What has no field goes to the `extra` of where it stood, so that it can be written
// again as it was.
#ifndef AIKIT_SRC_MODEL_OPENAI_FORM_FORM_HPP
#define AIKIT_SRC_MODEL_OPENAI_FORM_FORM_HPP

#include "core/json.hpp"
#include "model/json_writer.hpp"
#include "model/usage_form/usage_form.hpp"

#include <aikit/model/json_form.hpp>

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace aikit::inline v0::openai_form {

// ---- requests ----

/// How a request is written.
struct Style {
    Style() = default;

    /// Keeps under "aikit" what OpenAI's form has no place for. False: such things are left out, with a warning.
    bool house = true;

    /// Parts that OpenAI's own endpoint does not take (a document by URL, media in a tool's result) are `unsupported`.
    bool only_openai_parts = false;

    /// The name of the limit of tokens; empty: the request's own, else "max_tokens".
    std::string_view max_tokens_name;

    /// Parameters that are not sent, and then named in a warning.
    std::span<std::string_view const> left_out;

    /// The message is one of a reply: `content` is null where there is none.
    bool reply = false;

    bool streaming = false;
    bool include_usage = false;  ///< With streaming: ask for the usage chunk unless the request says otherwise.

    /// Where warnings go; null: nowhere.
    std::vector<std::string>* warnings = nullptr;
};

/// Errors: invalid_argument (text that is not UTF-8, JSON in a field that is none), unsupported (see Style).
Result<std::string> write_request(ChatRequest const& request, Style const& style);

/// Reads a request's members but "aikit" and "stream" into a fresh request. `given` is consumed.
Result<void> read_request(json::object given, ChatRequest& out);

/// Reads what stands under a request's "aikit". Unknown members are errors.
Result<void> read_options(json::object const& given, CallOptions& out);

// ---- messages ----

/// The member of a message's extra that keeps, by dialect, a content that other dialects have no place for. It goes to
/// nobody else.
inline constexpr std::string_view native_content = "native_content";

/// One message as the object (or, with several tool results, objects) that OpenAI's form has for it.
/// `path` names it in errors: "messages[2]".
Result<void> write_message(JsonWriter& out, Message const& message, Style const& style, std::string const& path);

/// A message that a caller wrote.
Result<Message> read_message(json::object given, std::string const& path);

/// One content part, and the difference to what it was read from kept in its `extra`.
Result<Part> read_part(json::value const& given, std::string const& path);
Result<void> write_part(JsonWriter& out, Part const& part, Style const& style, std::string const& path);

/// The part's URL, or its bytes as a data URI; empty for a file of the provider's.
std::string media_url(MediaPart const& part);

/// What a tool call's object has beyond the fields.
json::object call_difference(json::object const& given, ToolCall const& call);

// ---- replies ----

/// A whole reply that a provider wrote. Errors: protocol, naming the member whose kind makes no sense.
Result<ChatReply> read_reply(json::object given, std::vector<std::string>& warnings);

/// Reads a whole body of the usual kind into a fresh reply, as read_reply() would and several times as fast. False
/// where anything in it is not as usual, whether it is wrong or not; `reply` is then of no use.
bool read_plain_reply(std::string_view body, ChatReply& reply);

using usage_form::TokenCounts;

/// Usage by OpenAI's rules: cached tokens are counted inside prompt_tokens, reasoning inside completion_tokens.
/// Numbers that contradict each other are bent until they do not, with a warning.
Usage read_usage(json::value const& given, std::vector<std::string>& warnings);

/// False when there is no usage to write.
bool known(Usage const& usage) noexcept;

/// OpenAI's usage object as the member "usage": `usage.raw` when it is one, else made from the counts. Nothing when
/// nothing is known.
void write_usage(JsonWriter& out, Usage const& usage);

/// Our classes of tokens as an object: {"input", "cache_read", ..., "estimated"}.
void write_counts(JsonWriter& out, Usage const& usage);

/// The "aikit" object of a reply.
void write_info(JsonWriter& out, CallInfo const& info, bool complete);

/// What a provider's word for the end of a choice means.
FinishReason finish_reason(std::string_view word) noexcept;

/// The word to write for it: OpenAI's own ones stay, others become the nearest of these.
std::string_view finish_word(FinishReason reason, std::string_view text) noexcept;

// ---- embeddings, moderation, models ----

/// The inputs from `first` on, at most `count` of them. Errors: invalid_argument, unsupported (an input that is no
/// text).
Result<std::string> write_embed_request(EmbedRequest const& request, std::size_t first, std::size_t count, bool base64);
Result<EmbedRequest> read_embed_request(json::object given);

/// Vectors in the order of their index. Errors: protocol (not `expected` of them, lengths differ, not numbers).
Result<EmbedReply> read_embeddings(json::object given, std::size_t expected, std::vector<std::string>& warnings);

Result<std::string> write_moderate_request(ModerateRequest const& request, Style const& style);
Result<ModerateRequest> read_moderate_request(json::object given);

/// Errors: protocol.
Result<ModerateReply> read_moderation(json::object given);

/// A list of models, or the object of a single one. Errors: protocol.
Result<ModelList> read_models(json::object given);

// ---- pieces ----

/// The members of an object that no field has, while it is being written: each is dropped once a field took its place.
class Extra {
public:
    /// `text` is a JSON object or empty; otherwise valid() is false.
    explicit Extra(std::string const& text);

    bool valid() const noexcept { return valid_; }
    json::value const* find(std::string_view key) const noexcept {
        return members_.empty() ? nullptr : members_.if_contains(key);
    }
    void drop(std::string_view key) {
        if (!members_.empty()) members_.erase(key);
    }
    json::object const& members() const noexcept { return members_; }

    /// Writes what is left.
    void write(JsonWriter& out) const;

private:
    json::object members_;
    bool valid_ = true;
};

/// What `given` has and `canonical` has not, or has in another shape; nested objects member by member.
json::object difference(json::object const& given, json::object const& canonical);

/// Puts what difference() found back. A value that says something else than `into` does loses: the fields may have been
/// changed since.
void overlay(json::object& into, json::object const& extra);

/// Two ways to say the same: ["x"] and "x", {"url": "x"} and "x", 1 and 1.0.
bool same_meaning(json::value const& a, json::value const& b) noexcept;

/// An object's text; empty for an empty object.
std::string extra_text(json::object const& members);

/// A caller's mistake, named by its path.
Error wrong(std::string const& path, std::string_view why);

/// A provider's.
Error wrong_reply(std::string const& what);

/// Moves a text member out; empty when there is none, and anything else stays where it is.
std::string take_text(json::object& given, std::string_view key);

}  // namespace aikit::inline v0::openai_form

#endif  // AIKIT_SRC_MODEL_OPENAI_FORM_FORM_HPP
