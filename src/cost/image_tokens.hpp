// SPDX-License-Identifier: MIT
// cost/image_tokens.hpp - what an image costs in input tokens.
#ifndef AIKIT_SRC_COST_IMAGE_TOKENS_HPP
#define AIKIT_SRC_COST_IMAGE_TOKENS_HPP

#include <aikit/core/config.hpp>

#include <cstdint>
#include <optional>
#include <string_view>

namespace aikit::inline v0::cost {

struct ImageSize {
    std::int64_t width = 0;
    std::int64_t height = 0;
};

/// Width and height as the header of a PNG, GIF, JPEG or WebP says; nothing for other or broken bytes.
std::optional<ImageSize> image_size(std::string_view bytes) noexcept;

struct ImageTokens {
    std::int64_t expected = 0;
    std::int64_t at_most = 0;
};

/// By the published rule of the model's maker where there is one, else a bound. A missing size: what a picture of
/// 1024 x 1024 costs, and at most the largest. `detail` as in MediaPart.
ImageTokens image_tokens(std::string_view provider, std::string_view model, std::optional<ImageSize> size,
                         std::string_view detail) noexcept;

}  // namespace aikit::inline v0::cost

#endif  // AIKIT_SRC_COST_IMAGE_TOKENS_HPP
