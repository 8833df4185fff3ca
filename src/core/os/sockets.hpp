// SPDX-License-Identifier: MIT
// core/os/sockets.hpp - options of TCP sockets that Asio has no name for.
#ifndef AIKIT_SRC_CORE_OS_SOCKETS_HPP
#define AIKIT_SRC_CORE_OS_SOCKETS_HPP

#include <aikit/core/config.hpp>

#include <chrono>

namespace aikit::inline v0::os {

/// Sends small pieces at once, probes a silent peer (after 60 s, then each 15 s, five times) and gives up on data that
/// is not acknowledged within `user_timeout` (0: the system's own limit). Best effort: a connection without these
/// works, it only notices a dead peer later.
void tune_tcp(int socket, std::chrono::milliseconds user_timeout) noexcept;

}  // namespace aikit::inline v0::os

#endif  // AIKIT_SRC_CORE_OS_SOCKETS_HPP
