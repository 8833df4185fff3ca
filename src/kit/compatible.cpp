// SPDX-License-Identifier: MIT
// kit/compatible.cpp - the table; addresses and names of keys as the makers' own documentation gives them.
#include "kit/compatible.hpp"

#include <algorithm>
#include <array>

namespace aikit::inline v0 {
namespace {

constexpr std::array<Compatible, 10> endpoints{{
    {"deepseek", "https://api.deepseek.com/v1", "DEEPSEEK_API_KEY", true, true, false},
    {"groq", "https://api.groq.com/openai/v1", "GROQ_API_KEY", true, true, false},
    {"huggingface", "https://router.huggingface.co/v1", "HF_TOKEN", false, true, false},
    {"llamacpp", "http://localhost:8080/v1", nullptr, true, true, true},
    {"mistral", "https://api.mistral.ai/v1", "MISTRAL_API_KEY", true, false, false},
    {"openrouter", "https://openrouter.ai/api/v1", "OPENROUTER_API_KEY", true, true, false},
    {"perplexity", "https://api.perplexity.ai", "PERPLEXITY_API_KEY", false, false, false},
    {"together", "https://api.together.xyz/v1", "TOGETHER_API_KEY", true, true, false},
    {"vllm", "http://localhost:8000/v1", nullptr, true, true, true},
    {"xai", "https://api.x.ai/v1", "XAI_API_KEY", true, true, false},
}};

}  // namespace

std::span<Compatible const> compatible_endpoints() noexcept {
    return endpoints;
}

Compatible const* compatible_endpoint(std::string_view type) noexcept {
    auto const found =
        std::find_if(endpoints.begin(), endpoints.end(), [&](Compatible const& one) { return one.name == type; });
    return found == endpoints.end() ? nullptr : &*found;
}

}  // namespace aikit::inline v0
