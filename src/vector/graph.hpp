// SPDX-License-Identifier: MIT
// vector/graph.hpp - one HNSW graph (Malkov, Yashunin 2016) in memory.
#ifndef AIKIT_SRC_VECTOR_GRAPH_HPP
#define AIKIT_SRC_VECTOR_GRAPH_HPP

#include <aikit/vector/store.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

namespace aikit::inline v0::vector {

/// What a search finds: nearer first, equal distances by label.
struct Found {
    Found() = default;
    Found(float distance_, std::uint64_t label_) : distance(distance_), label(label_) {}

    float distance = 0;
    std::uint64_t label = 0;

    friend bool operator<(Found const& a, Found const& b) noexcept {
        return a.distance != b.distance ? a.distance < b.distance : a.label < b.label;
    }
    friend bool operator==(Found const&, Found const&) noexcept = default;
};

/// How many links a node keeps on the upper layers (twice as many on the lowest), and how widely its place is sought.
inline constexpr std::size_t graph_links = 16;
inline constexpr std::size_t graph_construction_effort = 200;

/// Vectors come prepared (see kernels.hpp) and have `dimensions` numbers.
///
/// Thread-safety: const calls may run at once; all others need the graph for themselves. Throws std::bad_alloc, and
/// std::runtime_error on what only a bug can cause.
class Graph {
public:
    Graph(std::size_t dimensions, Metric metric);
    ~Graph();

    /// A label that is there gets the new vector.
    void add(std::uint64_t label, float const* vector);

    /// False when it was not there.
    bool remove(std::uint64_t label);

    bool contains(std::uint64_t label) const;

    /// All nodes, and those that were not removed.
    std::size_t nodes() const noexcept;
    std::size_t live() const noexcept;

    /// Up to `effort` nearest of the nodes that a search of that effort meets, sorted.
    std::vector<Found> search(float const* query, std::size_t effort) const;

    /// Calls `seen` for each node that was not removed.
    void visit(std::function<void(std::uint64_t label, float const* vector)> const& seen) const;

    /// The graph as blocks of bytes, in the order in which load() asks for them.
    void save(std::function<void(std::span<std::byte const>)> const& write) const;

    /// Reads what save() wrote; `read` fills a block and answers false at the end of what there is. `nodes` was
    /// checked against the size of the source, and the bytes against a checksum, or they will be before use: until
    /// sound() says yes, nothing but destruction is allowed.
    static std::unique_ptr<Graph> load(std::size_t dimensions, Metric metric, std::size_t nodes,
                                       std::function<bool(std::span<std::byte>)> const& read);

    /// Whether every link leads to a node that is there, on a layer that it has, and every number is finite.
    bool sound() const;

    /// The smallest number of bytes that a saved node takes.
    static std::size_t bytes_per_node(std::size_t dimensions) noexcept;

private:
    struct Body;
    explicit Graph(std::unique_ptr<Body> body);

    std::unique_ptr<Body> body_;
};

}  // namespace aikit::inline v0::vector

#endif  // AIKIT_SRC_VECTOR_GRAPH_HPP
