// SPDX-License-Identifier: MIT
// model/json_repair.cpp - fences, words before and after, trailing commas.
#include "model/json_repair.hpp"

#include "core/json.hpp"

#include <optional>

namespace aikit::inline v0 {
namespace {

constexpr std::size_t most_candidates = 16;
constexpr std::string_view white = " \t\r\n";

std::string_view trimmed(std::string_view text) {
    std::size_t const begin = text.find_first_not_of(white);
    if (begin == std::string_view::npos) return {};
    return text.substr(begin, text.find_last_not_of(white) + 1 - begin);
}

/// Drops each comma that only a closing bracket follows.
std::string without_trailing_commas(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    bool in_text = false;
    std::size_t comma = std::string::npos;  // where in `out` one may have to go
    for (std::size_t i = 0; i < text.size(); ++i) {
        char const c = text[i];
        if (in_text) {
            if (c == '\\' && i + 1 < text.size()) {
                out += c;
                ++i;
            } else if (c == '"') {
                in_text = false;
            }
        } else if (c == '"') {
            in_text = true;
            comma = std::string::npos;
        } else if (c == ',') {
            comma = out.size();
        } else if ((c == '}' || c == ']') && comma != std::string::npos) {
            out.erase(comma, 1);
            comma = std::string::npos;
        } else if (white.find(c) == std::string_view::npos) {
            comma = std::string::npos;
        }
        out += text[i];
    }
    return out;
}

/// The text as JSON, with its trailing commas dropped where that is what it takes.
std::optional<std::string> as_json(std::string_view text) {
    text = trimmed(text);
    if (text.empty()) return std::nullopt;
    if (json::parse(text, "reply")) return std::string(text);
    std::string mended = without_trailing_commas(text);
    if (mended.size() != text.size() && json::parse(mended, "reply")) return mended;
    return std::nullopt;
}

/// Where the bracket that opens at `begin` is closed; npos when it is not.
std::size_t closing(std::string_view text, std::size_t begin) {
    std::string open;
    bool in_text = false;
    for (std::size_t i = begin; i < text.size(); ++i) {
        char const c = text[i];
        if (in_text) {
            if (c == '\\') ++i;
            in_text = c != '"';
        } else if (c == '"') {
            in_text = true;
        } else if (c == '{' || c == '[') {
            open += c == '{' ? '}' : ']';
        } else if (c == '}' || c == ']') {
            if (open.back() != c) return std::string_view::npos;
            open.pop_back();
            if (open.empty()) return i;
        }
    }
    return std::string_view::npos;
}

void add(std::vector<std::string>& out, std::optional<std::string> found) {
    if (found) out.push_back(std::move(*found));
}

/// What stands between two lines of three backticks or more, the first of which may name a language.
std::vector<std::string> fenced(std::string_view text) {
    std::vector<std::string> out;
    std::size_t at = 0;
    while (out.size() < most_candidates) {
        std::size_t const fence = text.find("```", at);
        std::size_t const begin = fence == std::string_view::npos ? fence : text.find('\n', fence);
        std::size_t const end = begin == std::string_view::npos ? begin : text.find("```", begin);
        if (end == std::string_view::npos) return out;
        add(out, as_json(text.substr(begin, end - begin)));
        at = end + 3;
    }
    return out;
}

}  // namespace

std::vector<std::string> json_candidates(std::string_view text) {
    std::vector<std::string> out;
    add(out, as_json(text));
    if (!out.empty()) return out;
    out = fenced(text);
    if (!out.empty()) return out;
    std::size_t at = 0;
    for (std::size_t tries = 0; tries < most_candidates; ++tries) {
        std::size_t const begin = text.find_first_of("{[", at);
        if (begin == std::string_view::npos) break;
        std::size_t const end = closing(text, begin);
        std::optional<std::string> found;
        if (end != std::string_view::npos) found = as_json(text.substr(begin, end + 1 - begin));
        at = found ? end + 1 : begin + 1;
        add(out, std::move(found));
    }
    return out;
}

}  // namespace aikit::inline v0
