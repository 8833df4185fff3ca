// SPDX-License-Identifier: MIT
// Covers to_rfc3339 and from_rfc3339. The oracle is the C library's calendar.
#include <aikit/core/clock.hpp>

#include <doctest/doctest.h>

#include <cstdio>
#include <ctime>
#include <random>
#include <string>

namespace aikit::inline v0 {
namespace {

using std::chrono::microseconds;
using std::chrono::seconds;

constexpr std::int64_t first_second = -62'167'219'200;  // 0000-01-01T00:00:00Z
constexpr std::int64_t last_second = 253'402'300'799;   // 9999-12-31T23:59:59Z

SystemTime at(std::int64_t second, int micro = 0) {
    return SystemTime(seconds(second)) + microseconds(micro);
}

std::string by_c_library(std::int64_t second, int micro) {
    std::time_t const time = second;
    std::tm parts = {};
    ::gmtime_r(&time, &parts);
    char text[80];
    std::snprintf(text, sizeof(text), "%04d-%02d-%02dT%02d:%02d:%02d", parts.tm_year + 1900, parts.tm_mon + 1,
                  parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec);
    std::string result = text;
    if (micro != 0) {
        std::snprintf(text, sizeof(text), ".%06d", micro);
        result += text;
    }
    return result + "Z";
}

void check_both_ways(std::int64_t second, int micro) {
    std::string const text = to_rfc3339(at(second, micro));
    if (text != by_c_library(second, micro)) FAIL(text << " is not " << by_c_library(second, micro));
    Result<SystemTime> const read = from_rfc3339(text);
    if (!read || *read != at(second, micro)) FAIL(text << " does not read back");
}

}  // namespace

TEST_CASE("every 13th day of ten thousand years is written and read as the calendar has it") {
    int turn = 0;
    for (std::int64_t second = first_second; second <= last_second; second += 13 * 86'400 + 3'607, ++turn) {
        check_both_ways(second, turn % 3 == 0 ? 0 : turn % 100'000 * 7'919 % 1'000'000);
    }
    check_both_ways(first_second, 0);
    check_both_ways(last_second, 999'999);
}

TEST_CASE("the end of February is right in every year, and its 29th only exists in leap years") {
    for (int year = 0; year <= 9'999; ++year) {
        bool const leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
        char text[40];
        std::snprintf(text, sizeof(text), "%04d-02-29T12:00:00Z", year);
        Result<SystemTime> const read = from_rfc3339(text);
        if (read.has_value() != leap) FAIL(text);
        if (read && to_rfc3339(*read) != text) FAIL(text);
        std::snprintf(text, sizeof(text), "%04d-03-01T00:00:00Z", year);
        SystemTime const march = from_rfc3339(text).value();
        std::snprintf(text, sizeof(text), "%04d-02-%02dT23:59:59.999999Z", year, leap ? 29 : 28);
        if (to_rfc3339(march - microseconds(1)) != text) FAIL(text);
    }
}

TEST_CASE("an offset moves the time by itself, for every offset there is") {
    SystemTime const noon = from_rfc3339("2026-03-01T12:00:00Z").value();
    for (int hour = 0; hour <= 23; ++hour) {
        for (int minute = 0; minute <= 59; ++minute) {
            char text[40];
            std::snprintf(text, sizeof(text), "2026-03-01T12:00:00.000000+%02d:%02d", hour, minute);
            auto const distance = std::chrono::hours(hour) + std::chrono::minutes(minute);
            if (from_rfc3339(text).value() != noon - distance) FAIL(text);
            text[26] = '-';
            if (from_rfc3339(text).value() != noon + distance) FAIL(text);
        }
    }
}

TEST_CASE("a fraction of any length counts to the microsecond, and finer digits are dropped") {
    SystemTime const whole = from_rfc3339("2026-11-22T16:04:05Z").value();
    struct Row {
        char const* fraction;
        int micro;
    };
    Row const rows[] = {{"1", 100'000},
                        {"12", 120'000},
                        {"123", 123'000},
                        {"000123", 123},
                        {"123456789", 123'456},
                        {"999999999", 999'999},
                        {"0000009", 0},
                        {"0", 0},
                        {"00000000000000000000000000000000000000001", 0}};
    for (Row const& row : rows) {
        CAPTURE(row.fraction);
        CHECK(from_rfc3339(std::string("2026-11-22T16:04:05.") + row.fraction + "Z").value() ==
              whole + microseconds(row.micro));
    }
    CHECK(from_rfc3339("1969-12-31T23:59:59.25Z").value() == SystemTime(microseconds(-750'000)));
}

TEST_CASE("lower case letters and leap seconds are read as the standard says") {
    CHECK(from_rfc3339("2026-11-22t16:04:05z").value() == from_rfc3339("2026-11-22T16:04:05Z").value());
    CHECK(from_rfc3339("1990-12-31T23:59:60Z").value() == from_rfc3339("1991-01-01T00:00:00Z").value());
    CHECK(from_rfc3339("1990-12-31T15:59:60-08:00").value() == from_rfc3339("1991-01-01T00:00:00Z").value());
    CHECK_FALSE(from_rfc3339("1990-12-30T23:59:60Z").has_value());
    CHECK_FALSE(from_rfc3339("1990-12-31T22:59:60Z").has_value());
}

TEST_CASE("a time with any one character missing, doubled or replaced is refused") {
    std::string const good = "2026-11-22T16:04:05+01:30";
    REQUIRE(from_rfc3339(good).has_value());
    for (std::size_t i = 0; i < good.size(); ++i) {
        std::string missing = good;
        missing.erase(i, 1);
        CHECK_FALSE(from_rfc3339(missing).has_value());
        std::string doubled = good;
        doubled.insert(i, 1, good[i]);
        CHECK_FALSE(from_rfc3339(doubled).has_value());
        for (char const c : std::string(" x/,\0\x7F\xFF", 7)) {
            std::string replaced = good;
            replaced[i] = c;
            CAPTURE(replaced);
            CHECK_FALSE(from_rfc3339(replaced).has_value());
        }
        CHECK_FALSE(from_rfc3339(good.substr(0, i)).has_value());
    }
}

TEST_CASE("fields out of their range and times out of ten thousand years are refused with one clear sentence") {
    for (char const* text :
         {"2026-00-22T16:04:05Z", "2026-13-22T16:04:05Z", "2026-11-00T16:04:05Z", "2026-11-31T16:04:05Z",
          "2026-11-22T24:00:00Z", "2026-11-22T16:60:05Z", "2026-11-22T16:04:61Z", "2026-11-22T16:04:05+24:00",
          "2026-11-22T16:04:05+00:60", "2026-11-22T16:04:05.Z", "2026-11-22T16:04:05", "2026-11-22",
          "0000-01-01T00:00:00+00:01", "9999-12-31T23:59:59-00:01", "9999-12-31T23:59:60Z", "2026-11-22T16:04:05 Z",
          "20261122T160405Z", "now"}) {
        CAPTURE(text);
        Result<SystemTime> const read = from_rfc3339(text);
        REQUIRE_FALSE(read.has_value());
        CHECK(read.error().code == Errc::invalid_argument);
        CHECK(read.error().message.find("RFC 3339") != std::string::npos);
    }
}

TEST_CASE("a time that has no four-digit year is written as the nearest that has") {
    CHECK(to_rfc3339(SystemTime::max()) == "9999-12-31T23:59:59.999999Z");
    CHECK(to_rfc3339(SystemTime::min()) == "0000-01-01T00:00:00Z");
}

}  // namespace aikit::inline v0
