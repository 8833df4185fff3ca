// SPDX-License-Identifier: MIT
// provider/builtin/sentences.cpp - reading prose out of plain text, Markdown and reStructuredText.
#include "provider/builtin/sentences.hpp"

#include <aikit/text/unicode.hpp>

#include <algorithm>
#include <array>

namespace aikit::inline v0::provider::builtin {
namespace {

constexpr std::size_t longest_heading = 160;
constexpr std::size_t least_words = 3;
constexpr std::size_t most_words = 200;

struct Irregular {
    std::string_view form;
    std::string_view verb;
};

// Forms of common verbs that no stemmer of endings joins. Sorted by form.
constexpr std::array irregular_forms{
    Irregular{"began", "begin"},   Irregular{"begun", "begin"},      Irregular{"bought", "buy"},
    Irregular{"brought", "bring"}, Irregular{"built", "build"},      Irregular{"caught", "catch"},
    Irregular{"chose", "choose"},  Irregular{"chosen", "choose"},    Irregular{"dealt", "deal"},
    Irregular{"fallen", "fall"},   Irregular{"fell", "fall"},        Irregular{"felt", "feel"},
    Irregular{"forgot", "forget"}, Irregular{"forgotten", "forget"}, Irregular{"gave", "give"},
    Irregular{"given", "give"},    Irregular{"gone", "go"},          Irregular{"grew", "grow"},
    Irregular{"grown", "grow"},    Irregular{"held", "hold"},        Irregular{"hidden", "hide"},
    Irregular{"kept", "keep"},     Irregular{"knew", "know"},        Irregular{"known", "know"},
    Irregular{"laid", "lay"},      Irregular{"led", "lead"},         Irregular{"left", "leave"},
    Irregular{"lost", "lose"},     Irregular{"made", "make"},        Irregular{"meant", "mean"},
    Irregular{"met", "meet"},      Irregular{"paid", "pay"},         Irregular{"ran", "run"},
    Irregular{"rose", "rise"},     Irregular{"said", "say"},         Irregular{"sent", "send"},
    Irregular{"shown", "show"},    Irregular{"sold", "sell"},        Irregular{"spent", "spend"},
    Irregular{"spoke", "speak"},   Irregular{"spoken", "speak"},     Irregular{"stood", "stand"},
    Irregular{"taken", "take"},    Irregular{"taught", "teach"},     Irregular{"thought", "think"},
    Irregular{"told", "tell"},     Irregular{"took", "take"},        Irregular{"understood", "understand"},
    Irregular{"went", "go"},       Irregular{"won", "win"},          Irregular{"written", "write"},
    Irregular{"wrote", "write"},
};

bool is_space(char c) {
    return c == ' ' || (c >= '\t' && c <= '\r');
}

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
    while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
    return text;
}

/// A line of one punctuation mark, at least three times.
bool is_rule(std::string_view line) {
    line = trimmed(line);
    constexpr std::string_view marks = "=-~^\"'`*+#.:_";
    return line.size() >= 3 && marks.find(line.front()) != std::string_view::npos &&
           line.find_first_not_of(line.front()) == std::string_view::npos;
}

/// Takes "* ", "- ", "12. ", "(a) " and the like off the front; true when there was one.
bool drop_list_mark(std::string_view& text) {
    std::string_view const bullets[] = {"* ", "- ", "+ ", "\xE2\x80\xA2 ", "#. "};
    for (std::string_view const bullet : bullets) {
        if (!text.starts_with(bullet)) continue;
        text = trimmed(text.substr(bullet.size()));
        return true;
    }
    std::size_t at = 0;
    bool const bracket = text.starts_with('(');
    if (bracket) ++at;
    std::size_t const first = at;
    while (at < text.size() && is_digit(text[at]) && at - first < 3) ++at;
    if (at == first && bracket && at < text.size() && text[at] >= 'a' && text[at] <= 'z') ++at;
    bool const ended = at > first && at + 1 < text.size() && (text[at] == ')' || (text[at] == '.' && !bracket));
    if (!ended || !is_space(text[at + 1])) return false;
    text = trimmed(text.substr(at + 1));
    return true;
}

/// Takes [n] off both ends, where it is a footnote's; false when one is left inside.
bool drop_marks(std::string_view& text) {
    std::vector<CitationMark> const marks = find_citations(text);
    std::size_t first = 0;
    std::size_t last = marks.size();
    std::size_t begin = 0;
    while (first < last && trimmed(text.substr(begin, marks[first].span.begin - begin)).empty()) {
        begin = marks[first++].span.end;
    }
    std::size_t end = text.size();
    while (last > first &&
           text.substr(marks[last - 1].span.end, end - marks[last - 1].span.end).find_first_not_of(" .\n") ==
               std::string_view::npos) {
        end = marks[--last].span.begin;
    }
    text = trimmed(text.substr(begin, end - begin));
    return first == last;
}

/// "3.1. Archives", "Chapter 3. Archives"
bool is_numbered(std::string_view text) {
    if (text.starts_with("Chapter ")) return true;
    std::size_t at = 0;
    int dots = 0;
    while (at < text.size() && (is_digit(text[at]) || text[at] == '.')) dots += text[at++] == '.' ? 1 : 0;
    return dots > 0 && at > 2 && is_digit(text.front()) && is_digit(text[2]) && at < text.size() && text[at] == ' ';
}

/// Mostly letters and spaces: prose rather than code, a table or a path.
bool is_prose(std::string_view text) {
    auto const letters = static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == ' ' || c == '\n' ||
               static_cast<unsigned char>(c) >= 0x80;
    }));
    return letters * 10 >= text.size() * 7;
}

class Reader {
public:
    explicit Reader(Passages& out) : out_(out) {}

    void read(std::size_t index, Source const& source) {
        source_ = index;
        paragraph_ = 0;
        heading_ = 0;
        fenced_ = false;
        out_.titles.push_back(source.title);
        std::string_view const text = source.text;
        std::size_t begin = 0;
        std::size_t at = 0;
        while (at < text.size()) {
            std::size_t const end = std::min(text.find('\n', at), text.size());
            std::string_view const line = trimmed(text.substr(at, end - at));
            std::size_t const next = std::min(end + 1, text.size());
            if (line.starts_with("```") || line.starts_with("~~~")) {
                take(text.substr(begin, at - begin));
                fenced_ = !fenced_;
                begin = next;
            } else if (line.empty()) {
                take(text.substr(begin, at - begin));
                begin = next;
            } else if (is_rule(line)) {
                std::string_view const above = trimmed(text.substr(begin, at - begin));
                // What stands right above a rule is a heading; a rule alone divides.
                if (above.find('\n') == std::string_view::npos) {
                    add_heading(std::string(above));
                } else {
                    take(above);
                }
                begin = next;
            }
            at = next;
        }
        take(text.substr(begin));
    }

private:
    void add_heading(std::string const& text) {
        if (text.empty()) return;
        heading_ = out_.headings.size();
        out_.headings.push_back(text);
    }

    void take(std::string_view paragraph) {
        std::string_view const text = trimmed(paragraph);
        if (text.empty() || fenced_ || text.starts_with(".. ")) return;
        ++paragraph_;
        if (is_heading(text)) {
            add_heading(std::string(text));
            return;
        }
        for (text::Span const& span : text::sentences(text)) {
            take_sentence(trimmed(text.substr(span.begin, span.end - span.begin)));
        }
    }

    static bool is_heading(std::string_view text) {
        if (text.size() > longest_heading) return false;
        if (text.starts_with('#')) return true;
        if (is_numbered(text)) return true;
        bool const one_line = text.find('\n') == std::string_view::npos;
        constexpr std::string_view ends = ".:;,!?)]`'\"";
        bool const ended =
            ends.find(text.back()) != std::string_view::npos || static_cast<unsigned char>(text.back()) >= 0x80;
        bool const list = text.starts_with("* ") || text.starts_with("- ");
        return one_line && !ended && !list && text.size() <= 80;
    }

    void take_sentence(std::string_view text) {
        Sentence sentence;
        sentence.item = drop_list_mark(text);
        if (!drop_marks(text) || text.empty() || !is_prose(text)) return;
        sentence.words = text::words(text);
        if (sentence.words.size() < least_words || sentence.words.size() > most_words) return;
        sentence.stems = stems_of(sentence.words);
        sentence.source = source_;
        sentence.paragraph = paragraph_;
        sentence.heading = heading_;
        sentence.text = text;
        sentence.question = text.back() == '?';
        sentence.introduces = text.back() == ':';
        bool const question = sentence.question;
        out_.sentences.push_back(std::move(sentence));
        // What follows a question answers it, as what follows a heading is about that.
        if (question) add_heading(out_.headings[heading_] + " " + std::string(text));
    }

    Passages& out_;
    std::size_t source_ = 0;
    std::size_t paragraph_ = 0;
    std::size_t heading_ = 0;
    bool fenced_ = false;
};

}  // namespace

std::string stem_of(std::string_view word) {
    auto const found =
        std::lower_bound(irregular_forms.begin(), irregular_forms.end(), word,
                         [](Irregular const& entry, std::string_view form) { return entry.form < form; });
    bool const irregular = found != irregular_forms.end() && found->form == word;
    return text::stem_english(irregular ? found->verb : word);
}

std::vector<std::string> stems_of(std::vector<std::string> const& words) {
    std::vector<std::string> out;
    out.reserve(words.size());
    for (std::string const& word : words) out.push_back(stem_of(word));
    return out;
}

Passages read_passages(std::vector<Source> const& sources) {
    Passages out;
    out.headings.emplace_back();
    Reader reader(out);
    for (std::size_t i = 0; i < sources.size(); ++i) reader.read(i, sources[i]);
    return out;
}

}  // namespace aikit::inline v0::provider::builtin
