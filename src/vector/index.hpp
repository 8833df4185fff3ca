// SPDX-License-Identifier: MIT
// vector/index.hpp - the vectors of one collection in memory: a graph, and beside it those not yet in the graph.
//
// Knows no database. What was added is searched exactly from the next moment on; settle() moves it into the graph bit
// by bit. So a small collection is always searched exactly, and a large one while its graph grows.
#ifndef AIKIT_SRC_VECTOR_INDEX_HPP
#define AIKIT_SRC_VECTOR_INDEX_HPP

#include "vector/graph.hpp"
#include "vector/kernels.hpp"

#include <atomic>
#include <chrono>
#include <mutex>
#include <shared_mutex>
#include <unordered_map>

namespace aikit::inline v0::vector {

/// Below this many vectors beside the graph, searching them all is no slower than searching the graph.
inline constexpr std::size_t settle_threshold = 2'048;

/// Vectors and their labels in one block, searched by looking at all.
class FlatVectors {
public:
    explicit FlatVectors(std::size_t dimensions) : dimensions_(dimensions) {}

    void reserve(std::size_t count);
    /// A label that is there gets the new vector.
    void add(std::uint64_t label, float const* vector);
    bool remove(std::uint64_t label);
    void remove_last() noexcept;
    std::size_t size() const noexcept { return labels_.size(); }
    std::uint64_t label(std::size_t i) const noexcept { return labels_[i]; }
    float const* vector(std::size_t i) const noexcept { return values_.data() + i * dimensions_; }

private:
    std::size_t dimensions_;
    std::vector<float> values_;
    std::vector<std::uint64_t> labels_;
    std::unordered_map<std::uint64_t, std::size_t> places_;
};

/// What happened to a collection between two changes. Labels are never used twice.
struct Delta {
    explicit Delta(std::size_t dimensions) : added(dimensions) {}

    std::int64_t from = 0;  ///< The change it builds on; below zero: on nothing, it holds the whole collection.
    std::int64_t to = 0;
    std::vector<std::uint64_t> removed;
    FlatVectors added;  ///< Prepared.
};

/// Thread-safety: shared objects: safe. Searches run at once; changes wait for them, and go before new ones.
class Index {
public:
    Index(std::size_t dimensions, Metric metric);

    /// The last change it has; -1: nothing was loaded yet.
    std::int64_t change() const noexcept { return change_; }

    /// False, and nothing is changed, when `delta.from` is not change().
    bool apply(Delta delta);

    /// Takes the place of everything.
    void replace(std::unique_ptr<Graph> graph, FlatVectors flat, std::int64_t change);

    /// The `top` nearest and whatever is as near as the last of them; sorted. Always min(top, size()) or more.
    /// `effort` 0: chosen from top. `query` is prepared.
    std::vector<Found> search(std::vector<float> const& query, std::size_t top, std::size_t effort) const;

    std::size_t size() const;

    /// Whether settle() has something to do.
    bool unsettled() const;

    /// Moves vectors into the graph, or builds a graph without the removed ones, for about `time`; true when there is
    /// more to do. One caller at a time.
    bool settle(std::chrono::milliseconds time);

    /// Calls `use` with what an image holds, while nothing changes. The graph may be null.
    void inspect(std::function<void(Graph const*, FlatVectors const&, std::int64_t change)> const& use) const;

    /// How many vectors were settled or replaced since the index was made.
    std::uint64_t work_done() const noexcept { return work_done_; }

private:
    class Reading;
    class Changing;

    std::vector<Found> scan(std::vector<float> const& query) const;
    bool wants_compaction() const noexcept;
    bool compact_until(std::chrono::steady_clock::time_point end);
    bool settle_one();
    void let_others_in() const;
    void begin_compaction();
    void end_compaction();

    std::size_t const dimensions_;
    Metric const metric_;
    Distance const distance_;
    std::atomic<std::int64_t> change_{-1};
    std::atomic<std::uint64_t> work_done_{0};

    mutable std::mutex gate_;  // who changes holds it while waiting, so that searches cannot keep it out for ever
    mutable std::shared_mutex mutex_;
    mutable std::atomic<int> waiting_{0};  // searches that are not let in yet
    std::unique_ptr<Graph> graph_;
    FlatVectors flat_;
    std::uint64_t graph_number_ = 0;  // rises when another graph takes the place

    // Of settle()'s caller alone.
    std::unique_ptr<Graph> next_graph_;
    FlatVectors moving_;
    std::uint64_t compacting_ = 0;  // graph_number_ of the graph that next_graph_ is to replace
};

}  // namespace aikit::inline v0::vector

#endif  // AIKIT_SRC_VECTOR_INDEX_HPP
