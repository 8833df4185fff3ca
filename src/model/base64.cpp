// SPDX-License-Identifier: MIT
// model/base64.cpp - the alphabet and three bytes at a time.
#include "model/base64.hpp"

#include <array>
#include <cstdint>

namespace aikit::inline v0 {

namespace {

constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::uint8_t none = 0xFF;

constexpr std::array<std::uint8_t, 256> values = [] {
    std::array<std::uint8_t, 256> table{};
    table.fill(none);
    for (std::size_t i = 0; i < alphabet.size(); ++i) {
        table[static_cast<unsigned char>(alphabet[i])] = static_cast<std::uint8_t>(i);
    }
    return table;
}();

std::uint32_t byte(std::string_view bytes, std::size_t i) noexcept {
    return i < bytes.size() ? static_cast<unsigned char>(bytes[i]) : 0U;
}

}  // namespace

std::string to_base64(std::string_view bytes) {
    std::string text;
    text.reserve((bytes.size() + 2) / 3 * 4);
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        std::uint32_t const three = byte(bytes, i) << 16 | byte(bytes, i + 1) << 8 | byte(bytes, i + 2);
        text += alphabet[three >> 18];
        text += alphabet[three >> 12 & 63];
        text += i + 1 < bytes.size() ? alphabet[three >> 6 & 63] : '=';
        text += i + 2 < bytes.size() ? alphabet[three & 63] : '=';
    }
    return text;
}

std::optional<std::string> from_base64(std::string_view text) {
    if (text.size() % 4 != 0) return std::nullopt;
    std::size_t padding = 0;
    while (padding < 2 && padding < text.size() && text[text.size() - 1 - padding] == '=') ++padding;

    std::string bytes;
    bytes.reserve(text.size() / 4 * 3);
    for (std::size_t i = 0; i < text.size(); i += 4) {
        std::size_t const letters = i + 4 == text.size() ? 4 - padding : 4;
        std::uint32_t four = 0;
        for (std::size_t j = 0; j < 4; ++j) {
            std::uint8_t const value = j < letters ? values[static_cast<unsigned char>(text[i + j])] : std::uint8_t{0};
            if (value == none) return std::nullopt;
            four = four << 6 | value;
        }
        std::uint32_t const unused = letters == 4 ? 0 : letters == 3 ? 0xFF : 0xFFFF;
        if ((four & unused) != 0) return std::nullopt;
        bytes += static_cast<char>(four >> 16 & 0xFF);
        if (letters > 2) bytes += static_cast<char>(four >> 8 & 0xFF);
        if (letters > 3) bytes += static_cast<char>(four & 0xFF);
    }
    return bytes;
}

}  // namespace aikit::inline v0
