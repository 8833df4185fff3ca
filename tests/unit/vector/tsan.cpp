// SPDX-License-Identifier: MIT
// tests/unit/vector/tsan.cpp - what the thread sanitizer is told about this program.
//
// hnswlib locks its nodes in the order in which the search meets them; the one writer that an index has at a time makes
// that harmless, but hundreds of suppressed reports would take minutes to look up.
#if defined(__SANITIZE_THREAD__)
extern "C" __attribute__((visibility("default"))) char const* __tsan_default_options();
extern "C" char const* __tsan_default_options() {
    return "detect_deadlocks=0";
}
#endif
