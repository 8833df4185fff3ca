// SPDX-License-Identifier: MIT
// model/usage_form/usage_form.hpp - the usage objects of all dialects, as pure functions that adapters and prices
// share.
#ifndef AIKIT_SRC_MODEL_USAGE_FORM_USAGE_FORM_HPP
#define AIKIT_SRC_MODEL_USAGE_FORM_USAGE_FORM_HPP

#include "core/json.hpp"

#include <aikit/model/usage.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace aikit::inline v0::usage_form {

/// Tokens by the kind of content they stand for, where a provider says so. Documents count as images.
struct Kinds {
    Kinds() = default;

    std::int64_t text = 0;
    std::int64_t image = 0;
    std::int64_t audio = 0;
    std::int64_t video = 0;
};

/// One usage object: our classes, and what the provider tells beyond them.
struct Reading {
    Reading() = default;

    Usage usage;
    Kinds input;                    ///< Of all that was read, tools' results and cached parts included.
    Kinds cached;                   ///< Of what came from a cache.
    Kinds output;                   ///< Of all that was written.
    Kinds tool;                     ///< Of the results of the provider's own tools.
    std::int64_t tool_input = 0;    ///< Tokens of the results of the provider's own tools; a part of the input.
    std::int64_t web_searches = 0;  ///< Searches that the provider made.
    bool timed_writes = false;      ///< It says how long what it wrote to its cache lasts.
};

/// How a provider counts.
enum class Dialect {
    chat,        ///< OpenAI's Chat Completions: prompt_tokens holds what was cached.
    responses,   ///< OpenAI's Responses: the same, in other names.
    embeddings,  ///< OpenAI's embeddings: prompt_tokens alone.
    anthropic,   ///< What was cached is counted beside input_tokens.
    gemini,      ///< Cached tokens inside the prompt's, thoughts beside the candidates'.
    ollama,      ///< prompt_eval_count and eval_count.
    bedrock,     ///< inputTokens, beside them what was cached.
    cohere,      ///< billed_units, or tokens.
    pieces,      ///< No tokens: seconds of sound, or pages.
    aikit,       ///< Our own names.
};

/// Reads `given` as the dialect has it. Numbers that contradict each other are bent until they do not, with a warning;
/// so the usage always passes check().
Reading read(Dialect dialect, json::value const& given, std::vector<std::string>& warnings);

/// One that is read by every adapter of its dialect. `usage.raw` is the object as it came.
Reading read_chat(json::value const& given, std::vector<std::string>& warnings);
Reading read_responses(json::value const& given, std::vector<std::string>& warnings);
Reading read_embeddings(json::value const& given, std::vector<std::string>& warnings);
Reading read_anthropic(json::value const& given, std::vector<std::string>& warnings);
Reading read_gemini(json::value const& given, std::vector<std::string>& warnings);
Reading read_ollama(json::value const& given, std::vector<std::string>& warnings);
Reading read_bedrock(json::value const& given, std::vector<std::string>& warnings);
Reading read_cohere(json::value const& given, std::vector<std::string>& warnings);
Reading read_pieces(json::value const& given, std::vector<std::string>& warnings);
Reading read_aikit(json::value const& given, std::vector<std::string>& warnings);

/// The dialect that an object's members speak; nothing when they are none's. Anthropic's and the Responses API's may
/// look alike (input_tokens and output_tokens alone): then it is `plain`.
std::optional<Dialect> dialect_of(json::value const& given, Dialect plain) noexcept;

/// Counts as a provider of OpenAI's kind told them; 0 where it told none.
struct TokenCounts {
    TokenCounts() = default;

    std::int64_t prompt = 0;
    std::int64_t completion = 0;
    std::int64_t total = 0;
    std::optional<std::int64_t> cached;  ///< In the details; the next two count only without it.
    std::int64_t cache_hit = 0;
    std::int64_t cached_beside = 0;  ///< Outside the details.
    std::int64_t cache_write = 0;
    std::int64_t reasoning = 0;
    std::int64_t audio_input = 0;
    std::int64_t audio_output = 0;
    std::int64_t image_input = 0;
    std::int64_t image_output = 0;
};

/// What they come to by OpenAI's rules.
Reading count_tokens(TokenCounts const& told, std::vector<std::string>& warnings);

/// True when the object has what each usage object of the dialect has.
bool speaks(Dialect dialect, json::value const& given) noexcept;

/// The usage object within a reply's body, or `body` itself when it is one; null when there is none.
json::value const* usage_of_body(json::value const& body) noexcept;

/// The model that a reply's body names; empty when it names none.
std::string model_of_body(json::value const& body);

/// The region that it was processed in, where that has a price; empty when nothing says so.
std::string region_of_body(json::value const& body);

/// The service tier that served, in our words ("batch", "flex", "priority", "fast", "default"); empty when nothing says
/// so.
std::string tier_of_body(json::value const& body);

/// The same for a word of a provider's: "standard_only", "ON_DEMAND_FLEX", "scale".
std::string tier_of_word(std::string_view word);

}  // namespace aikit::inline v0::usage_form

#endif  // AIKIT_SRC_MODEL_USAGE_FORM_USAGE_FORM_HPP
