// SPDX-License-Identifier: MIT
// tests/unit/vector/index_test.cpp - the index against looking at everything.
#include "support.hpp"
#include "vector/image.hpp"

#include <fstream>
#include <iterator>
#include <set>

namespace aikit::inline v0::vector {
namespace {

using Vectors = std::map<std::uint64_t, std::vector<float>>;

/// The labels of the `top` nearest, computed one by one in float as the index does.
std::vector<Found> nearest(Metric metric, Vectors const& vectors, std::vector<float> const& query, std::size_t top) {
    std::vector<Found> all;
    for (auto const& [label, vector] : vectors) {
        all.emplace_back(distance_of(metric)(query.data(), vector.data(), query.size()), label);
    }
    std::sort(all.begin(), all.end());
    if (all.size() > top) all.resize(top);
    return all;
}

/// An index and what it should hold.
struct Model {
    Model(std::size_t dimensions_, Metric metric_, unsigned seed)
        : dimensions(dimensions_), metric(metric_), index(dimensions_, metric_), random(seed) {
        Delta first(dimensions);
        first.from = -1;
        first.to = 0;
        CHECK(index.apply(std::move(first)));
    }

    void add(std::size_t count) {
        Delta delta = next();
        for (std::size_t i = 0; i < count; ++i) {
            std::vector<float> vector = prepared(metric, random_vector(random, dimensions));
            delta.added.add(++last, vector.data());
            vectors[last] = std::move(vector);
        }
        CHECK(index.apply(std::move(delta)));
    }

    void remove(std::size_t count) {
        Delta delta = next();
        for (std::size_t i = 0; i < count && !vectors.empty(); ++i) {
            auto at = vectors.lower_bound(random() % (last + 1));
            if (at == vectors.end()) at = vectors.begin();
            delta.removed.push_back(at->first);
            vectors.erase(at);
        }
        CHECK(index.apply(std::move(delta)));
    }

    void settle() {
        while (index.settle(std::chrono::milliseconds(1))) {
        }
    }

    Delta next() {
        Delta delta(dimensions);
        delta.from = index.change();
        delta.to = delta.from + 3;
        return delta;
    }

    /// The mean part of the true nearest that is found.
    double recall(std::size_t top, int questions, std::size_t effort = 0) {
        double sum = 0;
        for (int i = 0; i < questions; ++i) {
            std::vector<float> const query = prepared(metric, random_vector(random, dimensions));
            std::vector<Found> const truth = nearest(metric, vectors, query, top);
            std::vector<Found> const found = index.search(query, top, effort);
            REQUIRE(found.size() >= truth.size());
            REQUIRE(std::is_sorted(found.begin(), found.end()));
            std::set<std::uint64_t> labels;
            for (Found const& f : found) {
                REQUIRE(vectors.count(f.label) == 1);
                labels.insert(f.label);
            }
            REQUIRE(labels.size() == found.size());
            std::size_t hits = 0;
            for (Found const& t : truth) hits += labels.count(t.label);
            sum += truth.empty() ? 1 : double(hits) / double(truth.size());
        }
        return sum / questions;
    }

    std::size_t dimensions;
    Metric metric;
    Index index;
    std::mt19937 random;
    Vectors vectors;
    std::uint64_t last = 0;
};

std::string bytes_of(std::string const& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

void put(std::string const& path, std::string_view bytes) {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

ImageOf image_of(Model const& model) {
    ImageOf of;
    of.collection = 7;
    of.created = 1'000'000;
    of.dimensions = model.dimensions;
    of.metric = model.metric;
    return of;
}

constexpr std::int64_t any = std::numeric_limits<std::int64_t>::max();

}  // namespace

TEST_CASE("a small index answers exactly, in order, whatever happens to it") {
    for (Metric const metric : {Metric::cosine, Metric::dot, Metric::l2}) {
        for (unsigned seed = 1; seed <= 4; ++seed) {
            Model model(9, metric, seed);
            for (int step = 0; step < 60; ++step) {
                if (model.random() % 3 == 0) {
                    model.remove(model.random() % 30);
                } else {
                    model.add(model.random() % 20);
                }
                CHECK(model.index.size() == model.vectors.size());
                std::vector<float> const query = prepared(metric, random_vector(model.random, 9));
                for (std::size_t const top : {1u, 10u, 1'000u}) {
                    CHECK(model.index.search(query, top, 0) == nearest(metric, model.vectors, query, top));
                }
            }
        }
    }
}

TEST_CASE("a change that does not follow the last one changes nothing") {
    Model model(4, Metric::l2, 1);
    model.add(10);
    Delta stale(4);
    stale.from = model.index.change() - 1;
    stale.to = model.index.change() + 1;
    stale.removed.push_back(1);
    CHECK_FALSE(model.index.apply(std::move(stale)));
    Delta older(4);
    older.from = -1;
    older.to = model.index.change() - 1;
    CHECK_FALSE(model.index.apply(std::move(older)));
    CHECK(model.index.size() == 10);
}

TEST_CASE("equal distances at the end of the list all come, for the caller to choose by id") {
    Index index(2, Metric::l2);
    Delta delta(2);
    delta.from = -1;
    delta.to = 1;
    float const same[2] = {1, 1};
    float const nearer[2] = {0.5F, 0.5F};
    for (std::uint64_t label = 1; label <= 20; ++label) delta.added.add(label, label == 13 ? nearer : same);
    REQUIRE(index.apply(std::move(delta)));
    std::vector<Found> const found = index.search({0, 0}, 3, 0);
    CHECK(found.size() == 20);
    CHECK(found.front().label == 13);
}

TEST_CASE("a large index finds nearly all of the nearest, and exactly as many as it should") {
    for (Metric const metric : {Metric::cosine, Metric::dot, Metric::l2}) {
        CAPTURE(name(metric));
        Model model(16, metric, 5);
        model.add(settle_threshold + 500);
        CHECK(model.index.unsettled());
        model.settle();
        CHECK_FALSE(model.index.unsettled());
        CHECK(model.recall(10, 50) >= 0.95);
        CHECK(model.recall(10, 20, 10) >= 0.5);
        model.add(300);  // beside the graph
        CHECK(model.recall(10, 30) >= 0.95);
        CHECK(model.index.search(prepared(metric, random_vector(model.random, 16)), 100'000, 0).size() ==
              model.vectors.size());
    }
}

TEST_CASE("removed vectors are never found, also when few or none are left") {
    Model model(8, Metric::cosine, 6);
    model.add(settle_threshold + 100);
    model.settle();
    while (!model.vectors.empty()) {
        model.remove(model.vectors.size() > 40 ? model.vectors.size() / 3 : 7);
        double const recall = model.recall(10, 5);
        CHECK(recall >= 0.9);
    }
    CHECK(model.index.size() == 0);
    CHECK(model.index.search(prepared(Metric::cosine, random_vector(model.random, 8)), 5, 0).empty());
    model.add(5);
    CHECK(model.recall(10, 5) == 1);
}

TEST_CASE("an index full of removed vectors is made anew while it is searched and changed") {
    Model model(8, Metric::l2, 9);
    model.add(settle_threshold + 1'200);
    model.settle();
    model.remove(1'800);
    REQUIRE(model.index.unsettled());
    int slices = 0;
    while (model.index.settle(std::chrono::milliseconds(1))) {
        ++slices;
        if (slices % 7 == 1) model.remove(3);
        if (slices % 7 == 3) model.add(2);
        if (slices % 7 == 5) CHECK(model.recall(10, 1) >= 0.7);
    }
    CHECK(slices > 3);
    CHECK_FALSE(model.index.unsettled());
    model.index.inspect([&](Graph const* graph, FlatVectors const& flat, std::int64_t) {
        REQUIRE(graph != nullptr);
        CHECK(graph->nodes() < settle_threshold);
        CHECK(graph->live() + flat.size() == model.vectors.size());
    });
    CHECK(model.recall(10, 50) >= 0.95);
}

TEST_CASE("an image holds the whole index") {
    Scratch folder("image");
    std::string const path = folder / "i.image";
    for (bool const with_graph : {false, true}) {
        Model model(6, Metric::cosine, 11);
        model.add(with_graph ? settle_threshold + 50 : 40);
        if (with_graph) model.settle();
        model.remove(20);
        model.add(30);
        REQUIRE(save_image(path, image_of(model), model.index).value() == model.index.change());

        Index again(6, Metric::cosine);
        REQUIRE(load_image(path, image_of(model), 0, any, again));
        CHECK(again.change() == model.index.change());
        CHECK(again.size() == model.vectors.size());
        for (int i = 0; i < 20; ++i) {
            std::vector<float> const query = prepared(Metric::cosine, random_vector(model.random, 6));
            CHECK(again.search(query, 10, 0) == model.index.search(query, 10, 0));
        }
        // It goes on from there.
        Delta more(6);
        more.from = again.change();
        more.to = more.from + 1;
        std::vector<float> const extra = prepared(Metric::cosine, random_vector(model.random, 6));
        more.added.add(999'999, extra.data());
        REQUIRE(again.apply(std::move(more)));
        while (again.settle(std::chrono::milliseconds(5))) {
        }
        CHECK(again.search(extra, 1, 0).front().label == 999'999);
    }
}

TEST_CASE("an image of something else is not loaded") {
    Scratch folder("other_image");
    std::string const path = folder / "i.image";
    Model model(6, Metric::cosine, 12);
    model.add(20);
    std::int64_t const change = model.index.change();
    REQUIRE(save_image(path, image_of(model), model.index));
    ImageOf const right = image_of(model);
    ImageOf wrong = right;
    Index index(6, Metric::cosine);
    wrong.collection += 1;
    CHECK_FALSE(load_image(path, wrong, 0, any, index));
    wrong = right;
    wrong.created += 1;
    CHECK_FALSE(load_image(path, wrong, 0, any, index));
    wrong = right;
    wrong.metric = Metric::dot;
    CHECK_FALSE(load_image(path, wrong, 0, any, index));
    wrong = right;
    wrong.dimensions = 5;
    CHECK_FALSE(load_image(path, wrong, 0, any, index));
    CHECK_FALSE(load_image(path, right, change + 1, any, index));
    CHECK_FALSE(load_image(path, right, 0, change - 1, index));
    CHECK_FALSE(load_image(folder / "none.image", right, 0, any, index));
    CHECK(index.change() == -1);
    CHECK(load_image(path, right, change, change, index));
}

TEST_CASE("an image cut at any place or with any bit turned is not loaded and breaks nothing") {
    Scratch folder("damaged_image");
    std::string const path = folder / "i.image";
    Model model(5, Metric::l2, 13);
    model.add(settle_threshold + 10);
    model.settle();
    model.add(15);
    REQUIRE(save_image(path, image_of(model), model.index));
    std::string const sound = bytes_of(path);
    Index index(5, Metric::l2);
    auto const refused = [&](std::string const& bytes) {
        put(path, bytes);
        bool const loaded = load_image(path, image_of(model), 0, any, index);
        return !loaded && index.change() == -1;
    };
    std::size_t accepted = 0;
    for (std::size_t size = 0; size < sound.size(); size += size < 120 ? 1 : 20'011) {
        accepted += refused(sound.substr(0, size)) ? 0 : 1;
    }
    accepted += refused(sound + "x") ? 0 : 1;
    for (std::size_t bit = 0; bit < sound.size() * 8; bit += bit < 96 * 8 ? 3 : 90'011) {
        std::string damaged = sound;
        damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << bit % 8));
        accepted += refused(damaged) ? 0 : 1;
    }
    std::string page = sound;
    for (std::size_t at = 0; at + 4'096 < sound.size(); at += 65'536) {
        page = sound;
        page.replace(at, 4'096, std::string(4'096, '\0'));
        accepted += refused(page) ? 0 : 1;
    }
    CHECK(accepted == 0);
    put(path, sound);
    CHECK(load_image(path, image_of(model), 0, any, index));
}

TEST_CASE("a graph whose links lead astray is told from a sound one, whatever its checksum") {
    Graph graph(4, Metric::l2);
    std::mt19937 random(3);
    for (std::uint64_t label = 0; label < 60; ++label) graph.add(label, random_vector(random, 4).data());
    CHECK(graph.sound());
    std::string saved;
    graph.save([&](std::span<std::byte const> block) {
        saved.append(reinterpret_cast<char const*>(block.data()), block.size());
    });
    int unsound = 0;
    for (std::size_t at = 0; at < saved.size(); at += 11) {
        for (char const value : {'\xff', '\x7f', '\x01'}) {
            std::string damaged = saved;
            damaged[at] = value;
            std::size_t offset = 0;
            std::unique_ptr<Graph> const loaded = Graph::load(4, Metric::l2, 60, [&](std::span<std::byte> block) {
                if (block.size() > damaged.size() - offset) return false;
                std::copy_n(reinterpret_cast<std::byte const*>(damaged.data()) + offset, block.size(), block.data());
                offset += block.size();
                return true;
            });
            // What passes may answer badly, but it may be searched.
            if (!loaded || !loaded->sound()) {
                ++unsound;
                continue;
            }
            CHECK(loaded->search(random_vector(random, 4).data(), 10).size() <= 10);
        }
    }
    CHECK(unsound > 500);
}

}  // namespace aikit::inline v0::vector
