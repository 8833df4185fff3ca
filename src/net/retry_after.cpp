// SPDX-License-Identifier: MIT
// net/retry_after.cpp - seconds and dates of Retry-After.
#include "net/retry_after.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace aikit::inline v0::net {
namespace {

using std::chrono::milliseconds;

constexpr double longest_ms = 24.0 * 60 * 60 * 1000;

std::optional<int> digits(std::string_view text) {
    int value = 0;
    std::from_chars_result const read = std::from_chars(text.data(), text.data() + text.size(), value);
    if (read.ec != std::errc() || read.ptr != text.data() + text.size()) return std::nullopt;
    return value;
}

}  // namespace

std::string_view trim_blanks(std::string_view text) noexcept {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
    return text;
}

std::optional<double> parse_decimal(std::string_view text) noexcept {
    double value = 0;
    std::from_chars_result const read =
        std::from_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
    if (read.ec != std::errc() || read.ptr != text.data() + text.size()) return std::nullopt;
    return value;
}

std::optional<milliseconds> wait_of(double ms) noexcept {
    if (!std::isfinite(ms) || ms < 0) return std::nullopt;
    return milliseconds(std::llround(std::min(ms, longest_ms)));
}

std::optional<SystemTime> parse_http_date(std::string_view text) noexcept {
    constexpr std::array<std::string_view, 12> months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    constexpr std::size_t length = 29;
    bool const framed = text.size() == length && text[3] == ',' && text[4] == ' ' && text[7] == ' ' &&
                        text[11] == ' ' && text[16] == ' ' && text[19] == ':' && text[22] == ':' &&
                        text.substr(25) == " GMT";
    if (!framed) return std::nullopt;
    std::optional<int> const day = digits(text.substr(5, 2));
    std::optional<int> const year = digits(text.substr(12, 4));
    std::optional<int> const hour = digits(text.substr(17, 2));
    std::optional<int> const minute = digits(text.substr(20, 2));
    std::optional<int> const second = digits(text.substr(23, 2));
    if (!day || !year || !hour || !minute || !second) return std::nullopt;
    for (unsigned month = 0; month < months.size(); ++month) {
        if (text.substr(8, 3) != months[month]) continue;
        std::chrono::year_month_day const date(std::chrono::year(*year), std::chrono::month(month + 1),
                                               std::chrono::day(static_cast<unsigned>(*day)));
        if (!date.ok() || *hour > 23 || *minute > 59 || *second > 60) return std::nullopt;
        return SystemTime(std::chrono::sys_days(date)) + std::chrono::hours(*hour) + std::chrono::minutes(*minute) +
               std::chrono::seconds(*second);
    }
    return std::nullopt;
}

std::optional<milliseconds> parse_retry_after(std::string_view text, SystemTime now) noexcept {
    text = trim_blanks(text);
    if (std::optional<double> const seconds = parse_decimal(text)) return wait_of(*seconds * 1000);
    std::optional<SystemTime> const at = parse_http_date(text);
    if (!at) return std::nullopt;
    return wait_of(static_cast<double>(std::chrono::duration_cast<milliseconds>(*at - now).count()));
}

}  // namespace aikit::inline v0::net
