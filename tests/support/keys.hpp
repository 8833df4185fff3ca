// SPDX-License-Identifier: MIT
// support/keys.hpp - private keys made for one test run, and what they signed.
#ifndef AIKIT_TESTS_SUPPORT_KEYS_HPP
#define AIKIT_TESTS_SUPPORT_KEYS_HPP

#include <openssl/evp.h>
#include <openssl/pem.h>

#include <memory>
#include <string>
#include <string_view>

namespace aikit_test {

inline std::string key_pem(EVP_PKEY* key, EVP_CIPHER const* cipher = nullptr) {
    std::unique_ptr<BIO, decltype(&BIO_free)> const memory(BIO_new(BIO_s_mem()), &BIO_free);
    std::string word = "a password";
    PEM_write_bio_PKCS8PrivateKey(memory.get(), key, cipher, cipher == nullptr ? nullptr : word.data(),
                                  cipher == nullptr ? 0 : static_cast<int>(word.size()), nullptr, nullptr);
    char* data = nullptr;
    long const size = BIO_get_mem_data(memory.get(), &data);
    return std::string(data, static_cast<std::size_t>(size));
}

/// An RSA key, and whether it signed something.
class RsaKey {
public:
    explicit RsaKey(unsigned bits) : key_(EVP_RSA_gen(bits), &EVP_PKEY_free) {}

    std::string pem() const { return key_pem(key_.get()); }
    EVP_PKEY* get() const { return key_.get(); }

    bool accepts(std::string_view text, std::string_view signature) const {
        std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> const context(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
        EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, key_.get());
        return EVP_DigestVerify(context.get(), reinterpret_cast<unsigned char const*>(signature.data()),
                                signature.size(), reinterpret_cast<unsigned char const*>(text.data()),
                                text.size()) == 1;
    }

private:
    std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key_;
};

inline std::string encrypted_pem(RsaKey const& key) {
    return key_pem(key.get(), EVP_aes_256_cbc());
}

inline std::string elliptic_key_pem() {
    std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> const key(EVP_EC_gen("P-256"), &EVP_PKEY_free);
    return key_pem(key.get());
}

}  // namespace aikit_test

#endif  // AIKIT_TESTS_SUPPORT_KEYS_HPP
