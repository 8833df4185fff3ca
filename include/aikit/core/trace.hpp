// SPDX-License-Identifier: MIT
// aikit/core/trace.hpp - one piece of work in a trace, and how traces are carried from one program to the next.
//
// The context is that of W3C Trace Context (https://www.w3.org/TR/trace-context/), version 00.
#ifndef AIKIT_CORE_TRACE_HPP
#define AIKIT_CORE_TRACE_HPP

#include <aikit/core/clock.hpp>

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace aikit::inline v0 {

/// Which piece of work in which trace. Ids are bytes as they are sent; all zeros is no id.
struct AIKIT_EXPORT TraceContext {
    TraceContext() = default;

    std::array<std::uint8_t, 16> trace_id{};
    std::array<std::uint8_t, 8> span_id{};
    bool sampled = true;  ///< Whether who began the trace wants it kept.

    /// Both ids are there.
    bool valid() const noexcept;

    /// A new trace with its first piece of work, of random ids. Thread-safe.
    AIKIT_EXPORT static TraceContext begin() noexcept;

    /// A piece of work within this one: of the same trace, with a random id of its own. Thread-safe.
    AIKIT_EXPORT TraceContext child() const noexcept;

    /// "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01": the header traceparent.
    AIKIT_EXPORT std::string traceparent() const;

    /// Reads a traceparent; nothing where it is none. Of a version later than 00 it reads what 00 has.
    AIKIT_EXPORT static std::optional<TraceContext> parse(std::string_view traceparent) noexcept;
};

/// The bytes of an id as lower-case hexadecimal digits, as traceparent and OTLP's JSON write it.
AIKIT_EXPORT std::string trace_hex(std::array<std::uint8_t, 16> const& id);
AIKIT_EXPORT std::string trace_hex(std::array<std::uint8_t, 8> const& id);

/// A fact about a piece of work, by its name in OpenTelemetry's conventions where those have one.
struct TraceField {
    using Value = std::variant<std::string, std::int64_t, double, bool, std::vector<std::string>>;

    TraceField() = default;
    TraceField(std::string_view key_, std::string_view text) : key(key_), value(std::string(text)) {}
    TraceField(std::string_view key_, char const* text) : key(key_), value(std::string(text)) {}
    TraceField(std::string_view key_, std::int64_t number) : key(key_), value(number) {}
    TraceField(std::string_view key_, double number) : key(key_), value(number) {}
    TraceField(std::string_view key_, bool truth) : key(key_), value(truth) {}
    TraceField(std::string_view key_, std::vector<std::string> texts) : key(key_), value(std::move(texts)) {}

    std::string key;
    Value value;
};

/// What happened at one moment of a piece of work.
struct SpanEvent {
    SpanEvent() = default;

    std::string name;
    SystemTime time;
    std::vector<TraceField> fields;
};

/// A piece of work that has ended.
struct Span {
    enum class Kind {
        internal,  ///< Done in this process.
        client,    ///< Asked of another.
    };
    enum class Status { unset, ok, error };

    Span() = default;

    TraceContext context;
    std::array<std::uint8_t, 8> parent{};  ///< All zeros: it is the trace's first.
    std::string name;                      ///< Of few different ones: "chat gpt-4o".
    Kind kind = Kind::internal;
    SystemTime start;
    SystemTime end;
    Status status = Status::unset;
    std::string message;  ///< Of an error, one sentence of aikit's.
    std::vector<TraceField> fields;
    std::vector<SpanEvent> events;
};

}  // namespace aikit::inline v0

#endif  // AIKIT_CORE_TRACE_HPP
