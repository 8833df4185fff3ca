// SPDX-License-Identifier: MIT
// net/inflate.hpp - gzip (RFC 1952), undone piece by piece.
#ifndef AIKIT_SRC_NET_INFLATE_HPP
#define AIKIT_SRC_NET_INFLATE_HPP

#include <aikit/core/result.hpp>

#include <memory>
#include <string>
#include <string_view>

namespace aikit::inline v0::net {

/// Compressed bytes in, at most so many bytes out at a time: a bomb costs what is asked of it and no more.
class Inflater {
public:
    Inflater();
    ~Inflater();
    Inflater(Inflater&&) noexcept;
    Inflater& operator=(Inflater&&) noexcept;

    void feed(std::string_view bytes);

    /// Appends up to `most` bytes to `out`; nothing when more has to be fed first.
    /// Errors: protocol (not gzip, or damaged), out_of_memory.
    Result<void> read(std::string& out, std::size_t most);

    /// All that was fed was read, and it was whole: one gzip member after the other, or nothing at all.
    bool complete() const noexcept;

    /// There may be more to read without feeding.
    bool pending() const noexcept;

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace aikit::inline v0::net

#endif  // AIKIT_SRC_NET_INFLATE_HPP
