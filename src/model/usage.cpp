// SPDX-License-Identifier: MIT
// model/usage.cpp - adding usage up, and its invariants.
#include <aikit/model/usage.hpp>

#include <algorithm>
#include <array>
#include <limits>

namespace aikit::inline v0 {

namespace {

/// a + b for counts, staying at the largest number instead of overflowing.
std::int64_t plus(std::int64_t a, std::int64_t b) noexcept {
    std::int64_t sum = 0;
    if (!__builtin_add_overflow(a, b, &sum)) return sum;
    return a > 0 ? std::numeric_limits<std::int64_t>::max() : std::numeric_limits<std::int64_t>::min();
}

struct Count {
    char const* name;
    std::int64_t Usage::*field;
};

constexpr std::array<Count, 11> counts{{
    {"input", &Usage::input},
    {"cache_read", &Usage::cache_read},
    {"cache_write_5m", &Usage::cache_write_5m},
    {"cache_write_1h", &Usage::cache_write_1h},
    {"output", &Usage::output},
    {"reasoning", &Usage::reasoning},
    {"audio_input", &Usage::audio_input},
    {"audio_cache_read", &Usage::audio_cache_read},
    {"audio_output", &Usage::audio_output},
    {"image_input", &Usage::image_input},
    {"image_output", &Usage::image_output},
}};

constexpr std::array<std::string_view, piece_count> piece_names{{
    "input_images",
    "output_images",
    "input_pixels",
    "output_pixels",
    "input_audio_ms",
    "output_audio_ms",
    "input_video_ms",
    "output_video_ms",
    "output_video_1080p_ms",
    "machine_ms",
    "pages",
    "annotated_pages",
    "credits",
    "queries",
    "results",
    "web_searches_low",
    "web_searches",
    "web_searches_high",
    "input_characters",
    "output_characters",
    "citation_tokens",
    "sessions",
}};

}  // namespace

std::string_view name(Piece piece) noexcept {
    auto const at = static_cast<std::size_t>(piece);
    return at < piece_names.size() ? piece_names[at] : std::string_view();
}

std::optional<Piece> piece_from_name(std::string_view name) noexcept {
    auto const found = std::find(piece_names.begin(), piece_names.end(), name);
    if (name.empty() || found == piece_names.end()) return std::nullopt;
    return static_cast<Piece>(found - piece_names.begin());
}

Usage Usage::without_raw() const {
    Usage out;
    out.add(*this);
    return out;
}

void Usage::add(Usage const& other) {
    if (has_interval() || other.has_interval()) {
        output_at_least = plus(least_output(), other.least_output());
        output_at_most = plus(most_output(), other.most_output());
    }
    for (Count const& count : counts) this->*count.field = plus(this->*count.field, other.*count.field);
    for (std::size_t i = 0; i < piece_count && !other.pieces.empty(); ++i) {
        auto const piece = static_cast<Piece>(i);
        std::int64_t const here = std::as_const(pieces)[piece];
        std::int64_t const more = other.pieces[piece];
        pieces.set(piece, piece == Piece::results ? std::max(here, more) : plus(here, more));
    }
    estimated = estimated || other.estimated;
    raw.clear();
}

Result<void> check(Usage const& usage) {
    for (Count const& count : counts) {
        if (usage.*count.field < 0) {
            return fail(Errc::protocol, std::string("The usage is wrong: ") + count.name + " is negative.");
        }
    }
    for (std::size_t i = 0; i < piece_count; ++i) {
        auto const piece = static_cast<Piece>(i);
        if (usage.pieces[piece] < 0) {
            return fail(Errc::protocol, "The usage is wrong: " + std::string(name(piece)) + " is negative.");
        }
    }
    struct Part {
        char const* rule;
        bool kept;
    };
    std::array<Part, 5> const rules{{
        {"reasoning, audio_output or image_output exceeds output",
         usage.reasoning <= usage.output && usage.audio_output <= usage.output && usage.image_output <= usage.output},
        {"audio_input or image_input exceeds input",
         usage.audio_input <= usage.input && usage.image_input <= usage.input},
        {"audio_cache_read exceeds cache_read", usage.audio_cache_read <= usage.cache_read},
        {"output is outside its own interval",
         usage.output_at_least >= 0 && usage.least_output() <= usage.output && usage.output <= usage.most_output()},
        {"the sum does not fit",
         plus(plus(plus(usage.input, usage.cache_read), plus(usage.cache_write_5m, usage.cache_write_1h)),
              usage.output) < std::numeric_limits<std::int64_t>::max()},
    }};
    for (Part const& part : rules) {
        if (!part.kept) return fail(Errc::protocol, std::string("The usage is wrong: ") + part.rule + ".");
    }
    return ok();
}

}  // namespace aikit::inline v0
