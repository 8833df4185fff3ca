// SPDX-License-Identifier: MIT
// provider/gemini/partial_args.hpp - a call's arguments that come in pieces, each with the place it belongs to.
#ifndef AIKIT_SRC_PROVIDER_GEMINI_PARTIAL_ARGS_HPP
#define AIKIT_SRC_PROVIDER_GEMINI_PARTIAL_ARGS_HPP

#include "core/json.hpp"

#include <aikit/core/result.hpp>

#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace aikit::inline v0::provider::gemini {

/// Puts pieces ({"jsonPath": "$.a[0].b", "stringValue": "x", "willContinue": true}) together. A text grows while its
/// pieces say that it continues; lists grow by one item at a time.
class ArgumentPieces {
public:
    /// Errors: protocol (no path of members and items, a place that what came before has no room for, no value).
    Result<void> take(json::value const& piece);

    /// A text has begun and not ended.
    bool pending() const noexcept { return !open_.empty(); }

    /// What came so far.
    json::object const& arguments() const noexcept { return arguments_; }
    json::object& arguments() noexcept { return arguments_; }

private:
    using Step = std::variant<std::string, std::size_t>;

    static Result<std::vector<Step>> read_path(std::string_view path);
    Result<json::value*> place(std::vector<Step> const& path);

    json::object arguments_;
    std::string open_;  // the path of the text that continues
};

}  // namespace aikit::inline v0::provider::gemini

#endif  // AIKIT_SRC_PROVIDER_GEMINI_PARTIAL_ARGS_HPP
