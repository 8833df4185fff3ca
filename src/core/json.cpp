// SPDX-License-Identifier: MIT
// core/json.cpp - parsing within limits, and reading fields without throwing.
#include "core/json.hpp"

#include "core/async.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace aikit::inline v0::json {

namespace {

/// What is wrong, in our words; never the text itself.
char const* reason(boost::system::error_code const& code) noexcept {
    using boost::json::error;
    if (code == error::incomplete) return "it ends too early";
    if (code == error::extra_data) return "more follows after the value";
    if (code == error::too_deep) return "it nests too deep";
    if (code == error::illegal_leading_surrogate || code == error::illegal_trailing_surrogate ||
        code == error::expected_utf16_escape) {
        return "a \\u escape is half of a pair";
    }
    if (code == error::expected_hex_digit) return "a \\u escape lacks its four digits";
    if (code == error::exponent_overflow) return "a number is too large";
    return "its syntax is wrong, or it is not UTF-8";
}

/// A key of somebody else's, made fit for a sentence: short, and without characters that could disturb a terminal.
std::string shown(std::string_view key) {
    constexpr std::size_t longest = 64;
    std::string text(key.substr(0, longest));
    for (char& c : text) {
        if (static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) >= 0x7F) c = '?';
    }
    if (key.size() > longest) text += "...";
    return text;
}

}  // namespace

Result<value> parse(std::string_view source, std::string_view what, Errc code) {
    return guarded([&]() -> Result<value> {
        boost::json::parse_options options;
        options.max_depth = max_depth;
        unsigned char scratch[4096];
        boost::json::parser parser(boost::json::storage_ptr(), options, scratch, sizeof(scratch));
        boost::system::error_code failed;
        std::size_t const at = parser.write(source.data(), source.size(), failed);
        if (!failed) return parser.release();
        return fail(code, "The " + std::string(what) + " is not valid JSON: " + reason(failed) + " (byte " +
                              std::to_string(at) + " of " + std::to_string(source.size()) + ").");
    });
}

value const* find(object const& o, std::string_view key) noexcept {
    return o.if_contains(key);
}

value const* find(value const& v, std::string_view key) noexcept {
    object const* const o = v.if_object();
    return o == nullptr ? nullptr : find(*o, key);
}

std::optional<std::string_view> text(value const& v, std::string_view key) noexcept {
    value const* const member = find(v, key);
    string const* const found = member == nullptr ? nullptr : member->if_string();
    if (found == nullptr) return std::nullopt;
    return std::string_view(found->data(), found->size());
}

std::optional<std::int64_t> as_integer(value const& v) noexcept {
    if (std::int64_t const* number = v.if_int64()) return *number;
    if (std::uint64_t const* number = v.if_uint64()) {
        if (*number > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) return std::nullopt;
        return static_cast<std::int64_t>(*number);
    }
    if (double const* number = v.if_double()) {
        // 2^63 is the first double that does not fit; NaN fails both comparisons.
        if (!(*number >= -0x1p63 && *number < 0x1p63) || std::trunc(*number) != *number) return std::nullopt;
        return static_cast<std::int64_t>(*number);
    }
    return std::nullopt;
}

namespace {

std::optional<double> as_number(value const& v) noexcept {
    if (std::int64_t const* number = v.if_int64()) return static_cast<double>(*number);
    if (std::uint64_t const* number = v.if_uint64()) return static_cast<double>(*number);
    double const* const number = v.if_double();
    // A number too large for a double is read as infinity.
    if (number == nullptr || !std::isfinite(*number)) return std::nullopt;
    return *number;
}

}  // namespace

std::optional<std::int64_t> integer(value const& v, std::string_view key) noexcept {
    value const* const member = find(v, key);
    return member == nullptr ? std::nullopt : as_integer(*member);
}

std::optional<double> number(value const& v, std::string_view key) noexcept {
    value const* const member = find(v, key);
    return member == nullptr ? std::nullopt : as_number(*member);
}

std::optional<bool> boolean(value const& v, std::string_view key) noexcept {
    value const* const member = find(v, key);
    bool const* const found = member == nullptr ? nullptr : member->if_bool();
    if (found == nullptr) return std::nullopt;
    return *found;
}

object const* member_object(value const& v, std::string_view key) noexcept {
    value const* const member = find(v, key);
    return member == nullptr ? nullptr : member->if_object();
}

array const* member_array(value const& v, std::string_view key) noexcept {
    value const* const member = find(v, key);
    return member == nullptr ? nullptr : member->if_array();
}

Fields::Fields(object const& source, std::string path) : source_(source), path_(std::move(path)) {}

bool Fields::present(std::string_view key) {
    return take(key) != nullptr;
}

value const* Fields::take(std::string_view key) {
    known_.emplace_back(key);
    value const* const member = find(source_, key);
    return member == nullptr || member->is_null() ? nullptr : member;
}

void Fields::refuse(std::string_view key, std::string_view why) {
    if (error_) return;
    std::string const place = path_.empty() ? shown(key) : path_ + "." + shown(key);
    error_ = fail(Errc::invalid_argument, place + " " + std::string(why) + ".");
}

void Fields::read(std::string_view key, std::string& out) {
    value const* const member = take(key);
    if (member == nullptr) return;
    string const* const found = member->if_string();
    if (found == nullptr) return refuse(key, "must be a string");
    out.assign(found->data(), found->size());
}

void Fields::read(std::string_view key, bool& out) {
    value const* const member = take(key);
    if (member == nullptr) return;
    bool const* const found = member->if_bool();
    if (found == nullptr) return refuse(key, "must be true or false");
    out = *found;
}

void Fields::read(std::string_view key, std::int64_t& out) {
    value const* const member = take(key);
    if (member == nullptr) return;
    std::optional<std::int64_t> const found = as_integer(*member);
    if (!found) return refuse(key, "must be a whole number of 64 bits");
    out = *found;
}

void Fields::read(std::string_view key, int& out) {
    value const* const member = take(key);
    if (member == nullptr) return;
    std::optional<std::int64_t> const found = as_integer(*member);
    if (!found || *found < std::numeric_limits<int>::min() || *found > std::numeric_limits<int>::max()) {
        return refuse(key, "must be a whole number of 32 bits");
    }
    out = static_cast<int>(*found);
}

void Fields::read(std::string_view key, double& out) {
    value const* const member = take(key);
    if (member == nullptr) return;
    std::optional<double> const found = as_number(*member);
    if (!found) return refuse(key, "must be a number");
    out = *found;
}

object const* Fields::take_object(std::string_view key) {
    value const* const member = take(key);
    if (member == nullptr) return nullptr;
    object const* const found = member->if_object();
    if (found == nullptr) refuse(key, "must be an object");
    return found;
}

array const* Fields::take_array(std::string_view key) {
    value const* const member = take(key);
    if (member == nullptr) return nullptr;
    array const* const found = member->if_array();
    if (found == nullptr) refuse(key, "must be an array");
    return found;
}

Result<void> Fields::finish() {
    for (auto const& member : source_) {
        if (error_) return *error_;
        std::string_view const key(member.key().data(), member.key().size());
        if (std::find(known_.begin(), known_.end(), key) == known_.end()) {
            refuse(key, "is not a known field; remove it or correct its name");
        }
    }
    if (error_) return *error_;
    return ok();
}

}  // namespace aikit::inline v0::json
