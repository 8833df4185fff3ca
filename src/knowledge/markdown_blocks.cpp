// SPDX-License-Identifier: MIT
// knowledge/markdown_blocks.cpp - CommonMark's blocks, by cmark, and GFM's tables among them.
//
// cmark is given a skeleton of the text: the same lines, in which whatever would only matter inside a line is made
// harmless and nesting has a limit. So its time and memory stay linear in the text, whoever wrote it. Tables are found
// here: cmark-gfm 0.29's own extension is quadratic in the lines of a paragraph.
#include "knowledge/blocks.hpp"

#include <aikit/text/unicode.hpp>

#include <cmark-gfm.h>

#include <algorithm>
#include <memory>

namespace aikit::inline v0::knowledge {
namespace {

constexpr std::size_t title_characters = 200;
constexpr std::size_t title_source_bytes = 1'000;

/// How deep lists and quotes nest at most, by markers on a line and by columns of indentation.
constexpr int most_markers = 50;
constexpr std::size_t most_indentation = 200;

struct NodeFree {
    void operator()(cmark_node* node) const { cmark_node_free(node); }
};
struct IterFree {
    void operator()(cmark_iter* iter) const { cmark_iter_free(iter); }
};
using Node = std::unique_ptr<cmark_node, NodeFree>;
using Iter = std::unique_ptr<cmark_iter, IterFree>;

Node parse(std::string_view markdown) {
    return Node(cmark_parse_document(markdown.data(), markdown.size(), CMARK_OPT_DEFAULT));
}

bool is_alphanumeric(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           static_cast<unsigned char>(c) >= 0x80;
}

/// The short form of a thematic break or of a heading's underline of dashes; empty when the line is neither.
std::string_view short_rule(std::string_view line) {
    char mark = 0;
    std::size_t marks = 0;
    std::size_t last = 0;
    std::size_t first = 0;
    for (std::size_t i = 0; i < line.size(); ++i) {
        char const c = line[i];
        if (is_blank(c)) continue;
        if ((c != '-' && c != '*' && c != '_') || (marks > 0 && c != mark)) return {};
        if (marks++ == 0) first = i;
        mark = c;
        last = i;
    }
    if (marks < 3) return {};
    return mark == '-' && last - first + 1 == marks ? "---" : "***";
}

/// Copies the markers a line begins with: they are all that decides what block it belongs to. Gives the offset after.
std::size_t copy_markers(std::string_view line, std::string& out) {
    std::size_t indentation = 0;
    int markers = 0;
    for (std::size_t at = 0; at < line.size(); ++at) {
        char const c = line[at];
        bool const before_blank = at + 1 == line.size() || is_blank(line[at + 1]);
        bool marker = c == '>' || ((c == '-' || c == '+' || c == '*') && before_blank);
        std::size_t size = 1;
        if (c >= '0' && c <= '9') {
            while (at + size < line.size() && size < 10 && line[at + size] >= '0' && line[at + size] <= '9') ++size;
            marker = at + size < line.size() && (line[at + size] == '.' || line[at + size] == ')');
            ++size;
        }
        if (marker) {
            if (++markers > most_markers) {
                out += 'x';
                return at;
            }
            out += line.substr(at, size);
            at += size - 1;
        } else if (c == ' ' || c == '\t') {
            if (++indentation <= most_indentation) out += c;
        } else if (is_alphanumeric(c) || c == '[' || c == '<') {
            return at;
        } else {
            out += c == '*' || c == '_' ? 'x' : c;
        }
    }
    return line.size();
}

/// One line of the skeleton, its ending included.
void copy_line(std::string_view line, std::string& out) {
    if (std::string_view const rule = short_rule(line); !rule.empty()) {
        out += line.substr(0, std::min(line.find_first_not_of(" \t"), most_indentation));
        out += rule;
        std::size_t const ending = line.find_first_of("\r\n");
        if (ending != std::string_view::npos) out += line.substr(ending);
        return;
    }
    std::size_t const content = copy_markers(line, out);
    for (std::size_t at = content; at < line.size(); ++at) {
        char const c = line[at];
        bool const html = c == '<' && (at == content || (at + 1 < line.size() && line[at + 1] == '/'));
        bool const inline_only = c == '[' || c == '*' || c == '_' || c == '!' || c == '&' || c == '<' || c == '\0';
        out += inline_only && !html ? 'x' : c;
    }
}

/// The line after YAML front matter, 0 when there is none.
std::size_t front_matter_lines(std::string_view text, std::vector<std::size_t> const& starts) {
    auto const line = [&](std::size_t i) {
        std::string_view content = text.substr(starts[i], starts[i + 1] - starts[i]);
        while (!content.empty() && is_blank(content.back())) content.remove_suffix(1);
        return content;
    };
    constexpr std::size_t most_lines = 500;
    if (starts.size() < 2 || line(0) != "---") return 0;
    for (std::size_t i = 1; i + 1 < starts.size() && i < most_lines; ++i) {
        if (line(i) == "---" || line(i) == "...") return i + 1;
    }
    return 0;
}

/// The underline of a heading of the kind that has one.
bool is_underline(std::string_view line) {
    while (!line.empty() && is_blank(line.back())) line.remove_suffix(1);
    while (!line.empty() && is_blank(line.front())) line.remove_prefix(1);
    if (line.empty() || (line.front() != '=' && line.front() != '-')) return false;
    return line.find_first_not_of(line.front()) == std::string_view::npos;
}

/// The words of a heading without its markup: `source` is its line with the hashes, or its lines above the underline.
std::string heading_title(std::string_view source, bool setext) {
    source = source.substr(0, text::floor_char(source, title_source_bytes));
    std::string const line = (setext ? "# " : "") + one_line(source, title_source_bytes);
    Node const root = parse(line);
    Iter const iter(cmark_iter_new(root.get()));
    std::string words;
    while (cmark_iter_next(iter.get()) != CMARK_EVENT_DONE) {
        cmark_node* const node = cmark_iter_get_node(iter.get());
        cmark_node_type const type = cmark_node_get_type(node);
        if (type == CMARK_NODE_TEXT || type == CMARK_NODE_CODE) {
            if (char const* literal = cmark_node_get_literal(node)) words += literal;
        }
    }
    return one_line(words, title_characters);
}

/// The cells of a table's row; 0 when the line has no bar.
std::size_t count_cells(std::string_view line) {
    while (!line.empty() && is_blank(line.back())) line.remove_suffix(1);
    while (!line.empty() && is_blank(line.front())) line.remove_prefix(1);
    std::size_t bars = 0;
    for (std::size_t i = 0; i < line.size(); ++i) {
        if (line[i] == '\\') {
            ++i;
        } else if (line[i] == '|') {
            ++bars;
        }
    }
    bool const opened = line.starts_with('|');
    bool const closed = line.size() > 1 && line.ends_with('|') && !line.ends_with("\\|");
    return bars == 0 ? 0 : bars + 1 - (opened ? 1 : 0) - (closed ? 1 : 0);
}

/// GFM's delimiter row: cells of dashes, with colons at their ends.
bool is_delimiter_row(std::string_view line) {
    bool const form = line.find_first_not_of("|-: \t\r\n") == std::string_view::npos;
    return form && line.find('-') != std::string_view::npos && line.find('|') != std::string_view::npos;
}

class MarkdownBlocks {
public:
    explicit MarkdownBlocks(std::string_view text) : text_(text), starts_(line_starts(text)) {}

    std::vector<Block> read() {
        std::size_t const front_matter = front_matter_lines(text_, starts_);
        std::string skeleton(front_matter, '\n');
        skeleton.reserve(text_.size() + 1);
        for (std::size_t i = front_matter; i + 1 < starts_.size(); ++i) copy_line(line(i), skeleton);
        if (front_matter > 0) add(Block::Kind::lines, 0);

        Node const root = parse(skeleton);
        for (cmark_node* node = cmark_node_first_child(root.get()); node != nullptr; node = cmark_node_next(node)) {
            take(node);
        }
        close_gaps(blocks_, text_.size());
        return std::move(blocks_);
    }

private:
    std::string_view line(std::size_t i) const { return text_.substr(starts_[i], starts_[i + 1] - starts_[i]); }

    /// Lines from 0 where a node begins and ends (exclusive).
    std::size_t first_line(cmark_node* node) const {
        return static_cast<std::size_t>(std::max(cmark_node_get_start_line(node), 1) - 1);
    }
    std::size_t last_line(cmark_node* node) const {
        return std::min(static_cast<std::size_t>(std::max(cmark_node_get_end_line(node), 0)), starts_.size() - 1);
    }

    Block& add(Block::Kind kind, std::size_t first) {
        std::size_t const begin = starts_[std::min(first, starts_.size() - 1)];
        return blocks_.emplace_back(kind, begin, begin);
    }

    void take(cmark_node* node) {
        std::size_t const first = first_line(node);
        switch (cmark_node_get_type(node)) {
            case CMARK_NODE_HEADING: take_heading(node, first); break;
            case CMARK_NODE_CODE_BLOCK:
            case CMARK_NODE_HTML_BLOCK: add(Block::Kind::lines, first); break;
            case CMARK_NODE_PARAGRAPH: take_paragraph(first, last_line(node)); break;
            case CMARK_NODE_THEMATIC_BREAK:
                if (blocks_.empty()) add(Block::Kind::prose, first);
                break;
            default: take_container(node, first);
        }
    }

    void take_heading(cmark_node* node, std::size_t first) {
        std::size_t const mark = line(first).find_first_not_of(" \t");
        bool const setext = mark == std::string_view::npos || line(first)[mark] != '#';
        std::size_t last = first + 1;
        while (setext && last + 1 < starts_.size() && !is_underline(line(last))) ++last;
        Block& block = add(Block::Kind::heading, first);
        block.level = cmark_node_get_heading_level(node);
        block.title = heading_title(text_.substr(starts_[first], starts_[last] - starts_[first]), setext);
    }

    /// A table ends its paragraph, and begins one line above its delimiter row.
    void take_paragraph(std::size_t first, std::size_t last) {
        std::size_t table = last;
        for (std::size_t i = first + 1; i < last && table == last; ++i) {
            if (is_delimiter_row(line(i)) && count_cells(line(i)) == count_cells(line(i - 1))) table = i - 1;
        }
        if (table != first) add(Block::Kind::prose, first);
        if (table != last) add(Block::Kind::lines, table);
    }

    void take_container(cmark_node* node, std::size_t first) {
        Block& block = add(Block::Kind::prose, first);
        Iter const iter(cmark_iter_new(node));
        std::size_t seen = first;
        for (cmark_event_type event = cmark_iter_next(iter.get()); event != CMARK_EVENT_DONE;
             event = cmark_iter_next(iter.get())) {
            cmark_node* const inner = cmark_iter_get_node(iter.get());
            bool const is_block = (cmark_node_get_type(inner) & CMARK_NODE_TYPE_MASK) == CMARK_NODE_TYPE_BLOCK;
            if (event != CMARK_EVENT_ENTER || !is_block || first_line(inner) <= seen) continue;
            seen = first_line(inner);
            block.seams.push_back(starts_[std::min(seen, starts_.size() - 1)]);
        }
    }

    std::string_view text_;
    std::vector<std::size_t> starts_;
    std::vector<Block> blocks_;
};

}  // namespace

std::vector<Block> markdown_blocks(std::string_view utf8) {
    return MarkdownBlocks(utf8).read();
}

}  // namespace aikit::inline v0::knowledge
