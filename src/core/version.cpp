// SPDX-License-Identifier: MIT
// core/version.cpp - the version this library was built as.
#include <aikit/core/config.hpp>

namespace aikit::inline v0 {

char const* version() noexcept {
    return AIKIT_VERSION_STRING;
}

}  // namespace aikit::inline v0
