// SPDX-License-Identifier: MIT
// provider/carrier/requests.hpp - what dialects that are not OpenAI's need to know of a request in OpenAI's form.
#ifndef AIKIT_SRC_PROVIDER_CARRIER_REQUESTS_HPP
#define AIKIT_SRC_PROVIDER_CARRIER_REQUESTS_HPP

#include <aikit/core/result.hpp>
#include <aikit/model/chat.hpp>

#include <string>
#include <vector>

namespace aikit::inline v0::provider::carrier {

/// ok, or which parameter is no finite number, as JSON has no other. Errors: invalid_argument.
Result<void> check_numbers(ChatRequest const& request);

/// A function that was given in OpenAI's words (ToolSpec::raw, of Chat Completions or Responses) in the fields; `raw`
/// stays for what else is in it. Any other tool as it is. Errors: invalid_argument.
Result<ToolSpec> with_fields(ToolSpec const& tool, std::string const& path);

/// A choice of tools in the fields.
struct PlainChoice {
    PlainChoice() = default;

    ToolChoice choice;

    /// Only these may be called; empty: any.
    std::vector<std::string> allowed;
};

/// A choice that was given in OpenAI's words (ToolChoice::raw) in the fields; one in the fields as it is.
/// Errors: invalid_argument (no JSON), unsupported (words that are not understood).
Result<PlainChoice> with_fields(ToolChoice const& choice);

}  // namespace aikit::inline v0::provider::carrier

#endif  // AIKIT_SRC_PROVIDER_CARRIER_REQUESTS_HPP
