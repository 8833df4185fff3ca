// SPDX-License-Identifier: MIT
// text/pattern.hpp - a regular expression as JSON Schema has them (ECMA-262), looked for in linear time.
#ifndef AIKIT_SRC_TEXT_PATTERN_HPP
#define AIKIT_SRC_TEXT_PATTERN_HPP

#include "text/point_set.hpp"

#include <aikit/core/result.hpp>

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace aikit::inline v0::text {

/// A pattern, read once. Characters are code points, as with ECMA-262's flag u; what only the older grammar has (a
/// brace that begins no quantifier) is taken as well.
class Pattern {
public:
    enum class Op : std::uint8_t { set, split, jump, begin, end, edge, inside, found };

    /// One step of the machine: `set` goes on when the character is in sets[first], `split` both ways.
    struct Step {
        Op op = Op::found;
        std::uint32_t first = 0;
        std::uint32_t second = 0;
    };

    /// Takes everything.
    Pattern() = default;

    /// Errors: invalid_argument (no regular expression), unsupported (looking ahead or behind, references back,
    /// properties other than general categories, more than 20,000 steps when counted repetitions are written out).
    static Result<Pattern> parse(std::string_view utf8);

    /// Whether it is found anywhere in the text: time grows with the text's length times the pattern's. `budget` is
    /// what it may take, counted down; nothing when that was not enough.
    std::optional<bool> found_in(std::string_view utf8, std::int64_t& budget) const;

private:
    std::vector<Step> steps_;
    std::vector<PointSet> sets_;
};

}  // namespace aikit::inline v0::text

#endif  // AIKIT_SRC_TEXT_PATTERN_HPP
