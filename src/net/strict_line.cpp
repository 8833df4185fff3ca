// SPDX-License-Identifier: MIT
// net/strict_line.cpp - where a line of HTTP ends, and what may stand in it.
#include "net/strict_line.hpp"

#include "net/ascii.hpp"

namespace aikit::inline v0::net {

char const* StrictLine::take(std::string_view& bytes, std::optional<std::string_view>& line) {
    line.reset();
    if (used_up_) partial_.clear();
    used_up_ = false;
    std::size_t const end = bytes.find('\n');
    bool const whole = end != std::string_view::npos;
    std::string_view const text = bytes.substr(0, end);
    bytes.remove_prefix(whole ? end + 1 : bytes.size());

    // A CR belongs only right before the LF, which may come with the next bytes.
    if (!text.empty() && partial_.ends_with('\r')) return "a bare carriage return";
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (is_value_char(text[i])) continue;
        if (text[i] != '\r') return "a control character";
        if (i + 1 != text.size()) return "a bare carriage return";
    }
    if (!whole) {
        partial_ += text;
        return nullptr;
    }
    std::string_view found = text;
    if (!partial_.empty()) {
        partial_ += text;
        found = partial_;
        used_up_ = true;
    }
    if (!found.ends_with('\r')) return "a bare line feed";
    found.remove_suffix(1);
    line = found;
    return nullptr;
}

}  // namespace aikit::inline v0::net
