// SPDX-License-Identifier: MIT
// core/trace.cpp - ids of traces, and the header that carries them.
#include "core/os/os.hpp"

#include <aikit/core/trace.hpp>

#include <algorithm>
#include <span>

namespace aikit::inline v0 {
namespace {

// "00-" + 32 + "-" + 16 + "-" + 2
constexpr std::size_t version_0_length = 55;
constexpr std::size_t trace_at = 3;
constexpr std::size_t span_at = 36;
constexpr std::size_t flags_at = 53;

bool is_zero(std::span<std::uint8_t const> bytes) noexcept {
    return std::all_of(bytes.begin(), bytes.end(), [](std::uint8_t byte) { return byte == 0; });
}

void fill(std::span<std::uint8_t> id) noexcept {
    // Without randomness the id stays none, and the span is told as one of no trace.
    if (!os::random_bytes(id.data(), id.size())) std::fill(id.begin(), id.end(), std::uint8_t(0));
}

void append_hex(std::string& text, std::span<std::uint8_t const> bytes) {
    constexpr std::string_view digits = "0123456789abcdef";
    for (std::uint8_t const byte : bytes) {
        text += digits[byte >> 4];
        text += digits[byte & 0xF];
    }
}

/// Upper-case digits are refused, as the specification wants.
int digit(char c) noexcept {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return -1;
}

bool read_hex(std::string_view text, std::span<std::uint8_t> bytes) noexcept {
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        int const high = digit(text[2 * i]);
        int const low = digit(text[2 * i + 1]);
        if (high < 0 || low < 0) return false;
        bytes[i] = static_cast<std::uint8_t>(high * 16 + low);
    }
    return true;
}

}  // namespace

bool TraceContext::valid() const noexcept {
    return !is_zero(trace_id) && !is_zero(span_id);
}

TraceContext TraceContext::begin() noexcept {
    TraceContext context;
    fill(context.trace_id);
    fill(context.span_id);
    return context;
}

TraceContext TraceContext::child() const noexcept {
    TraceContext context = *this;
    fill(context.span_id);
    return context;
}

std::string TraceContext::traceparent() const {
    std::string text;
    text.reserve(version_0_length);
    text += "00-";
    append_hex(text, trace_id);
    text += '-';
    append_hex(text, span_id);
    text += sampled ? "-01" : "-00";
    return text;
}

std::optional<TraceContext> TraceContext::parse(std::string_view text) noexcept {
    if (text.size() < version_0_length) return std::nullopt;
    std::array<std::uint8_t, 1> version{};
    std::array<std::uint8_t, 1> flags{};
    TraceContext context;
    bool const read = read_hex(text, version) && read_hex(text.substr(trace_at), context.trace_id) &&
                      read_hex(text.substr(span_at), context.span_id) && read_hex(text.substr(flags_at), flags);
    bool const framed = text[trace_at - 1] == '-' && text[span_at - 1] == '-' && text[flags_at - 1] == '-';
    if (!read || !framed || version[0] == 0xFF || !context.valid()) return std::nullopt;
    // Later versions may go on behind another dash.
    if (text.size() > version_0_length && (version[0] == 0 || text[version_0_length] != '-')) return std::nullopt;
    context.sampled = (flags[0] & 1) != 0;
    return context;
}

std::string trace_hex(std::array<std::uint8_t, 16> const& id) {
    std::string text;
    append_hex(text, id);
    return text;
}

std::string trace_hex(std::array<std::uint8_t, 8> const& id) {
    std::string text;
    append_hex(text, id);
    return text;
}

}  // namespace aikit::inline v0
