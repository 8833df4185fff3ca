// SPDX-License-Identifier: MIT
// net/ascii.hpp - the character classes of RFC 9110, and comparing without regard to case, in no locale.
#ifndef AIKIT_SRC_NET_ASCII_HPP
#define AIKIT_SRC_NET_ASCII_HPP

#include <array>
#include <string>
#include <string_view>

namespace aikit::inline v0::net {

constexpr char to_lower(char c) noexcept {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}

constexpr bool is_digit(char c) noexcept {
    return c >= '0' && c <= '9';
}

constexpr bool is_alpha(char c) noexcept {
    return to_lower(c) >= 'a' && to_lower(c) <= 'z';
}

/// Which bytes belong to a class, for classes that are asked for every byte of a message.
template <class Belongs>
constexpr std::array<bool, 256> byte_table(Belongs belongs) noexcept {
    std::array<bool, 256> table{};
    for (int byte = 0; byte < 256; ++byte) table[static_cast<std::size_t>(byte)] = belongs(static_cast<char>(byte));
    return table;
}

inline constexpr std::array<bool, 256> token_table = byte_table([](char c) {
    return is_digit(c) || is_alpha(c) || std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
});

/// tchar of RFC 9110, section 5.6.2.
constexpr bool is_token_char(char c) noexcept {
    return token_table[static_cast<unsigned char>(c)];
}

constexpr bool is_token(std::string_view text) noexcept {
    for (char const c : text) {
        if (!is_token_char(c)) return false;
    }
    return !text.empty();
}

inline constexpr std::array<bool, 256> value_table = byte_table([](char c) {
    auto const byte = static_cast<unsigned char>(c);
    return byte == '\t' || (byte >= 0x20 && byte != 0x7F);
});

/// What may stand in a field's value: tab, space, visible ASCII, and bytes over 0x7F.
constexpr bool is_value_char(char c) noexcept {
    return value_table[static_cast<unsigned char>(c)];
}

constexpr bool is_value(std::string_view text) noexcept {
    for (char const c : text) {
        if (!is_value_char(c)) return false;
    }
    return true;
}

constexpr bool equals_ignoring_case(std::string_view a, std::string_view b) noexcept {
    if (a.size() != b.size()) return false;
    for (std::size_t i = 0; i < a.size(); ++i) {
        if (to_lower(a[i]) != to_lower(b[i])) return false;
    }
    return true;
}

/// Without spaces and tabs at both ends.
constexpr std::string_view trim(std::string_view text) noexcept {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
    return text;
}

inline std::string lower(std::string_view text) {
    std::string result(text);
    for (char& c : result) c = to_lower(c);
    return result;
}

}  // namespace aikit::inline v0::net

#endif  // AIKIT_SRC_NET_ASCII_HPP
