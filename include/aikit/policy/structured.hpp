// SPDX-License-Identifier: MIT
// aikit/policy/structured.hpp - replies that fit their schema: checked here, repaired, asked for again.
#ifndef AIKIT_POLICY_STRUCTURED_HPP
#define AIKIT_POLICY_STRUCTURED_HPP

#include <aikit/model/provider.hpp>
#include <aikit/model/schema_rules.hpp>

#include <functional>
#include <memory>
#include <string_view>

namespace aikit::inline v0::policy {

struct StructuredConfig {
    StructuredConfig() = default;

    std::shared_ptr<Clock> clock;  ///< Required.

    /// In which way a model writes JSON, and under whose rules. Empty: by ResponseFormat, any schema.
    std::function<StructuredSupport(std::string_view model)> support;
};

/// Works where a request asks for JSON and CallOptions::repairs is set; every other call passes through as it is.
///
/// The schema is put into the form that the provider's strict mode takes, with a sentence in CallInfo::warnings for
/// what it cannot say; nulls that only this form asked for are taken out again. Where the model has no means of its
/// own, it writes the arguments of a tool, or follows the prompt. What comes is held against the whole schema: JSON is
/// taken out of fences and words around it and loses trailing commas; else the model is told what is wrong and asked
/// again, up to `repairs` times, within the call's deadline. Each reply is an attempt with a row of its own; the
/// reply's usage and cost are the sum. Replies that call the caller's tools, refuse, or were withheld are handed over
/// as they are.
///
/// A stream shows the text as it comes, so it is checked once it has ended and the model is not asked again.
///
/// A request that is not in OpenAI's own words (ChatRequest::verbatim) and asks for strict mode gets the form that
/// OpenAI takes also without `repairs`; nothing is checked then.
///
/// Errors besides the provider's: protocol, when the last reply does not fit either: the sentence has the place and
/// what is wrong there, remote_detail the reply's text; unsupported and invalid_argument for a schema that cannot be
/// checked, and for several choices (n).
AIKIT_EXPORT Result<std::shared_ptr<AIProvider>> make_structured(std::shared_ptr<AIProvider> next,
                                                                 StructuredConfig config);

}  // namespace aikit::inline v0::policy

#endif  // AIKIT_POLICY_STRUCTURED_HPP
