// SPDX-License-Identifier: MIT
// knowledge/paragraph_blocks.cpp - paragraphs and headings of texts that are not Markdown.
#include "knowledge/blocks.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

namespace aikit::inline v0::knowledge {
namespace {

constexpr std::size_t title_characters = 200;

/// A heading that is numbered instead of underlined has at most so many lines.
constexpr std::size_t most_numbered_lines = 3;

std::string_view without_ending(std::string_view line) {
    while (!line.empty() && is_blank(line.back())) line.remove_suffix(1);
    return line;
}

/// The mark of a line that consists of one punctuation mark at least thrice; 0 for others. docutils' rule.
char rule_mark(std::string_view line) {
    line = without_ending(line);
    constexpr std::string_view marks = "=-~^\"'`*+#.:_";
    if (line.size() < 3 || marks.find(line.front()) == std::string_view::npos) return 0;
    return line.find_first_not_of(line.front()) == std::string_view::npos ? line.front() : '\0';
}

/// With plain spaces for the no-break ones (U+00A0) that DocBook puts between a number and its title.
std::string plainly_spaced(std::string_view text) {
    constexpr std::string_view no_break = "\xC2\xA0";
    std::string out;
    for (std::size_t at = 0; at < text.size();) {
        bool const special = text.substr(at).starts_with(no_break);
        out += special ? ' ' : text[at];
        at += special ? no_break.size() : 1;
    }
    return out;
}

/// Levels of marks in the order in which they first appear, as in reStructuredText; a mark above and below is
/// another level than the same below alone.
class Levels {
public:
    int of(char mark, bool above) {
        std::pair<char, bool> const key(mark, above);
        auto const found = std::find(seen_.begin(), seen_.end(), key);
        if (found != seen_.end()) return static_cast<int>(found - seen_.begin()) + 1;
        seen_.push_back(key);
        return static_cast<int>(seen_.size());
    }

private:
    std::vector<std::pair<char, bool>> seen_;
};

/// The level of a title such as "3.1. Archives" (2) or "Chapter 3. Archives" (1); 0 when it has no such number.
int numbered_level(std::string_view title) {
    auto const is_digit = [](char c) { return c >= '0' && c <= '9'; };
    constexpr std::string_view chapter = "Chapter ";
    bool const named = title.starts_with(chapter);
    if (named) title.remove_prefix(chapter.size());
    int parts = 0;
    std::size_t at = 0;
    while (at < title.size() && is_digit(title[at]) && parts < 6) {
        std::size_t const first = at;
        while (at < title.size() && is_digit(title[at])) ++at;
        if (at - first > 3) return 0;  // a year, not a section
        ++parts;
        if (at < title.size() && title[at] == '.') ++at;
    }
    bool const spaced = at + 1 < title.size() && title[at] == ' ' && !is_digit(title[at + 1]);
    if (!spaced || parts == 0 || (parts == 1 && !named)) return 0;
    return parts;
}

class ParagraphBlocks {
public:
    explicit ParagraphBlocks(std::string_view text) : text_(text), starts_(line_starts(text)) {}

    std::vector<Block> read() {
        std::size_t const lines = starts_.size() - 1;
        for (std::size_t i = 0; i < lines;) {
            if (std::size_t const after = take_underlined(i); after != 0) {
                i = after;
            } else {
                take_line(i++);
            }
        }
        close(lines);
        if (!underlined_) number_headings();
        close_gaps(blocks_, text_.size());
        return std::move(blocks_);
    }

private:
    std::string_view line(std::size_t i) const {
        return i + 1 < starts_.size() ? text_.substr(starts_[i], starts_[i + 1] - starts_[i]) : std::string_view();
    }

    /// A heading of two lines, or three with a rule above, at line `i`; gives the line after it, 0 when there is none.
    std::size_t take_underlined(std::size_t i) {
        bool const above = rule_mark(line(i)) != 0;
        std::size_t const title_line = above ? i + 1 : i;
        std::string_view const title = without_ending(line(title_line));
        char const mark = rule_mark(line(title_line + 1));
        if (title.empty() || mark == 0 || rule_mark(title) != 0) return 0;
        bool const indented = is_blank(title.front());
        if (above ? rule_mark(line(i)) != mark : indented) return 0;
        // Without a blank line before it, it is the last line of a paragraph above a table's rule or the like.
        if (i > 0 && !is_blank(line(i - 1)) && !above && open_) return 0;
        std::size_t const rule_length = count_characters(without_ending(line(title_line + 1)));
        if (rule_length + 1 < count_characters(title)) return 0;

        close(i);
        // A reStructuredText label right above belongs to what it names.
        Block block(Block::Kind::heading, starts_[i], starts_[i]);
        if (!blocks_.empty() && blocks_.back().kind == Block::Kind::prose &&
            is_label(text_.substr(blocks_.back().begin, starts_[i] - blocks_.back().begin))) {
            block.begin = blocks_.back().begin;
            blocks_.pop_back();
        }
        block.level = levels_.of(mark, above);
        block.title = one_line(title, title_characters);
        blocks_.push_back(std::move(block));
        underlined_ = true;
        return title_line + 2;
    }

    static bool is_label(std::string_view paragraph) {
        std::string_view const label = without_ending(paragraph);
        return label.starts_with(".. _") && label.ends_with(':') && label.find('\n') == std::string_view::npos;
    }

    void take_line(std::size_t i) {
        if (is_blank(line(i))) {
            close(i);
        } else if (!open_) {
            open_ = true;
            first_ = i;
        }
    }

    void close(std::size_t line_after) {
        if (!open_) return;
        open_ = false;
        Block block(Block::Kind::prose, starts_[first_], starts_[std::min(line_after, starts_.size() - 1)]);
        blocks_.push_back(std::move(block));
    }

    /// Only short paragraphs at the margin count.
    void number_headings() {
        for (Block& block : blocks_) {
            std::string_view const source = text_.substr(block.begin, block.end - block.begin);
            auto const lines = static_cast<std::size_t>(std::count(source.begin(), source.end(), '\n'));
            if (lines > most_numbered_lines || count_characters(source) > title_characters) continue;
            std::string const title = plainly_spaced(source);
            int const level = numbered_level(title);
            if (level == 0) continue;
            block.kind = Block::Kind::heading;
            block.level = level;
            block.title = one_line(title, title_characters);
        }
    }

    std::string_view text_;
    std::vector<std::size_t> starts_;
    std::vector<Block> blocks_;
    Levels levels_;
    bool underlined_ = false;
    bool open_ = false;
    std::size_t first_ = 0;
};

}  // namespace

std::vector<Block> paragraph_blocks(std::string_view utf8) {
    return ParagraphBlocks(utf8).read();
}

}  // namespace aikit::inline v0::knowledge
