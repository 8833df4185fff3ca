// SPDX-License-Identifier: MIT
// model/json_writer.cpp - escaping, numbers, commas.
#include "model/json_writer.hpp"

#include "model/json_bytes.hpp"

#include <aikit/text/unicode.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstring>
#include <utility>

namespace aikit::inline v0 {

using json_bytes::is_plain;
using json_bytes::needs;
using json_bytes::plain_until;

JsonWriter& JsonWriter::any_key(std::string_view name) {
    if (!short_quoted(name, ':')) {
        comma();
        quoted(name);
        out_ += ':';
    }
    comma_ = false;
    return *this;
}

/// Writes a short text without escapes in one piece, with the comma in front and `end` behind (0: nothing).
bool JsonWriter::short_quoted(std::string_view content, char end) {
    std::array<char, 64> piece;
    if (content.size() > piece.size() - 4) return false;
    auto const* s = reinterpret_cast<unsigned char const*>(content.data());
    if (!is_plain(s, content.size())) return false;
    char* at = piece.data();
    if (comma_) *at++ = ',';
    *at++ = '"';
    if (!content.empty()) std::memcpy(at, content.data(), content.size());
    at += content.size();
    *at++ = '"';
    if (end != 0) *at++ = end;
    out_.append(piece.data(), static_cast<std::size_t>(at - piece.data()));
    return true;
}

void JsonWriter::text(std::string_view value) {
    if (!short_quoted(value, 0)) {
        comma();
        quoted(value);
    }
    comma_ = true;
}

void JsonWriter::member(JsonName name, std::string_view value) {
    constexpr std::size_t around = sizeof(",\"\":\"\"") - 1;
    std::array<char, 128> piece;
    bool const fits = JsonName::longest + around + value.size() <= piece.size();
    if (!fits || !is_plain(reinterpret_cast<unsigned char const*>(value.data()), value.size())) {
        return key(name).text(value);
    }
    char* at = piece.data();
    if (comma_) *at++ = ',';
    *at++ = '"';
    at = std::copy_n(name.text().data(), name.text().size(), at);
    at = std::copy_n("\":\"", 3, at);
    at = std::copy_n(value.data(), value.size(), at);
    *at++ = '"';
    out_.append(piece.data(), static_cast<std::size_t>(at - piece.data()));
    comma_ = true;
}

template <class Number>
void JsonWriter::digits(Number value) {
    std::array<char, 33> buffer;
    buffer[0] = ',';
    std::to_chars_result const end = std::to_chars(buffer.data() + 1, buffer.data() + buffer.size(), value);
    char const* const from = buffer.data() + (comma_ ? 0 : 1);
    out_.append(from, static_cast<std::size_t>(end.ptr - from));
    comma_ = true;
}

void JsonWriter::number(std::int64_t value) {
    if (value < 0 || value > 9) return digits(value);
    // Most counts of a usage are 0.
    std::array<char, 2> const piece{',', static_cast<char>('0' + value)};
    comma_ ? out_.append(piece.data(), 2) : out_.append(1, piece[1]);
    comma_ = true;
}

void JsonWriter::counts(std::initializer_list<Count> members) {
    std::array<char, 1024> piece;
    constexpr std::size_t largest = JsonName::longest + 4 + 20;
    char* at = piece.data();
    for (auto const& [name, value] : members) {
        if (at + largest > piece.data() + piece.size()) {
            out_.append(piece.data(), static_cast<std::size_t>(at - piece.data()));
            at = piece.data();
        }
        if (std::exchange(comma_, true)) *at++ = ',';
        *at++ = '"';
        std::memcpy(at, name.text().data(), name.text().size());
        at += name.text().size();
        *at++ = '"';
        *at++ = ':';
        at = std::to_chars(at, at + 20, value).ptr;
    }
    out_.append(piece.data(), static_cast<std::size_t>(at - piece.data()));
}

void JsonWriter::number(double value) {
    std::isfinite(value) ? digits(value) : null();
}

void JsonWriter::number(float value) {
    std::isfinite(value) ? digits(value) : null();
}

void JsonWriter::value(json::value const& value) {
    switch (value.kind()) {
        case boost::json::kind::null: return null();
        case boost::json::kind::bool_: return boolean(value.get_bool());
        case boost::json::kind::int64: return number(value.get_int64());
        case boost::json::kind::uint64: return plain(std::to_string(value.get_uint64()));
        case boost::json::kind::double_: return number(value.get_double());
        case boost::json::kind::string: return text(value.get_string());
        case boost::json::kind::object: return object(value.get_object());
        case boost::json::kind::array: break;
    }
    begin_array();
    for (json::value const& item : value.get_array()) this->value(item);
    end_array();
}

void JsonWriter::object(json::object const& object) {
    begin_object();
    for (auto const& member : object) key(member.key()).value(member.value());
    end_object();
}

void JsonWriter::open(char bracket) {
    comma();
    out_ += bracket;
    comma_ = false;
}

void JsonWriter::close(char bracket) {
    out_ += bracket;
    comma_ = true;
}

void JsonWriter::plain(std::string_view token) {
    comma();
    out_ += token;
    comma_ = true;
}

void JsonWriter::quoted(std::string_view content) {
    auto const* s = reinterpret_cast<unsigned char const*>(content.data());
    out_ += '"';
    std::size_t done = 0;
    std::size_t i = 0;
    bool checked = false;
    while ((i = plain_until(s, i, content.size())) < content.size()) {
        char const need = needs[s[i]];
        if (need == 1) {
            if (!checked && !text::is_utf8(content)) valid_ = false;
            checked = true;
            while (i < content.size() && s[i] >= 0x80) ++i;
            continue;
        }
        out_.append(content, done, i - done);
        out_ += '\\';
        out_ += need;
        if (need == 'u') {
            constexpr char hex[] = "0123456789abcdef";
            out_ += "00";
            out_ += hex[s[i] >> 4];
            out_ += hex[s[i] & 15];
        }
        done = ++i;
    }
    out_.append(content, done, content.size() - done);
    out_ += '"';
}

}  // namespace aikit::inline v0
