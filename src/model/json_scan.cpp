// SPDX-License-Identifier: MIT
// model/json_scan.cpp - the grammar of RFC 8259, passed over.
#include "model/json_scan.hpp"

#include "model/json_bytes.hpp"

#include <aikit/text/unicode.hpp>

#include <algorithm>

namespace aikit::inline v0 {

namespace {

constexpr int deepest = 32;  // well below what the parser allows
constexpr std::size_t longest_number = 40;
constexpr std::size_t most_digits = 15;

bool is_digit(char c) noexcept {
    return c >= '0' && c <= '9';
}

unsigned char const* bytes_of(char const* text) noexcept {
    return reinterpret_cast<unsigned char const*>(text);
}

/// The value of four hexadecimal digits, or -1.
int hex4(char const* digits) noexcept {
    int value = 0;
    for (int i = 0; i < 4; ++i) {
        char const c = digits[i];
        int const digit = is_digit(c)            ? c - '0'
                          : c >= 'a' && c <= 'f' ? c - 'a' + 10
                          : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                                 : -1;
        if (digit < 0) return -1;
        value = value * 16 + digit;
    }
    return value;
}

bool is_high_surrogate(int unit) noexcept {
    return unit >= 0xD800 && unit <= 0xDBFF;
}

bool is_low_surrogate(int unit) noexcept {
    return unit >= 0xDC00 && unit <= 0xDFFF;
}

void append_utf8(std::string& out, unsigned code) {
    auto const put = [&out](unsigned byte) { out += static_cast<char>(byte); };
    if (code < 0x80) return put(code);
    if (code < 0x800) {
        put(0xC0 | code >> 6);
    } else {
        if (code < 0x10000) {
            put(0xE0 | code >> 12);
        } else {
            put(0xF0 | code >> 18);
            put(0x80 | (code >> 12 & 0x3F));
        }
        put(0x80 | (code >> 6 & 0x3F));
    }
    put(0x80 | (code & 0x3F));
}

/// The text of a string's inside, whose escapes were found to be right.
void unescape(std::string_view inside, std::string& out) {
    out.reserve(inside.size());
    while (!inside.empty()) {
        std::size_t const plain = std::min(inside.find('\\'), inside.size());
        out.append(inside.substr(0, plain));
        inside.remove_prefix(plain);
        if (inside.empty()) return;
        char const kind = inside[1];
        inside.remove_prefix(2);
        switch (kind) {
            case 'b': out += '\b'; break;
            case 'f': out += '\f'; break;
            case 'n': out += '\n'; break;
            case 'r': out += '\r'; break;
            case 't': out += '\t'; break;
            case 'u': {
                int const unit = hex4(inside.data());
                inside.remove_prefix(4);
                auto code = static_cast<unsigned>(unit);
                if (is_high_surrogate(unit)) {
                    code = 0x10000 + ((code - 0xD800) << 10) + static_cast<unsigned>(hex4(inside.data() + 2) - 0xDC00);
                    inside.remove_prefix(6);
                }
                append_utf8(out, code);
                break;
            }
            default: out += kind;
        }
    }
}

/// Appends JSON without the space around its tokens.
void append_compact(std::string_view json, std::string& out) {
    bool inside = false;
    for (std::size_t i = 0; i < json.size(); ++i) {
        char const c = json[i];
        if (inside && c == '\\') {
            out.append(json.substr(i++, 2));
            continue;
        }
        if (c == '"') inside = !inside;
        if (inside || static_cast<unsigned char>(c) > ' ') out += c;
    }
}

}  // namespace

bool JsonScan::take_key(std::string_view& key) noexcept {
    if (!take('"')) return false;
    std::size_t const size = json_bytes::plain_until(bytes_of(at_), 0, static_cast<std::size_t>(end_ - at_));
    if (at_ + size == end_ || at_[size] != '"') return false;
    key = std::string_view(at_, size);
    at_ += size + 1;
    return take(':');
}

/// After the opening quote.
bool JsonScan::pass_string(std::string_view& inside, bool& escaped) noexcept {
    char const* const begin = at_;
    bool checked = true;
    escaped = false;
    for (;;) {
        at_ += json_bytes::plain_until(bytes_of(at_), 0, static_cast<std::size_t>(end_ - at_));
        if (at_ == end_) return false;
        if (*at_ == '"') break;
        if (*at_ == '\\') {
            escaped = true;
            if (!pass_escape()) return false;
        } else if (static_cast<unsigned char>(*at_) >= 0x80) {
            checked = false;
            while (at_ != end_ && static_cast<unsigned char>(*at_) >= 0x80) ++at_;
        } else {
            return false;
        }
    }
    inside = std::string_view(begin, static_cast<std::size_t>(at_ - begin));
    ++at_;
    return checked || text::is_utf8(inside);
}

bool JsonScan::pass_escape() noexcept {
    constexpr std::string_view simple = "\"\\/bfnrt";
    if (end_ - at_ < 2) return false;
    char const kind = at_[1];
    at_ += 2;
    if (kind != 'u') return simple.find(kind) != std::string_view::npos;
    if (end_ - at_ < 4) return false;
    int const unit = hex4(at_);
    at_ += 4;
    if (unit < 0 || is_low_surrogate(unit)) return false;
    if (!is_high_surrogate(unit)) return true;
    if (end_ - at_ < 6 || at_[0] != '\\' || at_[1] != 'u' || !is_low_surrogate(hex4(at_ + 2))) return false;
    at_ += 6;
    return true;
}

bool JsonScan::string(std::string& out) {
    std::string_view inside;
    bool escaped = false;
    if (!take('"') || !pass_string(inside, escaped)) return false;
    out.clear();
    escaped ? unescape(inside, out) : static_cast<void>(out.assign(inside));
    return true;
}

bool JsonScan::count(std::int64_t& out) noexcept {
    pass_space();
    char const* const begin = at_;
    std::int64_t value = 0;
    for (; at_ != end_ && is_digit(*at_); ++at_) {
        if (static_cast<std::size_t>(at_ - begin) == most_digits) return false;
        value = value * 10 + (*at_ - '0');
    }
    if (at_ == begin || (*begin == '0' && at_ - begin > 1)) return false;
    out = value;
    return at_ == end_ || (*at_ != '.' && *at_ != 'e' && *at_ != 'E');
}

bool JsonScan::pass_number() noexcept {
    char const* const begin = at_;
    auto const digits = [this] {
        char const* const first = at_;
        while (at_ != end_ && is_digit(*at_)) ++at_;
        return at_ - first;
    };
    if (*at_ == '-') ++at_;
    bool const zero = at_ != end_ && *at_ == '0';
    auto const whole = digits();
    if (whole == 0 || (zero && whole > 1)) return false;
    if (at_ != end_ && *at_ == '.') {
        ++at_;
        if (digits() == 0) return false;
    }
    if (at_ != end_ && (*at_ == 'e' || *at_ == 'E')) {
        ++at_;
        if (at_ != end_ && (*at_ == '-' || *at_ == '+')) ++at_;
        auto const exponent = digits();
        if (exponent == 0 || exponent > 2) return false;
    }
    return static_cast<std::size_t>(at_ - begin) <= longest_number;
}

bool JsonScan::pass_word(std::string_view word) noexcept {
    if (!std::string_view(at_, static_cast<std::size_t>(end_ - at_)).starts_with(word)) return false;
    at_ += word.size();
    return true;
}

bool JsonScan::pass_value(int depth) {
    if (depth > deepest) return false;
    switch (peek()) {
        case '{': return object([&](std::string_view) { return pass_value(depth + 1); });
        case '[': return array([&] { return pass_value(depth + 1); });
        case '"': {
            ++at_;
            std::string_view inside;
            bool escaped = false;
            return pass_string(inside, escaped);
        }
        case 't': return pass_word("true");
        case 'f': return pass_word("false");
        case 'n': return pass_word("null");
        case '\0': return false;
        default: return pass_number();
    }
}

void JsonScan::copy_since(Mark begin, std::string& out) const {
    std::string_view const json(begin.at, static_cast<std::size_t>(at_ - begin.at));
    spaces_ == begin.spaces ? static_cast<void>(out.append(json)) : append_compact(json, out);
}

bool JsonRest::keep(std::string_view key, JsonScan& scan) {
    constexpr std::size_t usual_size = 120;  // so that it does not grow in steps
    if (count_ == most || std::find(keys_.begin(), keys_.begin() + count_, key) != keys_.begin() + count_) return false;
    if (count_ == 0) out_.reserve(usual_size);
    out_ += count_ == 0 ? '{' : ',';
    keys_[count_++] = key;
    out_.append("\"").append(key).append("\":");
    return scan.copy(out_);
}

}  // namespace aikit::inline v0
