// SPDX-License-Identifier: MIT
// aikit/core/config.hpp - version and symbol visibility.
#ifndef AIKIT_CORE_CONFIG_HPP
#define AIKIT_CORE_CONFIG_HPP

#include <boost/version.hpp>

#define AIKIT_VERSION_MAJOR 0
#define AIKIT_VERSION_MINOR 1
#define AIKIT_VERSION_PATCH 0

#define AIKIT_STRINGIZE_(x) #x
#define AIKIT_STRINGIZE(x) AIKIT_STRINGIZE_(x)
/// "MAJOR.MINOR.PATCH"
#define AIKIT_VERSION_STRING             \
    AIKIT_STRINGIZE(AIKIT_VERSION_MAJOR) \
    "." AIKIT_STRINGIZE(AIKIT_VERSION_MINOR) "." AIKIT_STRINGIZE(AIKIT_VERSION_PATCH)

/// What the shared library exports; harmless in the static one.
#define AIKIT_EXPORT __attribute__((visibility("default")))

static_assert(BOOST_VERSION >= 108100, "aikit needs Boost 1.81 or later");
#ifdef AIKIT_BUILT_WITH_BOOST
static_assert(BOOST_VERSION == AIKIT_BUILT_WITH_BOOST,
              "aikit was built with another Boost: compile against the same one, its types cross the interface");
#endif

namespace aikit::inline v0 {

/// The version of the linked library, which may differ from AIKIT_VERSION_STRING of the headers. Static storage.
AIKIT_EXPORT char const* version() noexcept;

}  // namespace aikit::inline v0

#endif  // AIKIT_CORE_CONFIG_HPP
