// SPDX-License-Identifier: MIT
// aikit/model/usage.hpp - what a call used, counted one way for all providers.
#ifndef AIKIT_MODEL_USAGE_HPP
#define AIKIT_MODEL_USAGE_HPP

#include <aikit/core/result.hpp>

#include <cstdint>
#include <string>

namespace aikit::inline v0 {

/// Tokens, each counted once: what a call read is input + cache_read + cache_write_5m + cache_write_1h, and what it
/// wrote is output. Adapters map their provider's own rules to this (OpenAI counts cached tokens inside its input,
/// Anthropic outside).
struct AIKIT_EXPORT Usage {
    Usage() = default;

    std::int64_t input = 0;             ///< Read and not served from or written to a cache; all kinds of content.
    std::int64_t cache_read = 0;        ///< Served from the provider's prompt cache.
    std::int64_t cache_write_5m = 0;    ///< Written to it for five minutes (or the provider's only duration).
    std::int64_t cache_write_1h = 0;    ///< Written to it for an hour.
    std::int64_t output = 0;            ///< All that was generated, reasoning included.
    std::int64_t reasoning = 0;         ///< The part of output spent on reasoning.
    std::int64_t audio_input = 0;       ///< The part of input that was audio.
    std::int64_t audio_cache_read = 0;  ///< The part of cache_read that was audio.
    std::int64_t audio_output = 0;      ///< The part of output that was audio.
    std::int64_t image_input = 0;       ///< The part of input that was images, where the provider says so.
    std::int64_t image_output = 0;      ///< The part of output that was images.

    /// True when aikit counted it because the provider said nothing (a dropped stream, a server without usage).
    bool estimated = false;

    /// The provider's own usage object, as JSON text; empty when there was none, and wherever a usage stands beside the
    /// reply's own (in CallInfo, in attempts).
    std::string raw;

    std::int64_t total_input() const noexcept { return input + cache_read + cache_write_5m + cache_write_1h; }
    std::int64_t total() const noexcept { return total_input() + output; }

    /// All but `raw`.
    Usage without_raw() const;

    /// Adds the counts of another call; estimated when either is. `raw` is dropped.
    void add(Usage const& other);
};

/// ok, or a protocol error that names the broken rule: no count is negative, no part exceeds its whole.
AIKIT_EXPORT Result<void> check(Usage const& usage);

}  // namespace aikit::inline v0

#endif  // AIKIT_MODEL_USAGE_HPP
