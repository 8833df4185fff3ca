// SPDX-License-Identifier: MIT
// text/point_set.cpp - membership, and Unicode's general categories by name.
#include "text/point_set.hpp"

#include <utf8proc.h>

#include <algorithm>
#include <array>

namespace aikit::inline v0::text {
namespace {

struct Named {
    std::string_view name;
    std::string_view other;
    std::uint32_t mask;
};

constexpr std::uint32_t bit(int category) {
    return std::uint32_t{1} << category;
}

constexpr std::uint32_t upper = bit(UTF8PROC_CATEGORY_LU);
constexpr std::uint32_t lower = bit(UTF8PROC_CATEGORY_LL);
constexpr std::uint32_t title = bit(UTF8PROC_CATEGORY_LT);
constexpr std::uint32_t cased = upper | lower | title;
constexpr std::uint32_t letter = cased | bit(UTF8PROC_CATEGORY_LM) | bit(UTF8PROC_CATEGORY_LO);
constexpr std::uint32_t mark = bit(UTF8PROC_CATEGORY_MN) | bit(UTF8PROC_CATEGORY_MC) | bit(UTF8PROC_CATEGORY_ME);
constexpr std::uint32_t number = bit(UTF8PROC_CATEGORY_ND) | bit(UTF8PROC_CATEGORY_NL) | bit(UTF8PROC_CATEGORY_NO);
constexpr std::uint32_t punctuation = bit(UTF8PROC_CATEGORY_PC) | bit(UTF8PROC_CATEGORY_PD) |
                                      bit(UTF8PROC_CATEGORY_PS) | bit(UTF8PROC_CATEGORY_PE) |
                                      bit(UTF8PROC_CATEGORY_PI) | bit(UTF8PROC_CATEGORY_PF) | bit(UTF8PROC_CATEGORY_PO);
constexpr std::uint32_t symbol =
    bit(UTF8PROC_CATEGORY_SM) | bit(UTF8PROC_CATEGORY_SC) | bit(UTF8PROC_CATEGORY_SK) | bit(UTF8PROC_CATEGORY_SO);
constexpr std::uint32_t separator = bit(UTF8PROC_CATEGORY_ZS) | bit(UTF8PROC_CATEGORY_ZL) | bit(UTF8PROC_CATEGORY_ZP);

// https://tc39.es/ecma262/#table-unicode-general-category-values
constexpr std::array<Named, 38> names{{
    {"L", "Letter", letter},
    {"LC", "Cased_Letter", cased},
    {"Lu", "Uppercase_Letter", upper},
    {"Ll", "Lowercase_Letter", lower},
    {"Lt", "Titlecase_Letter", title},
    {"Lm", "Modifier_Letter", bit(UTF8PROC_CATEGORY_LM)},
    {"Lo", "Other_Letter", bit(UTF8PROC_CATEGORY_LO)},
    {"M", "Mark", mark},
    {"Mn", "Nonspacing_Mark", bit(UTF8PROC_CATEGORY_MN)},
    {"Mc", "Spacing_Mark", bit(UTF8PROC_CATEGORY_MC)},
    {"Me", "Enclosing_Mark", bit(UTF8PROC_CATEGORY_ME)},
    {"N", "Number", number},
    {"Nd", "Decimal_Number", bit(UTF8PROC_CATEGORY_ND)},
    {"Nl", "Letter_Number", bit(UTF8PROC_CATEGORY_NL)},
    {"No", "Other_Number", bit(UTF8PROC_CATEGORY_NO)},
    {"P", "Punctuation", punctuation},
    {"Pc", "Connector_Punctuation", bit(UTF8PROC_CATEGORY_PC)},
    {"Pd", "Dash_Punctuation", bit(UTF8PROC_CATEGORY_PD)},
    {"Ps", "Open_Punctuation", bit(UTF8PROC_CATEGORY_PS)},
    {"Pe", "Close_Punctuation", bit(UTF8PROC_CATEGORY_PE)},
    {"Pi", "Initial_Punctuation", bit(UTF8PROC_CATEGORY_PI)},
    {"Pf", "Final_Punctuation", bit(UTF8PROC_CATEGORY_PF)},
    {"Po", "Other_Punctuation", bit(UTF8PROC_CATEGORY_PO)},
    {"S", "Symbol", symbol},
    {"Sm", "Math_Symbol", bit(UTF8PROC_CATEGORY_SM)},
    {"Sc", "Currency_Symbol", bit(UTF8PROC_CATEGORY_SC)},
    {"Sk", "Modifier_Symbol", bit(UTF8PROC_CATEGORY_SK)},
    {"So", "Other_Symbol", bit(UTF8PROC_CATEGORY_SO)},
    {"Z", "Separator", separator},
    {"Zs", "Space_Separator", bit(UTF8PROC_CATEGORY_ZS)},
    {"Zl", "Line_Separator", bit(UTF8PROC_CATEGORY_ZL)},
    {"Zp", "Paragraph_Separator", bit(UTF8PROC_CATEGORY_ZP)},
    {"C", "Other", all_categories & ~(letter | mark | number | punctuation | symbol | separator)},
    {"Cc", "Control", bit(UTF8PROC_CATEGORY_CC)},
    {"Cf", "Format", bit(UTF8PROC_CATEGORY_CF)},
    {"Cs", "Surrogate", bit(UTF8PROC_CATEGORY_CS)},
    {"Co", "Private_Use", bit(UTF8PROC_CATEGORY_CO)},
    {"Cn", "Unassigned", bit(UTF8PROC_CATEGORY_CN)},
}};

}  // namespace

bool PointSet::has(char32_t point) const noexcept {
    bool found = std::any_of(ranges_.begin(), ranges_.end(),
                             [&](auto const& range) { return range.first <= point && point <= range.second; });
    if (!found && categories_ != 0) {
        found = (categories_ & bit(utf8proc_category(static_cast<utf8proc_int32_t>(point)))) != 0;
    }
    return found != negated_;
}

void PointSet::add(PointSet const& other) {
    ranges_.insert(ranges_.end(), other.ranges_.begin(), other.ranges_.end());
    categories_ |= other.categories_;
}

void PointSet::add_all_but(PointSet const& other) {
    std::vector<std::pair<char32_t, char32_t>> sorted = other.ranges_;
    std::sort(sorted.begin(), sorted.end());
    char32_t next = 0;
    for (auto const& [first, last] : sorted) {
        if (first > next) add(next, first - 1);
        next = std::max<char32_t>(next, last + 1);
    }
    if (next <= last_point) add(next, last_point);
}

PointSet PointSet::digits() {
    PointSet set;
    set.add('0', '9');
    return set;
}

PointSet PointSet::word() {
    PointSet set;
    set.add('0', '9');
    set.add('A', 'Z');
    set.add('_', '_');
    set.add('a', 'z');
    return set;
}

PointSet PointSet::space() {
    PointSet set;
    set.add(0x09, 0x0D);
    for (char32_t const one : {0x20, 0xA0, 0x1680, 0x2028, 0x2029, 0x202F, 0x205F, 0x3000, 0xFEFF}) set.add(one, one);
    set.add(0x2000, 0x200A);
    return set;
}

PointSet PointSet::not_line() {
    PointSet lines;
    for (char32_t const one : {0x0A, 0x0D, 0x2028, 0x2029}) lines.add(one, one);
    lines.negate();
    return lines;
}

std::optional<std::uint32_t> category_mask(std::string_view name) noexcept {
    for (std::string_view const lead : {"General_Category=", "gc="}) {
        if (name.starts_with(lead)) name.remove_prefix(lead.size());
    }
    if (name == "Any") return all_categories;
    auto const found = std::find_if(names.begin(), names.end(),
                                    [&](Named const& one) { return one.name == name || one.other == name; });
    return found == names.end() ? std::nullopt : std::optional<std::uint32_t>(found->mask);
}

}  // namespace aikit::inline v0::text
