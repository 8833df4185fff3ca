// SPDX-License-Identifier: MIT
// core/time_zone.hpp - the clocks of a place: how far they are from UTC, and when its days begin.
#ifndef AIKIT_SRC_CORE_TIME_ZONE_HPP
#define AIKIT_SRC_CORE_TIME_ZONE_HPP

#include <aikit/core/result.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace aikit::inline v0 {

/// Read from the system's compiled time zones (TZif, RFC 8536). There is a packaged reader, the "date" library, but
/// Debian has no static form of it, and the C library carries all it needs.
///
/// Thread-safety: shared objects: safe (it is constant).
class TimeZone {
public:
    /// UTC.
    TimeZone() = default;

    /// "Europe/Berlin"; "" and "UTC" need no file.
    /// Errors: invalid_argument (no such zone, or its file cannot be read).
    static Result<TimeZone> load(std::string_view name);

    /// Reads the contents of a TZif file. Errors: invalid_argument.
    static Result<TimeZone> parse(std::string_view bytes);

    /// What has to be added to UTC to get the local time.
    std::chrono::seconds offset_at(std::chrono::sys_seconds at) const { return segment_at(at).offset; }

    /// The first moment of a local day. Where clocks are set back over midnight, days still follow each other.
    std::chrono::sys_seconds start_of(std::chrono::local_days day) const;

    /// The day that a moment belongs to: start_of(day) <= at < start_of(day + 1).
    std::chrono::local_days day_of(std::chrono::sys_seconds at) const;

private:
    /// Until when an offset holds.
    struct Segment {
        std::chrono::seconds offset{0};
        std::chrono::sys_seconds until = std::chrono::sys_seconds::max();
    };
    struct Transition {
        std::chrono::sys_seconds at;
        std::chrono::seconds offset{0};  ///< From then on.
    };

    /// A day of the year on which clocks change, as in POSIX' TZ.
    struct ChangeDay {
        char kind = 'M';  ///< 'J': 1 to 365 without leap days; 'D': 0 to 365 with them; 'M': a weekday of a month.
        int month = 0, week = 0, day = 0;
        std::chrono::seconds time{7'200};
    };
    /// What holds after the last transition of the table.
    struct Yearly {
        std::chrono::seconds standard{0};
        std::chrono::seconds summer{0};
        std::optional<ChangeDay> begins, ends;  ///< Of summer time; missing when there is none.
    };
    class FooterReader;

    Segment segment_at(std::chrono::sys_seconds at) const;
    static Segment yearly_segment(Yearly const& rule, std::chrono::sys_seconds at);
    static std::chrono::sys_days date_of(ChangeDay const& change, std::chrono::year year);

    std::chrono::seconds first_{0};  // before the first transition
    std::vector<Transition> transitions_;
    std::optional<Yearly> yearly_;
};

}  // namespace aikit::inline v0

#endif  // AIKIT_SRC_CORE_TIME_ZONE_HPP
