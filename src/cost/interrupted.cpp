// SPDX-License-Identifier: MIT
// cost/interrupted.cpp - intervals of output. The shares were measured on recorded streams that tell their usage at
// the end, cut before it (tests/unit/policy/interrupted_usage_test.cpp).
#include "cost/interrupted.hpp"

#include <algorithm>
#include <array>
#include <string>

namespace aikit::inline v0::cost {
namespace {

// Where neither the request nor the catalog limits a reply.
constexpr std::int64_t longest_reply = 131'072;

// How a call of a tool is written around its name and arguments is not told: a few tokens at OpenAI's, a form like XML
// elsewhere.
constexpr std::int64_t most_frame_known = 20, most_frame = 72;

/// Claude's own tokens are shorter than those that estimates are calibrated on, and its calls longer.
bool is_claude(Interrupted const& reply) {
    bool const named = reply.request != nullptr && reply.request->model.find("claude") != std::string::npos;
    return named || reply.provider == "anthropic";
}

/// Who shows a summary of the reasoning that is billed, or none of it. Servers of open models show what was written.
bool hides_reasoning(std::string_view provider) {
    constexpr std::array<std::string_view, 8> open = {"deepseek", "groq",      "huggingface", "llamacpp",
                                                      "ollama",   "fireworks", "together",    "vllm"};
    return std::find(open.begin(), open.end(), provider) == open.end();
}

/// Whether more may have been thought than was delivered.
bool may_have_thought(Interrupted const& reply) {
    std::string_view const effort =
        reply.request == nullptr ? std::string_view() : std::string_view(reply.request->reasoning_effort);
    if (reply.reasoned) return hides_reasoning(reply.provider);
    if (effort == "none") return false;
    bool const asked =
        !effort.empty() || (reply.request != nullptr && (reply.request->extra.find("thinking") != std::string::npos ||
                                                         reply.request->extra.find("reasoning") != std::string::npos));
    if (asked) return reply.price == nullptr || reply.price->reasoning;
    return reply.price != nullptr && reply.price->reasoning && !is_claude(reply);  // Claude thinks when it is asked to
}

std::int64_t choices_of(Interrupted const& reply) {
    return reply.request == nullptr ? 1 : std::max(reply.request->n.value_or(1), 1);
}

/// What the request allows, or the model can write.
std::int64_t limit_of(Interrupted const& reply, bool* asked) {
    constexpr std::int64_t most = std::int64_t{1} << 40;
    *asked = reply.request != nullptr && reply.request->max_tokens && *reply.request->max_tokens > 0;
    std::int64_t limit = longest_reply;
    if (*asked) {
        limit = *reply.request->max_tokens;
    } else if (reply.price != nullptr && reply.price->max_output) {
        limit = *reply.price->max_output;
    }
    return std::min(limit, most) * choices_of(reply);
}

}  // namespace

void estimate_output(Interrupted const& reply, Usage& usage) {
    std::int64_t const counted = std::max<std::int64_t>(reply.counted, 0);
    std::int64_t likely = counted;
    std::int64_t least = 0;
    std::int64_t most = 0;
    if (reply.exact) {
        least = counted - counted / 50 - 2;
        most = counted + counted / 16 + 4 * choices_of(reply) + most_frame_known * reply.calls;
    } else {
        constexpr std::int64_t claude_hundredths = 112, claude_call = 35;
        if (is_claude(reply)) likely = counted * claude_hundredths / 100 + claude_call * reply.calls;
        least = counted * 3 / 4 - 4;
        most = likely * 27 / 20 + 8 * choices_of(reply) + most_frame * reply.calls;
    }
    most += reply.other / 2;
    bool asked = false;
    std::int64_t const limit = limit_of(reply, &asked);
    if (may_have_thought(reply)) most = std::max(most, limit);
    if (asked) {  // no reply is longer than was allowed
        likely = std::min(likely, limit);
        most = std::min(most, limit);
    }
    usage.output = std::max(likely, reply.told);
    usage.output_at_least = std::clamp<std::int64_t>(reply.told_to_here ? reply.told : least, 0, usage.output);
    usage.output_at_least = std::max(usage.output_at_least, std::min(reply.told, usage.output));
    usage.output_at_most = std::max(most, usage.output);
    usage.estimated = true;
}

}  // namespace aikit::inline v0::cost
