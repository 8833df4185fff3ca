// SPDX-License-Identifier: MIT
// aikit/cost/provider_usage.hpp - pricing what a provider said of a call, in the provider's own words.
#ifndef AIKIT_COST_PROVIDER_USAGE_HPP
#define AIKIT_COST_PROVIDER_USAGE_HPP

#include <aikit/cost/catalog.hpp>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace aikit::inline v0::cost {

/// A provider's own usage object, or the reply that holds it, and what to price it by.
struct UsageQuery {
    UsageQuery() = default;

    std::string provider;      ///< As in PriceQuery. Required.
    std::string model;         ///< Empty: the one that the reply names.
    std::string api;           ///< "chat", "responses", "embeddings", "anthropic", "default" (the provider's own way of
                               ///< counting), "tokens", "aikit" (the names of Usage's fields, with "pieces"); empty:
                               ///< told by the members.
    SystemTime at;             ///< When the call ran.
    std::string service_tier;  ///< "default", "batch", "flex", "priority", "fast"; empty: the one that the reply names.
    std::string region;        ///< As in PriceQuery; empty: the one that the reply names.
    std::string body;          ///< JSON: the usage object, or the reply.
};

/// A count in a name that providers' tools share: "input_tokens" (with what was cached), "cache_read_tokens", ...
struct NamedCount {
    NamedCount() = default;
    NamedCount(std::string called, std::int64_t counted) : name(std::move(called)), count(counted) {}

    std::string name;
    std::int64_t count = 0;
};

struct PricedReply {
    PricedReply() = default;

    std::string provider;
    std::string model;
    std::string service_tier;        ///< What it was priced as: "default", "batch", "flex", "priority", "fast".
    Usage usage;                     ///< In aikit's classes.
    std::vector<NamedCount> counts;  ///< In the names above; those that are zero are left out.
    PricedUsage price;
    PriceEntry entry;                   ///< What it was priced by.
    std::vector<std::string> warnings;  ///< Numbers that contradict each other; what has no price; a model's end.
};

/// Reads and prices a usage object.
///
/// Errors: invalid_argument (no JSON, no usage in it, an API unknown or whose members are missing), unknown_price.
AIKIT_EXPORT Result<PricedReply> price_reply(PriceCatalog const& catalog, UsageQuery const& query);

}  // namespace aikit::inline v0::cost

#endif  // AIKIT_COST_PROVIDER_USAGE_HPP
