// SPDX-License-Identifier: MIT
// Covers core/secret: what it prints, how it compares, and what it leaves in memory.
#include <aikit/core/secret.hpp>

#include <doctest/doctest.h>

#include <cstring>
#include <new>
#include <sstream>
#include <utility>

namespace aikit::inline v0 {
namespace {

/// Texts around the length at which a string moves from its own buffer to the heap.
std::string const texts[] = {"", "k", "sk-12345", "123456789012345", "1234567890123456", std::string(1'000, 'x')};

std::string printed(Secret const& secret) {
    std::ostringstream out;
    out << "[" << secret << "]";
    return out.str();
}

}  // namespace

TEST_CASE("a secret prints as three stars, whatever its length, and nothing when there is none") {
    for (std::string const& text : texts) CHECK(printed(Secret(text)) == (text.empty() ? "[]" : "[***]"));
    CHECK(printed(Secret()) == "[]");
}

TEST_CASE("a secret reveals exactly its text, also after copies and moves") {
    for (std::string const& text : texts) {
        CAPTURE(text);
        Secret const first(text);
        Secret copy(first);
        CHECK(copy.reveal() == text);
        Secret moved(std::move(copy));
        CHECK(moved.reveal() == text);
        CHECK(copy.empty());  // NOLINT(bugprone-use-after-move): what a move leaves is the point
        for (std::string const& before : texts) {
            Secret assigned(before);
            assigned = first;
            CHECK(assigned.reveal() == text);
            Secret other(before);
            other = std::move(assigned);
            CHECK(other.reveal() == text);
            CHECK(assigned.empty());  // NOLINT(bugprone-use-after-move)
        }
        Secret const& self = moved;
        moved = self;
        CHECK(moved.reveal() == text);
        CHECK(first.reveal() == text);
    }
}

TEST_CASE("secrets are equal when their texts are, and one changed bit anywhere tells them apart") {
    for (std::string const& text : texts) {
        CHECK(Secret(text) == Secret(text));
        CHECK_FALSE(Secret(text) == Secret(text + "x"));
        for (std::size_t i = 0; i < text.size(); ++i) {
            for (int bit = 0; bit < 8; ++bit) {
                std::string other = text;
                other[i] = static_cast<char>(other[i] ^ (1 << bit));
                if (Secret(text) == Secret(other)) FAIL("bit " << bit << " of byte " << i);
            }
        }
    }
}

TEST_CASE("a short secret leaves nothing in the place where it lived") {
    std::string const text = "sk-canary-1";
    auto holds = [&](unsigned char const* place) {
        return ::memmem(place, sizeof(Secret), text.data(), text.size()) != nullptr;
    };
    alignas(Secret) unsigned char place[sizeof(Secret)];
    alignas(Secret) unsigned char other[sizeof(Secret)];
    std::memset(place, 0, sizeof(place));
    std::memset(other, 0, sizeof(other));

    auto* secret = new (place) Secret(text);
    REQUIRE(holds(place));
    auto* moved = new (other) Secret(std::move(*secret));
    CHECK_FALSE(holds(place));
    CHECK(holds(other));
    secret->~Secret();
    moved->~Secret();
    CHECK_FALSE(holds(other));
}

}  // namespace aikit::inline v0
