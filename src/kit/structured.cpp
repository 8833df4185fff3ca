// SPDX-License-Identifier: MIT
// kit/structured.cpp - the table; what models can do as the makers' own documentation gives it.
#include "kit/structured.hpp"

namespace aikit::inline v0 {
namespace {

struct Row {
    std::string_view type;
    std::string_view model;  ///< How its name begins; empty: every other.
    StructuredWay way;
    SchemaRules rules;
};

constexpr StructuredWay native = StructuredWay::native;
constexpr StructuredWay tool = StructuredWay::tool;

/// The first row that fits counts.
constexpr Row rows[] = {
    // https://platform.openai.com/docs/guides/structured-outputs: since gpt-4o-2024-08-06
    {"openai", "gpt-3.5", tool, SchemaRules::none},
    {"openai", "gpt-4-", tool, SchemaRules::none},
    {"openai", "gpt-4o-2024-05-13", tool, SchemaRules::none},
    {"openai", "o1-mini", StructuredWay::prompt, SchemaRules::none},
    {"openai", "o1-preview", StructuredWay::prompt, SchemaRules::none},
    {"openai", "", native, SchemaRules::openai},
    {"azure", "", native, SchemaRules::openai},
    // https://docs.claude.com/en/docs/build-with-claude/structured-outputs: since Sonnet 4.5 and Opus 4.1
    {"anthropic", "claude-2", StructuredWay::prompt, SchemaRules::none},
    {"anthropic", "claude-instant", StructuredWay::prompt, SchemaRules::none},
    {"anthropic", "claude-3", tool, SchemaRules::none},
    {"anthropic", "claude-sonnet-4-0", tool, SchemaRules::none},
    {"anthropic", "claude-sonnet-4-2", tool, SchemaRules::none},
    {"anthropic", "claude-opus-4-0", tool, SchemaRules::none},
    {"anthropic", "claude-opus-4-2", tool, SchemaRules::none},
    {"anthropic", "", native, SchemaRules::anthropic},
    // https://ai.google.dev/gemini-api/docs/structured-output: JSON Schema since Gemini 2
    {"gemini", "gemini-1", StructuredWay::json_object, SchemaRules::none},
    {"gemini", "", native, SchemaRules::gemini},
    {"google", "gemini-1", StructuredWay::json_object, SchemaRules::none},
    {"google", "", native, SchemaRules::gemini},
    {"vertex", "gemini-1", StructuredWay::json_object, SchemaRules::none},
    {"vertex", "", native, SchemaRules::gemini},
    // https://api-docs.deepseek.com/guides/json_mode: JSON, but no schema
    {"deepseek", "deepseek-reasoner", StructuredWay::json_object, SchemaRules::none},
    {"deepseek", "", tool, SchemaRules::none},
    // https://console.groq.com/docs/structured-outputs#supported-models
    {"groq", "openai/gpt-oss", native, SchemaRules::openai},
    {"groq", "moonshotai/kimi-k2", native, SchemaRules::none},
    {"groq", "meta-llama/llama-4", native, SchemaRules::none},
    {"groq", "", tool, SchemaRules::none},
    // https://docs.mistral.ai/capabilities/structured-output/custom_structured_output, and the others' own pages
    {"mistral", "", native, SchemaRules::none},
    {"xai", "", native, SchemaRules::none},
    {"openrouter", "", native, SchemaRules::none},
    {"together", "", native, SchemaRules::none},
    {"perplexity", "", native, SchemaRules::none},
    {"vllm", "", native, SchemaRules::none},
    {"llamacpp", "", native, SchemaRules::none},
    {"ollama", "", native, SchemaRules::none},
    {"huggingface", "", native, SchemaRules::none},
};

}  // namespace

StructuredSupport structured_support(std::string_view type, std::string_view model) noexcept {
    for (Row const& row : rows) {
        if (row.type == type && model.starts_with(row.model)) return StructuredSupport(row.way, row.rules);
    }
    return StructuredSupport();
}

}  // namespace aikit::inline v0
