// SPDX-License-Identifier: MIT
// core/log.cpp - a record as a line of JSON.
#include "core/json.hpp"

#include <aikit/core/log.hpp>

namespace aikit::inline v0 {

namespace {

/// The length of the UTF-8 character at the front (RFC 3629); 0 when there is none.
std::size_t character_length(std::string_view text) noexcept {
    auto byte = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U; };
    auto follows = [&](std::size_t i) { return (byte(i) & 0xC0U) == 0x80U; };
    unsigned const first = byte(0);
    if (first < 0x80) return 1;
    if (first >= 0xC2 && first <= 0xDF) return follows(1) ? 2 : 0;
    if ((first & 0xF0U) == 0xE0U) {
        bool const overlong = first == 0xE0 && byte(1) < 0xA0;
        bool const surrogate = first == 0xED && byte(1) >= 0xA0;
        return follows(1) && follows(2) && !overlong && !surrogate ? 3 : 0;
    }
    if (first >= 0xF0 && first <= 0xF4) {
        bool const overlong = first == 0xF0 && byte(1) < 0x90;
        bool const beyond = first == 0xF4 && byte(1) >= 0x90;
        return follows(1) && follows(2) && follows(3) && !overlong && !beyond ? 4 : 0;
    }
    return 0;
}

/// The text with U+FFFD for each byte that is no UTF-8: a path or a header may hold anything, a line of JSON may not.
std::string readable(std::string_view text) {
    std::string result;
    result.reserve(text.size());
    while (!text.empty()) {
        std::size_t const length = character_length(text);
        result.append(length == 0 ? std::string_view("\xEF\xBF\xBD") : text.substr(0, length));
        text.remove_prefix(length == 0 ? 1 : length);
    }
    return result;
}

}  // namespace

char const* name(LogLevel level) noexcept {
    switch (level) {
        case LogLevel::debug: return "debug";
        case LogLevel::info: return "info";
        case LogLevel::warning: return "warning";
        case LogLevel::error: return "error";
    }
    return "unknown";
}

std::string to_json_line(LogRecord const& record) {
    json::object line;
    line.emplace("level", name(record.level));
    line.emplace("event", readable(record.event));
    for (LogField const& field : record.fields) {
        // Of two equal keys the first one stays: nothing can pose as the level or the event.
        if (std::int64_t const* number = std::get_if<std::int64_t>(&field.value)) {
            line.emplace(readable(field.key), *number);
        } else {
            line.emplace(readable(field.key), readable(std::get<std::string>(field.value)));
        }
    }
    return json::serialize(line);
}

}  // namespace aikit::inline v0
