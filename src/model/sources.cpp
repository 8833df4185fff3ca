// SPDX-License-Identifier: MIT
// model/sources.cpp - numbered sources and citations as text.
#include <aikit/model/sources.hpp>

#include <charconv>
#include <limits>
#include <optional>

namespace aikit::inline v0 {
namespace {

constexpr std::string_view block_begin = "<source id=\"";
constexpr std::string_view block_end = "\n</source>\n\n";
constexpr std::string_view question_begin = "Question: ";

struct Entity {
    std::string_view name;
    char character;
};
constexpr Entity entities[] = {{"&lt;", '<'}, {"&amp;", '&'}, {"&quot;", '"'}};

Entity const* entity_at(std::string_view text, std::size_t at) {
    for (Entity const& entity : entities) {
        if (text.compare(at, entity.name.size(), entity.name) == 0) return &entity;
    }
    return nullptr;
}

/// No "<" is left, so no text can open or end a block. An ampersand is only touched where it would be read as ours,
/// which keeps code and prose as they were.
void escape(std::string_view text, bool attribute, std::string& out) {
    for (std::size_t i = 0; i < text.size(); ++i) {
        char const c = text[i];
        if (c == '<') {
            out += "&lt;";
        } else if (c == '&' && entity_at(text, i) != nullptr) {
            out += "&amp;";
        } else if (attribute && c == '"') {
            out += "&quot;";
        } else if (attribute && static_cast<unsigned char>(c) < 0x20) {
            out += ' ';
        } else {
            out += c;
        }
    }
}

std::string unescape(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size();) {
        Entity const* entity = text[i] == '&' ? entity_at(text, i) : nullptr;
        out += entity != nullptr ? entity->character : text[i];
        i += entity != nullptr ? entity->name.size() : 1;
    }
    return out;
}

/// Reads digits at `at` and moves past them. A number too large for an int is INT_MAX: it still is a number that no
/// source has.
std::optional<int> read_number(std::string_view text, std::size_t& at) {
    char const* const first = text.data() + at;
    char const* const last = text.data() + text.size();
    int value = 0;
    if (first == last || *first < '0' || *first > '9') return std::nullopt;
    auto const [end, error] = std::from_chars(first, last, value);
    if (error == std::errc::result_out_of_range) value = std::numeric_limits<int>::max();
    at += static_cast<std::size_t>(end - first);
    return value;
}

/// Reads one block at `at` and moves past it; nothing, and `at` unmoved, when there is none.
std::optional<Source> read_block(std::string_view message, std::size_t& at) {
    if (message.compare(at, block_begin.size(), block_begin) != 0) return std::nullopt;
    std::size_t here = at + block_begin.size();
    std::optional<int> const number = read_number(message, here);
    constexpr std::string_view title_begin = "\" title=\"";
    constexpr std::string_view head_end = "\">\n";
    if (!number || message.compare(here, title_begin.size(), title_begin) != 0) return std::nullopt;
    here += title_begin.size();
    std::size_t const title_end = message.find('"', here);
    if (title_end == std::string_view::npos || message.compare(title_end, head_end.size(), head_end) != 0) {
        return std::nullopt;
    }
    std::size_t const text_begin = title_end + head_end.size();
    std::size_t const text_end = message.find(block_end, text_begin);
    if (text_end == std::string_view::npos) return std::nullopt;

    at = text_end + block_end.size();
    return Source(*number, unescape(message.substr(here, title_end - here)),
                  unescape(message.substr(text_begin, text_end - text_begin)));
}

}  // namespace

std::string write_sources(std::vector<Source> const& sources, std::string_view question) {
    std::string out;
    for (Source const& source : sources) {
        out += block_begin;
        out += std::to_string(source.number);
        out += "\" title=\"";
        escape(source.title, true, out);
        out += "\">\n";
        escape(source.text, false, out);
        out += block_end;
    }
    if (!sources.empty()) out += question_begin;
    out += question;
    return out;
}

SourcedQuestion read_sources(std::string_view message) {
    SourcedQuestion out;
    std::size_t at = 0;
    while (std::optional<Source> source = read_block(message, at)) out.sources.push_back(std::move(*source));
    std::string_view rest = message.substr(at);
    if (!out.sources.empty() && rest.starts_with(question_begin)) rest.remove_prefix(question_begin.size());
    out.question = rest;
    return out;
}

std::vector<CitationMark> find_citations(std::string_view answer) {
    std::vector<CitationMark> out;
    for (std::size_t begin = answer.find('['); begin != std::string_view::npos; begin = answer.find('[', begin + 1)) {
        std::vector<int> numbers;
        std::size_t at = begin + 1;
        bool closed = false;
        while (std::optional<int> const number = read_number(answer, at)) {
            numbers.push_back(*number);
            closed = at < answer.size() && answer[at] == ']';
            if (closed || at >= answer.size() || answer[at] != ',') break;
            ++at;
            while (at < answer.size() && answer[at] == ' ') ++at;
        }
        if (!closed) continue;
        for (int const number : numbers) {
            CitationMark mark;
            mark.number = number;
            mark.span = text::Span(begin, at + 1);
            out.push_back(mark);
        }
    }
    return out;
}

}  // namespace aikit::inline v0
