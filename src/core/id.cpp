// SPDX-License-Identifier: MIT
// core/id.cpp - UUID version 7: milliseconds, a counter that keeps the order within one, and chance.
//
// Layout (RFC 9562, 5.7 and 6.2 method 1): 48 bits of milliseconds, 4 of version, 12 of counter, 2 of variant, 8 more
// of counter, 54 random. Milliseconds and counter are one number of 64 bits that only ever grows by compare-and-swap:
// no lock, so nothing can be left locked in a forked child.
#include "core/os/os.hpp"

#include <aikit/core/id.hpp>

#include <atomic>
#include <utility>

namespace aikit::inline v0 {

namespace {

constexpr int counter_bits = 20;

/// Where a millisecond's counter begins is random, in its lower half, so that it has room to grow.
constexpr std::uint64_t seed_mask = (std::uint64_t{1} << (counter_bits - 1)) - 1;

/// A clock set back by less is not followed, so that small corrections keep the order.
constexpr std::int64_t bridged_milliseconds = 10'000;

/// The milliseconds above the counter: 44 bits, enough until the year 2527.
std::atomic<std::uint64_t> last_stamp{0};

/// Random numbers, bought from the system by the page, and never used by both sides of a fork.
std::uint64_t random_number() noexcept {
    struct Stock {
        std::uint64_t numbers[64];
        std::size_t left;
        std::uint64_t generation;
    };
    thread_local Stock stock = {};
    std::uint64_t const generation = os::process_generation();
    if (stock.left == 0 || stock.generation != generation) {
        if (!os::random_bytes(stock.numbers, sizeof(stock.numbers))) {
            // No randomness to be had: the counter alone keeps this process's ids apart.
            return static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count());
        }
        stock.left = 64;
        stock.generation = generation;
    }
    return std::exchange(stock.numbers[--stock.left], 0);
}

std::int64_t milliseconds_of(Clock const& clock) noexcept {
    auto const since = clock.system_now().time_since_epoch();
    auto const count = std::chrono::floor<std::chrono::milliseconds>(since).count();
    return count < 0 ? 0 : count & ((std::int64_t{1} << 44) - 1);
}

/// The next value of the 64-bit number. The clock is read after the last value, whose own reading was earlier.
std::uint64_t next_stamp(Clock const& clock, std::uint64_t seed) noexcept {
    std::uint64_t last = last_stamp.load(std::memory_order_acquire);
    for (;;) {
        std::int64_t const now = milliseconds_of(clock);
        auto const before = static_cast<std::int64_t>(last >> counter_bits);
        bool const same = now <= before && before - now < bridged_milliseconds;
        std::uint64_t const next = same ? last + 1 : static_cast<std::uint64_t>(now) << counter_bits | seed;
        if (last_stamp.compare_exchange_weak(last, next, std::memory_order_acq_rel, std::memory_order_acquire))
            return next;
    }
}

}  // namespace

std::string new_id(Clock const& clock) {
    std::uint64_t const chance = random_number();
    std::uint64_t const stamp = next_stamp(clock, random_number() & seed_mask);
    std::uint64_t const milliseconds = stamp >> counter_bits;
    std::uint64_t const counter = stamp & ((std::uint64_t{1} << counter_bits) - 1);
    std::uint64_t const high = milliseconds << 16 | 0x7000U | counter >> 8;
    std::uint64_t const low = std::uint64_t{0b10} << 62 | (counter & 0xFFU) << 54 | chance >> 10;

    std::string text("00000000-0000-0000-0000-000000000000");
    char* at = text.data();
    for (std::uint64_t half : {high, low}) {
        for (int nibble = 0; nibble < 16; ++nibble) {
            if (*at == '-') ++at;
            *at++ = "0123456789abcdef"[half >> 60];
            half <<= 4;
        }
    }
    return text;
}

bool is_uuid(std::string_view text) noexcept {
    if (text.size() != 36) return false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        char const c = text[i];
        bool const hyphen = i == 8 || i == 13 || i == 18 || i == 23;
        bool const hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
        if (hyphen ? c != '-' : !hex) return false;
    }
    return true;
}

}  // namespace aikit::inline v0
