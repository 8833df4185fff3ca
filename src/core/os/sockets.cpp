// SPDX-License-Identifier: MIT
// core/os/sockets.cpp - socket options on Linux.
#include "core/os/sockets.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

namespace aikit::inline v0::os {
namespace {

void set_option(int socket, int level, int name, int value) noexcept {
    static_cast<void>(::setsockopt(socket, level, name, &value, sizeof value));
}

}  // namespace

void tune_tcp(int socket, std::chrono::milliseconds user_timeout) noexcept {
    set_option(socket, IPPROTO_TCP, TCP_NODELAY, 1);
    set_option(socket, SOL_SOCKET, SO_KEEPALIVE, 1);
    set_option(socket, IPPROTO_TCP, TCP_KEEPIDLE, 60);
    // With a user timeout the kernel gives up at the first probe after it (tcp(7), TCP_USER_TIMEOUT): 75 s after the
    // last byte of a peer that vanished while we only listen.
    set_option(socket, IPPROTO_TCP, TCP_KEEPINTVL, 15);
    set_option(socket, IPPROTO_TCP, TCP_KEEPCNT, 5);
    set_option(socket, IPPROTO_TCP, TCP_USER_TIMEOUT, static_cast<int>(user_timeout.count()));
}

}  // namespace aikit::inline v0::os
