// SPDX-License-Identifier: MIT
// aikit/model/usage.hpp - what a call used, counted one way for all providers.
#ifndef AIKIT_MODEL_USAGE_HPP
#define AIKIT_MODEL_USAGE_HPP

#include <aikit/core/indirect.hpp>
#include <aikit/core/result.hpp>

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace aikit::inline v0 {

/// What some providers bill by the piece instead of by the token. Times are milliseconds.
enum class Piece : std::uint8_t {
    input_images,
    output_images,
    input_pixels,   ///< Of pictures that are asked for.
    output_pixels,  ///< Of pictures that were made.
    input_audio_ms,
    output_audio_ms,
    input_video_ms,
    output_video_ms,
    output_video_1080p_ms,  ///< Of video in that size.
    machine_ms,             ///< How long a machine was held.
    pages,                  ///< Read by character recognition.
    annotated_pages,
    credits,  ///< The provider's own unit.
    queries,  ///< To a search engine or a ranking model.
    results,  ///< How many results a query may give, which some price a query by. In a sum: the most.
    web_searches_low,
    web_searches,  ///< By a model, with a context of the usual size.
    web_searches_high,
    input_characters,
    output_characters,
    citation_tokens,
    sessions,  ///< Of a code interpreter.
};

inline constexpr std::size_t piece_count = 22;

/// "input_images", "web_searches", ...: as JSON has it.
AIKIT_EXPORT std::string_view name(Piece piece) noexcept;
AIKIT_EXPORT std::optional<Piece> piece_from_name(std::string_view name) noexcept;

/// How many of each; none for most calls, and then without memory of its own: events and replies hold one.
class Pieces {
public:
    std::int64_t& operator[](Piece piece) { return (*counts_)[static_cast<std::size_t>(piece)]; }
    std::int64_t operator[](Piece piece) const noexcept { return (*counts_)[static_cast<std::size_t>(piece)]; }

    /// As [] with a count, but no memory is taken for what is 0 already.
    void set(Piece piece, std::int64_t count) {
        if (std::as_const(*this)[piece] != count) (*this)[piece] = count;
    }

    bool empty() const noexcept { return *counts_ == Counts(); }

    friend bool operator==(Pieces const& a, Pieces const& b) noexcept { return *a.counts_ == *b.counts_; }

private:
    using Counts = std::array<std::int64_t, piece_count>;

    Indirect<Counts> counts_;
};

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

    /// What was used beside tokens, or instead of them.
    Pieces pieces;

    /// True when aikit counted it because the provider said nothing (a dropped stream, a server without usage).
    bool estimated = false;

    /// Where it is estimated: the interval that `output` lies in, wide enough to hold the provider's own count nine
    /// times of ten where a reply was cut behind its last piece. Both are 0 where no interval is known.
    std::int64_t output_at_least = 0;
    std::int64_t output_at_most = 0;

    /// The provider's own usage object, as JSON text; empty when there was none, and wherever a usage stands beside the
    /// reply's own (in CallInfo, in attempts).
    std::string raw;

    std::int64_t total_input() const noexcept { return input + cache_read + cache_write_5m + cache_write_1h; }
    std::int64_t total() const noexcept { return total_input() + output; }

    /// Nothing was used.
    bool nothing() const noexcept { return total() == 0 && pieces.empty(); }

    /// The interval of output; without one, output itself.
    std::int64_t least_output() const noexcept { return has_interval() ? output_at_least : output; }
    std::int64_t most_output() const noexcept { return has_interval() ? output_at_most : output; }
    bool has_interval() const noexcept { return estimated && output_at_most > 0; }

    /// All but `raw`.
    Usage without_raw() const;

    /// Adds the counts of another call; estimated when either is. `raw` is dropped.
    void add(Usage const& other);
};

/// ok, or a protocol error that names the broken rule: no count is negative, no part exceeds its whole.
AIKIT_EXPORT Result<void> check(Usage const& usage);

}  // namespace aikit::inline v0

#endif  // AIKIT_MODEL_USAGE_HPP
