// SPDX-License-Identifier: MIT
// model/usage_form/counts.hpp - numbers out of a usage object, with a word on those that make no sense.
#ifndef AIKIT_SRC_MODEL_USAGE_FORM_COUNTS_HPP
#define AIKIT_SRC_MODEL_USAGE_FORM_COUNTS_HPP

#include "core/json.hpp"

#include <aikit/core/no_destructor.hpp>

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

namespace aikit::inline v0::usage_form {

/// Reads counts of one object and the objects in it.
class Counts {
public:
    /// `as_text`: digits in quotes are counts too; proto3 writes 64 bits so.
    explicit Counts(std::vector<std::string>& warnings, bool as_text = false)
        : warnings_(warnings), as_text_(as_text) {}

    /// The count; 0 when it is missing or null.
    std::int64_t count(json::value const& object, std::string_view key) {
        json::value const* value = json::find(object, key);
        if (value == nullptr || value->is_null()) return 0;
        std::optional<std::int64_t> const number = number_of(*value);
        if (number && *number >= 0 && *number <= largest) return *number;
        warn(std::string(key) + " is no count");
        return 0;
    }

    /// The part of a whole; more than the whole is bent to it.
    std::int64_t part(std::int64_t part, std::int64_t whole, std::string_view key) {
        if (part <= whole) return part;
        warn(std::string(key) + " exceeds its whole");
        return whole;
    }

    void warn(std::string const& what) {
        warnings_.push_back("The provider's usage contradicts itself (" + what + ").");
    }

private:
    static constexpr std::int64_t largest = std::numeric_limits<std::int64_t>::max() / 16;  // sums of some still fit

    std::optional<std::int64_t> number_of(json::value const& value) const {
        if (!as_text_ || !value.is_string()) return json::as_integer(value);
        std::string_view const text = value.get_string();
        constexpr std::size_t most_digits = 17;
        if (text.empty() || text.size() > most_digits) return std::nullopt;
        std::int64_t number = 0;
        for (char const digit : text) {
            if (digit < '0' || digit > '9') return std::nullopt;
            number = number * 10 + (digit - '0');
        }
        return number;
    }

    std::vector<std::string>& warnings_;
    bool as_text_;
};

/// The member, or JSON null.
inline json::value const& member_or_null(json::value const& object, std::string_view key) {
    static NoDestructor<json::value> const null;
    json::value const* value = json::find(object, key);
    return value == nullptr ? *null : *value;
}

}  // namespace aikit::inline v0::usage_form

#endif  // AIKIT_SRC_MODEL_USAGE_FORM_COUNTS_HPP
