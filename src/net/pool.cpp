// SPDX-License-Identifier: MIT
// net/pool.cpp - who gets which connection, and when.
#include "net/pool.hpp"

#include "core/os/os.hpp"

#include <algorithm>
#include <new>

namespace aikit::inline v0::net {

Permit& Permit::operator=(Permit&& other) noexcept {
    if (this != &other) {
        give_back();
        pool_ = std::move(other.pool_);
        origin_ = other.origin_;
    }
    return *this;
}

void Permit::give_back() noexcept {
    if (std::shared_ptr<Pool> const pool = std::move(pool_)) pool->take_back(*origin_);
}

Pool::Pool(HttpClientConfig const& config, std::shared_ptr<Clock> clock)
    : max_open_(config.max_connections_per_origin),
      max_idle_(static_cast<std::size_t>(config.max_idle_per_origin)),
      max_idle_time_(config.max_idle_time),
      max_life_(config.max_life),
      clock_(std::move(clock)),
      next_sweep_(clock_->now() + max_idle_time_),
      process_(os::process_generation()) {}

Pool::~Pool() {
    // In a forked child closing a socket would take the locks of a loop whose threads are not there.
    if (forked()) static_cast<void>(new (std::nothrow) std::unordered_map<std::string, Origin>(std::move(origins_)));
}

bool Pool::forked() const noexcept {
    return process_ != os::process_generation();
}

bool Pool::worn_out(Connection const& connection, SteadyTime now) const noexcept {
    return now - connection.idle_since >= max_idle_time_ || now - connection.opened >= max_life_;
}

void Pool::drop_old(Origin& origin, SteadyTime now, Dropped& dropped) {
    auto const old = std::stable_partition(
        origin.idle.begin(), origin.idle.end(),
        [&](std::unique_ptr<Connection> const& connection) { return !worn_out(*connection, now); });
    for (auto at = old; at != origin.idle.end(); ++at) dropped.push_back(std::move(*at));
    origin.open -= origin.idle.end() - old;
    origin.idle.erase(old, origin.idle.end());
}

void Pool::sweep(SteadyTime now, Dropped& dropped) {
    if (now < next_sweep_) return;
    next_sweep_ = now + max_idle_time_;
    for (auto at = origins_.begin(); at != origins_.end();) {
        drop_old(at->second, now, dropped);
        bool const unused = at->second.open == 0 && at->second.waiting.empty();
        at = unused ? origins_.erase(at) : std::next(at);
    }
}

Result<Pool::Turn> Pool::ask(std::string const& key) {
    Turn turn;
    SteadyTime const now = clock_->now();
    Dropped dropped;  // destroyed after the lock is released
    std::lock_guard const lock(mutex_);
    if (closed()) return fail(Errc::invalid_state, "net: the HTTP client is closed");
    sweep(now, dropped);
    Origin& origin = origins_[key];
    if (origin.key.empty()) origin.key = key;
    drop_old(origin, now, dropped);
    if (!origin.idle.empty() || origin.open < max_open_) {
        turn.lease.emplace();
        turn.lease->permit = Permit(shared_from_this(), origin);
        if (origin.idle.empty()) {
            ++origin.open;
        } else {
            turn.lease->connection = std::move(origin.idle.back());
            origin.idle.pop_back();
        }
        return turn;
    }
    turn.waiter = std::make_shared<Waiter<Lease>>();
    Waiting waiting;
    waiting.waiter = turn.waiter;
    waiting.address = turn.waiter.get();
    origin.waiting.push_back(std::move(waiting));
    return turn;
}

void Pool::leave(std::string const& key, Waiter<Lease> const* waiter) noexcept {
    std::lock_guard const lock(mutex_);
    auto const found = origins_.find(key);
    if (found == origins_.end()) return;
    std::deque<Waiting>& waiting = found->second.waiting;
    auto const same = [waiter](Waiting const& other) { return other.address == waiter; };
    waiting.erase(std::remove_if(waiting.begin(), waiting.end(), same), waiting.end());
}

/// The one who waits longest, taken off the queue; null when nobody does. Under the lock.
std::shared_ptr<Waiter<Lease>> Pool::first_waiting(Origin& origin) {
    while (!origin.waiting.empty()) {
        std::shared_ptr<Waiter<Lease>> waiter = origin.waiting.front().waiter.lock();
        origin.waiting.pop_front();
        if (waiter) return waiter;
    }
    return nullptr;
}

/// Makes a connection idle; the place of its permit becomes its own. Under the lock.
void Pool::keep(Origin& origin, std::unique_ptr<Connection> connection, SteadyTime now, Dropped& dropped) {
    origin.idle.push_back(std::move(connection));
    if (origin.idle.size() > max_idle_) {
        dropped.push_back(std::move(origin.idle.front()));
        origin.idle.pop_front();
        --origin.open;
    }
    sweep(now, dropped);
}

void Pool::put_back(Permit permit, std::unique_ptr<Connection> connection) noexcept try {
    SteadyTime const now = clock_->now();
    connection->idle_since = now;
    if (worn_out(*connection, now)) return;
    Origin& origin = *permit.origin_;
    Result<Lease> lease = Lease();
    lease->permit = std::move(permit);
    lease->connection = std::move(connection);
    Dropped dropped;  // like `lease` destroyed after the lock is released
    for (;;) {
        std::shared_ptr<Waiter<Lease>> waiter;
        {
            std::lock_guard const lock(mutex_);
            if (closed()) return;
            waiter = first_waiting(origin);
            if (!waiter) {
                lease->permit.pool_.reset();
                keep(origin, std::move(lease->connection), now, dropped);
                return;
            }
        }
        if (waiter->give(lease)) return;
    }
} catch (...) {
    // Out of memory: the connection is closed instead of kept.
}

/// A permit came back without its connection.
void Pool::take_back(Origin& origin) noexcept try {
    for (;;) {
        std::shared_ptr<Waiter<Lease>> waiter;
        {
            std::lock_guard const lock(mutex_);
            waiter = first_waiting(origin);
            if (!waiter) {
                if (--origin.open == 0) origins_.erase(std::string(origin.key));
                return;
            }
        }
        Result<Lease> lease = Lease();
        lease->permit = Permit(shared_from_this(), origin);
        if (waiter->give(lease)) return;
        lease->permit.pool_.reset();  // not back to here
    }
} catch (...) {
    // Out of memory: a place is lost until the client is closed, nothing worse.
}

void Pool::note_opened() noexcept {
    std::lock_guard const lock(mutex_);
    ++opened_;
}

void Pool::close() noexcept {
    std::unordered_map<std::string, Origin> origins;
    std::vector<std::shared_ptr<Waiter<Lease>>> waiters;
    {
        std::lock_guard const lock(mutex_);
        closed_.store(true, std::memory_order_release);
        for (auto& [key, origin] : origins_) {
            for (Waiting const& waiting : origin.waiting) waiters.push_back(waiting.waiter.lock());
            origin.waiting.clear();
            origin.open -= static_cast<std::int64_t>(origin.idle.size());
            origins[key].idle.swap(origin.idle);  // destroyed after the lock is released
        }
    }
    for (std::shared_ptr<Waiter<Lease>> const& waiter : waiters) {
        Result<Lease> closed_error(fail(Errc::invalid_state, "net: the HTTP client is closed"));
        if (waiter) waiter->give(closed_error);
    }
}

PoolCounts Pool::counts() const {
    PoolCounts counts;
    std::lock_guard const lock(mutex_);
    counts.opened = opened_;
    for (auto const& [key, origin] : origins_) {
        counts.open += origin.open;
        counts.idle += static_cast<std::int64_t>(origin.idle.size());
        for (Waiting const& waiting : origin.waiting) counts.waiting += waiting.waiter.expired() ? 0 : 1;
    }
    return counts;
}

}  // namespace aikit::inline v0::net
