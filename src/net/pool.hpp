// SPDX-License-Identifier: MIT
// net/pool.hpp - connections that are kept for the next request, and the turn of those who wait for one.
#ifndef AIKIT_SRC_NET_POOL_HPP
#define AIKIT_SRC_NET_POOL_HPP

#include "core/waiter.hpp"
#include "net/home_timer.hpp"
#include "net/stream.hpp"

#include <aikit/net/http_client.hpp>

#include <deque>
#include <unordered_map>

namespace aikit::inline v0::net {

struct Connection {
    Connection() = default;

    std::unique_ptr<Stream> stream;
    HomeTimer timer;  ///< For the limits of one exchange after the other.
    SteadyTime opened;
    SteadyTime idle_since;
};

class Pool;
struct PoolOrigin;

/// The right to have one connection to an origin. Given back on destruction.
class Permit {
public:
    Permit() = default;
    Permit(std::shared_ptr<Pool> pool, PoolOrigin& origin) : pool_(std::move(pool)), origin_(&origin) {}
    Permit(Permit&& other) noexcept : pool_(std::move(other.pool_)), origin_(other.origin_) {}
    Permit& operator=(Permit&& other) noexcept;
    ~Permit() { give_back(); }

    explicit operator bool() const noexcept { return pool_ != nullptr; }

private:
    friend class Pool;
    void give_back() noexcept;

    std::shared_ptr<Pool> pool_;
    PoolOrigin* origin_ = nullptr;  // stays where it is while there are permits to it
};

/// A permit and, when one was idle, a connection.
struct Lease {
    Lease() = default;

    Permit permit;
    std::unique_ptr<Connection> connection;
};

/// What the pool knows of one origin; guarded by the pool.
struct PoolOrigin {
    struct Waiting {
        std::weak_ptr<Waiter<Lease>> waiter;
        Waiter<Lease> const* address = nullptr;
    };

    std::string key;
    std::int64_t open = 0;  // permits handed out, and idle connections
    std::deque<std::unique_ptr<Connection>> idle;
    std::deque<Waiting> waiting;
};

/// Idle connections per origin, last in first out; at the limit requests wait, first in first out. Knows nothing of
/// HTTP. Connections past their time are dropped when the pool is next used.
///
/// Thread-safety: shared objects: safe.
class Pool : public std::enable_shared_from_this<Pool> {
public:
    Pool(HttpClientConfig const& config, std::shared_ptr<Clock> clock);
    ~Pool();

    /// A lease at once, or the waiter that will get one.
    struct Turn {
        Turn() = default;

        std::optional<Lease> lease;
        std::shared_ptr<Waiter<Lease>> waiter;
    };

    /// Errors: invalid_state (closed).
    Result<Turn> ask(std::string const& key);

    /// The one who waited has left without a lease.
    void leave(std::string const& key, Waiter<Lease> const* waiter) noexcept;

    /// Keeps a connection for the next request, or hands it to the one who waits longest.
    void put_back(Permit permit, std::unique_ptr<Connection> connection) noexcept;

    /// Notes that a connection was opened.
    void note_opened() noexcept;

    /// Drops what is idle and sends everyone away.
    void close() noexcept;
    bool closed() const noexcept { return closed_.load(std::memory_order_acquire); }

    PoolCounts counts() const;

    /// In a child that inherited this by fork; only the destructor may be called there.
    bool forked() const noexcept;

private:
    friend class Permit;

    using Origin = PoolOrigin;
    using Waiting = PoolOrigin::Waiting;
    using Dropped = std::vector<std::unique_ptr<Connection>>;

    bool worn_out(Connection const& connection, SteadyTime now) const noexcept;
    void drop_old(Origin& origin, SteadyTime now, Dropped& dropped);
    void sweep(SteadyTime now, Dropped& dropped);
    std::shared_ptr<Waiter<Lease>> first_waiting(Origin& origin);
    void keep(Origin& origin, std::unique_ptr<Connection> connection, SteadyTime now, Dropped& dropped);
    void take_back(Origin& origin) noexcept;

    std::int64_t const max_open_;
    std::size_t const max_idle_;
    std::chrono::milliseconds const max_idle_time_;
    std::chrono::milliseconds const max_life_;
    std::shared_ptr<Clock> const clock_;

    mutable std::mutex mutex_;  // guards what follows; nothing of the caller's runs under it
    std::unordered_map<std::string, Origin> origins_;
    std::int64_t opened_ = 0;
    SteadyTime next_sweep_;
    std::atomic<bool> closed_{false};
    std::uint64_t const process_;
};

}  // namespace aikit::inline v0::net

#endif  // AIKIT_SRC_NET_POOL_HPP
