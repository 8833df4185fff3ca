// SPDX-License-Identifier: MIT
// provider/builtin/extractive.cpp - scoring sentences by the question's words, and choosing a few.
#include "provider/builtin/extractive.hpp"

#include "provider/builtin/question.hpp"
#include "provider/builtin/sentences.hpp"

#include <aikit/text/unicode.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>

namespace aikit::inline v0::provider::builtin {
namespace {

// What a word of the question counts by when it stands not in the sentence but around it. These and the figures below
// were tuned on Debian's manuals and on 276 questions with marked answers, half of all asked of texts without one.
constexpr double in_heading = 0.55;
constexpr double in_title = 0.35;
constexpr double in_neighbour = 0.3;

// An answer is supported when so much of the question's weight is there. A long question says the same in more words
// than its answer: a smaller share is enough when it is much weight (three or four rare words). Where the rarest word
// is missing, the rest has to be nearly everything.
constexpr double least_share = 0.65;
constexpr double least_share_of_much = 0.4;
constexpr double much_weight = 18;
constexpr double least_share_without_rarest = 0.7;

// Bonuses and deductions, in units of the share that the words themselves give.
constexpr double for_order = 0.15;  // words together as in the question
constexpr double for_rank = 0.12;   // the first source; the n-th gets an n-th
constexpr double for_number = 0.15;
constexpr double for_definition = 0.6;
constexpr double for_person = 0.1;
constexpr double for_steps = 0.06;
constexpr double for_opening = 0.05;  // the first sentence below a heading
constexpr double for_heading = 0.2;   // and that heading is about the question
constexpr double against_question = 0.5;
constexpr double against_denial = 0.2;  // a definition says what is, not what is not
constexpr double against_length = 0.1;

// Others are quoted beside the best sentence when they are nearly as good.
constexpr double nearly = 0.8;
constexpr double nearly_own = 0.6;
constexpr std::size_t most_quotes = 4;
constexpr std::size_t usual_quotes = 3;

/// Which terms of the question occur: a bit each.
using Held = std::uint64_t;
static_assert(most_terms <= 64);

bool among(auto const& words, std::string_view word) {
    return std::find(words.begin(), words.end(), word) != words.end();
}

constexpr std::array<std::string_view, 8> verbs{"is", "are", "was", "were", "mean", "refer", "describ", "denot"};
constexpr std::array<std::string_view, 13> people{"develop", "maintain", "member", "user",   "peopl", "anyon", "person",
                                                  "team",    "author",   "manag",  "author", "offic", "group"};
constexpr std::array<std::string_view, 9> doing{"you", "your", "should", "must", "need", "can", "use", "run", "send"};

/// Words at the head of a sentence that point at the one before.
constexpr std::array<std::string_view, 12> pointing{"this", "these", "those", "such",  "it",   "they",
                                                    "he",   "she",   "its",   "their", "them", "both"};

struct Score {
    double total = 0;     ///< What the order follows.
    double own = 0;       ///< The share of the question's weight in the sentence itself.
    double evidence = 0;  ///< And around it.
    bool rarest = false;  ///< The question's rarest word is among it.
};

class Answerer {
public:
    explicit Answerer(SourcedQuestion const& question)
        : sources_(question.sources),
          asked_(read_question(question.question)),
          passages_(read_passages(question.sources)) {}

    std::vector<Quote> answer() {
        if (asked_.terms.empty() || passages_.sentences.empty()) return {};
        find_terms();
        for (std::size_t i = 0; i < passages_.sentences.size(); ++i) scores_.push_back(score(i));
        std::size_t best = scores_.size();
        for (std::size_t i = 0; i < scores_.size(); ++i) {
            bool const better = best == scores_.size() || scores_[i].total > scores_[best].total;
            if (better && supports(scores_[i])) best = i;
        }
        if (best == scores_.size()) return {};
        return quotes(choose(best));
    }

private:
    bool supports(Score const& score) const {
        if (!score.rarest && score.evidence < least_share_without_rarest) return false;
        bool const much = score.evidence * asked_.weight >= much_weight;
        return score.evidence >= (much ? least_share_of_much : least_share);
    }

    Sentence const& at(std::size_t i) const { return passages_.sentences[i]; }

    /// The terms among words, also where two words here are one there ("code names", "codenames").
    Held terms_in(std::vector<std::string> const& words, std::vector<std::string> const& stems) const {
        Held held = 0;
        for (std::size_t i = 0; i < asked_.terms.size(); ++i) {
            Term const& term = asked_.terms[i];
            if (among(stems, term.stem)) held |= Held{1} << i;
            if (!term.with_next.empty() && among(stems, term.with_next)) {
                held |= Held{1} << i;
                if (i + 1 < asked_.terms.size()) held |= Held{1} << (i + 1);
            }
            for (std::size_t j = 0; j + 1 < words.size(); ++j) {
                bool const begins = words[j].size() > 1 && term.stem.starts_with(words[j]);
                if (begins && std::string_view(term.stem).substr(words[j].size()) == stems[j + 1]) held |= Held{1} << i;
            }
        }
        return held;
    }

    Held terms_in(std::string_view text) const {
        std::vector<std::string> const words = text::words(text);
        return terms_in(words, stems_of(words));
    }

    void find_terms() {
        for (std::string const& title : passages_.titles) titles_.push_back(terms_in(title));
        for (std::string const& heading : passages_.headings) headings_.push_back(terms_in(heading));
        for (Sentence const& sentence : passages_.sentences) held_.push_back(terms_in(sentence.words, sentence.stems));
    }

    /// The weight of terms as a share of the question's.
    double share(Held held) const {
        double sum = 0;
        for (; held != 0; held &= held - 1)
            sum += asked_.terms[static_cast<std::size_t>(std::countr_zero(held))].weight;
        return sum / asked_.weight;
    }

    bool adjoin(std::size_t i, std::size_t j) const {
        return at(i).source == at(j).source && at(i).paragraph <= at(j).paragraph + 1 &&
               at(j).paragraph <= at(i).paragraph + 1;
    }

    Score score(std::size_t i) const {
        Held const own = held_[i];
        Held const heading = headings_[at(i).heading];
        Held const title = titles_[at(i).source];
        Held neighbours = 0;
        if (i > 0 && adjoin(i, i - 1)) neighbours |= held_[i - 1];
        if (i + 1 < held_.size() && adjoin(i, i + 1)) neighbours |= held_[i + 1];

        Score out;
        out.own = share(own);
        out.evidence = share(own | heading | title | neighbours);
        out.rarest = ((own | heading | title | neighbours) >> asked_.rarest & 1) != 0;
        out.total = out.own + in_heading * share(heading & ~own) + in_title * share(title & ~heading & ~own) +
                    in_neighbour * share(neighbours & ~title & ~heading & ~own);
        out.total += for_order * together(i) + form(i) + for_rank / static_cast<double>(1 + at(i).source);
        return out;
    }

    /// Terms that follow each other in the question and stand near each other here, as a share of such pairs.
    double together(std::size_t i) const {
        constexpr std::ptrdiff_t window = 4;
        if (asked_.terms.size() < 2) return 0;
        std::vector<std::string> const& stems = at(i).stems;
        double found = 0;
        for (std::size_t t = 0; t + 1 < asked_.terms.size(); ++t) {
            if ((held_[i] >> t & 3) != 3) continue;
            bool near = false;
            for (auto first = stems.begin(); first != stems.end() && !near; ++first) {
                if (*first != asked_.terms[t].stem) continue;
                auto const from = first - std::min(window, first - stems.begin());
                auto const to = first + std::min(window + 1, stems.end() - first);
                near = std::find(from, to, asked_.terms[t + 1].stem) != to;
            }
            found += near ? 1 : 0;
        }
        return found / static_cast<double>(asked_.terms.size() - 1);
    }

    /// How well its form suits the answer that is wanted.
    double form(std::size_t i) const {
        Sentence const& sentence = at(i);
        auto const has_any = [&](auto const& wanted) {
            return std::any_of(sentence.stems.begin(), sentence.stems.end(),
                               [&](std::string const& stem) { return among(wanted, stem); });
        };
        double bonus = 0;
        if (asked_.number && sentence.text.find_first_of("0123456789") != std::string_view::npos) bonus += for_number;
        if (asked_.definition) {
            bonus += definition(sentence);
            if (among(sentence.words, "not") || sentence.words.front() == "if") bonus -= against_denial;
        }
        if (asked_.person && (has_any(people) || names_someone(sentence.text))) bonus += for_person;
        if (asked_.steps && has_any(doing)) bonus += for_steps;
        bool const opens = i == 0 || at(i - 1).heading != sentence.heading || at(i - 1).source != sentence.source;
        if (opens && sentence.heading != 0) bonus += for_opening + for_heading * share(headings_[sentence.heading]);
        if (sentence.question) bonus -= against_question;
        std::size_t const length = sentence.words.size();
        if (length < 6 || length > 60) bonus -= against_length;
        if (length > 120) bonus -= 3 * against_length;
        return bonus;
    }

    /// "An X is a ...", "X: this is ...": what is asked for stands right before a verb that defines.
    double definition(Sentence const& sentence) const {
        std::size_t const last = std::min<std::size_t>(sentence.words.size() - 1, 10);
        for (std::size_t i = 1; i < last; ++i) {
            if (!among(verbs, sentence.stems[i])) continue;
            bool const denied = sentence.words[i + 1] == "not" || sentence.words[i + 1].ends_with("ed");
            if (denied && sentence.words[i + 1] != "used") return 0;
            auto const count = static_cast<std::ptrdiff_t>(i);
            std::vector<std::string> const words(sentence.words.begin(), sentence.words.begin() + count);
            std::vector<std::string> const stems(sentence.stems.begin(), sentence.stems.begin() + count);
            bool const only = std::all_of(words.begin(), words.end(), [&](std::string const& word) {
                std::vector<std::string> const one{word};
                return text::is_english_stop_word(word) || terms_in(one, stems_of(one)) != 0;
            });
            return only ? for_definition * share(terms_in(words, stems)) : 0;
        }
        return 0;
    }

    /// Two capitalised words in a row, not at the head.
    static bool names_someone(std::string_view text) {
        auto const upper = [](char c) { return c >= 'A' && c <= 'Z'; };
        auto const lower = [](char c) { return c >= 'a' && c <= 'z'; };
        bool before = false;
        for (std::size_t i = text.find(' '); i != std::string_view::npos && i + 2 < text.size();
             i = text.find(' ', i + 1)) {
            bool const capitalised = upper(text[i + 1]) && lower(text[i + 2]);
            if (capitalised && before) return true;
            before = capitalised;
        }
        return false;
    }

    bool repeats(std::size_t i, std::vector<std::size_t> const& chosen) const {
        return std::any_of(chosen.begin(), chosen.end(), [&](std::size_t other) {
            std::size_t common = 0;
            for (std::string const& stem : at(i).stems) common += among(at(other).stems, stem) ? 1 : 0;
            return common * 10 >= at(i).stems.size() * 7;
        });
    }

    /// The best sentence with what it needs to be understood, and others nearly as good; in the order to be read.
    std::vector<std::size_t> choose(std::size_t best) const {
        std::vector<std::size_t> chosen{best};
        bool const points = among(pointing, at(best).words.front());
        if (points && best > 0 && adjoin(best, best - 1) && !at(best - 1).question) chosen.push_back(best - 1);
        for (std::size_t i = best + 1; at(best).introduces && i < held_.size() && chosen.size() < most_quotes; ++i) {
            if (!adjoin(i, i - 1)) break;
            chosen.push_back(i);
        }
        std::vector<std::size_t> order(held_.size());
        for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
        std::stable_sort(order.begin(), order.end(),
                         [&](std::size_t a, std::size_t b) { return scores_[a].total > scores_[b].total; });
        for (std::size_t const i : order) {
            if (chosen.size() >= usual_quotes || scores_[i].total < nearly * scores_[best].total) break;
            bool const about = scores_[i].own >= nearly_own * scores_[best].own;
            if (about && !among_indices(chosen, i) && !repeats(i, chosen)) chosen.push_back(i);
        }
        auto const rank = [&](std::size_t i) {
            return std::find_if(chosen.begin(), chosen.end(),
                                [&](std::size_t c) { return at(c).source == at(i).source; }) -
                   chosen.begin();
        };
        std::vector<std::size_t> read = chosen;
        std::sort(read.begin(), read.end(),
                  [&](std::size_t a, std::size_t b) { return rank(a) != rank(b) ? rank(a) < rank(b) : a < b; });
        return read;
    }

    static bool among_indices(std::vector<std::size_t> const& chosen, std::size_t i) {
        return std::find(chosen.begin(), chosen.end(), i) != chosen.end();
    }

    std::vector<Quote> quotes(std::vector<std::size_t> const& chosen) const {
        std::vector<Quote> out;
        out.reserve(chosen.size());
        for (std::size_t const i : chosen) out.emplace_back(sources_[at(i).source].number, one_line(at(i).text));
        return out;
    }

    /// Runs of white space, no-break spaces among them, made one space.
    static std::string one_line(std::string_view text) {
        std::string line;
        for (std::size_t i = 0; i < text.size(); ++i) {
            bool const no_break = text.compare(i, 2, "\xC2\xA0") == 0;
            bool const space = no_break || text[i] == ' ' || (text[i] >= '\t' && text[i] <= '\r');
            if (!space) {
                line += text[i];
            } else if (!line.empty() && line.back() != ' ') {
                line += ' ';
            }
            if (no_break) ++i;
        }
        return line;
    }

    std::vector<Source> const& sources_;
    AskedQuestion asked_;
    Passages passages_;
    std::vector<Held> titles_;
    std::vector<Held> headings_;
    std::vector<Held> held_;  // of each sentence
    std::vector<Score> scores_;
};

}  // namespace

std::vector<Quote> extract_answer(SourcedQuestion const& question) {
    return Answerer(question).answer();
}

}  // namespace aikit::inline v0::provider::builtin
