// SPDX-License-Identifier: MIT
// model/base64.hpp - bytes as text and back (RFC 4648, section 4).
#ifndef AIKIT_SRC_MODEL_BASE64_HPP
#define AIKIT_SRC_MODEL_BASE64_HPP

#include <optional>
#include <string>
#include <string_view>

namespace aikit::inline v0 {

std::string to_base64(std::string_view bytes);

/// The bytes, or nothing when `text` is not exactly what to_base64 writes: padded, no line breaks, no stray bits.
std::optional<std::string> from_base64(std::string_view text);

}  // namespace aikit::inline v0

#endif  // AIKIT_SRC_MODEL_BASE64_HPP
