// SPDX-License-Identifier: MIT
// text/words.cpp - words as searches see them, their stems, and the words that do not count.
#include "text/utf8.hpp"

#include <aikit/core/no_destructor.hpp>
#include <aikit/text/unicode.hpp>

#include <utf8proc.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <iterator>
#include <libstemmer.h>
#include <memory>
#include <mutex>

namespace aikit::inline v0::text {
namespace {

/// A word ends where the class changes; ideographs stand alone.
enum class WordClass : std::uint8_t {
    none,
    letters,
    hiragana,
    katakana,
    ideograph,
    extend,  ///< Marks belong to what they follow.
    joint,   ///< Apostrophes and invisible joiners: inside a word they vanish, elsewhere they are nothing.
};

bool within(char32_t point, char32_t first, char32_t last) noexcept {
    return point >= first && point <= last;
}

bool is_ideograph(char32_t point) noexcept {
    // Blocks of the Unified_Ideograph property and their compatibility forms (Unicode 15), and the two signs that
    // stand for one: U+3005 repeats, U+3007 is zero.
    return within(point, 0x4E00, 0x9FFF) || within(point, 0x3400, 0x4DBF) || within(point, 0xF900, 0xFAFF) ||
           within(point, 0x20000, 0x323AF) || point == 0x3005 || point == 0x3007;
}

bool is_joint(char32_t point) noexcept {
    return point == '\'' || point == 0x2019 || point == 0xFF07 || point == 0xAD || point == 0x200C || point == 0x200D ||
           point == 0x2060;
}

WordClass class_of(char32_t point) noexcept {
    if (is_joint(point)) return WordClass::joint;
    // Hangul fillers are letters that cannot be seen: a word of them alone would be empty.
    if (point == 0x115F || point == 0x1160 || point == 0x3164 || point == 0xFFA0) return WordClass::none;
    Kind const kind = kind_of(point);
    if (point >= 0x3000 && is_ideograph(point)) return WordClass::ideograph;
    if (kind == Kind::mark) return WordClass::extend;
    if (!is_letter(kind) && kind != Kind::number) return WordClass::none;
    if (within(point, 0x3040, 0x309F)) return WordClass::hiragana;
    if (within(point, 0x30A0, 0x30FF) || within(point, 0x31F0, 0x31FF) || within(point, 0xFF66, 0xFF9F)) {
        return WordClass::katakana;
    }
    return WordClass::letters;
}

/// Calls `found` with the span of each word, in one pass.
template <class Found>
void each_word(std::string_view text, Found found) {
    Span word;
    WordClass open = WordClass::none;
    bool joined = false;  // a joint stands between the word and here
    for (std::size_t at = 0; at < text.size();) {
        Decoded const next = decode_at(text, at);
        WordClass const kind = class_of(next.point);
        bool const grows = kind == WordClass::extend || (kind == open && kind != WordClass::ideograph);
        bool const pends = kind == WordClass::joint && !joined;
        if (open != WordClass::none && grows) {
            word.end = at + next.size;
        } else if (open == WordClass::none || !pends) {
            if (open != WordClass::none) found(word);
            bool const starts = kind != WordClass::joint && kind != WordClass::extend;
            open = starts ? kind : WordClass::none;
            word = Span(at, at + next.size);
        }
        joined = pends && open != WordClass::none;
        at += next.size;
    }
    if (open != WordClass::none) found(word);
}

/// Case folding and NFKC for what is not ASCII; default-ignorable characters vanish on the way.
std::string folded(std::string_view word) {
    utf8proc_uint8_t* out = nullptr;
    auto const options = static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_COMPAT |
                                                        UTF8PROC_CASEFOLD | UTF8PROC_IGNORE);
    utf8proc_ssize_t const size = utf8proc_map(reinterpret_cast<utf8proc_uint8_t const*>(word.data()),
                                               static_cast<utf8proc_ssize_t>(word.size()), &out, options);
    std::unique_ptr<utf8proc_uint8_t, decltype(&std::free)> const owned(out, &std::free);
    if (size < 0) return std::string(word);
    return std::string(reinterpret_cast<char const*>(out), static_cast<std::size_t>(size));
}

/// The word without its joints, as searches compare it.
std::string normalised(std::string_view word) {
    std::string plain;
    plain.reserve(word.size());
    bool ascii = true;
    for (std::size_t at = 0; at < word.size();) {
        Decoded const next = decode_at(word, at);
        if (next.point < 0x80) {
            char const byte = word[at];
            if (byte != '\'') plain += byte >= 'A' && byte <= 'Z' ? static_cast<char>(byte | 0x20) : byte;
        } else if (!is_joint(next.point)) {
            plain.append(word, at, next.size);
            ascii = false;
        }
        at += next.size;
    }
    return ascii ? plain : folded(plain);
}

/// Stemmers are not thread-safe and cost allocations: those that are idle wait here. No thread_local: its
/// destructors would keep the library from being unloaded.
class IdleStemmers {
public:
    struct Free {
        void operator()(sb_stemmer* stemmer) const noexcept { sb_stemmer_delete(stemmer); }
    };
    using Owned = std::unique_ptr<sb_stemmer, Free>;

    Owned take() {
        {
            std::lock_guard const lock(mutex_);
            if (!idle_.empty()) {
                Owned stemmer = std::move(idle_.back());
                idle_.pop_back();
                return stemmer;
            }
        }
        return Owned(sb_stemmer_new("english", "UTF_8"));
    }

    void give(Owned stemmer) {
        std::lock_guard const lock(mutex_);
        idle_.push_back(std::move(stemmer));
    }

private:
    std::mutex mutex_;
    std::vector<Owned> idle_;
};

IdleStemmers& idle_stemmers() {
    static NoDestructor<IdleStemmers> stemmers;
    return *stemmers;
}

// Lucene's EnglishAnalyzer.ENGLISH_STOP_WORDS_SET, sorted.
constexpr std::array<std::string_view, 33> stop_words = {
    "a",   "an",    "and",  "are",   "as",    "at",   "be",   "but", "by",  "for",  "if",
    "in",  "into",  "is",   "it",    "no",    "not",  "of",   "on",  "or",  "such", "that",
    "the", "their", "then", "there", "these", "they", "this", "to",  "was", "will", "with"};
static_assert(std::is_sorted(stop_words.begin(), stop_words.end()));

}  // namespace

std::vector<Span> word_spans(std::string_view utf8) {
    std::vector<Span> spans;
    each_word(utf8, [&](Span word) { spans.push_back(word); });
    return spans;
}

std::vector<std::string> words(std::string_view utf8) {
    std::vector<std::string> list;
    each_word(utf8, [&](Span word) { list.push_back(normalised(utf8.substr(word.begin, word.end - word.begin))); });
    return list;
}

std::string stem_english(std::string_view word) {
    bool const plain =
        std::all_of(word.begin(), word.end(), [](char c) { return (c >= 'a' && c <= 'z') || c == '\''; });
    if (!plain || word.size() > 256) return std::string(word);
    IdleStemmers::Owned stemmer = idle_stemmers().take();
    if (!stemmer) return std::string(word);
    auto const* bytes = reinterpret_cast<sb_symbol const*>(word.data());
    sb_symbol const* stem = sb_stemmer_stem(stemmer.get(), bytes, static_cast<int>(word.size()));
    if (stem == nullptr) return std::string(word);
    std::string result(reinterpret_cast<char const*>(stem), static_cast<std::size_t>(sb_stemmer_length(stemmer.get())));
    idle_stemmers().give(std::move(stemmer));
    return result;
}

bool is_english_stop_word(std::string_view word) noexcept {
    return std::binary_search(stop_words.begin(), stop_words.end(), word);
}

std::size_t last_grapheme_edge(std::string_view utf8, std::size_t begin, std::size_t limit) noexcept {
    auto const* const bytes = reinterpret_cast<utf8proc_uint8_t const*>(utf8.data());
    std::size_t edge = begin;
    utf8proc_int32_t state = 0;
    utf8proc_int32_t before = -1;
    for (std::size_t at = begin; at < utf8.size() && at <= limit;) {
        utf8proc_int32_t point = -1;
        utf8proc_ssize_t const size =
            utf8proc_iterate(bytes + at, static_cast<utf8proc_ssize_t>(utf8.size() - at), &point);
        if (size <= 0) return limit;
        if (before >= 0 && utf8proc_grapheme_break_stateful(before, point, &state)) edge = at;
        before = point;
        at += static_cast<std::size_t>(size);
    }
    return edge;
}

}  // namespace aikit::inline v0::text
