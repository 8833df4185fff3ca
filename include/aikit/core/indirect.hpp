// SPDX-License-Identifier: MIT
// aikit/core/indirect.hpp - a value that lives on the heap, for members that are large and seldom there.
#ifndef AIKIT_CORE_INDIRECT_HPP
#define AIKIT_CORE_INDIRECT_HPP

#include <aikit/core/no_destructor.hpp>

#include <memory>
#include <utility>

namespace aikit::inline v0 {

/// A T on the heap that behaves as a T: a copy is a copy of the value, const is const of the value. After
/// std::indirect of C++26, but never without a value: one that was default-made or moved from reads as T().
/// Thread-safety: as T; one that is only read may be read from several threads.
template <typename T>
class Indirect {
public:
    Indirect() noexcept = default;
    Indirect(T value) : value_(std::make_unique<T>(std::move(value))) {}
    Indirect(Indirect const& other) : value_(other.value_ ? std::make_unique<T>(*other.value_) : nullptr) {}
    Indirect(Indirect&&) noexcept = default;
    Indirect& operator=(Indirect other) noexcept {
        value_ = std::move(other.value_);
        return *this;
    }

    T const& operator*() const {
        static NoDestructor<T const> const none;
        return value_ ? *value_ : *none;
    }
    T const* operator->() const { return &**this; }

    T& operator*() {
        if (!value_) value_ = std::make_unique<T>();
        return *value_;
    }
    T* operator->() { return &**this; }

private:
    std::unique_ptr<T> value_;
};

}  // namespace aikit::inline v0

#endif  // AIKIT_CORE_INDIRECT_HPP
