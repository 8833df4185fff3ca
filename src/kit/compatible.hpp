// SPDX-License-Identifier: MIT
// kit/compatible.hpp - endpoints that speak OpenAI's dialect, and in what they differ, as data.
#ifndef AIKIT_SRC_KIT_COMPATIBLE_HPP
#define AIKIT_SRC_KIT_COMPATIBLE_HPP

#include <span>
#include <string_view>

namespace aikit::inline v0 {

/// What is known of an endpoint by the name of its type.
struct Compatible {
    std::string_view name;
    std::string_view base_url;
    char const* key;    ///< The environment variable of its key; null: it runs here and needs none.
    bool done_marker;   ///< Its streams end with "[DONE]".
    bool stream_usage;  ///< It takes stream_options; the others tell usage anyway.
    bool embed_base64;  ///< It takes encoding_format.
};

/// In no order of worth.
std::span<Compatible const> compatible_endpoints() noexcept;

/// The one of that type; null: there is none.
Compatible const* compatible_endpoint(std::string_view type) noexcept;

}  // namespace aikit::inline v0

#endif  // AIKIT_SRC_KIT_COMPATIBLE_HPP
