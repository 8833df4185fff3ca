// SPDX-License-Identifier: MIT
// aikit/router/analysis.hpp - what kind of request it is, told from its content without asking a model.
#ifndef AIKIT_ROUTER_ANALYSIS_HPP
#define AIKIT_ROUTER_ANALYSIS_HPP

#include <aikit/model/chat.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace aikit::inline v0::router {

enum class RequestGrade {
    simple,
    complex_reasoning,
    code,
    long_context,  ///< More than 32,000 tokens are read.
};

/// "simple", "complex_reasoning", "code", "long_context". Static storage.
AIKIT_EXPORT char const* name(RequestGrade grade) noexcept;
AIKIT_EXPORT std::optional<RequestGrade> grade_from_name(std::string_view text) noexcept;

struct RequestAnalysis {
    RequestAnalysis() = default;

    RequestGrade grade = RequestGrade::simple;
    bool sensitive = false;            ///< It holds what looks like personal or secret data.
    std::vector<std::string> reasons;  ///< Why, a few words each; none of the request's own.
    std::int64_t input_tokens = 0;     ///< Estimated, for any model.
    std::vector<std::string> needs;    ///< What a model must take: "tools", "image", "audio", "document", "schema".
};

/// Grades a request: by its length, its code, its words for reasoning (English, German, French, Spanish), its tools and
/// its reasoning_effort; and looks for data that should not leave (keys, cards by their check digit, IBANs by theirs,
/// addresses of mail, social security numbers). A rule of thumb: linear in the text, of which at most the first and
/// last 64 KiB of each message are looked at. Pure.
AIKIT_EXPORT RequestAnalysis analyze_request(ChatRequest const& request);

}  // namespace aikit::inline v0::router

#endif  // AIKIT_ROUTER_ANALYSIS_HPP
