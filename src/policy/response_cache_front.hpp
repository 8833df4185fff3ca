// SPDX-License-Identifier: MIT
// policy/response_cache_front.hpp - the replies in memory, and who waits for which reply.
#ifndef AIKIT_SRC_POLICY_RESPONSE_CACHE_FRONT_HPP
#define AIKIT_SRC_POLICY_RESPONSE_CACHE_FRONT_HPP

#include "core/waiter.hpp"
#include "policy/response_cache_key.hpp"

#include <functional>
#include <list>
#include <mutex>
#include <unordered_map>
#include <vector>

namespace aikit::inline v0::policy {

using Kept = std::shared_ptr<KeptReply const>;

/// Replies by their key, the least recently used going first. Not locked: its owner does that.
class CacheFront {
public:
    CacheFront(std::int64_t most_entries, std::int64_t most_bytes)
        : most_entries_(most_entries), most_bytes_(most_bytes) {}

    /// Null: it is not here, or was and is too old; `expired` then counts.
    Kept find(CacheKey const& key, SystemTime now);

    /// Replaces what has the same key.
    void put(Kept kept);

    /// Removes what `which` says.
    void remove(std::function<bool(KeptReply const&)> const& which);

    std::int64_t entries() const noexcept { return static_cast<std::int64_t>(order_.size()); }
    std::int64_t bytes() const noexcept { return bytes_; }

    std::int64_t evictions = 0;
    std::int64_t expired = 0;

private:
    using Order = std::list<Kept>;  // the latest first

    Order::iterator erase(Order::iterator at);

    std::int64_t const most_entries_;
    std::int64_t const most_bytes_;
    std::int64_t bytes_ = 0;
    Order order_;
    std::unordered_map<CacheKey, Order::iterator, CacheKeyHash> places_;
};

class Flights;

/// The right, and the duty, to ask for an answer that others wait for. Ended without finish(), it goes to the next.
class Turn {
public:
    Turn(std::shared_ptr<Flights> flights, CacheKey key) : flights_(std::move(flights)), key_(key) {}
    ~Turn();
    Turn(Turn const&) = delete;
    Turn& operator=(Turn const&) = delete;

    /// Gives all who wait the answer.
    void finish(Kept const& kept);

private:
    friend class Flights;

    std::shared_ptr<Flights> flights_;
    CacheKey key_;
    bool done_ = false;
};

/// What a wait ended with: an answer, or the turn to ask for it.
struct Landing {
    Landing() = default;

    Kept kept;
    std::shared_ptr<Turn> turn;
};

/// Calls that are under way, one for each key. Thread-safety: shared objects: safe.
class Flights : public std::enable_shared_from_this<Flights> {
public:
    using Wait = Waiter<Landing>;

    /// The turn for the first who comes; null for the others, and then `wait` is theirs.
    std::shared_ptr<Turn> join(CacheKey const& key, std::shared_ptr<Wait>& wait);

private:
    friend class Turn;

    void finish(CacheKey const& key, Kept const& kept);
    void pass_on(CacheKey const& key) noexcept;

    std::mutex mutex_;
    std::unordered_map<CacheKey, std::list<std::weak_ptr<Wait>>, CacheKeyHash> waiting_;
};

}  // namespace aikit::inline v0::policy

#endif  // AIKIT_SRC_POLICY_RESPONSE_CACHE_FRONT_HPP
