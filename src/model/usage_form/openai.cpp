// SPDX-License-Identifier: MIT
// model/usage_form/openai.cpp - OpenAI's way of counting: what was cached and reasoned is inside the totals.
#include "model/json_exact.hpp"
#include "model/usage_form/counts.hpp"
#include "model/usage_form/usage_form.hpp"

#include <algorithm>

namespace aikit::inline v0::usage_form {

namespace {

/// What one API calls the members.
struct Names {
    std::string_view input, output, input_details, output_details;
};

constexpr Names chat_names{"prompt_tokens", "completion_tokens", "prompt_tokens_details", "completion_tokens_details"};
constexpr Names responses_names{"input_tokens", "output_tokens", "input_tokens_details", "output_tokens_details"};

/// Some servers (xAI, Gemini's OpenAI endpoint) leave reasoning out of completion_tokens and count it in the total
/// only.
std::int64_t reasoning_outside(std::int64_t prompt, std::int64_t completion, std::int64_t total, std::int64_t reasoning,
                               Counts& counts) {
    std::int64_t const beyond = total - prompt - completion;
    if (total == 0 || beyond <= 0) return 0;
    if (reasoning != beyond) counts.warn("total_tokens exceeds its parts; what is over is counted as output");
    return beyond;
}

TokenCounts read_counts(Names const& names, json::value const& given, Counts& counts) {
    json::value const& in = member_or_null(given, names.input_details);
    json::value const& out = member_or_null(given, names.output_details);
    TokenCounts told;
    told.prompt = counts.count(given, names.input);
    told.completion = counts.count(given, names.output);
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

Reading read_as(Names const& names, json::value const& given, std::vector<std::string>& warnings) {
    if (given.is_null()) return Reading();
    Counts counts(warnings);
    if (!given.is_object()) {
        counts.warn("it is no object");
        return Reading();
    }
    Reading reading = count_tokens(read_counts(names, given, counts), warnings);
    reading.usage.raw = json_exact::write(given);
    return reading;
}

/// Perplexity's: a request with a search of some size, or research, whose queries, citations and thoughts are counted.
void read_searches(json::value const& given, Reading& reading, std::vector<std::string>& warnings) {
    std::string_view const size = json::text(given, "search_context_size").value_or("");
    bool const researched = json::find(given, "num_search_queries") != nullptr;
    if (size.empty() && !researched) return;
    Counts counts(warnings);
    Usage& usage = reading.usage;
    std::int64_t const citations = researched ? counts.count(given, "citation_tokens") : 0;
    if (!size.empty() && citations == 0) {
        usage.pieces[size == "low"    ? Piece::web_searches_low
                     : size == "high" ? Piece::web_searches_high
                                      : Piece::web_searches] = 1;
        return;
    }
    usage.pieces.set(Piece::web_searches, counts.count(given, "num_search_queries"));
    usage.pieces.set(Piece::citation_tokens, citations);
    std::int64_t const thought = counts.count(given, "reasoning_tokens");
    usage.output += thought;
    usage.reasoning += thought;
}

}  // namespace

Reading count_tokens(TokenCounts const& told, std::vector<std::string>& warnings) {
    Counts counts(warnings);
    Reading reading;
    Usage& usage = reading.usage;
    // Where the details are missing: DeepSeek and Moonshot have names of their own.
    std::int64_t const cached = told.cached ? *told.cached : std::max(told.cache_hit, told.cached_beside);
    usage.cache_read = counts.part(cached, told.prompt, "cached_tokens");
    usage.cache_write_5m = counts.part(told.cache_write, told.prompt - usage.cache_read, "cache_write_tokens");
    usage.input = told.prompt - usage.cache_read - usage.cache_write_5m;

    std::int64_t const outside = reasoning_outside(told.prompt, told.completion, told.total, told.reasoning, counts);
    usage.output = told.completion + outside;
    usage.reasoning = counts.part(std::max(told.reasoning, outside), usage.output, "reasoning_tokens");

    // Which of the audio was cached is not told: what does not fit the rest was.
    reading.input.audio = counts.part(told.audio_input, usage.input + usage.cache_read, "audio_tokens");
    usage.audio_input = std::min(reading.input.audio, usage.input);
    usage.audio_cache_read = reading.cached.audio = reading.input.audio - usage.audio_input;
    usage.image_input = reading.input.image = std::min(told.image_input, usage.input - usage.audio_input);
    usage.audio_output = reading.output.audio = counts.part(told.audio_output, usage.output, "audio_tokens");
    usage.image_output = reading.output.image =
        counts.part(told.image_output, usage.output - usage.audio_output, "image_tokens");
    return reading;
}

Reading read_chat(json::value const& given, std::vector<std::string>& warnings) {
    Reading reading = read_as(chat_names, given, warnings);
    read_searches(given, reading, warnings);
    return reading;
}

Reading read_responses(json::value const& given, std::vector<std::string>& warnings) {
    return read_as(responses_names, given, warnings);
}

Reading read_embeddings(json::value const& given, std::vector<std::string>& warnings) {
    Reading const chat = read_as(chat_names, given, warnings);
    Reading reading;
    reading.usage.raw = chat.usage.raw;
    reading.usage.input = chat.usage.total_input();
    return reading;
}

}  // namespace aikit::inline v0::usage_form
