// SPDX-License-Identifier: MIT
// tests/unit/vector/relevance_test.cpp - how well the searches answer judged questions, against published figures.
#include "support.hpp"

#include <boost/json.hpp>

#include <cstring>
#include <fstream>
#include <iterator>
#include <sstream>

namespace aikit::inline v0::vector {
namespace {

namespace fs = std::filesystem;

struct Judged {
    std::vector<Item> items;
    std::vector<std::pair<std::string, std::string>> questions;  ///< Id and text.
    std::vector<std::vector<float>> question_vectors;
    std::map<std::string, std::map<std::string, double>> grades;  ///< By question, by document.
};

/// Rows of a matrix file: two u32 (rows, columns), then float32 by row.
std::vector<std::vector<float>> read_matrix(fs::path const& path) {
    std::ifstream file(path, std::ios::binary);
    std::string const bytes((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    std::uint32_t size[2] = {0, 0};
    std::memcpy(size, bytes.data(), sizeof size);
    REQUIRE(bytes.size() == 8 + std::size_t(size[0]) * size[1] * 4);
    std::vector<std::vector<float>> rows(size[0], std::vector<float>(size[1]));
    for (std::size_t i = 0; i < rows.size(); ++i) {
        std::memcpy(rows[i].data(), bytes.data() + 8 + i * size[1] * 4, size[1] * 4);
    }
    return rows;
}

Judged read_judged(fs::path const& folder) {
    Judged set;
    std::string line;
    std::ifstream corpus(folder / "corpus.jsonl");
    std::vector<std::vector<float>> const vectors = read_matrix(folder / "lsa_docs.fbin");
    while (std::getline(corpus, line)) {
        boost::json::object const document = boost::json::parse(line).as_object();
        Item item;
        item.id = document.at("_id").as_string().c_str();
        std::string title = document.contains("title") ? document.at("title").as_string().c_str() : "";
        item.text = title + " " + document.at("text").as_string().c_str();
        item.vector = vectors.at(set.items.size());
        // An empty document has no direction.
        if (std::all_of(item.vector.begin(), item.vector.end(), [](float v) { return v == 0; })) item.vector.clear();
        set.items.push_back(std::move(item));
    }
    std::ifstream queries(folder / "queries.jsonl");
    while (std::getline(queries, line)) {
        boost::json::object const query = boost::json::parse(line).as_object();
        set.questions.emplace_back(query.at("_id").as_string().c_str(), query.at("text").as_string().c_str());
    }
    set.question_vectors = read_matrix(folder / "lsa_queries.fbin");
    std::ifstream judgements(folder / "qrels.tsv");
    std::getline(judgements, line);
    while (std::getline(judgements, line)) {
        std::istringstream fields(line);
        std::string question, document;
        double grade = 0;
        fields >> question >> document >> grade;
        if (grade > 0) set.grades[question][document] = grade;
    }
    return set;
}

struct Quality {
    double ndcg = 0;    ///< At 10.
    double recall = 0;  ///< At 100.
};

template <class Search>
Quality measure(Judged const& set, Search search) {
    Quality sum;
    int judged = 0;
    for (std::size_t q = 0; q < set.questions.size(); ++q) {
        auto const grades = set.grades.find(set.questions[q].first);
        if (grades == set.grades.end()) continue;
        ++judged;
        std::vector<std::string> const found = search(q);
        double gain = 0, ideal = 0;
        std::size_t relevant = 0;
        for (std::size_t i = 0; i < found.size(); ++i) {
            auto const grade = grades->second.find(found[i]);
            if (grade == grades->second.end()) continue;
            ++relevant;
            if (i < 10) gain += grade->second / std::log2(double(i) + 2);
        }
        std::vector<double> best;
        for (auto const& [document, grade] : grades->second) best.push_back(grade);
        std::sort(best.rbegin(), best.rend());
        for (std::size_t i = 0; i < best.size() && i < 10; ++i) ideal += best[i] / std::log2(double(i) + 2);
        sum.ndcg += gain / ideal;
        sum.recall += double(relevant) / double(grades->second.size());
    }
    sum.ndcg /= judged;
    sum.recall /= judged;
    return sum;
}

void check_quality(std::string const& what, Quality got, double ndcg, double recall, double slack) {
    MESSAGE(what << ": nDCG@10 " << got.ndcg << " (reference " << ndcg << "), recall@100 " << got.recall
                 << " (reference " << recall << ")");
    CHECK(got.ndcg == doctest::Approx(ndcg).epsilon(0).scale(1).epsilon(slack));
    CHECK(std::fabs(got.ndcg - ndcg) <= slack);
    CHECK(std::fabs(got.recall - recall) <= 2 * slack);
}

/// The figures of one set: nDCG@10 and recall@100 of keywords, vectors, RRF, and the weighted sum at 0.5 and 0.3.
struct Figures {
    std::string set;
    double values[5][2];
};

void check_set(Figures const& figures) {
    fs::path const folder = fs::path(AIKIT_SHARED_DIR) / "data/text" / figures.set;
    if (!fs::exists(folder)) {
        MESSAGE("skipped: there is no " << folder.string());
        return;
    }
    Judged const set = read_judged(folder);
    OpenStore open("");
    int const dimensions = static_cast<int>(set.question_vectors.front().size());
    REQUIRE(testing::run(open.store->open_collection(collection("judged", dimensions))));
    // A second collection with the same words: it must not change what the first answers.
    REQUIRE(testing::run(open.store->open_collection(collection("other", dimensions))));
    std::vector<Item> others(set.items.begin(), set.items.begin() + 300);
    REQUIRE(testing::run(open.store->upsert("other", others)));
    REQUIRE(testing::run(open.store->upsert("judged", set.items)));

    auto const answer = [&](Result<std::vector<Hit>> hits) {
        REQUIRE(hits);
        return ids_of(*hits);
    };
    Quality const sparse = measure(set, [&](std::size_t q) {
        return answer(testing::run(open.store->search("judged", saying(set.questions[q].second, 100))));
    });
    Quality const dense = measure(set, [&](std::size_t q) {
        return answer(testing::run(open.store->search("judged", near(set.question_vectors[q], 100))));
    });
    auto const hybrid = [&](Fusion fusion, double weight) {
        return measure(set, [&](std::size_t q) {
            HybridQuery query;
            query.text = set.questions[q].second;
            query.vector = set.question_vectors[q];
            query.top = 100;
            query.candidates = 100;
            query.fusion = fusion;
            query.dense_weight = weight;
            return answer(testing::run(open.store->hybrid_search("judged", query)));
        });
    };
    double const(&v)[5][2] = figures.values;
    check_quality(figures.set + " keywords", sparse, v[0][0], v[0][1], 0.005);
    check_quality(figures.set + " vectors", dense, v[1][0], v[1][1], 0.005);
    check_quality(figures.set + " rrf", hybrid(Fusion::rrf, 0.5), v[2][0], v[2][1], 0.01);
    check_quality(figures.set + " weighted 0.5", hybrid(Fusion::weighted, 0.5), v[3][0], v[3][1], 0.01);
    check_quality(figures.set + " weighted 0.3", hybrid(Fusion::weighted, 0.3), v[4][0], v[4][1], 0.01);
}

}  // namespace

TEST_CASE("cranfield is answered as well as the published figures say") {
    check_set({"cranfield", {{.3752, .7313}, {.4238, .7911}, {.4067, .7798}, {.4099, .7762}, {.3979, .7681}}});
}

TEST_CASE("medline is answered as well as the published figures say") {
    check_set({"medline", {{.6917, .7943}, {.7702, .9285}, {.7597, .9126}, {.7597, .9146}, {.7371, .9076}}});
}

}  // namespace aikit::inline v0::vector
