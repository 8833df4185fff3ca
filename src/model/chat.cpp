// SPDX-License-Identifier: MIT
// model/chat.cpp - names of a chat's values.
#include <aikit/model/chat.hpp>

namespace aikit::inline v0 {

char const* name(FinishReason reason) noexcept {
    switch (reason) {
        case FinishReason::unknown: return "";
        case FinishReason::stop: return "stop";
        case FinishReason::length: return "length";
        case FinishReason::tool_calls: return "tool_calls";
        case FinishReason::content_filter: return "content_filter";
    }
    return "";
}

}  // namespace aikit::inline v0
