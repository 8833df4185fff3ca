// SPDX-License-Identifier: MIT
// Covers core/sha256: published digests, and bytes that come in pieces.
#include "core/sha256.hpp"

#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

namespace aikit::inline v0 {

TEST_CASE("the published examples of FIPS 180-4 have their published digests") {
    // NIST, "Cryptographic Standards and Guidelines, Examples with Intermediate Values": SHA256.pdf and
    // SHA2_Additional.pdf.
    std::vector<std::pair<std::string, std::string>> const examples = {
        {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
         "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
        {"\xbd", "68325720aabd7c82f30f554b313d0570c95accbb7dc4b5aae11204c08ffe732b"},
        {"\xc9\x8c\x8e\x55", "7abc22c0ae5af26ce93dbb94433a0e0b2e119d014f8e7f65bd56c61ccccd9504"},
        {std::string(55, '\0'), "02779466cdec163811d078815c633f21901413081449002f24aa3e80f0b88ef7"},
        {std::string(56, '\0'), "d4817aa5497628e7c77e6b606107042bbba3130888c5f47a375e6179be789fbb"},
        {std::string(57, '\0'), "65a16cb7861335d5ace3c60718b5052e44660726da4cd13bb745381b235a1785"},
        {std::string(64, '\0'), "f5a5fd42d16a20302798ef6ed309979b43003d2320d9f0e8ea9831a92759fb4b"},
        {std::string(1000, '\0'), "541b3e9daa09b20bf85fa273e5cbd3e80185aa4ec298e765db87742b70138a53"},
        {std::string(1'000'000, 'a'), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"},
        {std::string(1'000'000, '\0'), "d29751f2649b32ff572b5e0a9f541ea660a50f94ff0beedfb0b692b924cc8025"},
    };
    for (auto const& [bytes, digest] : examples) {
        CAPTURE(bytes.size());
        CHECK(hex(sha256(bytes)) == digest);
    }
}

TEST_CASE("nothing at all has the digest of no bytes") {
    std::string const digest = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    CHECK(hex(sha256("")) == digest);
    CHECK(hex(Sha256().finish()) == digest);
    CHECK(hex(Sha256().add("").add(std::string_view()).finish()) == digest);
}

TEST_CASE("every length around the borders of the blocks has the digest that sha256sum gives it") {
    // for n in $(seq 0 300); do head -c $n /dev/zero | tr '\0' a | sha256sum | cut -c1-64; done | tr -d '\n' |
    // sha256sum
    std::string digests;
    for (std::size_t length = 0; length <= 300; ++length) digests += hex(sha256(std::string(length, 'a')));

    CHECK(hex(sha256(digests)) == "1d2ef37f10edc523a59e4fa147289061bd7b8b98a208a636c2b3334c56a5838d");
}

TEST_CASE("the digest is the same however the bytes are cut") {
    std::string bytes;
    for (int i = 0; i < 200; ++i) bytes += static_cast<char>(i * 37);

    for (std::size_t length = 0; length <= bytes.size(); ++length) {
        std::string_view const whole = std::string_view(bytes).substr(0, length);
        Sha256Digest const digest = sha256(whole);
        Sha256 one_by_one;
        for (std::size_t at = 0; at < length; ++at) one_by_one.add(whole.substr(at, 1));
        CAPTURE(length);
        CHECK(one_by_one.finish() == digest);
        for (std::size_t cut = 0; cut <= length; ++cut) {
            CAPTURE(cut);
            REQUIRE(Sha256().add(whole.substr(0, cut)).add(whole.substr(cut)).finish() == digest);
        }
    }
}

TEST_CASE("a digest that was begun goes on where it is moved to") {
    Sha256 begun;
    begun.add("a");
    Sha256 moved = std::move(begun);
    moved.add("b");
    Sha256 assigned;
    assigned.add("something else");
    assigned = std::move(moved);

    CHECK(assigned.add("c").finish() == sha256("abc"));
}

}  // namespace aikit::inline v0
