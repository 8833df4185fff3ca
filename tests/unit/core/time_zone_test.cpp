// SPDX-License-Identifier: MIT
// Covers core/time_zone against the C library's reading of the same files.
#include "core/time_zone.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace aikit::inline v0 {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::seconds;
using std::chrono::sys_seconds;

char const* const folder = "/usr/share/zoneinfo";

/// The zones that the system lists.
std::vector<std::string> zones() {
    std::vector<std::string> found;
    std::ifstream table(std::string(folder) + "/tzdata.zi");
    for (std::string line; std::getline(table, line);) {
        std::istringstream words(line);
        std::string kind, a, b;
        words >> kind >> a >> b;
        if (kind == "Z") found.push_back(a);
        if (kind == "L") found.push_back(b);
    }
    return found;
}

/// The C library's own clock of a place.
class Place {
public:
    explicit Place(std::string const& zone) {
        setenv("TZ", zone.c_str(), 1);
        tzset();
    }
    ~Place() {
        unsetenv("TZ");
        tzset();
    }
    Place(Place const&) = delete;
    Place& operator=(Place const&) = delete;

    static std::tm at(sys_seconds time) {
        std::time_t const since = time.time_since_epoch().count();
        std::tm local{};
        localtime_r(&since, &local);
        return local;
    }
};

sys_seconds utc(int year, unsigned month, unsigned day, int hour = 0, int minute = 0) {
    return std::chrono::sys_days(std::chrono::year(year) / std::chrono::month(month) / std::chrono::day(day)) +
           hours(hour) + std::chrono::minutes(minute);
}

std::chrono::local_days date(int year, unsigned month, unsigned day) {
    return std::chrono::local_days(std::chrono::year(year) / std::chrono::month(month) / std::chrono::day(day));
}

bool unavailable() {
    if (std::filesystem::exists(std::string(folder) + "/tzdata.zi")) return false;
    MESSAGE("skipped: this machine has no list of time zones");
    return true;
}

TimeZone zone(std::string const& name) {
    Result<TimeZone> loaded = TimeZone::load(name);
    REQUIRE(loaded.has_value());
    return *loaded;
}

}  // namespace

TEST_CASE("every zone of the system has the offsets that the C library reads, from 1970 to 2120") {
    if (unavailable()) return;
    std::vector<std::string> const names = zones();
    CHECK(names.size() > 400);
    std::int64_t compared = 0;
    for (std::string const& name : names) {
        TimeZone const place = zone(name);
        Place const clock(name);
        std::int64_t wrong = 0;
        // Uneven steps, so that all hours of days and all days of years are met.
        for (sys_seconds at = utc(1970, 1, 1); at < utc(2120, 1, 1); at += hours(141) + seconds(997), ++compared) {
            if (place.offset_at(at).count() != Place::at(at).tm_gmtoff) ++wrong;
        }
        CAPTURE(name);
        CHECK(wrong == 0);
    }
    CHECK(compared > 3'000'000);
}

TEST_CASE("around every change of clocks the offset changes in the same second as the C library's") {
    if (unavailable()) return;
    for (std::string const& name : zones()) {
        TimeZone const place = zone(name);
        Place const clock(name);
        std::int64_t wrong = 0;
        for (sys_seconds at = utc(2028, 1, 1); at < utc(2042, 1, 1); at += days(2)) {
            sys_seconds low = at, high = at + days(2);
            if (Place::at(low).tm_gmtoff == Place::at(high).tm_gmtoff) continue;
            while (high - low > seconds(1)) {
                sys_seconds const middle = low + (high - low) / 2;
                (Place::at(middle).tm_gmtoff == Place::at(low).tm_gmtoff ? low : high) = middle;
            }
            if (place.offset_at(low).count() != Place::at(low).tm_gmtoff) ++wrong;
            if (place.offset_at(high).count() != Place::at(high).tm_gmtoff) ++wrong;
        }
        CAPTURE(name);
        CHECK(wrong == 0);
    }
}

TEST_CASE("days follow each other in every zone, and each begins where its date does") {
    if (unavailable()) return;
    for (std::string const& name : zones()) {
        TimeZone const place = zone(name);
        Place const clock(name);
        std::int64_t wrong = 0;
        for (auto day = date(2010, 1, 1); day < date(2016, 1, 1); day += days(1)) {
            sys_seconds const start = place.start_of(day);
            // A second before, the date is an earlier one; at the start it is this one, or a later one where a whole
            // day was left out.
            auto const date_at = [](sys_seconds at) {
                std::tm const local = Place::at(at);
                return date(local.tm_year + 1900, static_cast<unsigned>(local.tm_mon + 1),
                            static_cast<unsigned>(local.tm_mday));
            };
            if (date_at(start) < day || date_at(start - seconds(1)) >= day) ++wrong;
            sys_seconds const next = place.start_of(day + days(1));
            if (next < start || (next > start && place.day_of(start) != day)) ++wrong;
            if (next > start && place.day_of(next - seconds(1)) != day) ++wrong;
        }
        CAPTURE(name);
        CHECK(wrong == 0);
    }
}

TEST_CASE("a day is 23 or 25 hours long when clocks change, and a leap day is a day") {
    if (unavailable()) return;
    TimeZone const berlin = zone("Europe/Berlin");
    CHECK(berlin.start_of(date(2026, 3, 30)) - berlin.start_of(date(2026, 3, 29)) == hours(23));
    CHECK(berlin.start_of(date(2026, 10, 26)) - berlin.start_of(date(2026, 10, 25)) == hours(25));
    CHECK(berlin.start_of(date(2028, 2, 29)) == utc(2028, 2, 28, 23));
    CHECK(berlin.day_of(utc(2028, 2, 29, 12)) == date(2028, 2, 29));
    TimeZone const apia = zone("Pacific/Apia");  // which left out 30 December 2011
    CHECK(apia.start_of(date(2011, 12, 30)) == apia.start_of(date(2011, 12, 31)));
}

TEST_CASE("names that are no zone are refused with what to do") {
    for (char const* name : {"Europe/Nowhere", "../../etc/passwd", "/etc/passwd", "Europe", "tzdata.zi", "a b"}) {
        Result<TimeZone> const loaded = TimeZone::load(name);
        REQUIRE_FALSE(loaded.has_value());
        CHECK(loaded.error().code == Errc::invalid_argument);
    }
    CHECK(TimeZone::load("").has_value());
    CHECK(TimeZone::load("UTC").has_value());
}

TEST_CASE("a file cut at any byte, or with any byte changed, is read or refused") {
    if (unavailable()) return;
    std::ifstream in(std::string(folder) + "/Europe/Berlin", std::ios::binary);
    std::string const whole((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
    REQUIRE(TimeZone::parse(whole).has_value());
    for (std::size_t cut = 0; cut < whole.size() - 1; ++cut) {
        Result<TimeZone> const read = TimeZone::parse(std::string_view(whole).substr(0, cut));
        if (read) (void)read->day_of(utc(2026, 1, 1));
        // Without its last rule the file is whole in form; within its tables it is not.
        if (cut < whole.size() / 2) CHECK_FALSE(read.has_value());
    }
    for (std::size_t at = 0; at < whole.size(); ++at) {
        for (unsigned char const bit : {0x01, 0x80, 0xFF}) {
            std::string changed = whole;
            changed[at] = static_cast<char>(static_cast<unsigned char>(changed[at]) ^ bit);
            Result<TimeZone> const read = TimeZone::parse(changed);
            if (read) (void)read->day_of(utc(2060, 7, 1));
        }
    }
}

}  // namespace aikit::inline v0
