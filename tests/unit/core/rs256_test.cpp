// SPDX-License-Identifier: MIT
// Covers src/core/rs256: signatures that others accept, and keys that are none. The oracle is OpenSSL's verification.
#include "core/rs256.hpp"

#include "support/keys.hpp"

#include <doctest/doctest.h>

#include <thread>
#include <vector>

using namespace aikit;

TEST_CASE("what is signed with an RSA key is accepted with its public key, and nothing else is") {
    aikit_test::RsaKey const ours(2048);
    aikit_test::RsaKey const others(2048);
    Result<Rs256Key> const key = Rs256Key::from_pem(Secret(ours.pem()));
    REQUIRE(key.has_value());
    for (std::size_t const size : {0U, 1U, 31U, 64U, 1'000U, 100'000U}) {
        std::string const text(size, 'a');
        Result<std::string> const signature = key->sign(text);
        REQUIRE(signature.has_value());
        CHECK(ours.accepts(text, *signature));
        CHECK_FALSE(ours.accepts(text + "b", *signature));
        CHECK_FALSE(others.accepts(text, *signature));
        CHECK(key->sign(text).value() == *signature);
    }
}

TEST_CASE("a key is shared by threads that sign at once") {
    aikit_test::RsaKey const ours(2048);
    Rs256Key const key = Rs256Key::from_pem(Secret(ours.pem())).value();
    std::vector<std::thread> threads;
    std::vector<std::string> signatures(4);
    for (std::size_t i = 0; i < signatures.size(); ++i) {
        threads.emplace_back([&, i] { signatures[i] = key.sign(std::to_string(i)).value(); });
    }
    for (std::thread& thread : threads) thread.join();
    for (std::size_t i = 0; i < signatures.size(); ++i) CHECK(ours.accepts(std::to_string(i), signatures[i]));
}

TEST_CASE("what is no RSA key of 2048 bits is refused without a word of it") {
    aikit_test::RsaKey const ours(2048);
    std::string const pem = ours.pem();
    std::vector<std::string> bad{"", "no key", aikit_test::RsaKey(1024).pem(), aikit_test::elliptic_key_pem(),
                                 aikit_test::encrypted_pem(ours)};
    for (std::size_t cut = 0; cut < pem.size(); cut += 97) bad.push_back(pem.substr(0, cut));
    for (std::size_t at = 30; at < pem.size() - 60; at += 211) {
        std::string damaged = pem;
        damaged[at] = '!';
        bad.push_back(std::move(damaged));
    }
    for (std::string const& text : bad) {
        Result<Rs256Key> const key = Rs256Key::from_pem(Secret(text));
        REQUIRE_FALSE(key.has_value());
        CHECK(key.error().code == Errc::invalid_argument);
        CHECK(key.error().remote_detail.empty());
        CHECK(key.error().message.size() < 80);
    }
}
