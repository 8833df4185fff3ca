// SPDX-License-Identifier: MIT
// core/os/wakeup.hpp - a descriptor that a host's own loop can wait for.
#ifndef AIKIT_SRC_CORE_OS_WAKEUP_HPP
#define AIKIT_SRC_CORE_OS_WAKEUP_HPP

#include <aikit/core/config.hpp>

namespace aikit::inline v0::os {

/// Readable from raise() to clear(). Thread-safety: shared objects: safe.
class Wakeup {
public:
    Wakeup() noexcept;
    ~Wakeup();
    Wakeup(Wakeup const&) = delete;
    Wakeup& operator=(Wakeup const&) = delete;

    /// -1 when the system has none to give.
    int descriptor() const noexcept { return descriptor_; }

    void raise() noexcept;
    void clear() noexcept;

private:
    int const descriptor_;
};

}  // namespace aikit::inline v0::os

#endif  // AIKIT_SRC_CORE_OS_WAKEUP_HPP
