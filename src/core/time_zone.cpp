// SPDX-License-Identifier: MIT
// core/time_zone.cpp - reading compiled time zones.
#include "core/time_zone.hpp"

#include "core/os/files.hpp"

#include <algorithm>
#include <array>
#include <cctype>

namespace aikit::inline v0 {
namespace {

using std::chrono::days;
using std::chrono::seconds;
using std::chrono::sys_days;
using std::chrono::sys_seconds;

constexpr std::int64_t largest_file = 1'000'000;
constexpr std::int64_t most_entries = 100'000;

Error damaged() {
    return fail(Errc::invalid_argument, "the file of the time zone is damaged, or not of the form TZif");
}

/// Big-endian numbers, one after the other. Past the end they are 0, and good() is false.
class Bytes {
public:
    explicit Bytes(std::string_view bytes) : bytes_(bytes) {}

    std::int64_t number(std::size_t size) {
        if (bytes_.size() - at_ < size) {
            good_ = false;
            return 0;
        }
        bool const negative = size > 1 && (static_cast<unsigned char>(bytes_[at_]) & 0x80U) != 0;
        std::uint64_t value = negative ? ~std::uint64_t{0} : 0;
        for (std::size_t i = 0; i < size; ++i) value = value << 8U | static_cast<unsigned char>(bytes_[at_ + i]);
        at_ += size;
        return static_cast<std::int64_t>(value);
    }
    void skip(std::int64_t size) {
        good_ = good_ && size >= 0 && static_cast<std::uint64_t>(size) <= bytes_.size() - at_;
        if (good_) at_ += static_cast<std::size_t>(size);
    }
    std::string_view rest() const { return bytes_.substr(at_); }
    bool good() const noexcept { return good_; }

private:
    std::string_view bytes_;
    std::size_t at_ = 0;
    bool good_ = true;
};

/// The counts at the head of a block.
struct Head {
    explicit Head(Bytes& in) {
        magic = in.number(4);
        version = static_cast<char>(in.number(1));
        in.skip(15);
        for (std::int64_t* count : {&isut, &isstd, &leap, &times, &types, &letters}) *count = in.number(4);
    }
    bool sane() const {
        auto const counts = {isut, isstd, leap, times, types, letters};
        bool const small = std::all_of(counts.begin(), counts.end(),
                                       [](std::int64_t count) { return count >= 0 && count <= most_entries; });
        return magic == 0x545A6966 && small && types > 0;  // "TZif"
    }
    std::int64_t size(std::int64_t time) const {
        return times * (time + 1) + types * 6 + letters + leap * (time + 4) + isstd + isut;
    }

    std::int64_t magic = 0;
    char version = 0;
    std::int64_t isut = 0, isstd = 0, leap = 0, times = 0, types = 0, letters = 0;
};

}  // namespace

/// "CET-1CEST,M3.5.0,M10.5.0/3": the rule for what comes after the table.
class TimeZone::FooterReader {
public:
    explicit FooterReader(std::string_view text) : text_(text) {}

    std::optional<Yearly> read() {
        Yearly rule;
        if (!name()) return std::nullopt;
        std::optional<seconds> const standard = time(true);
        if (!standard) return std::nullopt;
        rule.standard = -*standard;
        rule.summer = rule.standard;
        if (text_.empty()) return rule;
        if (!name()) return std::nullopt;
        rule.summer = rule.standard + std::chrono::hours(1);
        if (!text_.empty() && text_.front() != ',') {
            std::optional<seconds> const summer = time(true);
            if (!summer) return std::nullopt;
            rule.summer = -*summer;
        }
        rule.begins = change();
        rule.ends = change();
        if (!rule.begins || !rule.ends || !text_.empty()) return std::nullopt;
        return rule;
    }

private:
    bool take(char c) {
        if (text_.empty() || text_.front() != c) return false;
        text_.remove_prefix(1);
        return true;
    }
    bool name() {
        std::size_t length = 0;
        if (take('<')) {
            length = text_.find('>');
            if (length == std::string_view::npos) return false;
            text_.remove_prefix(length + 1);
            return length > 0;
        }
        while (length < text_.size() && std::isalpha(static_cast<unsigned char>(text_[length])) != 0) ++length;
        text_.remove_prefix(length);
        return length > 0;
    }
    std::optional<int> digits(int most) {
        int value = 0;
        std::size_t length = 0;
        while (length < text_.size() && length < 3 && std::isdigit(static_cast<unsigned char>(text_[length])) != 0) {
            value = value * 10 + (text_[length++] - '0');
        }
        text_.remove_prefix(length);
        return length > 0 && value <= most ? std::optional<int>(value) : std::nullopt;
    }
    /// [+-]hh[:mm[:ss]]
    std::optional<seconds> time(bool offset) {
        bool const negative = take('-');
        if (!negative) (void)take('+');
        std::optional<int> const hours = digits(offset ? 25 : 167);
        if (!hours) return std::nullopt;
        seconds value = std::chrono::hours(*hours);
        for (int const unit : {60, 1}) {
            if (!take(':')) break;
            std::optional<int> const part = digits(59);
            if (!part) return std::nullopt;
            value += seconds(*part * unit);
        }
        return negative ? -value : value;
    }
    std::optional<ChangeDay> change() {
        if (!take(',')) return std::nullopt;
        ChangeDay day;
        day.kind = take('M') ? 'M' : take('J') ? 'J' : 'D';
        std::optional<int> const first = digits(day.kind == 'M' ? 12 : 365);
        if (!first) return std::nullopt;
        day.day = *first;
        if (day.kind == 'M') {
            day.month = *first;
            std::optional<int> const week = take('.') ? digits(5) : std::nullopt;
            std::optional<int> const weekday = week && take('.') ? digits(6) : std::nullopt;
            if (!weekday || *week < 1 || day.month < 1) return std::nullopt;
            day.week = *week;
            day.day = *weekday;
        }
        if (take('/')) {
            std::optional<seconds> const at = time(false);
            if (!at) return std::nullopt;
            day.time = *at;
        }
        return day;
    }

    std::string_view text_;
};

Result<TimeZone> TimeZone::load(std::string_view name) {
    if (name.empty() || name == "UTC") return TimeZone();
    auto const known = [](char c) {
        return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '+' || c == '-' || c == '/';
    };
    bool const plain = name.front() != '/' && name.size() < 100 && std::all_of(name.begin(), name.end(), known);
    if (plain) {
        // The places where systems keep them.
        for (char const* folder : {"/usr/share/zoneinfo/", "/usr/lib/zoneinfo/", "/etc/zoneinfo/"}) {
            Result<std::string> const bytes = os::read_regular_file(folder + std::string(name), largest_file);
            if (bytes) return parse(*bytes);
        }
    }
    return fail(Errc::invalid_argument, "there is no time zone '" + std::string(name.substr(0, 100)) +
                                            "' on this machine; name one as in \"Europe/Berlin\" and see that the "
                                            "system's time zones (tzdata) are installed");
}

Result<TimeZone> TimeZone::parse(std::string_view bytes) {
    Bytes in(bytes);
    Head head(in);
    if (!head.sane()) return damaged();
    std::size_t time_size = 4;
    if (head.version >= '2') {
        // The first block is for readers that know of 32 bits only.
        in.skip(head.size(4));
        head = Head(in);
        if (!in.good() || !head.sane()) return damaged();
        time_size = 8;
    }
    TimeZone zone;
    zone.transitions_.resize(static_cast<std::size_t>(head.times));
    for (Transition& transition : zone.transitions_) transition.at = sys_seconds(seconds(in.number(time_size)));
    std::vector<std::size_t> kinds;
    for (std::int64_t i = 0; i < head.times; ++i) kinds.push_back(static_cast<std::size_t>(in.number(1)));
    std::vector<seconds> offsets;
    for (std::int64_t i = 0; i < head.types; ++i) {
        offsets.emplace_back(in.number(4));
        in.skip(2);
    }
    in.skip(head.letters + head.leap * static_cast<std::int64_t>(time_size + 4) + head.isstd + head.isut);
    if (!in.good()) return damaged();
    constexpr seconds most_offset = std::chrono::hours(26);  // RFC 8536, 3.2
    for (seconds const offset : offsets) {
        if (offset < -most_offset || offset > most_offset) return damaged();
    }
    for (std::size_t i = 0; i < kinds.size(); ++i) {
        bool const rises = i == 0 || zone.transitions_[i - 1].at < zone.transitions_[i].at;
        if (kinds[i] >= offsets.size() || !rises) return damaged();
        zone.transitions_[i].offset = offsets[kinds[i]];
    }
    zone.first_ = offsets.front();
    std::string_view footer = in.rest();
    if (time_size == 8 && footer.size() >= 2 && footer.front() == '\n') {
        footer = footer.substr(1, footer.find('\n', 1) - 1);
        if (!footer.empty()) {
            zone.yearly_ = FooterReader(footer).read();
            if (!zone.yearly_) return damaged();
        }
    }
    return zone;
}

sys_days TimeZone::date_of(ChangeDay const& change, std::chrono::year year) {
    sys_days const first = year / std::chrono::January / 1;
    if (change.kind == 'D') return first + days(change.day);
    if (change.kind == 'J') return first + days(change.day - 1 + (year.is_leap() && change.day >= 60 ? 1 : 0));
    std::chrono::month const month(static_cast<unsigned>(change.month));
    std::chrono::weekday const weekday(static_cast<unsigned>(change.day));
    if (change.week == 5) return year / month / weekday[std::chrono::last];
    return year / month / weekday[static_cast<unsigned>(change.week)];
}

TimeZone::Segment TimeZone::yearly_segment(Yearly const& rule, sys_seconds at) {
    Segment segment;
    segment.offset = rule.standard;
    if (!rule.begins) return segment;
    // The last change at or before `at`, and the next one, are among those of three years.
    std::chrono::year const year = std::chrono::year_month_day(std::chrono::floor<days>(at)).year();
    std::array<Transition, 6> changes;
    std::size_t count = 0;
    for (int const apart : {-1, 0, 1}) {
        std::chrono::year const of = year + std::chrono::years(apart);
        sys_seconds const begins = date_of(*rule.begins, of) + rule.begins->time - rule.standard;
        sys_seconds const ends = date_of(*rule.ends, of) + rule.ends->time - rule.summer;
        changes[count].at = begins;
        changes[count++].offset = rule.summer;
        changes[count].at = ends;
        changes[count++].offset = rule.standard;
    }
    // Where summer time ends the moment it begins anew (all year), the beginning is what counts.
    std::stable_sort(changes.begin(), changes.end(), [&rule](Transition const& a, Transition const& b) {
        if (a.at != b.at) return a.at < b.at;
        return a.offset == rule.standard && b.offset != rule.standard;
    });
    for (Transition const& change : changes) {
        if (change.at > at) {
            segment.until = change.at;
            return segment;
        }
        segment.offset = change.offset;
    }
    return segment;
}

TimeZone::Segment TimeZone::segment_at(sys_seconds at) const {
    auto const next = std::upper_bound(transitions_.begin(), transitions_.end(), at,
                                       [](sys_seconds t, Transition const& change) { return t < change.at; });
    if (next == transitions_.end() && yearly_) return yearly_segment(*yearly_, at);
    Segment segment;
    segment.offset = next == transitions_.begin() ? first_ : std::prev(next)->offset;
    if (next != transitions_.end()) segment.until = next->at;
    return segment;
}

sys_seconds TimeZone::start_of(std::chrono::local_days day) const {
    seconds const midnight = day.time_since_epoch();
    // No clock is further from UTC than that.
    sys_seconds at = sys_seconds(midnight) - std::chrono::hours(27);
    for (;;) {
        Segment const segment = segment_at(at);
        sys_seconds const reached = std::max(at, sys_seconds(midnight - segment.offset));
        if (reached < segment.until) return reached;
        at = segment.until;
    }
}

std::chrono::local_days TimeZone::day_of(sys_seconds at) const {
    std::chrono::local_days day(std::chrono::floor<days>(at + offset_at(at)).time_since_epoch());
    while (start_of(day) > at) day -= days(1);
    while (start_of(day + days(1)) <= at) day += days(1);
    return day;
}

}  // namespace aikit::inline v0
