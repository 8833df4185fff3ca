// SPDX-License-Identifier: MIT
// model/usage_form/body.cpp - what a body says of usage, model and tier, whatever its dialect.
#include "model/usage_form/usage_form.hpp"

#include <algorithm>

namespace aikit::inline v0::usage_form {

namespace {

bool has(json::value const& object, std::string_view key) noexcept {
    return json::find(object, key) != nullptr;
}

std::string lower(std::string_view text) {
    std::string out(text);
    for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
    return out;
}

/// True when an object of this kind is a usage object.
bool is_usage(json::value const& object) noexcept {
    return dialect_of(object, Dialect::responses).has_value();
}

}  // namespace

Reading read(Dialect dialect, json::value const& given, std::vector<std::string>& warnings) {
    switch (dialect) {
        case Dialect::responses: return read_responses(given, warnings);
        case Dialect::embeddings: return read_embeddings(given, warnings);
        case Dialect::anthropic: return read_anthropic(given, warnings);
        case Dialect::gemini: return read_gemini(given, warnings);
        case Dialect::ollama: return read_ollama(given, warnings);
        case Dialect::bedrock: return read_bedrock(given, warnings);
        case Dialect::cohere: return read_cohere(given, warnings);
        case Dialect::pieces: return read_pieces(given, warnings);
        case Dialect::aikit: return read_aikit(given, warnings);
        default: return read_chat(given, warnings);
    }
}

std::optional<Dialect> dialect_of(json::value const& given, Dialect plain) noexcept {
    if (!given.is_object()) return std::nullopt;
    for (std::string_view const name : {"promptTokenCount", "candidatesTokenCount", "totalTokenCount"}) {
        if (has(given, name)) return Dialect::gemini;
    }
    if (has(given, "prompt_eval_count") || has(given, "eval_count")) return Dialect::ollama;
    if (has(given, "inputTokens") && has(given, "outputTokens")) return Dialect::bedrock;
    if (has(given, "pieces")) return Dialect::aikit;
    if (has(given, "billed_units") || has(given, "tokens")) return Dialect::cohere;
    if (has(given, "prompt_tokens")) return has(given, "completion_tokens") ? Dialect::chat : Dialect::embeddings;
    if (!has(given, "input_tokens") && !has(given, "output_tokens")) {
        if (has(given, "seconds") || has(given, "pages_processed")) return Dialect::pieces;
        return std::nullopt;
    }
    if (has(given, "input_tokens_details") || has(given, "total_tokens")) return Dialect::responses;
    for (std::string_view const name : {"cache_creation_input_tokens", "cache_read_input_tokens", "server_tool_use"}) {
        if (has(given, name)) return Dialect::anthropic;
    }
    return plain;
}

bool speaks(Dialect dialect, json::value const& given) noexcept {
    switch (dialect) {
        case Dialect::chat: return has(given, "prompt_tokens") && has(given, "completion_tokens");
        case Dialect::embeddings: return has(given, "prompt_tokens");
        case Dialect::responses:
        case Dialect::anthropic: return has(given, "input_tokens") && has(given, "output_tokens");
        case Dialect::ollama: return has(given, "prompt_eval_count") || has(given, "eval_count");
        case Dialect::bedrock: return has(given, "inputTokens") && has(given, "outputTokens");
        case Dialect::cohere: return has(given, "billed_units") || has(given, "tokens");
        case Dialect::pieces: return has(given, "seconds") || has(given, "pages_processed");
        case Dialect::aikit: return given.is_object();
        default: return dialect_of(given, Dialect::responses) == Dialect::gemini;
    }
}

json::value const* usage_of_body(json::value const& body) noexcept {
    if (!body.is_object()) return nullptr;
    for (std::string_view const name : {"usage", "usageMetadata", "usage_info"}) {
        json::value const* usage = json::find(body, name);
        if (usage != nullptr && usage->is_object()) return usage;
    }
    for (std::string_view const name : {"message", "response", "meta"}) {  // the first and the last event of a stream
        json::value const* inner = json::find(body, name);
        json::value const* usage = inner == nullptr ? nullptr : json::find(*inner, "usage");
        if (usage != nullptr && usage->is_object()) return usage;
        if (inner != nullptr && name == "meta" && is_usage(*inner)) return inner;
    }
    return is_usage(body) ? &body : nullptr;
}

std::string model_of_body(json::value const& body) {
    for (std::string_view const name : {"model", "modelVersion"}) {
        if (std::optional<std::string_view> const model = json::text(body, name)) return std::string(*model);
    }
    for (std::string_view const name : {"message", "response"}) {
        json::value const* inner = json::find(body, name);
        if (inner == nullptr) continue;
        if (std::optional<std::string_view> const model = json::text(*inner, "model")) return std::string(*model);
    }
    return {};
}

std::string region_of_body(json::value const& body) {
    json::value const* usage = usage_of_body(body);
    std::string const place = lower(usage == nullptr ? "" : json::text(*usage, "inference_geo").value_or(""));
    return place == "global" || place == "not_available" ? std::string() : place;
}

std::string tier_of_word(std::string_view word) {
    std::string const tier = lower(word);
    for (std::string_view const known : {"batch", "flex", "priority", "fast"}) {
        // Google's ON_DEMAND_FLEX, ON_DEMAND_PRIORITY.
        if (tier.ends_with(known)) return std::string(known);
    }
    return tier.empty() ? std::string() : std::string("default");
}

std::string tier_of_body(json::value const& body) {
    json::value const* usage = usage_of_body(body);
    for (json::value const* place : {&body, usage}) {
        if (place == nullptr) continue;
        for (std::string_view const name : {"service_tier", "serviceTier", "trafficType"}) {
            std::string const tier = tier_of_word(json::text(*place, name).value_or(""));
            if (!tier.empty() && tier != "default") return tier;
        }
    }
    // Anthropic's fast mode is no service tier of theirs, and is priced as one.
    return usage != nullptr && json::text(*usage, "speed") == "fast" ? "fast" : std::string();
}

}  // namespace aikit::inline v0::usage_form
