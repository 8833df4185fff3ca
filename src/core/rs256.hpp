// SPDX-License-Identifier: MIT
// core/rs256.hpp - signatures with an RSA key, as tokens carry them.
#ifndef AIKIT_SRC_CORE_RS256_HPP
#define AIKIT_SRC_CORE_RS256_HPP

#include <aikit/core/result.hpp>
#include <aikit/core/secret.hpp>

#include <memory>
#include <string>
#include <string_view>

namespace aikit::inline v0 {

/// A private RSA key. Copies share it; nothing shows it.
///
/// Thread-safety: shared objects: safe.
class Rs256Key {
public:
    /// Reads PEM (PKCS#8 or PKCS#1, not encrypted), 2048 bits or more. Errors: invalid_argument, whose sentence ends
    /// what the caller begins ("is no private key in PEM form"), and tells nothing of the text.
    static Result<Rs256Key> from_pem(Secret const& pem);

    /// The signature of `bytes`: RSASSA-PKCS1-v1_5 with SHA-256 (RFC 7518, 3.3), as bytes. Errors: internal.
    Result<std::string> sign(std::string_view bytes) const;

private:
    explicit Rs256Key(std::shared_ptr<void> key) : key_(std::move(key)) {}
    std::shared_ptr<void> key_;
};

}  // namespace aikit::inline v0

#endif  // AIKIT_SRC_CORE_RS256_HPP
