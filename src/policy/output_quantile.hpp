// SPDX-License-Identifier: MIT
// policy/output_quantile.hpp - how long the answers of each kind of call are.
#ifndef AIKIT_SRC_POLICY_OUTPUT_QUANTILE_HPP
#define AIKIT_SRC_POLICY_OUTPUT_QUANTILE_HPP

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace aikit::inline v0::policy {

/// Counts answers by their length in steps of a fifth, and halves all counts now and then: what was long ago counts
/// less. A kind takes 200 bytes, and there are at most 1,024 of them; the ones asked for least recently are forgotten.
///
/// Thread-safety: distinct objects: safe. Shared objects: unsafe.
class OutputQuantiles {
public:
    void learn(std::string_view kind, std::int64_t tokens) {
        Lengths& lengths = find(kind);
        ++lengths.counts[step_of(tokens)];
        if (++lengths.total < most) return;
        lengths.total = 0;
        for (std::uint16_t& count : lengths.counts) lengths.total += count = static_cast<std::uint16_t>(count / 2);
    }

    /// What 95 of 100 answers did not exceed; nothing before there were twenty.
    std::optional<std::int64_t> usual(std::string_view kind) const {
        auto const found = kinds_.find(std::string(kind));
        if (found == kinds_.end() || found->second.total < least) return std::nullopt;
        Lengths const& lengths = found->second;
        std::uint32_t rest = lengths.total / 20;
        for (std::size_t step = steps; step-- > 0;) {
            if (lengths.counts[step] > rest) return longest_of(step);
            rest -= lengths.counts[step];
        }
        return std::nullopt;
    }

private:
    static constexpr std::size_t steps = 96;  // four to each doubling, up to 2^24
    static constexpr std::uint32_t least = 20, most = 4'096;
    static constexpr std::size_t most_kinds = 1'024;

    struct Lengths {
        std::array<std::uint16_t, steps> counts{};
        std::uint32_t total = 0;
        std::uint64_t used = 0;
    };

    static std::size_t step_of(std::int64_t tokens) {
        auto const value = static_cast<std::uint64_t>(std::max<std::int64_t>(tokens, 1));
        auto const doublings = static_cast<std::size_t>(std::bit_width(value) - 1);
        std::size_t const quarter = doublings >= 2 ? (value >> (doublings - 2)) & 3U : (value << (2 - doublings)) & 3U;
        return std::min(steps - 1, doublings * 4 + quarter);
    }
    static std::int64_t longest_of(std::size_t step) {
        std::int64_t const quarters = 4 + static_cast<std::int64_t>(step % 4) + 1;
        return (quarters << (step / 4)) / 4;
    }

    Lengths& find(std::string_view kind) {
        auto const found = kinds_.find(std::string(kind));
        if (found != kinds_.end()) return touched(found->second);
        if (kinds_.size() >= most_kinds) {
            kinds_.erase(std::min_element(kinds_.begin(), kinds_.end(),
                                          [](auto const& a, auto const& b) { return a.second.used < b.second.used; }));
        }
        return touched(kinds_[std::string(kind)]);
    }
    Lengths& touched(Lengths& lengths) {
        lengths.used = ++uses_;
        return lengths;
    }

    std::unordered_map<std::string, Lengths> kinds_;
    std::uint64_t uses_ = 0;
};

}  // namespace aikit::inline v0::policy

#endif  // AIKIT_SRC_POLICY_OUTPUT_QUANTILE_HPP
