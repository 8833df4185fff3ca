// SPDX-License-Identifier: MIT
// policy/response_cache_question.cpp - what questions say that embeddings do not tell apart.
#include "policy/response_cache_question.hpp"

#include "policy/response_cache_words.hpp"
#include "text/utf8.hpp"

#include <aikit/core/no_destructor.hpp>
#include <aikit/text/unicode.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <unordered_set>

namespace aikit::inline v0::policy {
namespace {

using Words = std::unordered_set<std::string>;

Words words_of(std::string_view list, bool stems) {
    Words words;
    while (!list.empty()) {
        std::size_t const end = std::min(list.find(' '), list.size());
        std::string_view const word = list.substr(0, end);
        if (!word.empty()) words.insert(stems ? text::stem_english(word) : std::string(word));
        list.remove_prefix(std::min(end + 1, list.size()));
    }
    return words;
}

/// The lists, made once.
struct Lists {
    Words negating = words_of(negating_words, false);
    Words numbers = words_of(number_words, false);
    Words turning = words_of(turning_words, true);
    Words filling = words_of(filling_words, false);
    Words starting = words_of(starting_words, false);
};

Lists const& lists() {
    static NoDestructor<Lists> const all;
    return *all;
}

bool has_digit(std::string_view word) noexcept {
    std::size_t at = 0;
    while (at < word.size()) {
        text::Decoded const one = text::decode_at(word, at);
        if (text::kind_of(one.point) == text::Kind::number) return true;
        at += one.size;
    }
    return false;
}

bool is_upper(std::string_view text, std::size_t at) noexcept {
    text::Kind const kind = text::kind_of(text::decode_at(text, at).point);
    return kind == text::Kind::upper || kind == text::Kind::title;
}

/// A word begins a sentence when nothing but signs stands between it and a full stop, or the text's begin.
bool begins_sentence(std::string_view text, std::size_t word_begin) noexcept {
    std::size_t at = word_begin;
    while (at > 0) {
        char const c = text[at - 1];
        if (c == '.' || c == '!' || c == '?' || c == ':' || c == '\n') return true;
        if (c != ' ' && c != '"' && c != '\'' && c != '(' && c != '\t') return false;
        --at;
    }
    return true;
}

struct Quotation {
    std::string_view open;
    std::string_view close;
};

constexpr std::array<Quotation, 6> quotations{
    {{"\"", "\""}, {"`", "`"}, {"\u201C", "\u201D"}, {"\u201E", "\u201C"}, {"\u00AB", "\u00BB"}, {"\u2018", "\u2019"}}};

/// Single quotes only where they are no apostrophes: behind a blank, or at the begin.
std::vector<std::string> quotes_of(std::string_view question) {
    std::vector<std::string> quotes;
    std::size_t at = 0;
    while (at < question.size()) {
        Quotation const* found = nullptr;
        for (Quotation const& one : quotations) {
            if (question.substr(at).starts_with(one.open)) found = &one;
        }
        static constexpr Quotation single{"'", "'"};
        if (question[at] == '\'' && (at == 0 || question[at - 1] == ' ')) found = &single;
        std::size_t const begin = found != nullptr ? at + found->open.size() : 0;
        std::size_t const end = found != nullptr ? question.find(found->close, begin) : std::string_view::npos;
        if (end == std::string_view::npos) {
            ++at;
            continue;
        }
        quotes.emplace_back(question.substr(begin, end - begin));
        at = end + found->close.size();
    }
    return quotes;
}

/// Signs that are no punctuation of sentences: "%", "+", "<", "$". Between words a "-" joins and says nothing; before a
/// number it does.
std::string signs_of(std::string_view question) {
    std::string signs;
    std::size_t at = 0;
    while (at < question.size()) {
        text::Decoded const one = text::decode_at(question, at);
        text::Kind const kind = text::kind_of(one.point);
        bool const ordinary =
            one.point < 0x80 && std::string_view(" .,;:!?'\"()[]`-").find(question[at]) != std::string_view::npos;
        bool const curly = (one.point >= 0x2018 && one.point <= 0x201E) || one.point == 0xAB || one.point == 0xBB ||
                           one.point == 0xBF || one.point == 0xA1 || one.point == 0x2026;
        if (kind == text::Kind::other && !ordinary && !curly) signs.append(question.substr(at, one.size));
        at += one.size;
    }
    return signs;
}

/// "n'est", "n’a": the apostrophe is not in the word.
bool is_french_negation(std::string_view question, text::Span word) noexcept {
    if (word.end - word.begin < 3 || (question[word.begin] != 'n' && question[word.begin] != 'N')) return false;
    std::string_view const rest = question.substr(word.begin + 1, word.end - word.begin - 1);
    return rest.starts_with('\'') || rest.starts_with("\u2019");
}

/// A number as it stands, with what is before it: "-5", ".5".
std::string number_at(std::string_view question, text::Span span, std::string const& word) {
    std::size_t begin = span.begin;
    while (begin > 0 && (question[begin - 1] == '-' || question[begin - 1] == '.' || question[begin - 1] == ','))
        --begin;
    return std::string(question.substr(begin, span.begin - begin)) + word;
}

/// How many of `a` are not among `b`; each stands for one.
std::size_t only_in(std::vector<std::string> a, std::vector<std::string> b) {
    std::sort(a.begin(), a.end());
    std::sort(b.begin(), b.end());
    std::vector<std::string> rest;
    std::set_difference(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(rest));
    return rest.size();
}

/// The words of `a` that are in `b` too.
std::vector<std::string> shared(std::vector<std::string> const& a, std::vector<std::string> const& b) {
    std::vector<std::string> both;
    for (std::string const& word : a) {
        if (std::find(b.begin(), b.end(), word) != b.end()) both.push_back(word);
    }
    return both;
}

bool holds_all(std::vector<std::string> const& names, std::vector<std::string> const& content) {
    return std::all_of(names.begin(), names.end(), [&content](std::string const& name) {
        return std::find(content.begin(), content.end(), name) != content.end();
    });
}

}  // namespace

QuestionMarks marks_of(std::string_view question) {
    Lists const& known = lists();
    std::vector<std::string> const words = text::words(question);
    std::vector<text::Span> const spans = text::word_spans(question);
    QuestionMarks marks;
    marks.quotes = quotes_of(question);
    marks.signs = signs_of(question);
    for (std::size_t i = 0; i < words.size() && i < spans.size(); ++i) {
        std::string const& word = words[i];
        bool const numeric = has_digit(word);
        if (numeric || known.numbers.contains(word)) marks.numbers.push_back(number_at(question, spans[i], word));
        if (known.negating.contains(word) || is_french_negation(question, spans[i])) ++marks.negations;
        std::string stem = text::stem_english(word);
        if (known.turning.contains(stem)) marks.turns.push_back(stem);
        bool const filling = known.filling.contains(word);
        if (!filling && !numeric && is_upper(question, spans[i].begin) &&
            !(begins_sentence(question, spans[i].begin) && known.starting.contains(word))) {
            marks.names.push_back(stem);
        }
        if (!filling) marks.content.push_back(std::move(stem));
    }
    std::sort(marks.turns.begin(), marks.turns.end());
    return marks;
}

bool may_share_answer(QuestionMarks const& a, QuestionMarks const& b) {
    if (a.numbers != b.numbers || a.quotes != b.quotes || a.signs != b.signs) return false;
    if (a.negations != b.negations || a.turns != b.turns) return false;
    if (!holds_all(a.names, b.content) || !holds_all(b.names, a.content)) return false;
    // What both say, they say in one order: "man bites dog".
    if (shared(a.content, b.content) != shared(b.content, a.content)) return false;
    std::size_t const in_a = only_in(a.content, b.content);
    std::size_t const in_b = only_in(b.content, a.content);
    // One word for another, or one more, is what contradictions are made of; a question that is put anew differs by
    // more.
    return (in_a == 0 && in_b == 0) || (in_a >= 2 && in_b >= 2);
}

bool normalise(std::vector<float>& vector) noexcept {
    double squares = 0;
    for (float const value : vector) squares += double(value) * value;
    double const length = std::sqrt(squares);
    if (!std::isfinite(length) || length <= 0) return false;
    for (float& value : vector) value = static_cast<float>(value / length);
    return true;
}

std::vector<CacheKey> QuestionIndex::find(Question const& question, double threshold) const {
    auto const alike = alike_.find(question.circumstances);
    if (alike == alike_.end()) return {};
    std::vector<std::pair<double, CacheKey>> close;
    for (All::iterator const at : alike->second) {
        if (at->vector.size() != question.vector.size()) continue;
        double dot = 0;
        for (std::size_t i = 0; i < at->vector.size(); ++i) dot += double(at->vector[i]) * question.vector[i];
        // Vectors of length 1 in float32 are off by some 1e-7.
        if (dot + 1e-6 < threshold || !may_share_answer(question.marks, at->marks)) continue;
        close.emplace_back(-dot, at->key);
    }
    std::sort(close.begin(), close.end());
    std::vector<CacheKey> keys;
    for (auto const& [score, key] : close) keys.push_back(key);
    return keys;
}

void QuestionIndex::put(Question question) {
    remove_key(question.circumstances, question.key);
    std::vector<All::iterator>& alike = alike_[question.circumstances];
    all_.push_back(std::move(question));
    alike.push_back(std::prev(all_.end()));
    if (static_cast<std::int64_t>(alike.size()) > most_alike_) erase(alike.front());
    while (size() > most_) erase(all_.begin());
}

void QuestionIndex::remove_key(CacheKey const& circumstances, CacheKey const& key) {
    auto const alike = alike_.find(circumstances);
    if (alike == alike_.end()) return;
    for (All::iterator const at : alike->second) {
        if (at->key == key) {
            erase(at);
            return;
        }
    }
}

void QuestionIndex::remove(std::function<bool(Question const&)> const& which) {
    for (auto at = all_.begin(); at != all_.end();) at = which(*at) ? erase(at) : std::next(at);
}

QuestionIndex::All::iterator QuestionIndex::erase(All::iterator at) {
    auto const alike = alike_.find(at->circumstances);
    std::erase(alike->second, at);
    if (alike->second.empty()) alike_.erase(alike);
    return all_.erase(at);
}

}  // namespace aikit::inline v0::policy
