// SPDX-License-Identifier: MIT
// aikit/text/tokenizer.hpp - how many tokens a text is, exactly where the tokenizer is known.
#ifndef AIKIT_TEXT_TOKENIZER_HPP
#define AIKIT_TEXT_TOKENIZER_HPP

#include <aikit/core/result.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace aikit::inline v0::text {

/// The byte pair encodings whose rules aikit knows.
enum class Encoding { cl100k_base, o200k_base };

/// "cl100k_base", "o200k_base". Static storage.
AIKIT_EXPORT char const* name(Encoding encoding) noexcept;

/// A byte pair encoder. Thread-safety: shared objects: safe (it is constant).
class AIKIT_EXPORT Tokenizer {
public:
    virtual ~Tokenizer() = default;

    /// Reads a rank file ("base64 rank" lines) and checks its SHA-256 against the published one.
    /// Errors: not_found, invalid_argument (another file, damaged).
    static Result<std::shared_ptr<Tokenizer const>> load(Encoding encoding, std::string const& path);

    /// Looks for "<encoding>.tiktoken" in $AIKIT_DATA, then in the folder aikit was installed with. not_found when
    /// it is in neither. Loaded once per process and shared; looks again only when $AIKIT_DATA has changed.
    static Result<std::shared_ptr<Tokenizer const>> find(Encoding encoding);

    /// The number of tokens of a text, special tokens being ordinary text. Linear in its length; any bytes are
    /// accepted. Exact, but for words of more than a mebibyte, which are counted in slices of one.
    virtual std::int64_t count(std::string_view text) const = 0;

    /// The tokens themselves.
    virtual std::vector<std::uint32_t> encode(std::string_view text) const = 0;

    /// The bytes of tokens; invalid_argument for one outside the vocabulary.
    virtual Result<std::string> decode(std::vector<std::uint32_t> const& tokens) const = 0;
};

/// A count without the tokenizer: `expected` is calibrated on o200k_base (nine of ten English texts and sources of 200
/// bytes and more are within a tenth; other languages within a quarter or so), `at_most` is a bound no known tokenizer
/// exceeds (one token a byte).
struct TokenEstimate {
    TokenEstimate() = default;

    std::int64_t expected = 0;
    std::int64_t at_most = 0;
};

AIKIT_EXPORT TokenEstimate estimate_tokens(std::string_view text) noexcept;

}  // namespace aikit::inline v0::text

#endif  // AIKIT_TEXT_TOKENIZER_HPP
