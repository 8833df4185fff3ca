// SPDX-License-Identifier: MIT
// knowledge/blocks.cpp - blocks, lines and characters, for all who cut texts.
#include "knowledge/blocks.hpp"

#include <algorithm>

namespace aikit::inline v0::knowledge {

void close_gaps(std::vector<Block>& blocks, std::size_t size) {
    if (blocks.empty() && size > 0) blocks.emplace_back(Block::Kind::prose, 0, size);
    for (std::size_t i = 0; i < blocks.size(); ++i) {
        blocks[i].end = i + 1 < blocks.size() ? blocks[i + 1].begin : size;
    }
    if (!blocks.empty()) blocks.front().begin = 0;
}

std::vector<std::size_t> line_starts(std::string_view text) {
    std::vector<std::size_t> out{0};
    for (std::size_t i = 0; i < text.size(); ++i) {
        bool const crlf = text[i] == '\r' && i + 1 < text.size() && text[i + 1] == '\n';
        if ((text[i] == '\n' || text[i] == '\r') && !crlf) out.push_back(i + 1);
    }
    if (out.back() != text.size()) out.push_back(text.size());
    return out;
}

std::string one_line(std::string_view utf8, std::size_t most) {
    std::string out;
    std::size_t characters = 0;
    bool space = false;
    for (char const c : utf8) {
        if (is_blank(c)) {
            space = !out.empty();
            continue;
        }
        if ((static_cast<unsigned char>(c) & 0xC0) != 0x80) {
            characters += space ? 2 : 1;
            if (characters > most) break;
            if (space) out += ' ';
            space = false;
        }
        out += c;
    }
    return out;
}

bool is_blank(std::string_view text) noexcept {
    return std::all_of(text.begin(), text.end(), [](char c) { return is_blank(c); });
}

std::size_t count_characters(std::string_view utf8) noexcept {
    return static_cast<std::size_t>(
        std::count_if(utf8.begin(), utf8.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

}  // namespace aikit::inline v0::knowledge
