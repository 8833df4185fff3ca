// SPDX-License-Identifier: MIT
// cost/match.hpp - rules that say which model names an entry of the catalog is for.
#ifndef AIKIT_SRC_COST_MATCH_HPP
#define AIKIT_SRC_COST_MATCH_HPP

#include "core/json.hpp"

#include <aikit/core/result.hpp>

#include <memory>
#include <regex>
#include <string>
#include <string_view>
#include <vector>

namespace aikit::inline v0::cost {

/// One of {"equals": text or list}, {"starts_with"}, {"ends_with"}, {"contains"}, {"regex"}, {"or": [...]},
/// {"and": [...]}. Names are compared in lower case; a regex is ECMAScript and may match anywhere.
class MatchRule {
public:
    /// Reads a rule, at most eight levels deep. invalid_argument names the path of what is wrong.
    static Result<MatchRule> parse(json::value const& source, std::string const& path, int depth = 0);

    /// `name` is in lower case.
    bool matches(std::string_view name) const;

    /// The names of a rule that is nothing but equals; null for any other.
    std::vector<std::string> const* names() const noexcept { return kind_ == Kind::equals ? &texts_ : nullptr; }

private:
    enum class Kind { equals, starts_with, ends_with, contains, regex, any, all };

    static Result<void> read_texts(MatchRule& rule, json::value const& source, std::string const& path);
    static Result<void> read_parts(MatchRule& rule, json::value const& source, std::string const& path, int depth);

    Kind kind_ = Kind::equals;
    std::vector<std::string> texts_;  // of equals; one of the other texts
    std::vector<MatchRule> parts_;
    std::shared_ptr<std::regex const> regex_;
};

}  // namespace aikit::inline v0::cost

#endif  // AIKIT_SRC_COST_MATCH_HPP
