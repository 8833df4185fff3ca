// SPDX-License-Identifier: MIT
// provider/carrier/rate_limits.cpp - what the headers of an answer say of the limits, in all their spellings.
//
// OpenAI and Groq: x-ratelimit-WHAT-requests, reset in Go's form; Azure: the same with whole seconds; Anthropic:
// anthropic-ratelimit-requests-WHAT, reset as a date; Together and OpenRouter: x-ratelimit-WHAT(-tokens), reset in
// seconds, or since 1970; Mistral: ratelimitbysize-WHAT for tokens, x-ratelimit-WHAT-tokens-minute and -req-minute;
// Hugging Face: "ratelimit" and "ratelimit-policy" (the IETF's draft), before it ratelimit-WHAT.
#include "net/ascii.hpp"
#include "provider/carrier/exchange.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace aikit::inline v0::provider::carrier {

namespace {

using std::chrono::milliseconds;

constexpr double longest_ms = 400.0 * 24 * 60 * 60 * 1000;  // limits by the month are known

std::optional<double> number(std::string_view text) {
    double value = 0;
    auto const read = std::from_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
    bool const whole = read.ec == std::errc() && read.ptr == text.data() + text.size();
    if (!whole || !std::isfinite(value) || value < 0) return std::nullopt;
    return value;
}

/// A count; servers say -1 where they know none.
std::optional<std::int64_t> count(std::string_view text) {
    constexpr double most = 1e15;
    std::optional<double> const value = number(text);
    if (!value || *value > most) return std::nullopt;
    return static_cast<std::int64_t>(*value);
}

/// How long until the limit is as it was.
std::optional<milliseconds> reset(std::string_view text, SystemTime now) {
    constexpr double seconds_since_1970 = 1e9;  // no wait is that long
    constexpr double milliseconds_since_1970 = 1e12;
    double const now_ms = static_cast<double>(now.time_since_epoch().count()) / 1000;
    std::optional<double> ms;
    if (std::optional<double> const value = number(text)) {
        ms = *value * 1000;
        if (*value >= seconds_since_1970) ms = *ms - now_ms;
        if (*value >= milliseconds_since_1970) ms = *value - now_ms;
    } else if (Result<SystemTime> const date = from_rfc3339(text)) {
        ms = static_cast<double>(date->time_since_epoch().count()) / 1000 - now_ms;
    } else {
        return parse_go_duration(text);
    }
    if (*ms > longest_ms) return std::nullopt;
    return milliseconds(std::llround(std::max(*ms, 0.0)));
}

/// Takes `word` with its hyphen off an end of `name`.
bool take_off(std::string& name, std::string_view word) {
    std::string const head = std::string(word) + "-";
    std::string const tail = "-" + std::string(word);
    if (name == word) {
        name.clear();
    } else if (name.starts_with(head)) {
        name.erase(0, head.size());
    } else if (name.ends_with(tail)) {
        name.resize(name.size() - tail.size());
    } else {
        return false;
    }
    return true;
}

RateLimit* limit_of(RateLimits& limits, std::string_view unit) noexcept {
    if (unit.empty() || unit == "requests" || unit == "req-minute") return &limits.requests;
    if (unit == "tokens" || unit == "tokens-minute") return &limits.tokens;
    if (unit == "input-tokens") return &limits.input_tokens;
    return unit == "output-tokens" ? &limits.output_tokens : nullptr;
}

/// "limit-requests", "requests-limit", "limit".
void read_plain(RateLimits& limits, std::string rest, std::string_view value, SystemTime now) {
    for (std::string_view const what : {"limit", "remaining", "reset"}) {
        if (!take_off(rest, what)) continue;
        RateLimit* limit = limit_of(limits, rest);
        if (limit == nullptr) return;
        if (what == "limit") limit->limit = count(value);
        if (what == "remaining") limit->remaining = count(value);
        if (what == "reset") limit->reset = reset(value, now);
        return;
    }
}

/// "api";r=99;t=30 and "api";q=100;w=300: the number behind a key.
std::optional<std::string_view> parameter(std::string_view text, std::string_view key) {
    while (!text.empty()) {
        std::size_t const end = text.find(';');
        std::string_view piece = text.substr(0, end);
        while (piece.starts_with(' ')) piece.remove_prefix(1);
        if (piece.starts_with(key) && piece.substr(key.size()).starts_with('=')) return piece.substr(key.size() + 1);
        text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
    }
    return std::nullopt;
}

void read_draft(RateLimit& limit, std::string_view value, bool policy) {
    value = value.substr(0, value.find(','));  // the first of several is the nearest
    std::optional<std::string_view> const left = parameter(value, policy ? "q" : "r");
    std::optional<std::string_view> const time = parameter(value, "t");
    if (left) (policy ? limit.limit : limit.remaining) = count(*left);
    if (time && !policy) limit.reset = reset(*time, SystemTime());
}

}  // namespace

RateLimits read_rate_limits(net::Headers const& headers, SystemTime now) {
    RateLimits limits;
    constexpr std::string_view word = "ratelimit";
    for (auto const& [given, value] : headers.fields()) {
        if (given.size() < word.size() || given.size() > 64) continue;
        char const first = net::to_lower(given.front());
        if (first != 'x' && first != 'a' && first != 'r') continue;
        std::string name(given);
        std::transform(name.begin(), name.end(), name.begin(), net::to_lower);
        for (std::string_view const lead : {"x-", "anthropic-"}) {
            if (name.starts_with(lead)) name.erase(0, lead.size());
        }
        if (!name.starts_with(word)) continue;
        name.erase(0, word.size());
        constexpr std::string_view by_size = "bysize-";
        if (name.starts_with(by_size)) name = "-" + name.substr(by_size.size()) + "-tokens";
        if (name.empty() || name == "-policy") {
            read_draft(limits.requests, value, !name.empty());
        } else if (name.front() == '-') {
            read_plain(limits, name.substr(1), value, now);
        }
    }
    return limits;
}

}  // namespace aikit::inline v0::provider::carrier
