// SPDX-License-Identifier: MIT
// provider/builtin/question.cpp - the informative words of a question.
#include "provider/builtin/question.hpp"

#include "provider/builtin/sentences.hpp"
#include "provider/builtin/word_weights.hpp"

#include <aikit/text/unicode.hpp>

#include <algorithm>
#include <array>

namespace aikit::inline v0::provider::builtin {
namespace {

// Words that ask, point or help, and name nothing. Sorted.
constexpr std::array<std::string_view, 105> question_words{
    "about",  "above",  "after",   "again",   "against", "all",   "also",   "am",    "any",    "because", "been",
    "before", "being",  "below",   "between", "both",    "can",   "cannot", "could", "did",    "do",      "does",
    "doing",  "done",   "down",    "during",  "each",    "else",  "ever",   "few",   "from",   "get",     "gets",
    "give",   "had",    "has",     "have",    "having",  "he",    "her",    "here",  "his",    "how",     "i",
    "ill",    "im",     "its",     "just",    "many",    "may",   "me",     "mean",  "means",  "might",   "more",
    "most",   "much",   "must",    "my",      "need",    "now",   "off",    "once",  "one",    "only",    "other",
    "our",    "out",    "over",    "own",     "please",  "same",  "shall",  "she",   "should", "so",      "some",
    "tell",   "than",   "them",    "those",   "through", "too",   "under",  "until", "up",     "upon",    "us",
    "very",   "we",     "were",    "what",    "when",    "where", "which",  "while", "who",    "whom",    "whose",
    "why",    "within", "without", "would",   "you",     "your"};
static_assert(std::is_sorted(question_words.begin(), question_words.end()));

// Stems of words that say what kind of answer is wanted. Sorted.
constexpr std::array<std::string_view, 43> aspect_stems{
    "accord",   "action", "allow", "amount", "answer",  "aspect",  "call",   "describ", "detail",  "differ",  "exampl",
    "explain",  "happen", "kind",  "known",  "length",  "long",    "main",   "maximum", "meaning", "mention", "minimum",
    "name",     "number", "part",  "place",  "possibl", "process", "purpos", "reason",  "relat",   "requir",  "role",
    "signific", "size",   "sort",  "specif", "step",    "thing",   "time",   "type",    "use",     "way"};
static_assert(std::is_sorted(aspect_stems.begin(), aspect_stems.end()));
constexpr double aspect_share = 0.3;

bool among(auto const& sorted, std::string_view word) {
    return std::binary_search(sorted.begin(), sorted.end(), word);
}

/// The kinds of answer, from the question's words.
void read_kind(std::vector<std::string> const& words, AskedQuestion& out) {
    auto const has = [&](std::string_view word) { return std::find(words.begin(), words.end(), word) != words.end(); };
    auto const pair = [&](std::string_view first, auto const&... second) {
        for (std::size_t i = 0; i + 1 < words.size(); ++i) {
            if (words[i] == first && ((words[i + 1] == second) || ...)) return true;
        }
        return false;
    };
    out.number = pair("how", "many", "much", "long", "old", "large", "often", "big", "far") || has("maximum") ||
                 has("minimum") || has("when") || has("number") || has("percentage") || has("amount");
    out.definition = pair("what", "is", "are", "does", "was", "were") || has("mean") || has("define");
    out.person = has("who") || has("whom") || has("whose");
    out.steps = pair("how", "do", "can", "to", "should", "does", "could", "would") || has("procedure");
}

}  // namespace

AskedQuestion read_question(std::string_view question) {
    AskedQuestion out;
    std::vector<std::string> const words = text::words(question);
    read_kind(words, out);
    for (std::size_t i = 0; i < words.size(); ++i) {
        if (text::is_english_stop_word(words[i]) || among(question_words, words[i])) continue;
        Term term;
        term.stem = stem_of(words[i]);
        if (std::any_of(out.terms.begin(), out.terms.end(), [&](Term const& t) { return t.stem == term.stem; }))
            continue;
        term.weight = static_cast<double>(weight_units(term.stem)) / units_per_weight;
        if (among(aspect_stems, term.stem)) term.weight *= aspect_share;
        if (i + 1 < words.size()) term.with_next = text::stem_english(words[i] + words[i + 1]);
        if (out.terms.size() == most_terms) break;
        out.weight += term.weight;
        out.terms.push_back(std::move(term));
        if (out.terms.back().weight > out.terms[out.rarest].weight) out.rarest = out.terms.size() - 1;
    }
    return out;
}

}  // namespace aikit::inline v0::provider::builtin
