// SPDX-License-Identifier: MIT
// core/rfc3339.cpp - points in time as text, by the calendar alone: no locale, no time zone database.
#include <aikit/core/clock.hpp>

#include <algorithm>
#include <array>
#include <optional>

namespace aikit::inline v0 {

namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using std::chrono::sys_days;
using std::chrono::year;

constexpr SystemTime earliest = sys_days(year(0) / 1 / 1);
constexpr SystemTime latest = SystemTime(sys_days(year(10000) / 1 / 1)) - microseconds(1);

/// Writes `width` digits; returns where they end.
char* put(char* at, std::int64_t number, int width) noexcept {
    for (int place = width - 1; place >= 0; --place, number /= 10) at[place] = static_cast<char>('0' + number % 10);
    return at + width;
}

/// Reads from the front of a text; once something is missing all the rest is.
class Reader {
public:
    explicit Reader(std::string_view text) : rest_(text) {}

    /// Exactly `width` digits.
    int number(std::size_t width) noexcept {
        int value = 0;
        for (std::size_t i = 0; i < width; ++i) {
            if (!digit_ahead()) {
                good_ = false;
                return 0;
            }
            value = value * 10 + take();
        }
        return value;
    }

    /// One of the two characters.
    void expect(char c, char same) noexcept {
        if (!accept(c) && !accept(same)) good_ = false;
    }
    void expect(char c) noexcept { expect(c, c); }

    bool accept(char c) noexcept {
        if (rest_.empty() || rest_.front() != c) return false;
        rest_.remove_prefix(1);
        return true;
    }

    /// The digits behind a point, any number of them; what is finer than a microsecond is dropped.
    microseconds fraction() noexcept {
        if (!digit_ahead()) good_ = false;
        int value = 0;
        int unit = 100'000;
        for (; digit_ahead(); unit /= 10) value += take() * unit;
        return microseconds(value);
    }

    /// Z, or a distance from it.
    minutes offset() noexcept {
        if (accept('Z') || accept('z')) return minutes(0);
        bool const west = accept('-');
        if (!west) expect('+');
        int const hour = number(2);
        expect(':');
        int const minute = number(2);
        if (hour > 23 || minute > 59) good_ = false;
        minutes const distance = hours(hour) + minutes(minute);
        return west ? -distance : distance;
    }

    bool whole() const noexcept { return good_ && rest_.empty(); }

private:
    bool digit_ahead() const noexcept { return !rest_.empty() && rest_.front() >= '0' && rest_.front() <= '9'; }
    int take() noexcept {
        int const value = rest_.front() - '0';
        rest_.remove_prefix(1);
        return value;
    }

    std::string_view rest_;
    bool good_ = true;
};

std::optional<SystemTime> read(std::string_view text) noexcept {
    Reader reader(text);
    int const y = reader.number(4);
    reader.expect('-');
    int const m = reader.number(2);
    reader.expect('-');
    int const d = reader.number(2);
    reader.expect('T', 't');
    int const hour = reader.number(2);
    reader.expect(':');
    int const minute = reader.number(2);
    reader.expect(':');
    int const second = reader.number(2);
    microseconds const fraction = reader.accept('.') ? reader.fraction() : microseconds(0);
    minutes const offset = reader.offset();

    std::chrono::year_month_day const date(year(y), std::chrono::month(static_cast<unsigned>(m)),
                                           std::chrono::day(static_cast<unsigned>(d)));
    if (!reader.whole() || !date.ok() || hour > 23 || minute > 59 || second > 60) return std::nullopt;
    SystemTime const at = sys_days(date) + hours(hour) + minutes(minute) + seconds(second) - offset;
    if (second == 60) {
        // A leap second is the last one of a month in UTC, and counts as the first of the next.
        auto const midnight = std::chrono::floor<days>(at);
        if (at != midnight || std::chrono::year_month_day(midnight).day() != std::chrono::day(1)) return std::nullopt;
    }
    if (at < earliest || at + fraction > latest) return std::nullopt;
    return at + fraction;
}

}  // namespace

std::string to_rfc3339(SystemTime time) {
    SystemTime const at = std::clamp(time, earliest, latest);
    auto const midnight = std::chrono::floor<days>(at);
    std::chrono::year_month_day const date(midnight);
    std::chrono::hh_mm_ss<microseconds> const clock(at - midnight);
    std::array<char, 32> text;
    char* end = put(text.data(), static_cast<int>(date.year()), 4);
    *end++ = '-';
    end = put(end, static_cast<unsigned>(date.month()), 2);
    *end++ = '-';
    end = put(end, static_cast<unsigned>(date.day()), 2);
    *end++ = 'T';
    end = put(end, clock.hours().count(), 2);
    *end++ = ':';
    end = put(end, clock.minutes().count(), 2);
    *end++ = ':';
    end = put(end, clock.seconds().count(), 2);
    if (clock.subseconds() != microseconds(0)) {
        *end++ = '.';
        end = put(end, clock.subseconds().count(), 6);
    }
    *end++ = 'Z';
    return std::string(text.data(), end);
}

Result<SystemTime> from_rfc3339(std::string_view text) {
    std::optional<SystemTime> const time = read(text);
    if (!time) return fail(Errc::invalid_argument, "The time is not RFC 3339; write it like 2026-11-22T16:04:05Z.");
    return *time;
}

}  // namespace aikit::inline v0
