// SPDX-License-Identifier: MIT
// kit/config_cache.cpp - the cache of replies, as JSON.
#include "kit/config_fields.hpp"

namespace aikit::inline v0 {
namespace {

char const* name(policy::CacheShare share) noexcept {
    switch (share) {
        case policy::CacheShare::user: return "user";
        case policy::CacheShare::tenant: return "tenant";
        case policy::CacheShare::everyone: return "everyone";
    }
    return "user";
}

void read_share(json::Fields& fields, policy::CacheShare& out) {
    std::optional<std::string> share;
    fields.read("share", share);
    if (!share) return;
    for (policy::CacheShare const one :
         {policy::CacheShare::user, policy::CacheShare::tenant, policy::CacheShare::everyone}) {
        if (*share != name(one)) continue;
        out = one;
        return;
    }
    fields.refuse("share", "must be user, tenant or everyone");
}

void read_count(json::Fields& fields, std::string_view key, std::int64_t least, std::int64_t& out) {
    fields.read(key, out);
    if (out < least) fields.refuse(key, least == 0 ? "must not be negative" : "must be above 0");
}

Result<void> read_semantic(json::Fields& parent, std::optional<policy::SemanticCacheConfig>& out) {
    json::object const* const object = parent.take_object("semantic");
    if (object == nullptr) return ok();
    json::Fields fields(*object, parent.path() + ".semantic");
    policy::SemanticCacheConfig read;
    fields.read("model", read.model);
    if (read.model.empty()) fields.refuse("model", "must name the embedding model, e.g. \"builtin/lexical-1\"");
    fields.read("threshold", read.threshold);
    if (!(read.threshold > 0 && read.threshold <= 1)) fields.refuse("threshold", "must be above 0 and at most 1");
    read_count(fields, "entries", 1, read.entries);
    read_count(fields, "entries_alike", 1, read.entries_alike);
    if (Result<void> done = fields.finish(); !done) return done.error();
    out = std::move(read);
    return ok();
}

json::value write_semantic(policy::SemanticCacheConfig const& config) {
    return json::object{{"model", config.model},
                        {"threshold", config.threshold},
                        {"entries", config.entries},
                        {"entries_alike", config.entries_alike}};
}

}  // namespace

Result<void> read_cache(json::Fields& parent, std::optional<policy::ResponseCacheConfig>& out) {
    json::object const* const object = parent.take_object("cache");
    if (object == nullptr) return ok();
    json::Fields fields(*object, parent.path() + ".cache");
    policy::ResponseCacheConfig read;
    read_share(fields, read.share);
    fields.read("cache_sampled", read.cache_sampled);
    std::int64_t ttl = read.ttl.count();
    fields.read("ttl", ttl);
    if (ttl < 0 || ttl > 3'153'600'000) fields.refuse("ttl", "must be 0 (for ever) to 3153600000 seconds");
    read.ttl = std::chrono::seconds(ttl);
    read_count(fields, "memory_entries", 0, read.memory_entries);
    read_count(fields, "memory_bytes", 0, read.memory_bytes);
    read_count(fields, "largest", 1, read.largest);
    read_count(fields, "stored_entries", 0, read.stored_entries);
    read_count(fields, "stored_bytes", 0, read.stored_bytes);
    read_count(fields, "replay_rate", 0, read.replay_rate);
    read_count(fields, "replay_piece", 0, read.replay_piece);
    read_seconds(fields, "longest_wait", read.longest_wait);
    if (Result<void> const good = read_semantic(fields, read.semantic); !good) return good.error();
    if (Result<void> done = fields.finish(); !done) return done.error();
    out = std::move(read);
    return ok();
}

json::value write_cache(policy::ResponseCacheConfig const& config) {
    json::object out;
    out["share"] = name(config.share);
    out["cache_sampled"] = config.cache_sampled;
    out["ttl"] = config.ttl.count();
    out["memory_entries"] = config.memory_entries;
    out["memory_bytes"] = config.memory_bytes;
    out["largest"] = config.largest;
    out["stored_entries"] = config.stored_entries;
    out["stored_bytes"] = config.stored_bytes;
    out["replay_rate"] = config.replay_rate;
    out["replay_piece"] = config.replay_piece;
    out["longest_wait"] = seconds(config.longest_wait);
    if (config.semantic) out["semantic"] = write_semantic(*config.semantic);
    return out;
}

}  // namespace aikit::inline v0
