// SPDX-License-Identifier: MIT
// fault/sim_chance.hpp - all chance of the simulation, and of the process it runs in, from one seed.
#ifndef AIKIT_TESTS_FAULT_SIM_CHANCE_HPP
#define AIKIT_TESTS_FAULT_SIM_CHANCE_HPP

#include <cstdint>
#include <initializer_list>
#include <iterator>

namespace sim {

/// Uniform numbers by SplitMix64 (Steele, Lea and Flood, 2014): the same on every machine.
class Dice {
public:
    constexpr explicit Dice(std::uint64_t seed) : state_(seed) {}

    std::uint64_t next() noexcept {
        std::uint64_t mixed = state_ += 0x9e3779b97f4a7c15ULL;
        mixed = (mixed ^ (mixed >> 30U)) * 0xbf58476d1ce4e5b9ULL;
        mixed = (mixed ^ (mixed >> 27U)) * 0x94d049bb133111ebULL;
        return mixed ^ (mixed >> 31U);
    }

    /// From the first to the last, both included.
    std::int64_t between(std::int64_t first, std::int64_t last) noexcept {
        return first + static_cast<std::int64_t>(next() % static_cast<std::uint64_t>(last - first + 1));
    }

    bool chance(std::int64_t percent) noexcept { return between(0, 99) < percent; }

    template <class T>
    T pick(std::initializer_list<T> of) noexcept {
        return *std::next(of.begin(), between(0, static_cast<std::int64_t>(of.size()) - 1));
    }

private:
    std::uint64_t state_;
};

/// From now on what this process asks the system's random numbers for (delays, ids, names) comes from this seed: the
/// program has a getrandom of its own, which stands before the C library's.
void seed_process(std::uint64_t seed) noexcept;

}  // namespace sim

#endif  // AIKIT_TESTS_FAULT_SIM_CHANCE_HPP
