// SPDX-License-Identifier: MIT
// vector/checksum.hpp - XXH64, which tells a damaged image from a sound one.
#ifndef AIKIT_SRC_VECTOR_CHECKSUM_HPP
#define AIKIT_SRC_VECTOR_CHECKSUM_HPP

#include <aikit/core/config.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace aikit::inline v0::vector {

/// The 64-bit xxHash with seed 0, in pieces of any size. Algorithm: Yann Collet, "xxHash fast digest algorithm",
/// doc/xxhash_spec.md, section XXH64. Not against forgery.
class Checksum {
public:
    void add(std::span<std::byte const> bytes) noexcept;

    /// Of all that was added.
    std::uint64_t value() const noexcept;

private:
    void stripe(std::byte const* at) noexcept;

    static constexpr std::uint64_t prime1 = 0x9E3779B185EBCA87u;
    static constexpr std::uint64_t prime2 = 0xC2B2AE3D27D4EB4Fu;
    static constexpr std::uint64_t prime3 = 0x165667B19E3779F9u;
    static constexpr std::uint64_t prime4 = 0x85EBCA77C2B2AE63u;
    static constexpr std::uint64_t prime5 = 0x27D4EB2F165667C5u;

    std::array<std::uint64_t, 4> lanes_{prime1 + prime2, prime2, 0, std::uint64_t(0) - prime1};
    std::array<std::byte, 32> rest_{};
    std::size_t rest_size_ = 0;
    std::uint64_t length_ = 0;
};

inline std::uint64_t checksum(std::span<std::byte const> bytes) noexcept {
    Checksum sum;
    sum.add(bytes);
    return sum.value();
}

}  // namespace aikit::inline v0::vector

#endif  // AIKIT_SRC_VECTOR_CHECKSUM_HPP
