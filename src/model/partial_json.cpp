// SPDX-License-Identifier: MIT
// model/partial_json.cpp - JSON (RFC 8259) one byte at a time.
#include "core/json.hpp"

#include <aikit/model/partial_json.hpp>
#include <aikit/text/unicode.hpp>

#include <array>
#include <optional>

namespace aikit::inline v0 {
namespace {

bool is_white(char c) noexcept {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

bool is_digit(char c) noexcept {
    return c >= '0' && c <= '9';
}

std::optional<unsigned> hex_digit(char c) noexcept {
    if (is_digit(c)) return static_cast<unsigned>(c - '0');
    if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a' + 10);
    if (c >= 'A' && c <= 'F') return static_cast<unsigned>(c - 'A' + 10);
    return std::nullopt;
}

/// The code unit of an escape of six bytes that begins at `at`.
unsigned unit_at(std::string_view escape, std::size_t at) noexcept {
    unsigned unit = 0;
    for (char const c : escape.substr(at + 2, 4)) unit = unit * 16 + hex_digit(c).value_or(0);
    return unit;
}

/// How many bytes a character has that begins with this one; 0: none does.
std::size_t character_size(unsigned char first) noexcept {
    if (first < 0x80) return 1;
    if (first >= 0xC2 && first < 0xE0) return 2;
    if (first >= 0xE0 && first < 0xF0) return 3;
    return first >= 0xF0 && first < 0xF5 ? 4 : 0;
}

/// Whether the text is a JSON number, or "-", "1.", "1e" and the like when it may still become one.
bool is_number(std::string_view text, bool whole) noexcept {
    std::size_t at = 0;
    auto const digits = [&] {
        std::size_t const begin = at;
        while (at < text.size() && is_digit(text[at])) ++at;
        return at - begin;
    };
    if (at < text.size() && text[at] == '-') ++at;
    bool const zero = at < text.size() && text[at] == '0';
    std::size_t const count = digits();
    if (count == 0) return !whole && at == text.size();
    if (zero && count > 1) return false;
    if (at < text.size() && text[at] == '.') {
        ++at;
        if (digits() == 0) return !whole && at == text.size();
    }
    if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
        ++at;
        if (at < text.size() && (text[at] == '+' || text[at] == '-')) ++at;
        if (digits() == 0) return !whole && at == text.size();
    }
    return at == text.size();
}

constexpr std::array<std::string_view, 3> words{"true", "false", "null"};
constexpr std::size_t longest_number = 4096;

}  // namespace

Error PartialJson::refusal(char const* why) {
    state_ = State::failed;
    return fail(Errc::invalid_argument,
                "The text is no JSON document at byte " + std::to_string(taken_) + ": " + why + ".");
}

Result<void> PartialJson::take(std::string_view piece) {
    if (state_ == State::failed) return refusal("something was wrong before");
    text_.resize(decided_);
    for (char const c : piece) {
        if (!step(c)) {
            show();
            return refusal("this byte cannot stand here");
        }
        ++taken_;
    }
    show();
    return ok();
}

Result<void> PartialJson::finish() {
    if (state_ == State::failed) return refusal("something was wrong before");
    if (state_ == State::in_number && open_.empty()) {
        text_.resize(decided_);
        if (!number_ends()) return refusal("a number has no end");
        show();
    }
    if (state_ == State::done) return ok();
    return fail(Errc::incomplete, "The JSON document ends before it is whole.");
}

/// Everything up to here is decided.
void PartialJson::commit(std::string_view more) {
    text_ += pending_;
    pending_.clear();
    text_ += more;
    decided_ = text_.size();
}

void PartialJson::show() {
    if (state_ == State::in_string) text_ += '"';
    text_.append(open_.rbegin(), open_.rend());
}

void PartialJson::end_value() {
    state_ = open_.empty() ? State::done : State::after_value;
}

bool PartialJson::number_ends() {
    if (!is_number(partial_, true)) return false;
    pending_ += partial_;
    partial_.clear();
    commit({});
    end_value();
    return true;
}

bool PartialJson::step(char c) {
    switch (state_) {
        case State::in_string:
        case State::in_key: return string_step(c);
        case State::in_number:
            if (is_digit(c) || c == '.' || c == 'e' || c == 'E' || c == '+' || c == '-') {
                partial_ += c;
                return partial_.size() <= longest_number;
            }
            return number_ends() && step(c);
        case State::in_word:
            partial_ += c;
            for (std::string_view const word : words) {
                if (word == partial_) {
                    pending_ += partial_;
                    partial_.clear();
                    commit({});
                    end_value();
                    return true;
                }
                if (word.starts_with(partial_)) return true;
            }
            return false;
        default: break;
    }
    if (is_white(c)) return true;
    switch (state_) {
        case State::value: return begin_value(c);
        case State::first_item: return c == ']' ? close(c) : begin_value(c);
        case State::first_key:
            if (c == '}') return close(c);
            [[fallthrough]];
        case State::key:
            pending_ += c;
            state_ = State::in_key;
            return c == '"';
        case State::colon:
            pending_ += c;
            state_ = State::value;
            return c == ':';
        case State::after_value:
            if (c != ',') return close(c);
            pending_ = ",";
            state_ = open_.back() == '}' ? State::key : State::value;
            return true;
        default: return false;  // after the end
    }
}

bool PartialJson::begin_value(char c) {
    if (c == '{' || c == '[') {
        if (open_.size() >= json::max_depth) return false;
        commit(std::string_view(&c, 1));
        open_ += c == '{' ? '}' : ']';
        state_ = c == '{' ? State::first_key : State::first_item;
        return true;
    }
    if (c == '"') {
        commit("\"");
        state_ = State::in_string;
        return true;
    }
    partial_ = c;
    state_ = is_digit(c) || c == '-' ? State::in_number : State::in_word;
    return state_ == State::in_number || c == 't' || c == 'f' || c == 'n';
}

bool PartialJson::close(char c) {
    if (open_.empty() || open_.back() != c) return false;
    open_.pop_back();
    commit(std::string_view(&c, 1));
    end_value();
    return true;
}

bool PartialJson::string_step(char c) {
    if (!partial_.empty() && partial_[0] == '\\') return escape_step(c);
    if (partial_.empty() && c == '"') {
        if (state_ == State::in_key) {
            pending_ += c;
            state_ = State::colon;
        } else {
            commit("\"");
            end_value();
        }
        return true;
    }
    if (static_cast<unsigned char>(c) < 0x20) return false;
    partial_ += c;
    if (c == '\\' && partial_.size() == 1) return true;
    std::size_t const size = character_size(static_cast<unsigned char>(partial_[0]));
    if (partial_.size() < size) return (static_cast<unsigned char>(c) & 0x80) != 0;
    if (size == 0 || !text::is_utf8(partial_)) return false;
    pending_ += partial_;
    partial_.clear();
    if (state_ == State::in_string) commit({});
    return true;
}

bool PartialJson::escape_step(char c) {
    partial_ += c;
    std::size_t const at = partial_.size() > 6 ? 6 : 0;  // of the second of a pair
    std::size_t const size = partial_.size() - at;
    if (size == 1) return c == '\\';
    if (size == 2) {
        if (at == 0 && std::string_view("\"\\/bfnrt").find(c) != std::string_view::npos) {
            pending_ += partial_;
            partial_.clear();
            if (state_ == State::in_string) commit({});
            return true;
        }
        return c == 'u';
    }
    if (!hex_digit(c)) return false;
    if (size < 6) return true;
    unsigned const unit = unit_at(partial_, at);
    bool const high = unit >= 0xD800 && unit <= 0xDBFF;
    bool const low = unit >= 0xDC00 && unit <= 0xDFFF;
    if (at == 0 && high) return true;  // its other half must come
    if (low != (at == 6)) return false;
    pending_ += partial_;
    partial_.clear();
    if (state_ == State::in_string) commit({});
    return true;
}

}  // namespace aikit::inline v0
