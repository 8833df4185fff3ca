// SPDX-License-Identifier: MIT
// aikit/policy/response_cache.hpp - answers that were given before, given again at no cost.
//
// A reply is found by all that shapes it: who asks, the provider, the model, every message, tool and parameter. Only
// replies that are whole are kept: no error, no refusal, nothing filtered or cut by a limit, no stream that was not
// read to its end.
//
//   auto cache = AIResponseCache::create(config);                   // shared by as many providers as one likes
//   auto provider = make_response_cache(next, *cache);              // outside of retries and meters
//
// A hit made no attempt: CallInfo has cache "hit", no attempts, no usage, and a cost of exactly 0. What the answer took
// when it was made stays visible in the reply's own usage.
#ifndef AIKIT_POLICY_RESPONSE_CACHE_HPP
#define AIKIT_POLICY_RESPONSE_CACHE_HPP

#include <aikit/model/provider.hpp>
#include <aikit/storage/database.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace aikit::inline v0::policy {

/// Who is given what was answered to whom.
enum class CacheShare {
    user,      ///< Nobody but the same tenant, user and key of the host's.
    tenant,    ///< All of the same tenant.
    everyone,  ///< All: for questions that hold nothing of anybody's.
};

/// Serves what was asked in other words. Questions are compared by their embeddings, within all else being equal: the
/// system's message, the model, the parameters, who asks. An embedding cannot tell a question from its opposite, so
/// what is served must also have the same numbers, negations, comparisons, names and quotations, and its words in the
/// same order; where there is doubt the provider is asked. Only chats of one user message of text, of at most 2,000
/// bytes, without tools, and never calls with Privacy::sensitive. Kept in memory only.
struct SemanticCacheConfig {
    SemanticCacheConfig() = default;

    /// What embeds the questions, on the caller's bill: its attempt and cost are in the reply's CallInfo, also of a
    /// hit.
    std::shared_ptr<AIProvider> embedder;
    std::string model;

    /// The least cosine similarity; above 0, at most 1.
    double threshold = 0.95;

    /// How many questions are remembered in all, and at most for one set of equal circumstances.
    std::int64_t entries = 10'000;
    std::int64_t entries_alike = 512;
};

struct ResponseCacheConfig {
    ResponseCacheConfig() = default;

    CacheShare share = CacheShare::user;

    /// Also keep chats whose temperature is not 0: asked again, they give the same answer and not another one. False:
    /// only chats with temperature 0 are kept, others pass ("bypass").
    bool cache_sampled = true;

    /// How long a reply may serve; 0: for ever.
    std::chrono::seconds ttl = std::chrono::hours(24);

    /// What is held in memory; the least recently used go first. Bytes are those of the replies as they are stored.
    std::int64_t memory_entries = 10'000;
    std::int64_t memory_bytes = 64 * 1024 * 1024;

    /// Larger replies are not kept.
    std::int64_t largest = 4 * 1024 * 1024;

    /// Where replies outlive the process, and which several processes share; closed: nowhere.
    storage::Database database;

    /// What is kept there; may be exceeded by some 64 replies until they are cleared away.
    std::int64_t stored_entries = 100'000;
    std::int64_t stored_bytes = std::int64_t(1) << 30;

    /// How many bytes of text a second a stream gives that is played from the cache; 0: at once.
    std::int64_t replay_rate = 0;

    /// How large its pieces are, in bytes; 0: whole.
    std::int64_t replay_piece = 0;

    /// How long a call waits for the answer to an equal one that is under way before it asks for itself; 0: as long as
    /// it takes.
    std::chrono::milliseconds longest_wait{60'000};

    std::optional<SemanticCacheConfig> semantic;

    /// Null: the machine's.
    std::shared_ptr<Clock> clock;
};

/// What a cache has done since it was made.
struct CacheStatistics {
    CacheStatistics() = default;

    std::int64_t hits = 0;           ///< All calls that were answered without asking.
    std::int64_t shared = 0;         ///< Those of them that had waited for the answer to an equal call.
    std::int64_t semantic_hits = 0;  ///< Those of them that were asked in other words.
    std::int64_t misses = 0;
    std::int64_t bypassed = 0;
    std::int64_t stores = 0;
    std::int64_t evictions = 0;      ///< For want of room, in memory and in the file.
    std::int64_t expired = 0;        ///< For their age.
    std::int64_t corrupt = 0;        ///< Rows of the file that were not as they had been written, and were removed.
    std::int64_t failed_reads = 0;   ///< The file could not be read: a miss.
    std::int64_t failed_writes = 0;  ///< The file could not be written: the reply is kept in memory alone.
    std::int64_t failed_embeddings = 0;

    /// What the hits would have cost, as far as that is known.
    Money saved;

    /// What is in memory now.
    std::int64_t entries = 0;
    std::int64_t bytes = 0;

    /// What the last failure was; empty: there was none.
    std::string last_failure;
};

/// What the file keeps now, whoever wrote it.
struct StoredReplies {
    StoredReplies() = default;

    std::int64_t entries = 0;
    std::int64_t bytes = 0;
    Money worth;  ///< What these replies cost when they were made, as far as that is known.
};

/// What is kept, and who waits for what. Whatever goes wrong with it, calls go on as if it were not there; statistics()
/// tells.
///
/// Calls that are equal and under way at once are one: the first asks, the others wait, each within its own time, and
/// get the reply when it is whole (streams too). When the first fails or leaves, the next one asks.
///
/// Ownership: a shared object; calls keep it. Thread-safety: shared objects: safe. Cancellation of all tasks: terminal.
/// Errors of all tasks: those of storage::Database.
class AIKIT_EXPORT AIResponseCache {
public:
    /// Errors: invalid_argument, naming the field.
    static Result<std::shared_ptr<AIResponseCache>> create(ResponseCacheConfig config);

    ~AIResponseCache();
    AIResponseCache(AIResponseCache const&) = delete;
    AIResponseCache& operator=(AIResponseCache const&) = delete;

    CacheStatistics statistics() const;

    /// Nothing where there is no file.
    Task<StoredReplies> stored() const;

    /// Removes everything. What is being asked for meanwhile is not kept. Other processes that share the file keep what
    /// they have in memory, until its time is over.
    Task<void> clear();

    /// The same for what was answered to one tenant, or to one user of it where `user` is not empty.
    Task<void> invalidate(std::string tenant, std::string user);

    /// Removes what is too old, and what is too much, from memory and file; done by itself after every 64 stores. No
    /// step holds the file's writer for more than 50 ms.
    Task<void> sweep();

    /// Waits until the file has all that is kept.
    Task<void> flush();

    struct State;
    std::shared_ptr<State> const& state() const noexcept { return state_; }

private:
    explicit AIResponseCache(std::shared_ptr<State> state) : state_(std::move(state)) {}

    std::shared_ptr<State> state_;
};

/// Chats, streams and embeddings of `next` through the cache; chats and streams share what is kept. All else passes.
///
/// CallInfo::cache says "hit", "miss" or "bypass"; CallOptions::cache says what the cache may do. It belongs outside of
/// what retries, meters and limits, and inside of what checks who may ask.
/// Errors: invalid_argument (null). Calls: those of `next`, and timeout or cancelled while they wait for another.
AIKIT_EXPORT Result<std::shared_ptr<AIProvider>> make_response_cache(std::shared_ptr<AIProvider> next,
                                                                     std::shared_ptr<AIResponseCache> cache);

/// The same with a cache of its own.
AIKIT_EXPORT Result<std::shared_ptr<AIProvider>> make_response_cache(std::shared_ptr<AIProvider> next,
                                                                     ResponseCacheConfig config);

}  // namespace aikit::inline v0::policy

#endif  // AIKIT_POLICY_RESPONSE_CACHE_HPP
