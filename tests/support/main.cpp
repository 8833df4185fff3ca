// SPDX-License-Identifier: MIT
// The main() of every test program, compiled once.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#if defined(__SANITIZE_THREAD__)
/// The thread sanitizer does not know std::atomic_thread_fence, by which Asio orders the last release of a shared
/// executor behind the others (boost/asio/detail/atomic_count.hpp).
extern "C" __attribute__((visibility("default"))) char const* __tsan_default_suppressions();
extern "C" char const* __tsan_default_suppressions() {
    return "race:boost::asio::execution::detail::shared_target_executor\n";
}
#endif
