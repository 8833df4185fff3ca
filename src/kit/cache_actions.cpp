// SPDX-License-Identifier: MIT
// kit/cache_actions.cpp - what is asked of the cache of replies in JSON.
#include "kit/cost_actions.hpp"

#include <array>

namespace aikit::inline v0::costs {
namespace {

using Cache = std::shared_ptr<policy::AIResponseCache>;

json::object view(policy::CacheStatistics const& done) {
    json::object out{{"hits", done.hits},
                     {"shared", done.shared},
                     {"semantic_hits", done.semantic_hits},
                     {"misses", done.misses},
                     {"bypassed", done.bypassed},
                     {"stores", done.stores},
                     {"evictions", done.evictions},
                     {"expired", done.expired},
                     {"corrupt", done.corrupt},
                     {"failed_reads", done.failed_reads},
                     {"failed_writes", done.failed_writes},
                     {"failed_embeddings", done.failed_embeddings},
                     {"saved_usd", done.saved.usd()},
                     {"entries", done.entries},
                     {"bytes", done.bytes}};
    if (!done.last_failure.empty()) out["last_failure"] = done.last_failure;
    return out;
}

Task<std::string> show(Cache cache) {
    // With what was kept a moment ago.
    Task<void> flushing = cache->flush();
    Result<void> const flushed = co_await std::move(flushing);
    if (!flushed) co_return flushed.error();
    Task<policy::StoredReplies> counting = cache->stored();
    Result<policy::StoredReplies> const stored = co_await std::move(counting);
    if (!stored) co_return stored.error();
    json::object out{
        {"process", view(cache->statistics())},
        {"stored",
         json::object{{"entries", stored->entries}, {"bytes", stored->bytes}, {"worth_usd", stored->worth.usd()}}}};
    co_return json::serialize(json::object{{"cache", std::move(out)}});
}

Task<std::string> cleared(Cache cache, Task<void> clearing) {
    Result<void> const done = co_await std::move(clearing);
    if (!done) co_return done.error();
    Task<std::string> showing = show(std::move(cache));
    co_return co_await std::move(showing);
}

Result<Cache> cache_of(Kit const& kit) {
    Result<Cache> cache = kit.cache();
    if (cache && !*cache) return fail(Errc::not_found, "the configuration has no \"cache\"; {} keeps replies");
    return cache;
}

Started cache(Kit& kit, json::Fields& fields) {
    if (Result<void> const good = fields.finish(); !good) return good.error();
    Result<Cache> cache = cache_of(kit);
    if (!cache) return cache.error();
    return show(std::move(*cache));
}

Started clear_cache(Kit& kit, json::Fields& fields) {
    std::optional<std::string> tenant, user;
    fields.read("tenant", tenant);
    fields.read("user", user);
    if (user && !tenant) fields.refuse("user", "needs the \"tenant\" that it is a user of, \"\" where there is none");
    if (Result<void> const good = fields.finish(); !good) return good.error();
    Result<Cache> const cache = cache_of(kit);
    if (!cache) return cache.error();
    Task<void> clearing = tenant ? (*cache)->invalidate(*tenant, user.value_or(std::string())) : (*cache)->clear();
    return cleared(*cache, std::move(clearing));
}

constexpr std::array<Action, 2> actions{{{"cache", cache}, {"clear_cache", clear_cache}}};

}  // namespace

std::span<Action const> cache_actions() noexcept {
    return actions;
}

}  // namespace aikit::inline v0::costs
