// SPDX-License-Identifier: MIT
// model/json_writer.cpp - escaping, numbers, commas.
#include "model/json_writer.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <cstring>

namespace aikit::inline v0 {

namespace {

/// The length of the well-formed sequence at the start of `s`, or 0. RFC 3629, section 4.
std::size_t sequence(unsigned char const* s, std::size_t left) noexcept {
    unsigned char const lead = s[0];
    if (lead < 0x80) return 1;
    std::size_t const length = lead < 0xC2 ? 0 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : lead < 0xF5 ? 4 : 0;
    if (length == 0 || left < length) return 0;
    unsigned char low = 0x80;
    unsigned char high = 0xBF;
    if (lead == 0xE0) low = 0xA0;
    if (lead == 0xED) high = 0x9F;
    if (lead == 0xF0) low = 0x90;
    if (lead == 0xF4) high = 0x8F;
    if (s[1] < low || s[1] > high) return 0;
    for (std::size_t i = 2; i < length; ++i) {
        if ((s[i] & 0xC0) != 0x80) return 0;
    }
    return length;
}

/// What a byte of a JSON string needs: 0 nothing, 1 a check of its UTF-8 sequence, else an escape.
constexpr std::array<char, 256> needs = [] {
    std::array<char, 256> table{};
    for (std::size_t i = 0; i < 0x20; ++i) table[i] = 'u';
    for (std::size_t i = 0x80; i < 0x100; ++i) table[i] = 1;
    table['"'] = '"';
    table['\\'] = '\\';
    table['\b'] = 'b';
    table['\f'] = 'f';
    table['\n'] = 'n';
    table['\r'] = 'r';
    table['\t'] = 't';
    return table;
}();

}  // namespace

bool valid_utf8(std::string_view text) noexcept {
    auto const* s = reinterpret_cast<unsigned char const*>(text.data());
    std::size_t i = 0;
    while (i < text.size()) {
        std::uint64_t eight = 0;
        if (text.size() - i >= 8) {
            std::memcpy(&eight, s + i, 8);
            if ((eight & 0x8080808080808080U) == 0) {
                i += 8;
                continue;
            }
        }
        std::size_t const length = sequence(s + i, text.size() - i);
        if (length == 0) return false;
        i += length;
    }
    return true;
}

JsonWriter& JsonWriter::key(std::string_view name) {
    comma();
    quoted(name);
    out_ += ':';
    comma_ = false;
    return *this;
}

void JsonWriter::text(std::string_view value) {
    comma();
    quoted(value);
    comma_ = true;
}

void JsonWriter::number(std::int64_t value) {
    std::array<char, 24> digits;
    std::to_chars_result const end = std::to_chars(digits.data(), digits.data() + digits.size(), value);
    plain(std::string_view(digits.data(), static_cast<std::size_t>(end.ptr - digits.data())));
}

void JsonWriter::number(double value) {
    if (!std::isfinite(value)) return null();
    std::array<char, 32> digits;
    std::to_chars_result const end = std::to_chars(digits.data(), digits.data() + digits.size(), value);
    plain(std::string_view(digits.data(), static_cast<std::size_t>(end.ptr - digits.data())));
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

void JsonWriter::quoted(std::string_view text) {
    auto const* s = reinterpret_cast<unsigned char const*>(text.data());
    out_ += '"';
    std::size_t done = 0;
    std::size_t i = 0;
    while (i < text.size()) {
        char const need = needs[s[i]];
        if (need == 0) {
            ++i;
            continue;
        }
        if (need == 1) {
            std::size_t const length = sequence(s + i, text.size() - i);
            if (length == 0) valid_ = false;
            i += length == 0 ? 1 : length;
            continue;
        }
        out_.append(text, done, i - done);
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
    out_.append(text, done, text.size() - done);
    out_ += '"';
}

}  // namespace aikit::inline v0
