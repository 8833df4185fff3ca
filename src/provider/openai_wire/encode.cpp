// SPDX-License-Identifier: MIT
// provider/openai_wire/encode.cpp - requests to bodies, and which model takes what.
#include "model/openai_form/form.hpp"
#include "provider/openai_wire/wire.hpp"

#include <algorithm>
#include <array>

namespace aikit::inline v0::provider::openai_wire {

namespace {

using Names = std::span<std::string_view const>;

constexpr std::array<std::string_view, 8> sampling{
    "temperature", "top_p", "presence_penalty", "frequency_penalty", "logprobs", "top_logprobs", "logit_bias", "stop"};
constexpr std::array<std::string_view, 1> only_stop{"stop"};

/// What a family of models takes. The family is a prefix of the name, followed by its end, "-" or what `minor` says.
struct Family {
    std::string_view prefix;
    bool minor;              // "." goes on too: gpt-5.1
    std::string_view limit;  // the name of the limit of tokens
    Names left_out;          // with reasoning
    Names left_out_without;  // with reasoning_effort "none", or where that is the default
};

// First match counts. gpt-5.1 and later do not reason unless asked to, and then take sampling parameters; the chat
// variants never reason.
constexpr std::array<Family, 7> families{{
    {"gpt-5-chat", false, "max_completion_tokens", Names(), Names()},
    {"gpt-5.", true, "max_completion_tokens", sampling, only_stop},
    {"gpt-5", false, "max_completion_tokens", sampling, sampling},
    {"o1", false, "max_completion_tokens", sampling, sampling},
    {"o3", false, "max_completion_tokens", sampling, sampling},
    {"o4", false, "max_completion_tokens", sampling, sampling},
    {"codex-mini", false, "max_completion_tokens", sampling, sampling},
}};

Family const* family_of(std::string_view model) noexcept {
    for (Family const& family : families) {
        if (!model.starts_with(family.prefix)) continue;
        std::string_view const rest = model.substr(family.prefix.size());
        if (family.minor || rest.empty() || rest.front() == '-') return &family;
    }
    return nullptr;
}

}  // namespace

bool is_reasoning_model(std::string_view model) noexcept {
    Family const* family = family_of(model);
    return family != nullptr && !family->left_out.empty();
}

std::span<std::string_view const> left_out(ChatRequest const& request) noexcept {
    Family const* family = request.verbatim ? nullptr : family_of(request.model);
    if (family == nullptr) return {};
    bool const reasons = !request.reasoning_effort.empty() && request.reasoning_effort != "none";
    return reasons ? family->left_out : family->left_out_without;
}

Result<Encoded> encode_chat(ChatRequest const& request, Quirks const& quirks, bool streaming) {
    Encoded encoded;
    openai_form::Style style;
    style.house = false;
    style.only_openai_parts = quirks.only_openai_parts;
    style.streaming = streaming;
    style.include_usage = quirks.include_usage;
    style.warnings = &encoded.warnings;
    Family const* family = request.verbatim ? nullptr : family_of(request.model);
    if (family != nullptr) style.max_tokens_name = family->limit;
    style.left_out = left_out(request);
    Result<std::string> body = openai_form::write_request(request, style);
    if (!body) return body.error();
    encoded.body = std::move(*body);
    return encoded;
}

Result<Encoded> encode_moderation(ModerateRequest const& request) {
    Encoded encoded;
    openai_form::Style style;
    style.house = false;
    style.warnings = &encoded.warnings;
    Result<std::string> body = openai_form::write_moderate_request(request, style);
    if (!body) return body.error();
    encoded.body = std::move(*body);
    return encoded;
}

std::size_t embed_batch(EmbedRequest const& request, std::size_t first, Quirks const& quirks) {
    std::size_t count = 0;
    std::size_t bytes = 0;
    for (std::size_t i = first; i < request.inputs.size() && count < quirks.max_embed_inputs; ++i) {
        auto const* text = std::get_if<TextPart>(&request.inputs[i]);
        bytes += text == nullptr ? 0 : text->text.size();
        if (count > 0 && bytes > quirks.max_embed_bytes) break;
        ++count;
    }
    return std::max<std::size_t>(count, 1);
}

Result<Encoded> encode_embed(EmbedRequest const& request, std::size_t first, std::size_t count, Quirks const& quirks) {
    Encoded encoded;
    Result<std::string> body = openai_form::write_embed_request(request, first, count, quirks.embed_base64);
    if (!body) return body.error();
    encoded.body = std::move(*body);
    return encoded;
}

}  // namespace aikit::inline v0::provider::openai_wire
