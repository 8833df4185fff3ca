// SPDX-License-Identifier: MIT
// text/point_set.hpp - a set of characters: ranges, general categories, and their complement.
#ifndef AIKIT_SRC_TEXT_POINT_SET_HPP
#define AIKIT_SRC_TEXT_POINT_SET_HPP

#include <aikit/core/config.hpp>

#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace aikit::inline v0::text {

class PointSet {
public:
    void add(char32_t first, char32_t last) { ranges_.emplace_back(first, last); }
    void add_all_but(PointSet const& other);
    void add(PointSet const& other);
    void add_categories(std::uint32_t mask) noexcept { categories_ |= mask; }
    void negate() noexcept { negated_ = !negated_; }

    bool has(char32_t point) const noexcept;

    static PointSet digits();
    static PointSet word();
    static PointSet space();     ///< ECMA-262's WhiteSpace and LineTerminator.
    static PointSet not_line();  ///< What "." takes.

private:
    std::vector<std::pair<char32_t, char32_t>> ranges_;
    std::uint32_t categories_ = 0;  ///< A bit for each of utf8proc's categories.
    bool negated_ = false;
};

/// The bits of a general category by its short or long name ("L", "Lu", "Uppercase_Letter"); "Any" and its like have
/// none. Nothing: not known.
std::optional<std::uint32_t> category_mask(std::string_view name) noexcept;

inline constexpr std::uint32_t all_categories = 0x3FFF'FFFF;
inline constexpr char32_t last_point = 0x10FFFF;

}  // namespace aikit::inline v0::text

#endif  // AIKIT_SRC_TEXT_POINT_SET_HPP
