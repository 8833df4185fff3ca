// SPDX-License-Identifier: MIT
// tests/unit/vector/support.hpp - stores, random vectors, and the plainest possible search as the oracle.
#ifndef AIKIT_TESTS_UNIT_VECTOR_SUPPORT_HPP
#define AIKIT_TESTS_UNIT_VECTOR_SUPPORT_HPP

#include "unit/storage/support.hpp"

#include <aikit/vector/store.hpp>

#include <algorithm>
#include <cmath>
#include <map>
#include <random>

namespace aikit::inline v0::vector {

using storage::Scratch;

/// A store on a file, with the threads it needs.
struct OpenStore {
    explicit OpenStore(std::string const& path) : database(storage::open(runtime, storage::at(path))) {
        store = make_sqlite_store(database).value();
    }
    ~OpenStore() { close(); }
    OpenStore(OpenStore const&) = delete;
    OpenStore& operator=(OpenStore const&) = delete;

    void close() {
        store.reset();
        database.close();
        runtime.close();
    }

    Runtime runtime = Runtime::create().value();
    storage::Database database;
    std::shared_ptr<VectorStore> store;
};

inline CollectionConfig collection(std::string name, int dimensions, Metric metric = Metric::cosine) {
    CollectionConfig config;
    config.name = std::move(name);
    config.dimensions = dimensions;
    config.metric = metric;
    return config;
}

inline std::vector<float> random_vector(std::mt19937& random, std::size_t dimensions) {
    std::normal_distribution<float> number(0, 1);
    std::vector<float> vector(dimensions);
    for (float& value : vector) value = number(random);
    return vector;
}

/// The score of a pair, in double precision.
inline double oracle_score(Metric metric, std::vector<float> const& a, std::vector<float> const& b) {
    double dot = 0, aa = 0, bb = 0, squares = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
        dot += double(a[i]) * b[i];
        aa += double(a[i]) * a[i];
        bb += double(b[i]) * b[i];
        squares += (double(a[i]) - b[i]) * (double(a[i]) - b[i]);
    }
    if (metric == Metric::dot) return dot;
    return metric == Metric::l2 ? -squares : dot / std::sqrt(aa * bb);
}

/// All items by falling score, computed one by one.
inline std::vector<std::pair<double, std::string>> oracle_ranking(
    Metric metric, std::map<std::string, std::vector<float>> const& items, std::vector<float> const& query) {
    std::vector<std::pair<double, std::string>> ranking;
    for (auto const& [id, vector] : items) ranking.emplace_back(oracle_score(metric, vector, query), id);
    std::sort(ranking.begin(), ranking.end(), [](auto const& x, auto const& y) {
        return x.first != y.first ? x.first > y.first : x.second < y.second;
    });
    return ranking;
}

inline DenseQuery near(std::vector<float> vector, int top = 10) {
    DenseQuery query;
    query.vector = std::move(vector);
    query.top = top;
    return query;
}

inline SparseQuery saying(std::string text, int top = 10) {
    SparseQuery query;
    query.text = std::move(text);
    query.top = top;
    return query;
}

inline std::vector<std::string> ids_of(std::vector<Hit> const& hits) {
    std::vector<std::string> ids;
    for (Hit const& hit : hits) ids.push_back(hit.id);
    return ids;
}

}  // namespace aikit::inline v0::vector

#endif  // AIKIT_TESTS_UNIT_VECTOR_SUPPORT_HPP
