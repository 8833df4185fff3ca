// SPDX-License-Identifier: MIT
// core/sha256.hpp - SHA-256 (FIPS 180-4) of bytes; the one place that hashes content.
#ifndef AIKIT_SRC_CORE_SHA256_HPP
#define AIKIT_SRC_CORE_SHA256_HPP

#include <aikit/core/config.hpp>

#include <array>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace aikit::inline v0 {

using Sha256Digest = std::array<std::byte, 32>;

/// Takes bytes in any number of pieces. Throws std::bad_alloc only.
class Sha256 {
public:
    Sha256();
    Sha256(Sha256&&) noexcept;
    Sha256& operator=(Sha256&&) noexcept;
    ~Sha256();

    Sha256& add(std::string_view bytes);

    /// The digest of all that was added; the object is then used up.
    Sha256Digest finish();

private:
    struct Body;
    std::unique_ptr<Body> body_;
};

Sha256Digest sha256(std::string_view bytes);

/// Lower-case hexadecimal, 64 characters.
std::string hex(Sha256Digest const& digest);

}  // namespace aikit::inline v0

#endif  // AIKIT_SRC_CORE_SHA256_HPP
