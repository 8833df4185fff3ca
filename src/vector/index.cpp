// SPDX-License-Identifier: MIT
// vector/index.cpp - searching graph and flat vectors together, and moving the one into the other.
#include "vector/index.hpp"

#include <algorithm>
#include <cstring>
#include <thread>

namespace aikit::inline v0::vector {

void FlatVectors::reserve(std::size_t count) {
    values_.reserve(count * dimensions_);
    labels_.reserve(count);
    places_.reserve(count);
}

void FlatVectors::add(std::uint64_t label, float const* vector) {
    auto const [place, fresh] = places_.try_emplace(label, labels_.size());
    if (fresh) {
        labels_.push_back(label);
        values_.insert(values_.end(), vector, vector + dimensions_);
    } else {
        std::copy_n(vector, dimensions_, values_.begin() + static_cast<std::ptrdiff_t>(place->second * dimensions_));
    }
}

bool FlatVectors::remove(std::uint64_t label) {
    auto const found = places_.find(label);
    if (found == places_.end()) return false;
    std::size_t const hole = found->second;
    std::size_t const last = labels_.size() - 1;
    if (hole != last) {
        std::copy_n(vector(last), dimensions_, values_.begin() + static_cast<std::ptrdiff_t>(hole * dimensions_));
        labels_[hole] = labels_[last];
        places_[labels_[hole]] = hole;
    }
    places_.erase(found);
    labels_.pop_back();
    values_.resize(last * dimensions_);
    return true;
}

void FlatVectors::remove_last() noexcept {
    places_.erase(labels_.back());
    labels_.pop_back();
    values_.resize(labels_.size() * dimensions_);
}

class Index::Reading {
public:
    explicit Reading(Index const& index) {
        ++index.waiting_;
        { std::lock_guard const pass(index.gate_); }
        lock_ = std::shared_lock(index.mutex_);
        --index.waiting_;
    }

private:
    std::shared_lock<std::shared_mutex> lock_;
};

class Index::Changing {
public:
    explicit Changing(Index const& index) : pass_(index.gate_), lock_(index.mutex_) {}

private:
    std::lock_guard<std::mutex> pass_;
    std::lock_guard<std::shared_mutex> lock_;
};

Index::Index(std::size_t dimensions, Metric metric)
    : dimensions_(dimensions),
      metric_(metric),
      distance_(distance_of(metric)),
      flat_(dimensions),
      moving_(dimensions) {}

bool Index::apply(Delta delta) {
    Changing const lock(*this);
    bool const whole = delta.from < 0;
    if (!whole && delta.from != change_) return false;
    if (whole) {
        if (delta.to < change_) return false;
        graph_.reset();
        ++graph_number_;
        flat_ = std::move(delta.added);
        change_ = delta.to;
        return true;
    }
    for (std::uint64_t const label : delta.removed) {
        if (!flat_.remove(label) && graph_) graph_->remove(label);
    }
    for (std::size_t i = 0; i < delta.added.size(); ++i) {
        flat_.add(delta.added.label(i), delta.added.vector(i));
        if (graph_) graph_->remove(delta.added.label(i));
    }
    change_ = delta.to;
    return true;
}

void Index::replace(std::unique_ptr<Graph> graph, FlatVectors flat, std::int64_t change) {
    Changing const lock(*this);
    graph_ = std::move(graph);
    ++graph_number_;
    flat_ = std::move(flat);
    change_ = change;
}

std::size_t Index::size() const {
    Reading const lock(*this);
    return (graph_ ? graph_->live() : 0) + flat_.size();
}

/// All vectors, each looked at.
std::vector<Found> Index::scan(std::vector<float> const& query) const {
    std::vector<Found> found;
    found.reserve(flat_.size() + (graph_ ? graph_->live() : 0));
    for (std::size_t i = 0; i < flat_.size(); ++i) {
        found.emplace_back(distance_(query.data(), flat_.vector(i), dimensions_), flat_.label(i));
    }
    if (graph_) {
        graph_->visit([&](std::uint64_t label, float const* vector) {
            found.emplace_back(distance_(query.data(), vector, dimensions_), label);
        });
    }
    return found;
}

std::vector<Found> Index::search(std::vector<float> const& query, std::size_t top, std::size_t effort) const {
    if (effort == 0) effort = std::max<std::size_t>(128, 2 * top);
    effort = std::max(effort, top);
    Reading const lock(*this);
    std::size_t const in_graph = graph_ ? graph_->live() : 0;
    std::vector<Found> found;
    // A search that keeps nearly all of the graph costs more than looking at all of it.
    bool const all = effort >= in_graph;
    if (!all) {
        found = graph_->search(query.data(), effort);
        for (std::size_t i = 0; i < flat_.size(); ++i) {
            found.emplace_back(distance_(query.data(), flat_.vector(i), dimensions_), flat_.label(i));
        }
    }
    // Some nodes may be out of reach of any link: then only looking at all keeps the promise.
    if (all || found.size() < std::min(top, in_graph + flat_.size())) found = scan(query);
    if (found.size() > top) {
        auto const last = found.begin() + static_cast<std::ptrdiff_t>(top) - 1;
        std::nth_element(found.begin(), last, found.end());
        float const limit = last->distance;
        found.erase(std::remove_if(last + 1, found.end(), [=](Found const& f) { return f.distance > limit; }),
                    found.end());
    }
    std::sort(found.begin(), found.end());
    return found;
}

bool Index::wants_compaction() const noexcept {
    if (!graph_) return false;
    std::size_t const removed = graph_->nodes() - graph_->live();
    return removed > settle_threshold / 2 && removed > graph_->nodes() / 4;
}

bool Index::unsettled() const {
    Reading const lock(*this);
    return flat_.size() >= settle_threshold || wants_compaction();
}

bool Index::settle(std::chrono::milliseconds time) {
    auto const end = std::chrono::steady_clock::now() + time;
    {
        Reading const lock(*this);
        // A graph that was replaced meanwhile has nothing to do with the one being built.
        if (next_graph_ && compacting_ != graph_number_) next_graph_.reset();
        if (!next_graph_ && wants_compaction()) begin_compaction();
    }
    if (next_graph_) return compact_until(end);
    while (settle_one()) {
        if (std::chrono::steady_clock::now() >= end) return true;
        let_others_in();
    }
    return false;
}

/// A mutex goes to whoever asks first after it was released, which is who released it: without a pause between two
/// insertions, searches would wait for all of them.
void Index::let_others_in() const {
    for (int pause = 0; waiting_ > 0 && pause < 100; ++pause) std::this_thread::yield();
}

/// With the lock for reading.
void Index::begin_compaction() {
    compacting_ = graph_number_;
    moving_ = FlatVectors(dimensions_);
    moving_.reserve(graph_->live());
    graph_->visit([&](std::uint64_t label, float const* vector) { moving_.add(label, vector); });
    next_graph_ = std::make_unique<Graph>(dimensions_, metric_);
}

bool Index::compact_until(std::chrono::steady_clock::time_point end) {
    while (moving_.size() > 0) {
        std::size_t const last = moving_.size() - 1;
        next_graph_->add(moving_.label(last), moving_.vector(last));
        moving_.remove_last();
        if (std::chrono::steady_clock::now() >= end) return true;
    }
    end_compaction();
    return true;
}

void Index::end_compaction() {
    Changing const lock(*this);
    std::unique_ptr<Graph> next = std::move(next_graph_);
    if (compacting_ != graph_number_) return;
    // Nothing was added to the old graph since, but some may have been removed.
    std::vector<std::uint64_t> gone;
    next->visit([&](std::uint64_t label, float const*) {
        if (!graph_->contains(label)) gone.push_back(label);
    });
    for (std::uint64_t const label : gone) next->remove(label);
    work_done_ += next->live();
    graph_ = std::move(next);
    ++graph_number_;
}

bool Index::settle_one() {
    Changing const lock(*this);
    if (flat_.size() == 0) return false;
    if (!graph_ && flat_.size() < settle_threshold) return false;
    if (!graph_) graph_ = std::make_unique<Graph>(dimensions_, metric_);
    std::size_t const last = flat_.size() - 1;
    graph_->add(flat_.label(last), flat_.vector(last));
    flat_.remove_last();
    ++work_done_;
    return flat_.size() > 0;
}

void Index::inspect(std::function<void(Graph const*, FlatVectors const&, std::int64_t)> const& use) const {
    Reading const lock(*this);
    use(graph_.get(), flat_, change_);
}

}  // namespace aikit::inline v0::vector
