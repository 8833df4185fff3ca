// SPDX-License-Identifier: MIT
// Covers src/rag/select.cpp: diversity, evidence, and what fits the window.
#include "rag/select.hpp"

#include "unit/rag/support.hpp"

#include <aikit/text/tokenizer.hpp>

#include <doctest/doctest.h>

#include <random>
#include <set>

namespace aikit::inline v0::rag {
namespace {

std::vector<std::string> ids(std::vector<knowledge::RelevantChunk> const& chunks) {
    std::vector<std::string> out;
    for (knowledge::RelevantChunk const& chunk : chunks) out.push_back(chunk.id);
    return out;
}

}  // namespace

TEST_CASE("without diversity the best come in their order") {
    std::vector<knowledge::RelevantChunk> const candidates = {chunk("one", 0.9), chunk("one", 0.8), chunk("two", 0.7)};
    CHECK(ids(diversify(candidates, 2, 0)) == std::vector<std::string>{"Title.md#900", "Title.md#800"});
}

TEST_CASE("with diversity a copy gives way to something else") {
    std::vector<knowledge::RelevantChunk> const candidates = {chunk("cats eat fish", 0.9), chunk("cats eat fish", 0.85),
                                                              chunk("dogs bury bones", 0.7), chunk("x", 0.1)};
    CHECK(ids(diversify(candidates, 2, 0.5)) == std::vector<std::string>{"Title.md#900", "Title.md#700"});
}

TEST_CASE("diversity agrees with its formula worked out by hand and loses nothing") {
    std::mt19937 random(11);
    char const* const words[] = {"cat", "dog", "fish", "bird", "tree", "stone"};
    for (int round = 0; round < 100; ++round) {
        std::vector<knowledge::RelevantChunk> candidates;
        double score = 1;
        for (int i = 0; i < 7; ++i) {
            std::string text;
            for (char const* word : words) {
                if (random() % 2 == 0) text += std::string(word) + " ";
            }
            score -= 0.01 + 0.1 * static_cast<double>(random() % 10) / 10;
            candidates.push_back(chunk(text, score));
        }
        double const diversity = static_cast<double>(random() % 11) / 10;
        std::vector<knowledge::RelevantChunk> const found = diversify(candidates, 4, diversity);

        // The oracle: sets, no sharing of work.
        std::vector<std::string> expected;
        std::vector<std::size_t> taken;
        auto const set_of = [&](std::size_t i) {
            std::vector<std::string> const list = content_words(candidates[i].text);
            return std::set<std::string>(list.begin(), list.end());
        };
        double const low = candidates.back().score;
        double const range = candidates.front().score - low;
        while (taken.size() < 4) {
            std::size_t best = 99;
            double best_value = -99;
            for (std::size_t i = 0; i < candidates.size(); ++i) {
                if (std::find(taken.begin(), taken.end(), i) != taken.end()) continue;
                double likeness = 0;
                for (std::size_t const other : taken) {
                    std::set<std::string> const a = set_of(i);
                    std::set<std::string> all = set_of(other);
                    std::size_t common = 0;
                    for (std::string const& word : a) common += all.contains(word) ? 1 : 0;
                    all.insert(a.begin(), a.end());
                    likeness = std::max(likeness, all.empty() ? 1.0 : double(common) / double(all.size()));
                }
                double const value = (1 - diversity) * ((candidates[i].score - low) / range) - diversity * likeness;
                if (value > best_value + 1e-12) {
                    best = i;
                    best_value = value;
                }
            }
            taken.push_back(best);
            expected.push_back(candidates[best].id);
        }
        CHECK(ids(found) == expected);
        CHECK(diversify(candidates, 100, diversity).size() == candidates.size());
    }
    CHECK(diversify({}, 5, 0.5).empty());
    CHECK(diversify({chunk("x")}, 0, 0.5).empty());
}

TEST_CASE("a shared word in text title or heading is evidence function words are none") {
    std::vector<knowledge::RelevantChunk> found = {chunk("The ship sails.", 1, "Harbour")};
    found[0].headings = {"Storms"};
    CHECK(any_evidence("Which ships are there?", found));
    CHECK(any_evidence("Where is the harbour?", found));
    CHECK(any_evidence("When is a storm?", found));
    CHECK(!any_evidence("What is the capital of Mongolia?", found));
    CHECK(!any_evidence("What is the?", found));
    CHECK(!any_evidence("ship", {}));
}

TEST_CASE("nearness in meaning is evidence without a shared word") {
    std::vector<knowledge::RelevantChunk> found = {chunk("The vessel sails.")};
    found[0].dense_score = least_dense_score - 0.01;
    CHECK(!any_evidence("ships", found));
    found[0].dense_score = least_dense_score;
    CHECK(any_evidence("ships", found));
}

TEST_CASE("what fits is kept in order and one that is too large makes no others give way") {
    std::vector<knowledge::RelevantChunk> chunks = {chunk("small one", 0.9), chunk(std::string(9'000, 'x'), 0.8),
                                                    chunk("small two", 0.7)};
    CHECK(ids(fit(chunks, 300)) == std::vector<std::string>{"Title.md#900", "Title.md#700"});
    CHECK(fit(chunks, 0).empty());
    CHECK(fit(chunks, -5).empty());
    CHECK(fit(chunks, 1'000'000).size() == 3);
}

TEST_CASE("a careful count is never below the estimate and never above a token a byte") {
    for (std::string const& text : {std::string(), std::string("word"), std::string(5'000, 'a'),
                                    std::string("{}[]();:,.<>"), std::string("\xE6\x97\xA5\xE6\x9C\xAC\xE8\xAA\x9E")}) {
        text::TokenEstimate const estimate = text::estimate_tokens(text);
        CHECK(careful_tokens(text) >= std::min(estimate.expected, estimate.at_most));
        CHECK(careful_tokens(text) <= estimate.at_most);
    }
}

}  // namespace aikit::inline v0::rag
