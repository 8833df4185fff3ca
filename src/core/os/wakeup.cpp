// SPDX-License-Identifier: MIT
// core/os/wakeup.cpp - Linux's eventfd.
#include "core/os/wakeup.hpp"

#include <cstdint>
#include <sys/eventfd.h>
#include <unistd.h>

namespace aikit::inline v0::os {

Wakeup::Wakeup() noexcept : descriptor_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {}

Wakeup::~Wakeup() {
    if (descriptor_ >= 0) ::close(descriptor_);
}

// A full counter is readable already, an empty one clear: neither failure changes anything.
void Wakeup::raise() noexcept {
    std::uint64_t const one = 1;
    if (::write(descriptor_, &one, sizeof one) < 0) return;
}

void Wakeup::clear() noexcept {
    std::uint64_t count = 0;
    if (::read(descriptor_, &count, sizeof count) < 0) return;
}

}  // namespace aikit::inline v0::os
