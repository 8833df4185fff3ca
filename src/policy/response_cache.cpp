// SPDX-License-Identifier: MIT
// policy/response_cache.cpp - keeping replies: memory, the file behind it, and clearing both.
#include "core/async.hpp"
#include "policy/response_cache_state.hpp"

#include <boost/asio/co_spawn.hpp>

#include <algorithm>

namespace aikit::inline v0::policy {
namespace {

using storage::Connection;

// Changes that wait for the file's writer; more are not written.
constexpr std::int64_t most_writing = 1'000;

// How many stores there are between two sweeps.
constexpr std::int64_t stores_a_sweep = 64;

Result<void> refuse(char const* what) {
    return fail(Errc::invalid_argument, std::string("AIResponseCache::create: ") + what);
}

Result<void> check(ResponseCacheConfig const& config) {
    if (config.ttl < std::chrono::seconds(0)) return refuse("'ttl' must not be negative");
    if (config.ttl > std::chrono::hours(24 * 36'500)) return refuse("'ttl' must be at most a hundred years");
    if (config.memory_entries < 0) return refuse("'memory_entries' must not be negative");
    if (config.memory_bytes < 0) return refuse("'memory_bytes' must not be negative");
    if (config.largest < 1) return refuse("'largest' must be above 0");
    if (config.stored_entries < 0) return refuse("'stored_entries' must not be negative");
    if (config.stored_bytes < 0) return refuse("'stored_bytes' must not be negative");
    if (config.replay_rate < 0) return refuse("'replay_rate' must not be negative");
    if (config.replay_piece < 0) return refuse("'replay_piece' must not be negative");
    if (config.longest_wait < std::chrono::milliseconds(0)) return refuse("'longest_wait' must not be negative");
    if (!config.semantic) return ok();
    SemanticCacheConfig const& semantic = *config.semantic;
    if (!semantic.embedder) return refuse("'semantic.embedder' is null; give it what embeds the questions");
    if (semantic.model.empty()) return refuse("'semantic.model' must name the embedding model");
    if (!(semantic.threshold > 0 && semantic.threshold <= 1)) return refuse("'semantic.threshold' must be in (0, 1]");
    if (semantic.entries < 1) return refuse("'semantic.entries' must be above 0");
    if (semantic.entries_alike < 1) return refuse("'semantic.entries_alike' must be above 0");
    return ok();
}

template <class Row>
bool belongs(RowsOf const& whose, Row const& row) {
    return whose.all || (row.tenant == whose.tenant && (whose.user.empty() || row.user == whose.user));
}

}  // namespace

AIResponseCache::State::State(ResponseCacheConfig config_)
    : config(std::move(config_)),
      clock(config.clock ? config.clock : real_clock()),
      front_(config.memory_entries, config.memory_bytes),
      questions_(config.semantic ? config.semantic->entries : 1, config.semantic ? config.semantic->entries_alike : 1) {
}

std::int64_t AIResponseCache::State::epoch() const {
    std::lock_guard const lock(mutex_);
    return epoch_;
}

Kept AIResponseCache::State::find(CacheKey const& key) {
    SystemTime const now = clock->system_now();
    std::lock_guard const lock(mutex_);
    return front_.find(key, now);
}

Task<Kept> AIResponseCache::State::read(Self self, CacheKey key) {
    if (!self->config.database) co_return Kept();
    std::int64_t const asked_in = self->epoch();
    SystemTime const now = self->clock->system_now();
    storage::Database const database = self->config.database;
    std::function<Result<FoundRow>(Connection&)> work = [key, now](Connection& db) { return find_row(db, key, now); };
    Task<FoundRow> pending = guard(database.read<FoundRow>(std::move(work)));
    Result<FoundRow> const found = co_await std::move(pending);
    if (!found) {
        if (found.error().code == Errc::cancelled) co_return found.error();
        self->count_failure(&CacheStatistics::failed_reads, found.error());
        co_return Kept();
    }
    if (found->corrupt) {
        self->count_failure(&CacheStatistics::corrupt,
                            fail(Errc::storage, "a kept reply is not as it was written; it is removed"));
        self->write([key](Connection& db) { return remove_row(db, key); });
    }
    if (!found->kept) co_return Kept();
    self->write([key, now](Connection& db) { return note_use(db, key, now); });
    std::lock_guard const lock(self->mutex_);
    if (self->epoch_ == asked_in) self->front_.put(found->kept);
    co_return found->kept;
}

Task<Kept> AIResponseCache::State::find_alike(Self self, Question question) {
    std::vector<CacheKey> keys;
    {
        std::lock_guard const lock(self->mutex_);
        keys = self->questions_.find(question, self->config.semantic->threshold);
    }
    for (CacheKey const& key : keys) {
        Kept kept = self->find(key);
        if (!kept) {
            Task<Kept> reading = read(self, key);
            Result<Kept> found = co_await std::move(reading);
            if (!found) co_return found.error();
            kept = std::move(*found);
        }
        if (kept) co_return kept;
        std::lock_guard const lock(self->mutex_);
        self->questions_.remove_key(question.circumstances, key);
    }
    co_return Kept();
}

void AIResponseCache::State::keep(Kept const& kept, std::int64_t asked_in, std::string body,
                                  std::optional<Question> question) noexcept {
    Result<void> const done = guarded([&]() -> Result<void> {
        if (kept->size > config.largest) return ok();
        bool kept_now = false;
        remember(kept, asked_in, question, kept_now);
        if (kept_now) store(kept, std::move(body));
        return ok();
    });
    if (!done) count_failure(&CacheStatistics::failed_writes, done.error());
}

void AIResponseCache::State::remember(Kept const& kept, std::int64_t asked_in, std::optional<Question>& question,
                                      bool& kept_now) {
    std::lock_guard const lock(mutex_);
    if (epoch_ != asked_in) return;
    front_.put(kept);
    if (question) {
        question->key = kept->key;
        question->tenant = kept->tenant;
        question->user = kept->user;
        questions_.put(std::move(*question));
    }
    ++statistics_.stores;
    kept_now = true;
}

void AIResponseCache::State::store(Kept const& kept, std::string body) {
    bool sweep_due = false;
    {
        std::lock_guard const lock(mutex_);
        sweep_due = ++stored_ >= stores_a_sweep && !sweeping_ && config.database && config.database.runtime().alive();
        if (sweep_due) {
            stored_ = 0;
            sweeping_ = true;
        }
    }
    if (config.database && config.stored_entries > 0) {
        write([kept, bytes = std::make_shared<std::string const>(std::move(body))](Connection& db) {
            return put_row(db, *kept, *bytes);
        });
    }
    if (sweep_due) sweep_soon();
}

void AIResponseCache::State::write(std::function<Result<void>(Connection&)> work) {
    {
        std::lock_guard const lock(mutex_);
        if (writing_ >= most_writing) {
            ++statistics_.failed_writes;
            statistics_.last_failure =
                "the store cannot take replies as fast as they come; some are kept in memory alone";
            return;
        }
        ++writing_;
    }
    std::weak_ptr<State> const weak = weak_from_this();
    std::function<void(Result<void>)> done = [weak](Result<void> const& result) {
        Self const self = weak.lock();
        if (!self) return;
        {
            std::lock_guard const lock(self->mutex_);
            --self->writing_;
        }
        if (!result) self->count_failure(&CacheStatistics::failed_writes, result.error());
    };
    Result<void> const posted = guarded([&]() -> Result<void> {
        config.database.post_write(std::move(work), done);
        return ok();
    });
    if (!posted) done(posted.error());
}

void AIResponseCache::State::sweep_soon() {
    Runtime const& runtime = config.database.runtime();
    auto ended = [weak = weak_from_this()](std::exception_ptr, Result<void> const& swept) {
        Self const self = weak.lock();
        if (!self) return;
        {
            std::lock_guard const lock(self->mutex_);
            self->sweeping_ = false;
        }
        if (!swept) self->count_failure(&CacheStatistics::failed_writes, swept.error());
    };
    boost::asio::co_spawn(runtime.executor(), guard(sweep(shared_from_this())), std::move(ended));
}

Task<std::int64_t> AIResponseCache::State::sweep_slice(Self self, SystemTime now) {
    storage::Database const database = self->config.database;
    std::function<Result<std::int64_t>(Connection&)> old = [now](Connection& db) { return remove_expired(db, now); };
    Task<std::int64_t> removing = database.write<std::int64_t>(std::move(old));
    Result<std::int64_t> const expired = co_await std::move(removing);
    if (!expired) co_return expired.error();
    if (*expired > 0) {
        std::lock_guard const lock(self->mutex_);
        self->statistics_.expired += *expired;
        co_return expired;
    }
    std::function<Result<RowTotals>(Connection&)> count = [](Connection& db) { return count_rows(db); };
    Task<RowTotals> counting = database.read<RowTotals>(std::move(count));
    Result<RowTotals> const totals = co_await std::move(counting);
    if (!totals) co_return totals.error();
    RowTotals most;
    most.entries = self->config.stored_entries;
    most.bytes = self->config.stored_bytes;
    if (totals->entries <= most.entries && totals->bytes <= most.bytes) co_return std::int64_t{0};
    std::function<Result<std::int64_t>(Connection&)> work = [most](Connection& db) {
        return remove_least_used(db, most);
    };
    Task<std::int64_t> evicting = database.write<std::int64_t>(std::move(work));
    Result<std::int64_t> const evicted = co_await std::move(evicting);
    if (!evicted) co_return evicted.error();
    std::lock_guard const lock(self->mutex_);
    self->statistics_.evictions += *evicted;
    co_return evicted;
}

Task<void> AIResponseCache::State::sweep(Self self) {
    SystemTime const now = self->clock->system_now();
    {
        std::lock_guard const lock(self->mutex_);
        self->front_.remove([&](KeptReply const& kept) {
            bool const old = kept.expires <= now;
            if (old) ++self->front_.expired;
            return old;
        });
    }
    if (!self->config.database) co_return ok();
    Result<std::int64_t> removed = std::int64_t{1};
    while (removed && *removed > 0) {
        Task<std::int64_t> slice = guard(sweep_slice(self, now));
        removed = co_await std::move(slice);
    }
    if (!removed) co_return removed.error();
    co_return ok();
}

void AIResponseCache::State::forget(RowsOf const& whose) {
    std::lock_guard const lock(mutex_);
    ++epoch_;
    front_.remove([&whose](KeptReply const& kept) { return belongs(whose, kept); });
    questions_.remove([&whose](Question const& question) { return belongs(whose, question); });
}

Task<void> AIResponseCache::State::remove(Self self, RowsOf whose) {
    self->forget(whose);
    storage::Database const database = self->config.database;
    while (database) {
        std::function<Result<std::int64_t>(Connection&)> work = [whose](Connection& db) {
            return remove_rows(db, whose);
        };
        Task<std::int64_t> slice = database.write<std::int64_t>(std::move(work));
        Result<std::int64_t> const removed = co_await std::move(slice);
        if (!removed) co_return removed.error();
        if (*removed == 0) break;
    }
    // What was read from the file meanwhile.
    self->forget(whose);
    co_return ok();
}

void AIResponseCache::State::count_hit(KeptReply const& kept, Hit hit) {
    std::lock_guard const lock(mutex_);
    ++statistics_.hits;
    if (hit == Hit::shared) ++statistics_.shared;
    if (hit == Hit::semantic) ++statistics_.semantic_hits;
    if (!kept.cost) return;
    // A sum beyond what money can say stays at what it was.
    Result<Money> const sum = Money::add(statistics_.saved, *kept.cost);
    if (sum) statistics_.saved = *sum;
}

void AIResponseCache::State::count_miss() {
    std::lock_guard const lock(mutex_);
    ++statistics_.misses;
}

void AIResponseCache::State::count_bypass() {
    std::lock_guard const lock(mutex_);
    ++statistics_.bypassed;
}

void AIResponseCache::State::count_failure(std::int64_t CacheStatistics::*which, Error const& error) noexcept {
    std::lock_guard const lock(mutex_);
    ++(statistics_.*which);
    try {
        statistics_.last_failure = error.message;
    } catch (std::bad_alloc const&) {
        statistics_.last_failure.clear();  // the count has it
    }
}

Result<std::shared_ptr<AIResponseCache>> AIResponseCache::create(ResponseCacheConfig config) {
    if (Result<void> const checked = check(config); !checked) return checked.error();
    return std::shared_ptr<AIResponseCache>(new AIResponseCache(std::make_shared<State>(std::move(config))));
}

AIResponseCache::~AIResponseCache() = default;

CacheStatistics AIResponseCache::statistics() const {
    std::lock_guard const lock(state_->mutex_);
    CacheStatistics told = state_->statistics_;
    told.evictions += state_->front_.evictions;
    told.expired += state_->front_.expired;
    told.entries = state_->front_.entries();
    told.bytes = state_->front_.bytes();
    return told;
}

Task<void> AIResponseCache::clear() {
    RowsOf all;
    all.all = true;
    return guard(State::remove(state_, std::move(all)));
}

Task<void> AIResponseCache::invalidate(std::string tenant, std::string user) {
    RowsOf whose;
    whose.tenant = std::move(tenant);
    whose.user = std::move(user);
    return guard(State::remove(state_, std::move(whose)));
}

Task<void> AIResponseCache::sweep() {
    return guard(State::sweep(state_));
}

namespace {

Task<void> flush_file(storage::Database database) {
    if (!database) co_return ok();
    Task<void> pending = database.flush();
    co_return co_await std::move(pending);
}

}  // namespace

Task<void> AIResponseCache::flush() {
    return guard(flush_file(state_->config.database));
}

}  // namespace aikit::inline v0::policy
