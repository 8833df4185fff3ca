// SPDX-License-Identifier: MIT
// core/rs256.cpp - signatures by OpenSSL's libcrypto.
#include "core/rs256.hpp"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <new>

namespace aikit::inline v0 {

namespace {

constexpr int fewest_bits = 2'048;

/// What went wrong here must not be found by TLS, which looks at the same queue of this thread.
struct CleanErrors {
    CleanErrors() = default;
    CleanErrors(CleanErrors const&) = delete;
    CleanErrors& operator=(CleanErrors const&) = delete;
    ~CleanErrors() { ERR_clear_error(); }
};

/// An encrypted key is none of ours: without this OpenSSL would ask the terminal for its words.
int no_password(char*, int, int, void*) {
    return -1;
}

EVP_PKEY* key_of(std::shared_ptr<void> const& key) noexcept {
    return static_cast<EVP_PKEY*>(key.get());
}

}  // namespace

Result<Rs256Key> Rs256Key::from_pem(Secret const& pem) {
    CleanErrors const clean;
    std::string_view const text = pem.reveal();
    std::unique_ptr<BIO, decltype(&BIO_free)> const bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())),
                                                        &BIO_free);
    if (!bio) throw std::bad_alloc();
    EVP_PKEY* const read = PEM_read_bio_PrivateKey(bio.get(), nullptr, &no_password, nullptr);
    if (read == nullptr) return fail(Errc::invalid_argument, "is no private key in PEM form, or is encrypted");
    std::shared_ptr<void> key(read, [](void* owned) { EVP_PKEY_free(static_cast<EVP_PKEY*>(owned)); });
    if (EVP_PKEY_get_base_id(read) != EVP_PKEY_RSA) return fail(Errc::invalid_argument, "is no RSA key");
    if (EVP_PKEY_get_bits(read) < fewest_bits) {
        return fail(Errc::invalid_argument, "is too short: an RSA key needs 2048 bits or more");
    }
    return Rs256Key(std::move(key));
}

Result<std::string> Rs256Key::sign(std::string_view bytes) const {
    CleanErrors const clean;
    std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> const context(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
    if (!context) throw std::bad_alloc();
    auto const* data = reinterpret_cast<unsigned char const*>(bytes.data());
    std::size_t size = 0;
    // RSA pads by PKCS#1 v1.5 where nothing else is asked for.
    bool good = EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key_of(key_)) == 1 &&
                EVP_DigestSign(context.get(), nullptr, &size, data, bytes.size()) == 1;
    std::string signature(size, '\0');
    good = good && EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size, data,
                                  bytes.size()) == 1;
    if (!good) return fail(Errc::internal, "Signing with the private key failed.");
    signature.resize(size);
    return signature;
}

}  // namespace aikit::inline v0
