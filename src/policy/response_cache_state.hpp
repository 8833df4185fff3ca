// SPDX-License-Identifier: MIT
// policy/response_cache_state.hpp - what all who use one cache share.
#ifndef AIKIT_SRC_POLICY_RESPONSE_CACHE_STATE_HPP
#define AIKIT_SRC_POLICY_RESPONSE_CACHE_STATE_HPP

#include "policy/response_cache_front.hpp"
#include "policy/response_cache_question.hpp"
#include "policy/response_cache_table.hpp"

#include <mutex>

namespace aikit::inline v0::policy {

struct AIResponseCache::State : std::enable_shared_from_this<AIResponseCache::State> {
    using Self = std::shared_ptr<State>;
    using Question = QuestionIndex::Question;

    explicit State(ResponseCacheConfig config_);

    /// What may be kept is what was asked for since the last clear() or invalidate().
    std::int64_t epoch() const;

    /// From memory; a hit is not counted yet.
    Kept find(CacheKey const& key);

    /// From the file, and then it is in memory too. Null also where it could not be read. Errors: cancelled.
    static Task<Kept> read(Self self, CacheKey key);

    /// From memory, or the file, what was asked in other words. Errors: cancelled.
    static Task<Kept> find_alike(Self self, Question question);

    /// An answer that others may be given. `info` is left out but for what stays true.
    template <class Reply>
    std::shared_ptr<KeptReply> prepare(CacheKey const& key, Caller const& caller, Reply const& reply) const {
        auto const kept = std::make_shared<KeptReply>();
        kept->key = key;
        kept->tenant = caller.tenant;
        kept->user = caller.user;
        kept->created = clock->system_now();
        if (config.ttl > std::chrono::seconds(0)) kept->expires = kept->created + config.ttl;
        kept->cost = reply.info.cost;
        Reply copy = reply;
        copy.info = CallInfo();
        copy.info.provider = reply.info.provider;
        copy.info.model = reply.info.model;
        copy.info.warnings = reply.info.warnings;
        kept->reply = std::move(copy);
        return kept;
    }

    /// Keeps it, in memory and (as `body`, which is what pack() gave) in the file, with its question if it has one.
    /// Whatever fails is counted.
    void keep(Kept const& kept, std::int64_t asked_in, std::string body, std::optional<Question> question) noexcept;

    // What became of a call.
    enum class Hit { exact, shared, semantic };
    void count_hit(KeptReply const& kept, Hit hit);
    void count_miss();
    void count_bypass();
    void count_failure(std::int64_t CacheStatistics::*which, Error const& error) noexcept;

    static Task<void> remove(Self self, RowsOf whose);
    static Task<void> sweep(Self self);

    ResponseCacheConfig const config;
    std::shared_ptr<Clock> const clock;
    std::shared_ptr<Flights> const flights = std::make_shared<Flights>();

private:
    void remember(Kept const& kept, std::int64_t asked_in, std::optional<Question>& question, bool& kept_now);
    void write(std::function<Result<void>(storage::Connection&)> work);
    void store(Kept const& kept, std::string body);
    void sweep_soon();
    void forget(RowsOf const& whose);
    static Task<std::int64_t> sweep_slice(Self self, SystemTime now);

    mutable std::mutex mutex_;  // guards what follows; never held across a suspension
    CacheFront front_;
    QuestionIndex questions_;
    CacheStatistics statistics_;
    std::int64_t epoch_ = 0;
    std::int64_t writing_ = 0;  // changes that the file's writer has not ended
    std::int64_t stored_ = 0;   // since the last sweep
    bool sweeping_ = false;

    friend class AIResponseCache;
};

}  // namespace aikit::inline v0::policy

#endif  // AIKIT_SRC_POLICY_RESPONSE_CACHE_STATE_HPP
