// SPDX-License-Identifier: MIT
// router/warm_prompts.hpp - at which deployments the beginning of a conversation was read lately.
#ifndef AIKIT_SRC_ROUTER_WARM_PROMPTS_HPP
#define AIKIT_SRC_ROUTER_WARM_PROMPTS_HPP

#include <aikit/core/clock.hpp>

#include <cstdint>
#include <list>
#include <mutex>
#include <unordered_map>

namespace aikit::inline v0::router {

/// Providers keep what they have read for some minutes, and ask less for reading it again. The 4,096 beginnings used
/// last are remembered. Thread-safety: shared objects: safe.
class WarmPrompts {
public:
    /// The tokens of a beginning that a deployment has read within the last five minutes; 0: none.
    std::int64_t tokens(std::uint64_t beginning, std::size_t deployment, SteadyTime now) const {
        std::lock_guard const lock(mutex_);
        auto const found = places_.find(key(beginning, deployment));
        if (found == places_.end() || now - found->second->at > kept) return 0;
        return found->second->tokens;
    }

    void note(std::uint64_t beginning, std::size_t deployment, std::int64_t tokens, SteadyTime now) {
        std::lock_guard const lock(mutex_);
        std::uint64_t const own = key(beginning, deployment);
        auto const found = places_.find(own);
        if (found != places_.end()) {
            read_.splice(read_.begin(), read_, found->second);
            *found->second = Read{own, tokens, now};
            return;
        }
        read_.push_front(Read{own, tokens, now});
        places_[own] = read_.begin();
        if (read_.size() <= most) return;
        places_.erase(read_.back().key);
        read_.pop_back();
    }

private:
    // OpenAI drops what was not used for 5 to 10 minutes, Anthropic for 5 (their guides to prompt caching).
    static constexpr std::chrono::minutes kept{5};
    static constexpr std::size_t most = 4'096;

    struct Read {
        std::uint64_t key = 0;
        std::int64_t tokens = 0;
        SteadyTime at;
    };

    static std::uint64_t key(std::uint64_t beginning, std::size_t deployment) noexcept {
        constexpr std::uint64_t odd = 0x9e3779b97f4a7c15ULL;
        return (beginning ^ (deployment + 1) * odd) * odd;
    }

    std::mutex mutable mutex_;
    std::list<Read> mutable read_;  // used last first
    std::unordered_map<std::uint64_t, std::list<Read>::iterator> places_;
};

}  // namespace aikit::inline v0::router

#endif  // AIKIT_SRC_ROUTER_WARM_PROMPTS_HPP
