// SPDX-License-Identifier: MIT
// provider/carrier/retry_after.cpp - how long a server asks to wait, in all its spellings.
#include "provider/carrier/exchange.hpp"

#include <array>
#include <charconv>
#include <cmath>

namespace aikit::inline v0::provider::carrier {

namespace {

using std::chrono::milliseconds;

constexpr double longest_ms = 24.0 * 60 * 60 * 1000;

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
    return text;
}

std::optional<double> number(std::string_view text) {
    double value = 0;
    std::from_chars_result const read =
        std::from_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
    if (read.ec != std::errc() || read.ptr != text.data() + text.size()) return std::nullopt;
    return value;
}

/// A wait in milliseconds, bent to a day; nothing for what is no wait.
std::optional<milliseconds> wait(double ms) {
    if (!std::isfinite(ms) || ms < 0) return std::nullopt;
    return milliseconds(std::llround(std::min(ms, longest_ms)));
}

std::optional<int> digits(std::string_view text) {
    int value = 0;
    std::from_chars_result const read = std::from_chars(text.data(), text.data() + text.size(), value);
    if (read.ec != std::errc() || read.ptr != text.data() + text.size()) return std::nullopt;
    return value;
}

/// "Sun, 06 Nov 1994 08:49:37 GMT": the form that RFC 9110 lets one send.
std::optional<SystemTime> http_date(std::string_view text) {
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

}  // namespace

std::optional<milliseconds> parse_retry_after(std::string_view text, SystemTime now) {
    text = trimmed(text);
    if (std::optional<double> const seconds = number(text)) return wait(*seconds * 1000);
    std::optional<SystemTime> const at = http_date(text);
    if (!at) return std::nullopt;
    return wait(static_cast<double>(std::chrono::duration_cast<milliseconds>(*at - now).count()));
}

std::optional<milliseconds> parse_go_duration(std::string_view text) {
    struct Unit {
        std::string_view name;
        double ms;
    };
    constexpr std::array<Unit, 5> units{{{"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}, {"us", 0.001}}};
    if (text.empty()) return std::nullopt;
    double sum = 0;
    while (!text.empty()) {
        std::size_t length = 0;
        while (length < text.size() && (text[length] == '.' || (text[length] >= '0' && text[length] <= '9'))) ++length;
        std::optional<double> const count = number(text.substr(0, length));
        text.remove_prefix(length);
        std::size_t letters = 0;
        while (letters < text.size() && text[letters] >= 'a' && text[letters] <= 'z') ++letters;
        double factor = 0;
        for (Unit const& unit : units) {
            if (text.substr(0, letters) == unit.name) factor = unit.ms;
        }
        if (!count || factor == 0) return std::nullopt;
        sum += *count * factor;
        text.remove_prefix(letters);
    }
    return wait(sum);
}

Exchange::Exchange(std::string provider_, int status_, net::Headers const& headers, SystemTime now)
    : provider(std::move(provider_)), status(status_) {
    for (std::string_view const name :
         {"x-request-id", "request-id", "apim-request-id", "x-amzn-requestid", "cf-ray"}) {
        std::optional<std::string_view> const id = headers.find(name);
        if (!id || id->empty()) continue;
        request_id = std::string(*id);
        break;
    }
    if (std::optional<std::string_view> const word = headers.find("x-should-retry")) {
        if (*word == "true") should_retry = true;
        if (*word == "false") should_retry = false;
    }
    if (std::optional<std::string_view> const ms = headers.find("retry-after-ms")) {
        // Azure writes 0 here beside a second there.
        std::optional<double> const count = number(trimmed(*ms));
        if (count && *count > 0) retry_after = wait(*count);
    }
    // The server's own clock, where it shows it, so that a wrong clock here does no harm.
    std::optional<std::string_view> const date = headers.find("date");
    std::optional<SystemTime> const theirs = date ? http_date(trimmed(*date)) : std::nullopt;
    RateLimits limits = read_rate_limits(headers, theirs.value_or(now));
    if (!limits.empty()) rate_limits = std::make_shared<RateLimits const>(limits);
    std::optional<std::string_view> const after = headers.find("retry-after");
    if (!retry_after && after) retry_after = parse_retry_after(*after, theirs.value_or(now));
}

}  // namespace aikit::inline v0::provider::carrier
