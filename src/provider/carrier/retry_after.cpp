// SPDX-License-Identifier: MIT
// provider/carrier/retry_after.cpp - how long a server asks to wait, in all its spellings.
#include "net/retry_after.hpp"

#include "provider/carrier/exchange.hpp"

#include <array>

namespace aikit::inline v0::provider::carrier {

using std::chrono::milliseconds;

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
        std::optional<double> const count = net::parse_decimal(text.substr(0, length));
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
    return net::wait_of(sum);
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
        std::optional<double> const count = net::parse_decimal(net::trim_blanks(*ms));
        if (count && *count > 0) retry_after = net::wait_of(*count);
    }
    // The server's own clock, where it shows it, so that a wrong clock here does no harm.
    std::optional<std::string_view> const date = headers.find("date");
    std::optional<SystemTime> const theirs = date ? net::parse_http_date(net::trim_blanks(*date)) : std::nullopt;
    RateLimits limits = read_rate_limits(headers, theirs.value_or(now));
    if (!limits.empty()) rate_limits = std::make_shared<RateLimits const>(limits);
    std::optional<std::string_view> const after = headers.find("retry-after");
    if (!retry_after && after) retry_after = net::parse_retry_after(*after, theirs.value_or(now));
}

}  // namespace aikit::inline v0::provider::carrier
