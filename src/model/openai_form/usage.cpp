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

}  // namespace

Usage read_usage(json::value const& given, std::vector<std::string>& warnings) {
    Usage usage;
    if (given.is_null()) return usage;
    Counts counts(warnings);
    if (!given.is_object()) {
        counts.warn("it is no object");
        return usage;
    }
    usage.raw = json_exact::write(given);
    json::value const& in = member_or_null(given, "prompt_tokens_details");
    json::value const& out = member_or_null(given, "completion_tokens_details");
    std::int64_t const prompt = counts.count(given, "prompt_tokens");
    std::int64_t const completion = counts.count(given, "completion_tokens");
    std::int64_t const total = counts.count(given, "total_tokens");

    // Where the details are missing: DeepSeek and Moonshot have names of their own.
    std::int64_t cached = counts.count(in, "cached_tokens");
    if (json::find(in, "cached_tokens") == nullptr) {
        cached = std::max(counts.count(given, "prompt_cache_hit_tokens"), counts.count(given, "cached_tokens"));
    }
    usage.cache_read = counts.part(cached, prompt, "cached_tokens");
    usage.cache_write_5m =
        counts.part(counts.count(in, "cache_write_tokens"), prompt - usage.cache_read, "cache_write_tokens");
    usage.input = prompt - usage.cache_read - usage.cache_write_5m;

    std::int64_t const reasoning = counts.count(out, "reasoning_tokens");
    std::int64_t const outside = reasoning_outside(prompt, completion, total, reasoning, counts);
    usage.output = completion + outside;
    usage.reasoning = counts.part(std::max(reasoning, outside), usage.output, "reasoning_tokens");

    // Which of the audio was cached is not told: what does not fit the rest was.
    std::int64_t const audio =
        counts.part(counts.count(in, "audio_tokens"), usage.input + usage.cache_read, "audio_tokens");
    usage.audio_input = std::min(audio, usage.input);
    usage.audio_cache_read = audio - usage.audio_input;
    usage.audio_output = counts.part(counts.count(out, "audio_tokens"), usage.output, "audio_tokens");
    usage.image_input = std::min(counts.count(in, "image_tokens"), usage.input);
    usage.image_output = counts.part(counts.count(out, "image_tokens"), usage.output, "image_tokens");
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
