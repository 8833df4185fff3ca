// SPDX-License-Identifier: MIT
// core/sha256.cpp - SHA-256 by OpenSSL's libcrypto.
#include "core/sha256.hpp"

#include <openssl/evp.h>

#include <new>

namespace aikit::inline v0 {

namespace {

/// Looked up once: libcrypto looks for EVP_sha256() anew, under locks, for each digest. Lives as long as libcrypto.
EVP_MD const* algorithm() {
    static EVP_MD const* const fetched = EVP_MD_fetch(nullptr, "SHA256", nullptr);
    return fetched != nullptr ? fetched : EVP_sha256();
}

}  // namespace

struct Sha256::Body {
    EVP_MD_CTX* context = EVP_MD_CTX_new();
    ~Body() { EVP_MD_CTX_free(context); }
};

Sha256::Sha256() : body_(std::make_unique<Body>()) {
    // With a fixed algorithm and memory at hand these calls cannot fail; a failure therefore is one of memory.
    if (!body_->context || EVP_DigestInit_ex(body_->context, algorithm(), nullptr) != 1) throw std::bad_alloc();
}
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;
Sha256::~Sha256() = default;

Sha256& Sha256::add(std::string_view bytes) {
    if (EVP_DigestUpdate(body_->context, bytes.data(), bytes.size()) != 1) throw std::bad_alloc();
    return *this;
}

Sha256Digest Sha256::finish() {
    Sha256Digest digest{};
    if (EVP_DigestFinal_ex(body_->context, reinterpret_cast<unsigned char*>(digest.data()), nullptr) != 1) {
        throw std::bad_alloc();
    }
    return digest;
}

Sha256Digest sha256(std::string_view bytes) {
    return Sha256().add(bytes).finish();
}

std::string hex(Sha256Digest const& digest) {
    constexpr char digits[] = "0123456789abcdef";
    std::string out;
    out.reserve(digest.size() * 2);
    for (std::byte const byte : digest) {
        out += digits[std::to_integer<unsigned>(byte) >> 4];
        out += digits[std::to_integer<unsigned>(byte) & 15];
    }
    return out;
}

}  // namespace aikit::inline v0
