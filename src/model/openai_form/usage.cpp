// SPDX-License-Identifier: MIT
// model/openai_form/usage.cpp - OpenAI's way of counting to ours and back.
#include "model/openai_form/form.hpp"
#include "model/usage_form/usage_form.hpp"

namespace aikit::inline v0::openai_form {

Usage read_usage(json::value const& given, std::vector<std::string>& warnings) {
    return usage_form::read_chat(given, warnings).usage;
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
    return !usage.raw.empty() || !usage.nothing() || usage.estimated;
}

void write_usage(JsonWriter& out, Usage const& usage) {
    if (!known(usage)) return;
    out.key("usage");
    is_openai_usage(usage.raw) ? out.raw(usage.raw) : write_usage_object(out, usage);
}

}  // namespace aikit::inline v0::openai_form
