// SPDX-License-Identifier: MIT
// fault/sim_chance.cpp - the process's random numbers.
#include "sim_chance.hpp"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <sys/random.h>
#include <sys/types.h>

namespace {

// Ids are bought by the page, and a page may be left over from the seed before: what decides must not depend on that.
constexpr std::size_t most_of_a_decision = 8;

constinit sim::Dice decisions(0);
constinit sim::Dice pages(0);

}  // namespace

namespace sim {

void seed_process(std::uint64_t seed) noexcept {
    decisions = Dice(seed ^ 0x6a09e667f3bcc908ULL);
    pages = Dice(seed ^ 0xbb67ae8584caa73bULL);
}

}  // namespace sim

extern "C" ssize_t getrandom(void* buffer, size_t size, unsigned int) {
    sim::Dice& dice = size <= most_of_a_decision ? decisions : pages;
    auto* at = static_cast<char*>(buffer);
    for (std::size_t left = size; left > 0;) {
        std::uint64_t const number = dice.next();
        std::size_t const part = std::min(left, sizeof number);
        std::memcpy(at, &number, part);
        at += part;
        left -= part;
    }
    return static_cast<ssize_t>(size);
}
