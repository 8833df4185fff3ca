// SPDX-License-Identifier: MIT
// Covers src/provider/carrier/rate_limits: limits in every spelling that providers have, and headers that are none.
#include "provider/carrier/exchange.hpp"

#include <doctest/doctest.h>

#include <tuple>
#include <vector>

using namespace aikit;
using provider::carrier::Exchange;
using provider::carrier::read_rate_limits;
using std::chrono::milliseconds;

namespace {

using Fields = std::vector<std::pair<std::string, std::string>>;

net::Headers headers_of(Fields const& fields) {
    net::Headers headers;
    for (auto const& [name, value] : fields) headers.add(name, value);
    return headers;
}

SystemTime const noon = from_rfc3339("2026-11-23T12:00:00Z").value();

void check_limit(RateLimit const& limit, std::int64_t most, std::int64_t left, std::int64_t reset_ms) {
    CHECK(limit.limit == most);
    CHECK(limit.remaining == left);
    REQUIRE(limit.reset.has_value());
    CHECK(limit.reset->count() == reset_ms);
}

}  // namespace

TEST_CASE("limits of requests and tokens are read in each provider's spelling") {
    struct Row {
        char const* who;
        Fields fields;
        std::int64_t reset_requests, reset_tokens;
    };
    for (Row const& row : std::vector<Row>{
             {"OpenAI and Groq",
              {{"x-ratelimit-limit-requests", "500"},
               {"x-ratelimit-remaining-requests", "499"},
               {"x-ratelimit-reset-requests", "120ms"},
               {"x-ratelimit-limit-tokens", "30000"},
               {"x-ratelimit-remaining-tokens", "29987"},
               {"x-ratelimit-reset-tokens", "6m0s"}},
              120,
              360'000},
             {"Azure",
              {{"X-RateLimit-Limit-Requests", "500"},
               {"X-RateLimit-Remaining-Requests", "499"},
               {"X-RateLimit-Reset-Requests", "10"},
               {"X-RateLimit-Limit-Tokens", "30000"},
               {"X-RateLimit-Remaining-Tokens", "29987"},
               {"X-RateLimit-Reset-Tokens", "0"}},
              10'000,
              0},
             {"Anthropic",
              {{"anthropic-ratelimit-requests-limit", "500"},
               {"anthropic-ratelimit-requests-remaining", "499"},
               {"anthropic-ratelimit-requests-reset", "2026-11-23T12:00:30Z"},
               {"anthropic-ratelimit-tokens-limit", "30000"},
               {"anthropic-ratelimit-tokens-remaining", "29987"},
               {"anthropic-ratelimit-tokens-reset", "2026-11-23T13:00:31+01:00"}},
              30'000,
              31'000},
             {"Mistral",
              {{"x-ratelimit-limit-req-minute", "500"},
               {"x-ratelimit-remaining-req-minute", "499"},
               {"x-ratelimit-reset", "3"},
               {"ratelimitbysize-limit", "30000"},
               {"ratelimitbysize-remaining", "29987"},
               {"ratelimitbysize-reset", "21"},
               {"ratelimitbysize-query-cost", "13"},
               {"x-ratelimitbysize-limit-minute", "30000"},
               {"x-ratelimitbysize-remaining-month", "9999679870"}},
              3'000,
              21'000},
             {"Together",
              {{"x-ratelimit-limit", "500"},
               {"x-ratelimit-remaining", "499"},
               {"x-ratelimit-reset", "1"},
               {"x-ratelimit-limit-tokens", "30000"},
               {"x-ratelimit-remaining-tokens", "29987"},
               {"x-ratelimit-reset-tokens", "1.5"}},
              1'000,
              1'500},
         }) {
        CAPTURE(row.who);
        RateLimits const limits = read_rate_limits(headers_of(row.fields), noon);
        check_limit(limits.requests, 500, 499, row.reset_requests);
        check_limit(limits.tokens, 30'000, 29'987, row.reset_tokens);
        CHECK(limits.input_tokens.empty());
        CHECK(limits.output_tokens.empty());
    }
}

TEST_CASE("limits by other clocks, by drafts, and of one direction are read too") {
    std::int64_t const now = std::chrono::duration_cast<milliseconds>(noon.time_since_epoch()).count();
    for (auto const& [text, ms] :
         std::vector<std::pair<std::string, std::int64_t>>{{std::to_string(now + 60'000), 60'000},
                                                           {std::to_string(now / 1000 + 60), 60'000},
                                                           {std::to_string(now - 60'000), 0},
                                                           {"60", 60'000},
                                                           {"1h2m3s", 3'723'000},
                                                           {"2026-11-23T11:00:00Z", 0}}) {
        CAPTURE(text);
        RateLimits const limits = read_rate_limits(headers_of({{"x-ratelimit-reset", text}}), noon);
        REQUIRE(limits.requests.reset.has_value());
        CHECK(limits.requests.reset->count() == ms);
    }
    RateLimits const draft = read_rate_limits(
        headers_of({{"RateLimit", "\"api\";r=99;t=30"}, {"RateLimit-Policy", "\"fixed window\";\"api\";q=100;w=300"}}),
        noon);
    check_limit(draft.requests, 100, 99, 30'000);
    RateLimits const older = read_rate_limits(
        headers_of({{"ratelimit-limit", "100"}, {"ratelimit-remaining", "99"}, {"ratelimit-reset", "30"}}), noon);
    check_limit(older.requests, 100, 99, 30'000);
    RateLimits const apart = read_rate_limits(headers_of({{"anthropic-ratelimit-input-tokens-limit", "7"},
                                                          {"anthropic-ratelimit-output-tokens-remaining", "8"}}),
                                              noon);
    CHECK(apart.input_tokens.limit == 7);
    CHECK(apart.output_tokens.remaining == 8);
    CHECK(apart.tokens.empty());
}

TEST_CASE("what is no limit is none") {
    for (char const* value : {"", "-1", "many", "1e400", "nan", "inf", "0x10", "12 34", "99999999999999999999999"}) {
        for (char const* name : {"x-ratelimit-limit-requests", "x-ratelimit-remaining-tokens", "x-ratelimit-reset",
                                 "anthropic-ratelimit-requests-reset", "ratelimit", "ratelimit-policy"}) {
            CAPTURE(value);
            CAPTURE(name);
            RateLimits const limits = read_rate_limits(headers_of({{name, value}}), noon);
            CHECK(limits.requests.empty());
            CHECK(limits.tokens.empty());
        }
    }
    for (char const* name : {"ratelimi", "x-ratelimit-limit-images", "x-ratelimit-", "x-ratelimits-limit",
                             "anthropic-limit", "x-ratelimit-limit-project-tokens", "x-ratelimit-key", "r", ""}) {
        CAPTURE(name);
        RateLimits const limits = read_rate_limits(headers_of({{name, "5"}}), noon);
        for (RateLimit const& limit : {limits.requests, limits.tokens, limits.input_tokens, limits.output_tokens}) {
            CHECK(limit.empty());
        }
    }
}

TEST_CASE("dates in limits are seen from the server's own clock where it shows it") {
    net::Headers const headers = headers_of(
        {{"date", "Mon, 23 Nov 2026 12:00:00 GMT"}, {"anthropic-ratelimit-requests-reset", "2026-11-23T12:00:05Z"}});
    Exchange const exchange("anthropic", 200, headers, noon + std::chrono::hours(1));
    REQUIRE(exchange.rate_limits != nullptr);
    CHECK(exchange.rate_limits->requests.reset == milliseconds(5'000));
    Exchange refused = exchange;
    refused.status = 429;
    CHECK(provider::carrier::http_error(refused, "{}").rate_limits == exchange.rate_limits);
    CHECK(Exchange("anthropic", 200, net::Headers(), noon).rate_limits == nullptr);
}
