// SPDX-License-Identifier: MIT
// model/openai_form/usage.cpp - OpenAI's way of counting to ours and back.
#include "model/json_exact.hpp"
#include "model/openai_form/form.hpp"

#include <algorithm>
#include <limits>

namespace aikit::inline v0::openai_form {

namespace {

constexpr std::string_view wrong_usage = "The provider's usage contradicts itself (";

/// Reads counts, and tells of those that make no sense.
class Counts {
public:
    explicit Counts(std::vector<std::string>& warnings) : warnings_(warnings) {}

    /// The count; 0 when it is missing or null.
    std::int64_t count(json::value const& object, std::string_view key) {
        json::value const* value = json::find(object, key);
        if (value == nullptr || value->is_null()) return 0;
        std::optional<std::int64_t> const number = json::as_integer(*value);
        if (number && *number >= 0 && *number <= largest) return *number;
        warn(std::string(key) + " is no count");
        return 0;
    }

    /// The part of a whole; more than the whole is bent to it.
    std::int64_t part(std::int64_t part, std::int64_t whole, std::string_view key) {
        if (part <= whole) return part;
        warn(std::string(key) + " exceeds its whole");
        return whole;
    }

    void warn(std::string const& what) { warnings_.push_back(std::string(wrong_usage) + what + ")."); }

private:
    static constexpr std::int64_t largest = std::numeric_limits<std::int64_t>::max() / 16;  // sums of some still fit
    std::vector<std::string>& warnings_;
};

json::value const& member_or_null(json::value const& object, std::string_view key) {
    static json::value const null;
    json::value const* value = json::find(object, key);
    return value == nullptr ? null : *value;
}

/// Some servers (xAI, Gemini's OpenAI endpoint) leave reasoning out of completion_tokens and count it in the total
/// only.
std::int64_t reasoning_outside(std::int64_t prompt, std::int64_t completion, std::int64_t total, std::int64_t reasoning,
                               Counts& counts) {
    std::int64_t const beyond = total - prompt - completion;
    if (total == 0 || beyond <= 0) return 0;
    if (reasoning != beyond) counts.warn("total_tokens exceeds its parts; what is over is counted as output");
    return beyond;
}

TokenCounts read_counts(json::value const& given, Counts& counts) {
    json::value const& in = member_or_null(given, "prompt_tokens_details");
    json::value const& out = member_or_null(given, "completion_tokens_details");
    TokenCounts told;
    told.prompt = counts.count(given, "prompt_tokens");
    told.completion = counts.count(given, "completion_tokens");
    told.total = counts.count(given, "total_tokens");
    if (json::find(in, "cached_tokens") != nullptr) {
        told.cached = counts.count(in, "cached_tokens");
    } else {
        told.cache_hit = counts.count(given, "prompt_cache_hit_tokens");
        told.cached_beside = counts.count(given, "cached_tokens");
    }
    told.cache_write = counts.count(in, "cache_write_tokens");
    told.reasoning = counts.count(out, "reasoning_tokens");
    told.audio_input = counts.count(in, "audio_tokens");
    told.audio_output = counts.count(out, "audio_tokens");
    told.image_input = counts.count(in, "image_tokens");
    told.image_output = counts.count(out, "image_tokens");
    return told;
}

}  // namespace

Usage count_tokens(TokenCounts const& told, std::vector<std::string>& warnings) {
    Counts counts(warnings);
    Usage usage;
    // Where the details are missing: DeepSeek and Moonshot have names of their own.
    std::int64_t const cached = told.cached ? *told.cached : std::max(told.cache_hit, told.cached_beside);
    usage.cache_read = counts.part(cached, told.prompt, "cached_tokens");
    usage.cache_write_5m = counts.part(told.cache_write, told.prompt - usage.cache_read, "cache_write_tokens");
    usage.input = told.prompt - usage.cache_read - usage.cache_write_5m;

    std::int64_t const outside = reasoning_outside(told.prompt, told.completion, told.total, told.reasoning, counts);
    usage.output = told.completion + outside;
    usage.reasoning = counts.part(std::max(told.reasoning, outside), usage.output, "reasoning_tokens");

    // Which of the audio was cached is not told: what does not fit the rest was.
    std::int64_t const audio = counts.part(told.audio_input, usage.input + usage.cache_read, "audio_tokens");
    usage.audio_input = std::min(audio, usage.input);
    usage.audio_cache_read = audio - usage.audio_input;
    usage.audio_output = counts.part(told.audio_output, usage.output, "audio_tokens");
    usage.image_input = std::min(told.image_input, usage.input);
    usage.image_output = counts.part(told.image_output, usage.output, "image_tokens");
    return usage;
}

Usage read_usage(json::value const& given, std::vector<std::string>& warnings) {
    if (given.is_null()) return Usage();
    Counts counts(warnings);
    if (!given.is_object()) {
        counts.warn("it is no object");
        return Usage();
    }
    Usage usage = count_tokens(read_counts(given, counts), warnings);
    usage.raw = json_exact::write(given);
    return usage;
}

namespace {

/// The provider's own object will do.
bool is_openai_usage(std::string const& raw) noexcept {
    constexpr std::string_view sign_of_openai = "\"prompt_tokens\"";
    return raw.find(sign_of_openai) != std::string::npos;
}

void write_usage_object(JsonWriter& out, Usage const& usage) {
    out.begin_object();
    out.counts(
        {{"prompt_tokens", usage.total_input()}, {"completion_tokens", usage.output}, {"total_tokens", usage.total()}});
    out.key("prompt_tokens_details").begin_object();
    out.counts({{"cached_tokens", usage.cache_read},
                {"cache_write_tokens", usage.cache_write_5m + usage.cache_write_1h},
                {"audio_tokens", usage.audio_input + usage.audio_cache_read}});
    out.end_object();
    out.key("completion_tokens_details").begin_object();
    out.counts({{"reasoning_tokens", usage.reasoning}, {"audio_tokens", usage.audio_output}});
    out.end_object();
    out.end_object();
}

}  // namespace

bool known(Usage const& usage) noexcept {
    return !usage.raw.empty() || usage.total() != 0 || usage.estimated;
}

void write_usage(JsonWriter& out, Usage const& usage) {
    if (!known(usage)) return;
    out.key("usage");
    is_openai_usage(usage.raw) ? out.raw(usage.raw) : write_usage_object(out, usage);
}

}  // namespace aikit::inline v0::openai_form
