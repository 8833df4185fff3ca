// SPDX-License-Identifier: MIT
// Covers src/provider/builtin/lexical.cpp: the vector is the one its header describes, and it finds documents.
#include "provider/builtin/lexical.hpp"
#include "provider/builtin/word_weights.hpp"
#include "support/bm25.hpp"
#include "support/shared_data.hpp"

#include <aikit/provider/builtin.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <map>
#include <numeric>

namespace aikit {
namespace {

using provider::builtin::lexical_embedding;

double dot(std::vector<float> const& a, std::vector<float> const& b) {
    return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
}

using Ranking = std::vector<std::pair<std::size_t, double>>;

/// Min-max fusion with equal shares, over what each leg found.
Ranking fused(Ranking const& a, Ranking const& b) {
    std::map<std::size_t, double> scores;
    for (Ranking const* leg : {&a, &b}) {
        if (leg->empty()) continue;
        double const high = leg->front().second;
        double const low = leg->back().second;
        for (auto const& [i, score] : *leg) scores[i] += high > low ? (score - low) / (high - low) : 1;
    }
    Ranking out(scores.begin(), scores.end());
    std::stable_sort(out.begin(), out.end(), [](auto const& x, auto const& y) { return x.second > y.second; });
    return out;
}

/// nDCG@10 of one query (Jarvelin and Kekalainen 2002, gains as judged).
double ndcg(Ranking const& ranking, std::map<std::size_t, int> const& judged) {
    std::vector<int> ideal;
    double best = 0;
    double got = 0;
    for (auto const& [i, gain] : judged) ideal.push_back(gain);
    std::sort(ideal.rbegin(), ideal.rend());
    for (std::size_t i = 0; i < std::min<std::size_t>(10, ideal.size()); ++i) {
        best += ideal[i] / std::log2(static_cast<double>(i) + 2);
    }
    for (std::size_t i = 0; i < std::min<std::size_t>(10, ranking.size()); ++i) {
        auto const found = judged.find(ranking[i].first);
        if (found != judged.end()) got += found->second / std::log2(static_cast<double>(i) + 2);
    }
    return best > 0 ? got / best : 0;
}

}  // namespace

TEST_CASE("the vector of a text is the one an independent program computes from the description") {
    // From a Python program written from the header's words alone; the six greatest numbers of each.
    struct Case {
        char const* text;
        std::vector<std::pair<std::size_t, double>> greatest;
        int others;
    };
    std::vector<Case> const cases = {
        {"The quick brown fox",
         {{583, 0.3930057}, {954, -0.3930057}, {11, 0.3462696}, {614, -0.3462696}, {849, -0.203852}, {139, -0.191192}},
         73},
        {"Ein H\xC3\xA4uschen am See, am See",
         {{182, -0.3106694},
          {548, -0.3106694},
          {399, -0.3002443},
          {488, 0.3002443},
          {891, -0.3002443},
          {151, -0.2869842}},
         76}};
    for (Case const& known : cases) {
        std::vector<float> const vector = lexical_embedding(known.text);
        REQUIRE(vector.size() == static_cast<std::size_t>(provider::lexical_dimensions));
        for (auto const& [place, value] : known.greatest) {
            CHECK(static_cast<double>(vector[place]) == doctest::Approx(value).epsilon(1e-5));
        }
        CHECK(std::count_if(vector.begin(), vector.end(), [](float x) { return x != 0; }) == known.others);
    }
}

TEST_CASE("every text has a vector of length one and no number that is not finite") {
    std::vector<std::string> const texts = {"a",
                                            " ",
                                            "\n\n\n",
                                            "?!",
                                            "...",
                                            "\xE6\x97\xA5",
                                            "123",
                                            "_",
                                            "the the the",
                                            "\xF0\x9F\x99\x82",
                                            "\xCC\x81",
                                            "x y",
                                            std::string(1, '\0'),
                                            std::string(200'000, 'z'),
                                            std::string(50'000, '-')};
    for (std::string const& text : texts) {
        CAPTURE(text.substr(0, 20));
        std::vector<float> const vector = lexical_embedding(text);
        CHECK(dot(vector, vector) == doctest::Approx(1).epsilon(1e-5));
        CHECK(std::all_of(vector.begin(), vector.end(), [](float x) { return std::isfinite(x); }));
    }
}

TEST_CASE("the vector follows the words: not their order nor case nor endings and rare ones more than common ones") {
    std::vector<float> const text = lexical_embedding("A maintainer uploads the package to the archive");
    auto const likeness = [&](char const* other) { return dot(text, lexical_embedding(other)); };
    CHECK(likeness("to the archive the package a maintainer uploads") == doctest::Approx(1).epsilon(1e-5));
    CHECK(likeness("A MAINTAINER UPLOADS THE PACKAGE TO THE ARCHIVE!") == doctest::Approx(1).epsilon(1e-5));
    CHECK(likeness("maintainers uploading packages to archives") > 0.7);
    CHECK(likeness("the maintainer of the archive") > likeness("the the to a the a to"));
    CHECK(likeness("uplaoded by a maintianer") > likeness("knitted by a grandmother"));
    CHECK(std::abs(likeness("Photosynthesis in deciduous trees")) < 0.15);
}

TEST_CASE("common words weigh little and unknown ones most") {
    using provider::builtin::weight_units;
    CHECK(weight_units("the") < 15);
    CHECK(weight_units("the") < weight_units("packag"));
    CHECK(weight_units("packag") < weight_units("epoch"));
    CHECK(weight_units("epoch") < weight_units("qwertzuiop"));
    CHECK(weight_units("qwertzuiop") == weight_units("zyxwvut"));
}

TEST_CASE("lexical vectors find documents and more together with keywords than keywords alone") {
    std::filesystem::path const folder = aikit_test::shared_data() / "text/cranfield";
    auto const documents = aikit_test::read_json_lines(folder / "corpus.jsonl");
    if (documents.empty()) {
        MESSAGE("skipped: ../shared/data/text is not there");
        return;
    }
    std::vector<std::string> texts;
    std::vector<std::vector<float>> vectors;
    std::map<std::string, std::size_t> place;
    for (auto const& document : documents) {
        place[aikit_test::text_of(document, "_id")] = texts.size();
        std::string text = aikit_test::text_of(document, "title") + " " + aikit_test::text_of(document, "text");
        vectors.push_back(lexical_embedding(text));
        texts.push_back(std::move(text));
    }
    std::map<std::string, std::map<std::size_t, int>> judged;
    std::istringstream judgements(aikit_test::read_file(folder / "qrels.tsv"));
    std::string line;
    std::getline(judgements, line);
    for (std::string query, document, gain; judgements >> query >> document >> gain;) {
        if (std::stoi(gain) > 0) judged[query][place.at(document)] = std::stoi(gain);
    }
    aikit_test::Bm25 const keywords(texts);
    double dense = 0;
    double sparse = 0;
    double both = 0;
    int asked_queries = 0;
    for (auto const& query : aikit_test::read_json_lines(folder / "queries.jsonl")) {
        if (asked_queries++ % 2 != 0) continue;  // half of them tell as much in half the time
        std::string const text = aikit_test::text_of(query, "text");
        auto const& wanted = judged[aikit_test::text_of(query, "_id")];
        std::vector<float> const asked = lexical_embedding(text);
        Ranking near;
        for (std::size_t i = 0; i < vectors.size(); ++i) near.emplace_back(i, dot(asked, vectors[i]));
        std::stable_sort(near.begin(), near.end(), [](auto const& x, auto const& y) { return x.second > y.second; });
        near.resize(100);
        Ranking const said = keywords.search(text, 100);
        dense += ndcg(near, wanted);
        sparse += ndcg(said, wanted);
        both += ndcg(fused(near, said), wanted);
    }
    double const n = (asked_queries + 1) / 2;
    MESSAGE("cranfield nDCG@10: lexical-1 " << dense / n << ", BM25 " << sparse / n << ", both " << both / n);
    CHECK(dense / n > 0.33);
    CHECK(both / n > sparse / n);
    CHECK(both / n > dense / n);
}

}  // namespace aikit
