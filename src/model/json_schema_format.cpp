// SPDX-License-Identifier: MIT
// model/json_schema_format.cpp - the formats that providers know, by the grammars of their RFCs.
#include "model/json_schema_check.hpp"

#include <boost/asio/ip/address_v4.hpp>
#include <boost/asio/ip/address_v6.hpp>

#include <algorithm>
#include <chrono>
#include <optional>

namespace aikit::inline v0::schema {
namespace {

bool is_digit(char c) noexcept {
    return c >= '0' && c <= '9';
}

bool is_letter(char c) noexcept {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool is_hex(char c) noexcept {
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

bool one_of(char c, std::string_view set) noexcept {
    return set.find(c) != std::string_view::npos;
}

/// Takes the beginning of a text apart.
class Scan {
public:
    explicit Scan(std::string_view rest) : rest_(rest) {}

    bool done() const noexcept { return rest_.empty(); }
    bool take(std::string_view any_of) noexcept {
        if (rest_.empty() || !one_of(rest_.front(), any_of)) return false;
        rest_.remove_prefix(1);
        return true;
    }
    std::string_view digits() noexcept {
        std::size_t const end = std::min(rest_.find_first_not_of("0123456789"), rest_.size());
        std::string_view const taken = rest_.substr(0, end);
        rest_.remove_prefix(end);
        return taken;
    }
    /// Exactly `count` digits, at most 9.
    std::optional<int> number(std::size_t count) noexcept {
        if (rest_.size() < count ||
            !std::all_of(rest_.begin(), rest_.begin() + static_cast<std::ptrdiff_t>(count), is_digit)) {
            return std::nullopt;
        }
        int value = 0;
        for (char const c : rest_.substr(0, count)) value = value * 10 + (c - '0');
        rest_.remove_prefix(count);
        return value;
    }

private:
    std::string_view rest_;
};

/// RFC 3339 section 5.6: full-date.
bool take_date(Scan& scan) {
    std::optional<int> const year = scan.number(4);
    bool whole = year && scan.take("-");
    std::optional<int> const month = whole ? scan.number(2) : std::nullopt;
    whole = month && scan.take("-");
    std::optional<int> const day = whole ? scan.number(2) : std::nullopt;
    if (!day) return false;
    return std::chrono::year_month_day(std::chrono::year(*year), std::chrono::month(static_cast<unsigned>(*month)),
                                       std::chrono::day(static_cast<unsigned>(*day)))
        .ok();
}

struct HourMinute {
    int hour = 0;
    int minute = 0;
};

std::optional<HourMinute> take_hour_minute(Scan& scan) {
    std::optional<int> const hour = scan.number(2);
    bool const whole = hour && *hour <= 23 && scan.take(":");
    std::optional<int> const minute = whole ? scan.number(2) : std::nullopt;
    if (!minute || *minute > 59) return std::nullopt;
    HourMinute taken;
    taken.hour = *hour;
    taken.minute = *minute;
    return taken;
}

/// full-time; a second of 60 only where a leap second can be, at the end of a day in UTC.
bool take_time(Scan& scan) {
    std::optional<HourMinute> const at = take_hour_minute(scan);
    std::optional<int> const second = at && scan.take(":") ? scan.number(2) : std::nullopt;
    if (!second || *second > 60) return false;
    if (scan.take(".") && scan.digits().empty()) return false;
    int minutes = at->hour * 60 + at->minute;
    if (!scan.take("Zz")) {
        bool const behind = scan.take("-");
        if (!behind && !scan.take("+")) return false;
        std::optional<HourMinute> const offset = take_hour_minute(scan);
        if (!offset) return false;
        minutes += (behind ? 1 : -1) * (offset->hour * 60 + offset->minute);
    }
    constexpr int day = 24 * 60;
    return *second < 60 || (minutes + day) % day == day - 1;
}

bool is_date(std::string_view text) {
    Scan scan(text);
    return take_date(scan) && scan.done();
}

bool is_time(std::string_view text) {
    Scan scan(text);
    return take_time(scan) && scan.done();
}

bool is_date_time(std::string_view text) {
    Scan scan(text);
    return take_date(scan) && scan.take("Tt") && take_time(scan) && scan.done();
}

/// Parts in their order, each with digits, and none left out between two: RFC 3339, appendix A.
bool take_parts(Scan& scan, std::string_view units, bool& any) {
    std::size_t next = 0;
    bool began = false;
    while (true) {
        Scan ahead = scan;
        if (ahead.digits().empty()) return true;
        std::size_t unit = next;
        while (unit < units.size() && !ahead.take(units.substr(unit, 1))) ++unit;
        if (unit == units.size() || (began && unit != next)) return false;
        scan = ahead;
        next = unit + 1;
        began = any = true;
    }
}

bool is_duration(std::string_view text) {
    Scan scan(text);
    if (!scan.take("P")) return false;
    Scan weeks = scan;
    if (!weeks.digits().empty() && weeks.take("W")) return weeks.done();
    bool any = false;
    if (!take_parts(scan, "YMD", any)) return false;
    if (scan.take("T")) {
        bool timed = false;
        if (!take_parts(scan, "HMS", timed) || !timed) return false;
        any = true;
    }
    return any && scan.done();
}

/// RFC 1123 section 2.1.
bool is_hostname(std::string_view text) {
    if (text.empty() || text.size() > 253) return false;
    std::size_t begin = 0;
    while (true) {
        std::size_t const end = std::min(text.find('.', begin), text.size());
        std::string_view const label = text.substr(begin, end - begin);
        if (label.empty() || label.size() > 63 || label.front() == '-' || label.back() == '-') return false;
        if (!std::all_of(label.begin(), label.end(), [](char c) { return is_letter(c) || is_digit(c) || c == '-'; })) {
            return false;
        }
        if (end == text.size()) return true;
        begin = end + 1;
    }
}

bool is_ipv4(std::string_view text) {
    boost::system::error_code error;
    static_cast<void>(boost::asio::ip::make_address_v4(text, error));
    return !error && text.find('\0') == std::string_view::npos;
}

bool is_ipv6(std::string_view text) {
    if (text.find_first_not_of("0123456789abcdefABCDEF:.") != std::string_view::npos) return false;  // no zones
    boost::system::error_code error;
    static_cast<void>(boost::asio::ip::make_address_v6(text, error));
    return !error;
}

/// RFC 5321 section 4.1.2: Local-part "@" Domain or an address in brackets.
bool is_email(std::string_view text) {
    std::size_t const at = text.rfind('@');
    if (at == std::string_view::npos || at == 0 || at > 64) return false;
    std::string_view const local = text.substr(0, at);
    std::string_view domain = text.substr(at + 1);
    if (local.front() == '"') {
        if (local.size() < 2 || local.back() != '"') return false;
        for (std::size_t i = 1; i + 1 < local.size(); ++i) {
            if (local[i] == '"' || static_cast<unsigned char>(local[i]) < 0x20) return false;
            if (local[i] == '\\' && ++i + 1 >= local.size()) return false;
        }
    } else {
        if (local.front() == '.' || local.back() == '.' || local.find("..") != std::string_view::npos) return false;
        if (!std::all_of(local.begin(), local.end(),
                         [](char c) { return is_letter(c) || is_digit(c) || one_of(c, ".!#$%&'*+-/=?^_`{|}~"); })) {
            return false;
        }
    }
    if (domain.starts_with('[') && domain.ends_with(']')) {
        domain = domain.substr(1, domain.size() - 2);
        return domain.starts_with("IPv6:") ? is_ipv6(domain.substr(5)) : is_ipv4(domain);
    }
    return is_hostname(domain);
}

bool is_uuid(std::string_view text) {
    if (text.size() != 36) return false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        bool const dash = i == 8 || i == 13 || i == 18 || i == 23;
        if (dash ? text[i] != '-' : !is_hex(text[i])) return false;
    }
    return true;
}

/// RFC 3986: unreserved, sub-delims, percent-encoded, and what else `more` allows.
bool are_uri_characters(std::string_view text, std::string_view more) {
    for (std::size_t i = 0; i < text.size(); ++i) {
        char const c = text[i];
        if (c == '%') {
            if (i + 2 >= text.size() || !is_hex(text[i + 1]) || !is_hex(text[i + 2])) return false;
            i += 2;
        } else if (!is_letter(c) && !is_digit(c) && !one_of(c, "-._~!$&'()*+,;=") && !one_of(c, more)) {
            return false;
        }
    }
    return true;
}

bool is_authority(std::string_view text) {
    std::size_t const at = text.find('@');
    if (at != std::string_view::npos) {
        if (!are_uri_characters(text.substr(0, at), ":")) return false;
        text.remove_prefix(at + 1);
    }
    std::size_t const bracket = text.starts_with('[') ? text.find(']') : std::string_view::npos;
    if (text.starts_with('[') && (bracket == std::string_view::npos || !is_ipv6(text.substr(1, bracket - 1))))
        return false;
    std::size_t const colon = text.find(':', bracket == std::string_view::npos ? 0 : bracket);
    std::string_view const port = colon == std::string_view::npos ? std::string_view() : text.substr(colon + 1);
    if (!std::all_of(port.begin(), port.end(), is_digit)) return false;
    std::string_view const host = text.substr(0, colon);
    if (bracket != std::string_view::npos) return host.size() == bracket + 1;
    return are_uri_characters(host, "");
}

bool is_scheme(std::string_view text) {
    return !text.empty() && is_letter(text.front()) && std::all_of(text.begin(), text.end(), [](char c) {
        return is_letter(c) || is_digit(c) || one_of(c, "+-.");
    });
}

bool is_uri(std::string_view text, bool may_be_relative) {
    std::size_t const fragment = text.find('#');
    if (fragment != std::string_view::npos) {
        if (!are_uri_characters(text.substr(fragment + 1), ":@/?")) return false;
        text = text.substr(0, fragment);
    }
    std::size_t const query = text.find('?');
    if (query != std::string_view::npos) {
        if (!are_uri_characters(text.substr(query + 1), ":@/?")) return false;
        text = text.substr(0, query);
    }
    std::size_t const colon = text.find(':');
    bool const absolute = colon != std::string_view::npos && is_scheme(text.substr(0, colon));
    if (absolute) text.remove_prefix(colon + 1);
    if (!absolute && !may_be_relative) return false;
    if (text.starts_with("//")) {
        text.remove_prefix(2);
        std::size_t const path = std::min(text.find('/'), text.size());
        if (!is_authority(text.substr(0, path))) return false;
        text.remove_prefix(path);
    } else if (!absolute && text.substr(0, text.find('/')).find(':') != std::string_view::npos) {
        return false;
    }
    return are_uri_characters(text, ":@/");
}

}  // namespace

bool is_of_format(std::string_view format, std::string_view text) {
    if (format == "date-time") return is_date_time(text);
    if (format == "date") return is_date(text);
    if (format == "time") return is_time(text);
    if (format == "duration") return is_duration(text);
    if (format == "email") return is_email(text);
    if (format == "hostname") return is_hostname(text);
    if (format == "ipv4") return is_ipv4(text);
    if (format == "ipv6") return is_ipv6(text);
    if (format == "uri") return is_uri(text, false);
    if (format == "uri-reference") return is_uri(text, true);
    if (format == "uuid") return is_uuid(text);
    return true;
}

}  // namespace aikit::inline v0::schema
