// SPDX-License-Identifier: MIT
// core/log.cpp - a record as a line of JSON.
#include "core/json.hpp"

#include <aikit/core/log.hpp>

namespace aikit::inline v0 {

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
    line.emplace("event", record.event);
    for (LogField const& field : record.fields) {
        // Of two equal keys the first one stays: nothing can pose as the level or the event.
        if (std::int64_t const* number = std::get_if<std::int64_t>(&field.value)) {
            line.emplace(field.key, *number);
        } else {
            line.emplace(field.key, std::get<std::string>(field.value));
        }
    }
    return json::serialize(line);
}

}  // namespace aikit::inline v0
