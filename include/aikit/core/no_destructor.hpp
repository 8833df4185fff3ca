// SPDX-License-Identifier: MIT
// aikit/core/no_destructor.hpp - a static object that is there for as long as the process is.
#ifndef AIKIT_CORE_NO_DESTRUCTOR_HPP
#define AIKIT_CORE_NO_DESTRUCTOR_HPP

#include <new>
#include <utility>

namespace aikit::inline v0 {

/// A T that is made and never destroyed, for static objects: while exit() destroys those that can be destroyed, threads
/// of a runtime that nobody closed may still be at work with them. After LevelDB's and Abseil's class of this name.
/// Thread-safety: as T.
template <typename T>
class NoDestructor {
public:
    template <typename... Args>
    explicit NoDestructor(Args&&... args) {
        ::new (static_cast<void*>(&storage_)) T(std::forward<Args>(args)...);
    }
    NoDestructor(NoDestructor const&) = delete;
    NoDestructor& operator=(NoDestructor const&) = delete;

    T const& operator*() const noexcept { return *std::launder(reinterpret_cast<T const*>(&storage_)); }
    T& operator*() noexcept { return *std::launder(reinterpret_cast<T*>(&storage_)); }
    T const* operator->() const noexcept { return &**this; }
    T* operator->() noexcept { return &**this; }

private:
    alignas(T) unsigned char storage_[sizeof(T)];
};

}  // namespace aikit::inline v0

#endif
