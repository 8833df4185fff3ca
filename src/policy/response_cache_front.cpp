// SPDX-License-Identifier: MIT
// policy/response_cache_front.cpp - memory with an end, and turns that are handed on.
#include "policy/response_cache_front.hpp"

#include "core/async.hpp"

namespace aikit::inline v0::policy {

Kept CacheFront::find(CacheKey const& key, SystemTime now) {
    auto const place = places_.find(key);
    if (place == places_.end()) return nullptr;
    if ((*place->second)->expires <= now) {
        erase(place->second);
        ++expired;
        return nullptr;
    }
    order_.splice(order_.begin(), order_, place->second);
    return order_.front();
}

void CacheFront::put(Kept kept) {
    auto const place = places_.find(kept->key);
    if (place != places_.end()) erase(place->second);
    if (most_entries_ == 0 || kept->size > most_bytes_) return;
    CacheKey const key = kept->key;
    bytes_ += kept->size;
    order_.push_front(std::move(kept));
    places_[key] = order_.begin();
    while (entries() > most_entries_ || bytes_ > most_bytes_) {
        erase(std::prev(order_.end()));
        ++evictions;
    }
}

void CacheFront::remove(std::function<bool(KeptReply const&)> const& which) {
    for (auto at = order_.begin(); at != order_.end();) at = which(**at) ? erase(at) : std::next(at);
}

CacheFront::Order::iterator CacheFront::erase(Order::iterator at) {
    bytes_ -= (*at)->size;
    places_.erase((*at)->key);
    return order_.erase(at);
}

Turn::~Turn() {
    if (!done_) flights_->pass_on(key_);
}

void Turn::finish(Kept const& kept) {
    if (std::exchange(done_, true)) return;
    flights_->finish(key_, kept);
}

std::shared_ptr<Turn> Flights::join(CacheKey const& key, std::shared_ptr<Wait>& wait) {
    std::lock_guard const lock(mutex_);
    auto const flight = waiting_.find(key);
    if (flight == waiting_.end()) {
        waiting_[key];
        return std::make_shared<Turn>(shared_from_this(), key);
    }
    wait = std::make_shared<Wait>();
    flight->second.push_back(wait);
    return nullptr;
}

void Flights::finish(CacheKey const& key, Kept const& kept) {
    std::list<std::weak_ptr<Wait>> all;
    {
        std::lock_guard const lock(mutex_);
        auto const flight = waiting_.find(key);
        if (flight == waiting_.end()) return;
        all.swap(flight->second);
        waiting_.erase(flight);
    }
    for (std::weak_ptr<Wait> const& one : all) {
        std::shared_ptr<Wait> const wait = one.lock();
        if (!wait) continue;
        Landing landing;
        landing.kept = kept;
        Result<Landing> given(std::move(landing));
        wait->give(given);
    }
}

void Flights::pass_on(CacheKey const& key) noexcept {
    Result<bool> const passed = guarded([&]() -> Result<bool> {
        for (;;) {
            std::shared_ptr<Wait> wait;
            {
                std::lock_guard const lock(mutex_);
                auto const flight = waiting_.find(key);
                if (flight == waiting_.end()) return true;
                if (flight->second.empty()) {
                    waiting_.erase(flight);
                    return true;
                }
                wait = flight->second.front().lock();
                flight->second.pop_front();
            }
            if (!wait) continue;
            Landing landing;
            landing.turn = std::make_shared<Turn>(shared_from_this(), key);
            std::shared_ptr<Turn> const given_turn = landing.turn;
            Result<Landing> given(std::move(landing));
            if (wait->give(given)) return true;
            given_turn->done_ = true;  // nobody has it
        }
    });
    if (passed) return;
    // Without memory for a turn nobody is told: each asks for itself when its wait ends, and the flight is over.
    std::lock_guard const lock(mutex_);
    waiting_.erase(key);
}

}  // namespace aikit::inline v0::policy
