// SPDX-License-Identifier: MIT
// aikit/core/log.hpp - where aikit tells what it does, when asked to.
//
// Off by default. Records carry facts (provider, status, milliseconds), never keys, prompts or answers.
#ifndef AIKIT_CORE_LOG_HPP
#define AIKIT_CORE_LOG_HPP

#include <aikit/core/config.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace aikit::inline v0 {

enum class LogLevel { debug, info, warning, error };

/// "debug", "info", "warning", "error". Static storage.
AIKIT_EXPORT char const* name(LogLevel level) noexcept;

struct LogField {
    LogField() = default;
    LogField(std::string_view key_, std::string_view text) : key(key_), value(std::string(text)) {}
    LogField(std::string_view key_, char const* text) : key(key_), value(std::string(text)) {}
    LogField(std::string_view key_, std::int64_t number) : key(key_), value(number) {}

    std::string key;
    std::variant<std::string, std::int64_t> value;
};

/// One line: an event's stable name ("http.retry") and its facts.
struct LogRecord {
    LogRecord() = default;
    LogRecord(LogLevel level_, std::string_view event_, std::vector<LogField> fields_)
        : level(level_), event(event_), fields(std::move(fields_)) {}

    LogLevel level = LogLevel::info;
    std::string event;
    std::vector<LogField> fields;
};

/// Supplied by the host. write() is called from any thread, must not block for long and must not throw.
class LogSink {
public:
    virtual ~LogSink() = default;
    virtual bool wants(LogLevel level) const noexcept = 0;
    virtual void write(LogRecord const& record) noexcept = 0;
};

/// The record as one line of JSON, without the line end.
AIKIT_EXPORT std::string to_json_line(LogRecord const& record);

}  // namespace aikit::inline v0

#endif  // AIKIT_CORE_LOG_HPP
