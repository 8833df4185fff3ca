// SPDX-License-Identifier: MIT
// model/usage_form/others.cpp - the ways of counting of Anthropic, Google, Ollama, Bedrock and Cohere.
#include "model/json_exact.hpp"
#include "model/usage_form/counts.hpp"
#include "model/usage_form/usage_form.hpp"

#include <algorithm>
#include <cmath>

namespace aikit::inline v0::usage_form {

namespace {

/// Adds the tokens of a list of {"modality", "tokenCount"}.
void add_modalities(json::value const& usage, std::string_view list, Kinds& kinds, Counts& counts) {
    json::array const* items = json::member_array(usage, list);
    if (items == nullptr) return;
    for (json::value const& item : *items) {
        std::optional<std::string_view> const modality = json::text(item, "modality");
        std::int64_t const tokens = counts.count(item, "tokenCount");
        if (modality == "TEXT") kinds.text += tokens;
        if (modality == "IMAGE" || modality == "DOCUMENT") kinds.image += tokens;
        if (modality == "AUDIO") kinds.audio += tokens;
        if (modality == "VIDEO") kinds.video += tokens;
    }
}

/// The object's own text, where it is one.
bool begin(Reading& reading, json::value const& given, Counts& counts) {
    if (!given.is_object()) {
        if (!given.is_null()) counts.warn("it is no object");
        return false;
    }
    reading.usage.raw = json_exact::write(given);
    return true;
}

}  // namespace

Reading read_anthropic(json::value const& given, std::vector<std::string>& warnings) {
    Reading reading;
    Counts counts(warnings);
    if (!begin(reading, given, counts)) return reading;
    Usage& usage = reading.usage;
    usage.input = counts.count(given, "input_tokens");
    usage.cache_read = counts.count(given, "cache_read_input_tokens");
    std::int64_t const written = counts.count(given, "cache_creation_input_tokens");
    json::value const& kinds = member_or_null(given, "cache_creation");
    usage.cache_write_1h = counts.count(kinds, "ephemeral_1h_input_tokens");
    usage.cache_write_5m = counts.count(kinds, "ephemeral_5m_input_tokens");
    reading.timed_writes = !kinds.is_null();
    // What is not told by its kind is of the usual one.
    std::int64_t const told = usage.cache_write_1h + usage.cache_write_5m;
    if (written > told) usage.cache_write_5m += written - told;
    usage.output = counts.count(given, "output_tokens");
    json::value const& details = member_or_null(given, "output_tokens_details");
    usage.reasoning = counts.part(counts.count(details, "thinking_tokens"), usage.output, "thinking_tokens");
    reading.web_searches = counts.count(member_or_null(given, "server_tool_use"), "web_search_requests");
    usage.pieces.set(Piece::web_searches, reading.web_searches);
    return reading;
}

Reading read_gemini(json::value const& given, std::vector<std::string>& warnings) {
    Reading reading;
    Counts counts(warnings, true);
    if (!begin(reading, given, counts)) return reading;
    Usage& usage = reading.usage;
    reading.tool_input = counts.count(given, "toolUsePromptTokenCount");
    std::int64_t const prompt = counts.count(given, "promptTokenCount") + reading.tool_input;
    usage.cache_read = counts.part(counts.count(given, "cachedContentTokenCount"), prompt, "cachedContentTokenCount");
    usage.input = prompt - usage.cache_read;
    usage.reasoning = counts.count(given, "thoughtsTokenCount");
    usage.output = counts.count(given, "candidatesTokenCount") + usage.reasoning;

    add_modalities(given, "promptTokensDetails", reading.input, counts);
    add_modalities(given, "toolUsePromptTokensDetails", reading.input, counts);
    add_modalities(given, "toolUsePromptTokensDetails", reading.tool, counts);
    add_modalities(given, "cacheTokensDetails", reading.cached, counts);
    add_modalities(given, "candidatesTokensDetails", reading.output, counts);

    usage.audio_cache_read = std::min(reading.cached.audio, usage.cache_read);
    usage.audio_input = std::clamp<std::int64_t>(reading.input.audio - usage.audio_cache_read, 0, usage.input);
    usage.image_input =
        std::clamp<std::int64_t>(reading.input.image - reading.cached.image, 0, usage.input - usage.audio_input);
    usage.audio_output = std::min(reading.output.audio, usage.output);
    usage.image_output = std::min(reading.output.image, usage.output - usage.audio_output);
    return reading;
}

Reading read_ollama(json::value const& given, std::vector<std::string>& warnings) {
    Reading reading;
    Counts counts(warnings);
    if (!given.is_object()) return reading;
    reading.usage.input = counts.count(given, "prompt_eval_count");
    reading.usage.output = counts.count(given, "eval_count");
    json::object raw;
    for (std::string_view const name : {"prompt_eval_count", "eval_count"}) {
        if (json::value const* value = json::find(given, name)) raw[name] = *value;
    }
    if (!raw.empty()) reading.usage.raw = json_exact::write(raw);
    return reading;
}

Reading read_bedrock(json::value const& given, std::vector<std::string>& warnings) {
    Reading reading;
    Counts counts(warnings);
    if (!begin(reading, given, counts)) return reading;
    Usage& usage = reading.usage;
    usage.input = counts.count(given, "inputTokens");
    usage.cache_read = counts.count(given, "cacheReadInputTokens");
    std::int64_t const written = counts.count(given, "cacheWriteInputTokens");
    if (json::array const* details = json::member_array(given, "cacheDetails")) {
        for (json::value const& detail : *details) {
            if (json::text(detail, "ttl") == "1h") usage.cache_write_1h += counts.count(detail, "inputTokens");
        }
    }
    usage.cache_write_1h = counts.part(usage.cache_write_1h, written, "cacheDetails");
    usage.cache_write_5m = written - usage.cache_write_1h;
    usage.output = counts.count(given, "outputTokens");
    return reading;
}

Reading read_cohere(json::value const& given, std::vector<std::string>& warnings) {
    Reading reading;
    Counts counts(warnings);
    if (!begin(reading, given, counts)) return reading;
    bool const billed = json::find(given, "billed_units") != nullptr;
    json::value const& units = member_or_null(given, billed ? "billed_units" : "tokens");
    Usage& usage = reading.usage;
    std::int64_t const read = counts.count(units, "input_tokens");
    usage.cache_read = counts.part(billed ? 0 : counts.count(given, "cached_tokens"), read, "cached_tokens");
    usage.input = read - usage.cache_read;
    usage.output = counts.count(units, "output_tokens");
    usage.pieces.set(Piece::queries, counts.count(units, "search_units"));
    return reading;
}

Reading read_pieces(json::value const& given, std::vector<std::string>& warnings) {
    Reading reading;
    Counts counts(warnings);
    if (!begin(reading, given, counts)) return reading;
    constexpr double longest = 1e12;
    double const seconds = json::number(given, "seconds").value_or(0);
    if (seconds < 0 || seconds > longest) {
        counts.warn("seconds is no count");
    } else {
        reading.usage.pieces[Piece::input_audio_ms] = std::llround(seconds * 1000);
    }
    reading.usage.pieces.set(Piece::pages, counts.count(given, "pages_processed"));
    return reading;
}

Reading read_aikit(json::value const& given, std::vector<std::string>& warnings) {
    Reading reading;
    Counts counts(warnings);
    if (!begin(reading, given, counts)) return reading;
    Usage& usage = reading.usage;
    usage.input = counts.count(given, "input");
    usage.cache_read = counts.count(given, "cache_read");
    usage.cache_write_5m = counts.count(given, "cache_write_5m");
    usage.cache_write_1h = counts.count(given, "cache_write_1h");
    usage.output = counts.count(given, "output");
    usage.reasoning = counts.part(counts.count(given, "reasoning"), usage.output, "reasoning");
    usage.audio_input = counts.part(counts.count(given, "audio_input"), usage.input, "audio_input");
    usage.audio_cache_read = counts.part(counts.count(given, "audio_cache_read"), usage.cache_read, "audio_cache_read");
    usage.audio_output = counts.part(counts.count(given, "audio_output"), usage.output, "audio_output");
    usage.image_input = counts.part(counts.count(given, "image_input"), usage.input - usage.audio_input, "image_input");
    usage.image_output =
        counts.part(counts.count(given, "image_output"), usage.output - usage.audio_output, "image_output");
    json::value const& pieces = member_or_null(given, "pieces");
    if (!pieces.is_object()) return reading;
    for (auto const& [key, value] : pieces.get_object()) {
        std::optional<Piece> const piece = piece_from_name(key);
        if (piece) usage.pieces.set(*piece, counts.count(pieces, key));
        if (!piece) counts.warn(std::string(key) + " is nothing that is counted");
    }
    reading.web_searches = std::as_const(usage.pieces)[Piece::web_searches];
    return reading;
}

}  // namespace aikit::inline v0::usage_form
