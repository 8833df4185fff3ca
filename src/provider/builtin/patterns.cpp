// SPDX-License-Identifier: MIT
// provider/builtin/patterns.cpp - the lists, and how they are looked for.
#include "provider/builtin/patterns.hpp"

#include <aikit/core/no_destructor.hpp>
#include <aikit/text/unicode.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <vector>

namespace aikit::inline v0::provider::builtin {
namespace {

constexpr std::array<char const*, 13> categories{"harassment",
                                                 "harassment/threatening",
                                                 "hate",
                                                 "hate/threatening",
                                                 "illicit",
                                                 "illicit/violent",
                                                 "self-harm",
                                                 "self-harm/intent",
                                                 "self-harm/instructions",
                                                 "sexual",
                                                 "sexual/minors",
                                                 "violence",
                                                 "violence/graphic"};

struct Pattern {
    char const* category;
    double score;
    std::array<char const*, 4> words;  ///< Inflected as people write them; compared by stem. Unused: null.
};

constexpr Pattern patterns[] = {
    {"harassment", 0.7, {"you", "worthless"}},
    {"harassment", 0.7, {"you", "pathetic", "loser"}},
    {"harassment", 0.6, {"you", "idiot"}},
    {"harassment", 0.6, {"you", "moron"}},
    {"harassment", 0.6, {"nobody", "likes", "you"}},
    {"harassment", 0.6, {"shut", "up", "stupid"}},
    {"harassment/threatening", 0.9, {"i", "will", "kill", "you"}},
    {"harassment/threatening", 0.9, {"i", "will", "hurt", "you"}},
    {"harassment/threatening", 0.8, {"you", "will", "regret", "hurt"}},
    {"harassment/threatening", 0.8, {"i", "know", "live", "kill"}},
    {"hate", 0.8, {"inferior", "race"}},
    {"hate", 0.7, {"vermin", "immigrants"}},
    {"hate", 0.7, {"immigrants", "vermin"}},
    {"hate", 0.8, {"race", "inferior"}},
    {"hate", 0.7, {"hate", "all", "foreigners"}},
    {"hate", 0.7, {"subhuman"}},
    {"hate/threatening", 0.9, {"exterminate", "race"}},
    {"hate/threatening", 0.9, {"kill", "all", "immigrants"}},
    {"hate/threatening", 0.9, {"kill", "all", "foreigners"}},
    {"illicit", 0.7, {"how", "pick", "lock", "steal"}},
    {"illicit", 0.7, {"how", "launder", "money"}},
    {"illicit", 0.7, {"how", "cook", "methamphetamine"}},
    {"illicit", 0.7, {"how", "make", "counterfeit"}},
    {"illicit", 0.6, {"buy", "stolen", "credit", "cards"}},
    {"illicit/violent", 0.9, {"how", "make", "bomb"}},
    {"illicit/violent", 0.9, {"how", "build", "explosive"}},
    {"illicit/violent", 0.8, {"how", "hire", "hitman"}},
    {"self-harm", 0.7, {"suicide"}},
    {"self-harm", 0.7, {"self", "harm"}},
    {"self-harm", 0.7, {"cutting", "myself"}},
    {"self-harm/intent", 0.9, {"want", "kill", "myself"}},
    {"self-harm/intent", 0.9, {"going", "kill", "myself"}},
    {"self-harm/intent", 0.9, {"want", "end", "my", "life"}},
    {"self-harm/intent", 0.8, {"want", "hurt", "myself"}},
    {"self-harm/instructions", 0.9, {"how", "commit", "suicide"}},
    {"self-harm/instructions", 0.9, {"how", "kill", "myself"}},
    {"self-harm/instructions", 0.8, {"best", "way", "suicide"}},
    {"sexual", 0.7, {"pornography"}},
    {"sexual", 0.7, {"explicit", "sex"}},
    {"sexual", 0.7, {"naked", "sex"}},
    {"sexual", 0.6, {"erotic", "story"}},
    {"sexual/minors", 0.95, {"child", "pornography"}},
    {"sexual/minors", 0.95, {"sex", "minor"}},
    {"sexual/minors", 0.95, {"sexual", "children"}},
    {"violence", 0.7, {"murder", "them"}},
    {"violence", 0.7, {"kill", "him"}},
    {"violence", 0.7, {"kill", "her"}},
    {"violence", 0.7, {"kill", "them"}},
    {"violence", 0.7, {"kill", "you"}},
    {"violence", 0.6, {"beat", "him", "up"}},
    {"violence", 0.7, {"shoot", "everyone"}},
    {"violence", 0.7, {"stab", "him"}},
    {"violence", 0.7, {"stab", "her"}},
    {"violence/graphic", 0.8, {"blood", "guts"}},
    {"violence/graphic", 0.8, {"severed", "head"}},
    {"violence/graphic", 0.7, {"gore", "blood"}},
    {"violence/graphic", 0.8, {"disembowelled"}},
};

constexpr std::size_t gap = 3;

/// Stems of every pattern's words, made once.
std::vector<std::vector<std::string>> const& pattern_stems() {
    static NoDestructor<std::vector<std::vector<std::string>>> const stems([] {
        std::vector<std::vector<std::string>> out;
        for (Pattern const& pattern : patterns) {
            std::vector<std::string>& list = out.emplace_back();
            for (char const* word : pattern.words) {
                if (word) list.push_back(text::stem_english(word));
            }
        }
        return out;
    }());
    return *stems;
}

/// Do the words of `wanted` follow one another from `begin` on, each at most `gap` words after the one before?
bool stands_at(std::vector<std::string> const& stems, std::size_t begin, std::vector<std::string> const& wanted) {
    if (stems[begin] != wanted.front()) return false;
    auto at = stems.begin() + static_cast<std::ptrdiff_t>(begin);
    for (std::size_t i = 1; i < wanted.size(); ++i) {
        auto const last = at + std::min(static_cast<std::ptrdiff_t>(gap) + 1, stems.end() - at);
        at = std::find(at + 1, last, wanted[i]);
        if (at == last) return false;
    }
    return true;
}

bool stands(std::vector<std::string> const& stems, std::vector<std::string> const& wanted) {
    for (std::size_t begin = 0; begin < stems.size(); ++begin) {
        if (stands_at(stems, begin, wanted)) return true;
    }
    return false;
}

/// "self-harm/intent" is a kind of "self-harm".
bool is_kind_of(std::string_view category, std::string_view parent) {
    return category == parent ||
           (category.size() > parent.size() && category.starts_with(parent) && category[parent.size()] == '/');
}

}  // namespace

ModerationResult moderate_by_patterns(std::string_view text) {
    std::vector<std::string> stems;
    for (std::string const& word : text::words(text)) stems.push_back(text::stem_english(word));
    ModerationResult result;
    for (char const* name : categories) {
        ModerationCategory category;
        category.name = name;
        for (std::size_t i = 0; i < std::size(patterns); ++i) {
            if (!is_kind_of(patterns[i].category, category.name) || category.score >= patterns[i].score) continue;
            if (stands(stems, pattern_stems()[i])) category.score = patterns[i].score;
        }
        category.flagged = category.score >= 0.5;
        if (category.flagged) category.applied_to.emplace_back("text");
        result.flagged = result.flagged || category.flagged;
        result.categories.push_back(std::move(category));
    }
    return result;
}

}  // namespace aikit::inline v0::provider::builtin
