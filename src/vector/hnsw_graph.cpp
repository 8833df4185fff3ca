// SPDX-License-Identifier: MIT
// vector/hnsw_graph.cpp - the graph by hnswlib; the only source that includes it.
//
// hnswlib links nodes; searching, removing, labels and saving are ours, because there searches share one mutable
// effort, removed nodes can leave an insertion without neighbours (undefined behaviour), and files are trusted.
#include "vector/graph.hpp"
#include "vector/kernels.hpp"

// Its functions that are not inline stay out, and its classes get a name of their own, so that a program with
// another hnswlib inside links and runs.
#define NO_MANUAL_VECTORIZATION
#define hnswlib aikit_hnswlib
#include <hnswlib/hnswlib.h>
#undef hnswlib

#include <algorithm>
#include <cmath>
#include <cstring>
#include <stdexcept>
#include <unordered_map>

namespace aikit::inline v0::vector {
namespace {

using Hnsw = aikit_hnswlib::HierarchicalNSW<float>;
using Node = aikit_hnswlib::tableint;

/// A level is drawn from an exponential distribution; more than this does not occur.
constexpr int max_level = 64;

class Space final : public aikit_hnswlib::SpaceInterface<float> {
public:
    Space(std::size_t dimensions, Metric metric) : measure_{dimensions, distance_of(metric)} {}

    std::size_t get_data_size() override { return measure_.dimensions * sizeof(float); }
    aikit_hnswlib::DISTFUNC<float> get_dist_func() override { return &Space::distance; }
    void* get_dist_func_param() override { return &measure_; }

    std::size_t dimensions() const noexcept { return measure_.dimensions; }
    float between(float const* a, void const* b) const noexcept { return distance(a, b, &measure_); }

private:
    struct Measure {
        std::size_t dimensions;
        Distance between;
    };

    static float distance(void const* a, void const* b, void const* measure) {
        auto const* how = static_cast<Measure const*>(measure);
        return how->between(static_cast<float const*>(a), static_cast<float const*>(b), how->dimensions);
    }

    Measure measure_;
};

/// A pooled list of visited nodes, given back at the end.
class Visited {
public:
    explicit Visited(aikit_hnswlib::VisitedListPool& pool) : pool_(pool), list_(pool.getFreeVisitedList()) {}
    Visited(Visited const&) = delete;
    Visited& operator=(Visited const&) = delete;
    ~Visited() { pool_.releaseVisitedList(list_); }

    /// True the first time.
    bool visit(Node node) noexcept {
        if (list_->mass[node] == list_->curV) return false;
        list_->mass[node] = list_->curV;
        return true;
    }

private:
    aikit_hnswlib::VisitedListPool& pool_;
    aikit_hnswlib::VisitedList* list_;
};

using Near = std::pair<float, Node>;

}  // namespace

struct Graph::Body {
    Body(std::size_t dimensions, Metric metric, std::size_t capacity, std::size_t seed)
        : space(dimensions, metric),
          hnsw(std::make_unique<Hnsw>(&space, capacity, graph_links, graph_construction_effort, seed)) {}

    Node descend(float const* query) const;
    void find_near(Visited& visited, float const* query, std::size_t effort, std::vector<Near>& best) const;
    bool links_sound(Node node, int level) const;
    bool numbers_sound(Node node) const;

    float const* vector_of(Node node) const { return reinterpret_cast<float const*>(hnsw->getDataByInternalId(node)); }
    float distance(float const* query, Node node) const { return space.between(query, vector_of(node)); }
    std::span<Node const> links(Node node, int level) const {
        auto* list = hnsw->get_linklist_at_level(node, level);
        return {list + 1, hnsw->getListCount(list)};
    }
    void prefetch(Node node) const noexcept { __builtin_prefetch(hnsw->getDataByInternalId(node)); }

    Space space;
    std::unique_ptr<Hnsw> hnsw;

    // By node. hnswlib's own labels are the nodes' numbers.
    std::vector<std::uint64_t> labels;
    std::vector<unsigned char> removed;
    std::unordered_map<std::uint64_t, Node> lookup;  // of those not removed
};

Graph::Graph(std::size_t dimensions, Metric metric) : body_(std::make_unique<Body>(dimensions, metric, 1'024, 100)) {}

Graph::Graph(std::unique_ptr<Body> body) : body_(std::move(body)) {}

Graph::~Graph() = default;

void Graph::add(std::uint64_t label, float const* vector) {
    Body& b = *body_;
    std::size_t const node = b.labels.size();
    if (node >= b.hnsw->max_elements_) b.hnsw->resizeIndex(node + node / 2 + 1'024);
    b.labels.reserve(node + 1);
    b.removed.reserve(node + 1);
    b.hnsw->addPoint(vector, node);
    remove(label);
    b.labels.push_back(label);
    b.removed.push_back(0);
    b.lookup.insert_or_assign(label, static_cast<Node>(node));
}

bool Graph::remove(std::uint64_t label) {
    auto const found = body_->lookup.find(label);
    if (found == body_->lookup.end()) return false;
    body_->removed[found->second] = 1;
    body_->lookup.erase(found);
    return true;
}

bool Graph::contains(std::uint64_t label) const {
    return body_->lookup.count(label) != 0;
}

std::size_t Graph::nodes() const noexcept {
    return body_->labels.size();
}

std::size_t Graph::live() const noexcept {
    return body_->lookup.size();
}

/// Greedily down the upper layers, to where the search of the lowest one begins.
Node Graph::Body::descend(float const* query) const {
    Node node = hnsw->enterpoint_node_;
    float nearest = distance(query, node);
    for (int level = hnsw->maxlevel_; level > 0; --level) {
        for (bool moved = true; moved;) {
            moved = false;
            for (Node const next : links(node, level)) {
                float const d = distance(query, next);
                if (!(d < nearest)) continue;  // also for what is no number
                nearest = d;
                node = next;
                moved = true;
            }
        }
    }
    return node;
}

/// Best-first over the lowest layer. Removed nodes are passed through and not collected. `best` is a heap, the
/// farthest on top, of at most `effort`.
void Graph::Body::find_near(Visited& visited, float const* query, std::size_t effort, std::vector<Near>& best) const {
    std::vector<Near> open;  // a heap of negated distances: the nearest on top
    Node const start = descend(query);
    visited.visit(start);
    float const first = distance(query, start);
    open.emplace_back(-first, start);
    if (removed[start] == 0) best.emplace_back(first, start);
    while (!open.empty()) {
        auto const [negated, node] = open.front();
        if (best.size() >= effort && -negated > best.front().first) return;
        std::pop_heap(open.begin(), open.end());
        open.pop_back();
        std::span<Node const> const next = links(node, 0);
        if (!next.empty()) prefetch(next.front());
        for (std::size_t i = 0; i < next.size(); ++i) {
            if (i + 1 < next.size()) prefetch(next[i + 1]);
            if (!visited.visit(next[i])) continue;
            float const d = distance(query, next[i]);
            if (best.size() >= effort && d >= best.front().first) continue;
            open.emplace_back(-d, next[i]);
            std::push_heap(open.begin(), open.end());
            if (removed[next[i]] != 0) continue;
            best.emplace_back(d, next[i]);
            std::push_heap(best.begin(), best.end());
            if (best.size() <= effort) continue;
            std::pop_heap(best.begin(), best.end());
            best.pop_back();
        }
    }
}

std::vector<Found> Graph::search(float const* query, std::size_t effort) const {
    std::vector<Found> found;
    if (live() == 0 || effort == 0) return found;
    std::vector<Near> best;
    {
        Visited visited(*body_->hnsw->visited_list_pool_);
        body_->find_near(visited, query, effort, best);
    }
    found.reserve(best.size());
    for (auto const& [distance, node] : best) found.emplace_back(distance, body_->labels[node]);
    std::sort(found.begin(), found.end());
    return found;
}

void Graph::visit(std::function<void(std::uint64_t label, float const* vector)> const& seen) const {
    for (Node node = 0; node < body_->labels.size(); ++node) {
        if (body_->removed[node] == 0) seen(body_->labels[node], body_->vector_of(node));
    }
}

std::size_t Graph::bytes_per_node(std::size_t dimensions) noexcept {
    std::size_t const links = (2 * graph_links + 1) * sizeof(Node);
    std::size_t const in_hnsw = links + dimensions * sizeof(float) + sizeof(aikit_hnswlib::labeltype);
    return in_hnsw + sizeof(std::uint64_t) + 2;  // and label, level, whether it was removed
}

void Graph::save(std::function<void(std::span<std::byte const>)> const& write) const {
    Hnsw const& hnsw = *body_->hnsw;
    std::size_t const count = nodes();
    std::vector<unsigned char> levels(count);
    for (std::size_t i = 0; i < count; ++i) levels[i] = static_cast<unsigned char>(hnsw.element_levels_[i]);
    write(std::as_bytes(std::span(&hnsw.maxlevel_, 1)));
    write(std::as_bytes(std::span(&hnsw.enterpoint_node_, 1)));
    write(std::as_bytes(std::span(hnsw.data_level0_memory_, count * hnsw.size_data_per_element_)));
    write(std::as_bytes(std::span(levels)));
    write(std::as_bytes(std::span(body_->labels)));
    write(std::as_bytes(std::span(body_->removed)));
    for (std::size_t i = 0; i < count; ++i) {
        if (levels[i] > 0)
            write(std::as_bytes(std::span(hnsw.linkLists_[i], levels[i] * hnsw.size_links_per_element_)));
    }
}

std::unique_ptr<Graph> Graph::load(std::size_t dimensions, Metric metric, std::size_t count,
                                   std::function<bool(std::span<std::byte>)> const& read) {
    std::unique_ptr<Graph> graph(new Graph(std::make_unique<Body>(dimensions, metric, count + 1'024, 100 + count)));
    Body& b = *graph->body_;
    Hnsw& hnsw = *b.hnsw;
    std::vector<unsigned char> levels(count);
    b.labels.resize(count);
    b.removed.resize(count);
    bool whole = read(std::as_writable_bytes(std::span(&hnsw.maxlevel_, 1)));
    whole = whole && read(std::as_writable_bytes(std::span(&hnsw.enterpoint_node_, 1)));
    whole =
        whole && read(std::as_writable_bytes(std::span(hnsw.data_level0_memory_, count * hnsw.size_data_per_element_)));
    whole = whole && read(std::as_writable_bytes(std::span(levels)));
    whole = whole && read(std::as_writable_bytes(std::span(b.labels)));
    whole = whole && read(std::as_writable_bytes(std::span(b.removed)));
    for (std::size_t i = 0; i < count && whole; ++i) {
        if (levels[i] > max_level) return nullptr;
        if (levels[i] > 0) {
            std::size_t const size = levels[i] * hnsw.size_links_per_element_;
            auto* const list = static_cast<char*>(std::malloc(size + 1));
            if (list == nullptr) throw std::bad_alloc();
            hnsw.linkLists_[i] = list;
            hnsw.element_levels_[i] = levels[i];
            hnsw.cur_element_count = i + 1;  // its destructor frees the lists up to here
            whole = read(std::as_writable_bytes(std::span(list, size)));
        }
        hnsw.cur_element_count = i + 1;
    }
    if (!whole) return nullptr;
    b.lookup.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
        if (b.removed[i] == 0) b.lookup.emplace(b.labels[i], static_cast<Node>(i));
    }
    return graph;
}

bool Graph::Body::links_sound(Node node, int level) const {
    std::span<Node const> const next = links(node, level);
    if (next.size() > (level == 0 ? hnsw->maxM0_ : hnsw->maxM_)) return false;
    return std::all_of(next.begin(), next.end(), [&](Node other) {
        return other < labels.size() && other != node && hnsw->element_levels_[other] >= level;
    });
}

bool Graph::Body::numbers_sound(Node node) const {
    float const* const values = vector_of(node);
    return std::all_of(values, values + space.dimensions(), [](float value) { return std::isfinite(value); });
}

bool Graph::sound() const {
    Hnsw const& hnsw = *body_->hnsw;
    std::size_t const count = nodes();
    if (count == 0) return hnsw.maxlevel_ == -1;
    if (hnsw.enterpoint_node_ >= count || hnsw.maxlevel_ != hnsw.element_levels_[hnsw.enterpoint_node_]) return false;
    std::size_t not_removed = 0;
    for (Node node = 0; node < count; ++node) {
        not_removed += body_->removed[node] == 0 ? 1 : 0;
        if (!body_->numbers_sound(node)) return false;
        for (int level = 0; level <= hnsw.element_levels_[node]; ++level) {
            if (!body_->links_sound(node, level)) return false;
        }
    }
    return not_removed == live();
}

}  // namespace aikit::inline v0::vector
