// SPDX-License-Identifier: MIT
// policy/response_cache_key.hpp - what an answer is found by, and which answers are kept.
#ifndef AIKIT_SRC_POLICY_RESPONSE_CACHE_KEY_HPP
#define AIKIT_SRC_POLICY_RESPONSE_CACHE_KEY_HPP

#include "core/sha256.hpp"

#include <aikit/policy/response_cache.hpp>

#include <cstring>
#include <string>
#include <variant>

namespace aikit::inline v0::policy {

/// SHA-256 of all that shapes the answer. Two requests have the same one only if all of it is equal.
using CacheKey = Sha256Digest;

struct CacheKeyHash {
    std::size_t operator()(CacheKey const& key) const noexcept {
        std::size_t value = 0;
        std::memcpy(&value, key.data(), sizeof value);
        return value;
    }
};

CacheKey cache_key(std::string const& provider, ChatRequest const& request, CallOptions const& options,
                   CacheShare share);
CacheKey cache_key(std::string const& provider, EmbedRequest const& request, CallOptions const& options,
                   CacheShare share);

/// The question of a request that may be answered by what was asked in other words; null: it may not.
std::string const* question_of(ChatRequest const& request, CallOptions const& options) noexcept;

/// The key of all but the question.
CacheKey circumstances(std::string const& provider, ChatRequest request, CallOptions const& options, CacheShare share);

/// May another call be given this answer later? It is whole, the provider was done, and nothing was withheld.
/// `expected` is what expected_of() says of its request.
bool may_keep(std::size_t expected, ChatReply const& reply);
bool may_keep(std::size_t expected, EmbedReply const& reply) noexcept;

/// Do a stream's events say all of it? What a part has beside its text, and media, they do not.
bool may_replay(ChatReply const& reply) noexcept;

/// How many choices, or vectors, were asked for.
std::size_t expected_of(ChatRequest const& request) noexcept;
std::size_t expected_of(EmbedRequest const& request) noexcept;

/// An answer that is kept. Never changed once it is shared.
struct KeptReply {
    KeptReply() = default;

    CacheKey key{};
    std::string tenant;
    std::string user;
    SystemTime created;
    SystemTime expires = SystemTime::max();
    std::optional<Money> cost;  ///< What it took when it was made.
    std::int64_t size = 0;      ///< Of `pack`.
    std::variant<ChatReply, EmbedReply> reply;
};

/// The answer itself as bytes, and back; unpack is false where they are none, or of another version.
std::string pack(KeptReply const& kept);
bool unpack(std::string_view bytes, KeptReply& kept);

}  // namespace aikit::inline v0::policy

#endif  // AIKIT_SRC_POLICY_RESPONSE_CACHE_KEY_HPP
