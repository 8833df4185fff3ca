// SPDX-License-Identifier: MIT
// vector/checksum.cpp - XXH64.
#include "vector/checksum.hpp"

#include <bit>
#include <cstring>

namespace aikit::inline v0::vector {
namespace {

static_assert(std::endian::native == std::endian::little, "images are little-endian");

std::uint64_t read64(std::byte const* at) noexcept {
    std::uint64_t value = 0;
    std::memcpy(&value, at, sizeof value);
    return value;
}

std::uint32_t read32(std::byte const* at) noexcept {
    std::uint32_t value = 0;
    std::memcpy(&value, at, sizeof value);
    return value;
}

}  // namespace

void Checksum::stripe(std::byte const* at) noexcept {
    for (std::size_t i = 0; i < 4; ++i) {
        lanes_[i] = std::rotl(lanes_[i] + read64(at + 8 * i) * prime2, 31) * prime1;
    }
}

void Checksum::add(std::span<std::byte const> bytes) noexcept {
    if (bytes.empty()) return;
    length_ += bytes.size();
    if (rest_size_ > 0) {
        std::size_t const taken = std::min(bytes.size(), rest_.size() - rest_size_);
        std::memcpy(rest_.data() + rest_size_, bytes.data(), taken);
        rest_size_ += taken;
        bytes = bytes.subspan(taken);
        if (rest_size_ < rest_.size()) return;
        stripe(rest_.data());
        rest_size_ = 0;
    }
    for (; bytes.size() >= rest_.size(); bytes = bytes.subspan(rest_.size())) stripe(bytes.data());
    if (bytes.empty()) return;
    std::memcpy(rest_.data(), bytes.data(), bytes.size());
    rest_size_ = bytes.size();
}

std::uint64_t Checksum::value() const noexcept {
    std::uint64_t sum = prime5;
    if (length_ >= 32) {
        sum = std::rotl(lanes_[0], 1) + std::rotl(lanes_[1], 7) + std::rotl(lanes_[2], 12) + std::rotl(lanes_[3], 18);
        for (std::uint64_t const lane : lanes_) {
            sum = (sum ^ (std::rotl(lane * prime2, 31) * prime1)) * prime1 + prime4;
        }
    }
    sum += length_;
    std::byte const* at = rest_.data();
    std::size_t left = rest_size_;
    for (; left >= 8; at += 8, left -= 8) {
        sum = std::rotl(sum ^ (std::rotl(read64(at) * prime2, 31) * prime1), 27) * prime1 + prime4;
    }
    if (left >= 4) {
        sum = std::rotl(sum ^ (read32(at) * prime1), 23) * prime2 + prime3;
        at += 4;
        left -= 4;
    }
    for (; left > 0; ++at, --left) sum = std::rotl(sum ^ (std::to_integer<std::uint64_t>(*at) * prime5), 11) * prime1;
    sum = (sum ^ (sum >> 33)) * prime2;
    sum = (sum ^ (sum >> 29)) * prime3;
    return sum ^ (sum >> 32);
}

}  // namespace aikit::inline v0::vector
