// SPDX-License-Identifier: MIT
// cost/image_tokens.cpp - image headers and the rules that turn sizes into tokens.
#include "cost/image_tokens.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace aikit::inline v0::cost {
namespace {

std::int64_t big_endian(std::string_view bytes, std::size_t at, std::size_t count) noexcept {
    std::int64_t value = 0;
    for (std::size_t i = 0; i < count; ++i) value = value << 8 | static_cast<unsigned char>(bytes[at + i]);
    return value;
}

std::int64_t little_endian(std::string_view bytes, std::size_t at, std::size_t count) noexcept {
    std::int64_t value = 0;
    for (std::size_t i = count; i > 0; --i) value = value << 8 | static_cast<unsigned char>(bytes[at + i - 1]);
    return value;
}

/// JPEG: segments up to the frame header (SOF0 to SOF15 but DHT, JPG, DAC), which has the size.
std::optional<ImageSize> jpeg_size(std::string_view bytes) noexcept {
    std::size_t at = 2;
    while (at + 9 <= bytes.size() && static_cast<unsigned char>(bytes[at]) == 0xFF) {
        auto const marker = static_cast<unsigned char>(bytes[at + 1]);
        if (marker == 0xFF) {
            ++at;
            continue;
        }
        bool const frame = marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC;
        if (frame) return ImageSize{big_endian(bytes, at + 7, 2), big_endian(bytes, at + 5, 2)};
        bool const alone = marker == 0x01 || (marker >= 0xD0 && marker <= 0xD8);
        at += alone ? 2 : 2 + static_cast<std::size_t>(big_endian(bytes, at + 2, 2));
    }
    return std::nullopt;
}

/// WebP: a RIFF whose first chunk is VP8 (lossy), VP8L (lossless) or VP8X (extended).
std::optional<ImageSize> webp_size(std::string_view bytes) noexcept {
    if (bytes.size() < 30) return std::nullopt;
    std::string_view const chunk = bytes.substr(12, 4);
    if (chunk == "VP8 ") return ImageSize{little_endian(bytes, 26, 2) & 0x3FFF, little_endian(bytes, 28, 2) & 0x3FFF};
    if (chunk == "VP8L") {
        std::int64_t const bits = little_endian(bytes, 21, 4);
        return ImageSize{(bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1};
    }
    if (chunk == "VP8X") return ImageSize{little_endian(bytes, 24, 3) + 1, little_endian(bytes, 27, 3) + 1};
    return std::nullopt;
}

bool holds(std::string_view text, std::string_view part) noexcept {
    return text.find(part) != std::string_view::npos;
}

/// What OpenAI's guide "Images and vision" says of a family of models: tiles of 512 pixels, or patches of 32.
struct Rule {
    std::string_view model;   // a name that holds it
    std::int64_t base;        // tiles: tokens of any image, and of one of low detail
    std::int64_t tile;        // tiles: tokens of each; 0: patches
    std::int64_t hundredths;  // patches: tokens of each, times 100
};

constexpr std::array<Rule, 14> rules = {{
    {"gpt-4o-mini", 2833, 5667, 0},
    {"gpt-4.1-mini", 0, 0, 162},
    {"gpt-4.1-nano", 0, 0, 246},
    {"gpt-5-mini", 0, 0, 162},
    {"gpt-5-nano", 0, 0, 246},
    {"o4-mini", 0, 0, 172},
    {"computer-use", 65, 129, 0},
    {"gpt-4o", 85, 170, 0},
    {"gpt-4.1", 85, 170, 0},
    {"gpt-4.5", 85, 170, 0},
    {"gpt-4-turbo", 85, 170, 0},
    {"gpt-5", 70, 140, 0},
    {"o1", 75, 150, 0},
    {"o3", 75, 150, 0},
}};

std::int64_t parts_of(double length, double part) noexcept {
    return static_cast<std::int64_t>(std::ceil(length / part));
}

/// Scaled to fit 2048 x 2048, then so that the shorter side is at most 768; tiles of 512.
std::int64_t tiles(ImageSize size) noexcept {
    double const longest = static_cast<double>(std::max(size.width, size.height));
    double const fit = std::min(1.0, 2048 / longest);
    double const shortest = static_cast<double>(std::min(size.width, size.height)) * fit;
    double const scale = fit * std::min(1.0, 768 / shortest);
    return parts_of(static_cast<double>(size.width) * scale, 512) *
           parts_of(static_cast<double>(size.height) * scale, 512);
}

ImageTokens by_rule(Rule const& rule, std::optional<ImageSize> size, std::string_view detail) noexcept {
    ImageSize const seen = size.value_or(ImageSize{1024, 1024});
    if (rule.tile == 0) {
        constexpr std::int64_t most_patches = 1536;
        std::int64_t const patches = std::min(most_patches, parts_of(static_cast<double>(seen.width), 32) *
                                                                parts_of(static_cast<double>(seen.height), 32));
        return ImageTokens{patches * rule.hundredths / 100, most_patches * rule.hundredths / 100 + 1};
    }
    if (detail == "low") return ImageTokens{rule.base, rule.base};
    constexpr std::int64_t most_tiles = 8;  // 2048 x 768
    std::int64_t const exact = rule.base + rule.tile * tiles(seen);
    return ImageTokens{exact, size ? exact : rule.base + rule.tile * most_tiles};
}

}  // namespace

std::optional<ImageSize> image_size(std::string_view bytes) noexcept {
    std::optional<ImageSize> size;
    if (bytes.starts_with("\x89PNG\r\n\x1a\n") && bytes.size() >= 24) {
        size = ImageSize{big_endian(bytes, 16, 4), big_endian(bytes, 20, 4)};
    } else if ((bytes.starts_with("GIF87a") || bytes.starts_with("GIF89a")) && bytes.size() >= 10) {
        size = ImageSize{little_endian(bytes, 6, 2), little_endian(bytes, 8, 2)};
    } else if (bytes.starts_with("\xFF\xD8")) {
        size = jpeg_size(bytes);
    } else if (bytes.starts_with("RIFF") && bytes.substr(0, 12).ends_with("WEBP")) {
        size = webp_size(bytes);
    }
    if (size && (size->width <= 0 || size->height <= 0)) size.reset();
    return size;
}

ImageTokens image_tokens(std::string_view provider, std::string_view model, std::optional<ImageSize> size,
                         std::string_view detail) noexcept {
    constexpr std::int64_t bound = 16'384;  // above what any known model makes of one image
    if (provider == "openai" || provider == "azure") {
        for (Rule const& rule : rules) {
            if (holds(model, rule.model)) return by_rule(rule, size, detail);
        }
    }
    double const pixels = size ? static_cast<double>(size->width) * static_cast<double>(size->height) : 1024.0 * 1024.0;
    if (holds(model, "claude")) {
        // Anthropic's guide "Vision": width x height / 750, scaled down where that is above some 1,600 tokens.
        return ImageTokens{std::clamp<std::int64_t>(static_cast<std::int64_t>(std::min(pixels, 1.2e6) / 750), 1, 1600),
                           bound};
    }
    if (holds(model, "gemini")) {
        // Google's guide "Token counting": 258 for a small image, 258 for each tile of 768 x 768 of a larger one.
        bool const small = size && size->width <= 384 && size->height <= 384;
        double const parts = small ? 1 : std::clamp(std::ceil(pixels / (768.0 * 768.0)), 1.0, 32.0);
        return ImageTokens{static_cast<std::int64_t>(parts) * 258, bound};
    }
    return ImageTokens{std::clamp<std::int64_t>(static_cast<std::int64_t>(std::min(pixels, 1e7) / 750), 64, 2'048),
                       bound};
}

}  // namespace aikit::inline v0::cost
