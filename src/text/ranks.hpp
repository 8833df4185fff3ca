// SPDX-License-Identifier: MIT
// text/ranks.hpp - the vocabulary of a byte pair encoding, and the merging of one piece.
#ifndef AIKIT_SRC_TEXT_RANKS_HPP
#define AIKIT_SRC_TEXT_RANKS_HPP

#include <aikit/core/result.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace aikit::inline v0::text {

/// Tokens by their bytes and bytes by their token; a token's number is its rank. Constant once parsed.
class RankTable {
public:
    static constexpr std::uint32_t none = 0xFFFF'FFFF;

    /// Reads lines of "base64 rank". invalid_argument names the line that is wrong; every single byte must be there.
    static Result<RankTable> parse(std::string_view lines);

    /// The token of these bytes; `none` when they are no token.
    std::uint32_t find(std::string_view bytes) const noexcept;

    /// The bytes of a token; empty when there is no such token (none is empty).
    std::string_view bytes(std::uint32_t token) const noexcept;

    /// Appends the tokens of a piece: pairs of neighbours are merged in the order of their ranks, the leftmost first,
    /// until no pair is a token. Time is linear in its length, but for a logarithm.
    void encode(std::string_view piece, std::vector<std::uint32_t>& tokens) const;

private:
    struct Slot {
        std::uint32_t token = none;
        std::uint32_t tag = 0;  // the hash's other half: most misses end here
    };

    void encode_short(std::string_view piece, std::vector<std::uint32_t>& tokens) const;
    void encode_long(std::string_view piece, std::vector<std::uint32_t>& tokens) const;
    bool insert(std::uint32_t token) noexcept;

    std::string blob_;                    // all tokens' bytes, one after the other
    std::vector<std::uint32_t> offsets_;  // token -> where it begins in the blob; one more at the end
    std::vector<Slot> slots_;             // open addressing, a power of two
    std::size_t longest_ = 0;
};

}  // namespace aikit::inline v0::text

#endif  // AIKIT_SRC_TEXT_RANKS_HPP
