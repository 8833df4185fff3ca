// SPDX-License-Identifier: MIT
// net/framing.hpp - where a body begins and ends on the wire.
#ifndef AIKIT_SRC_NET_FRAMING_HPP
#define AIKIT_SRC_NET_FRAMING_HPP

#include "net/head.hpp"

namespace aikit::inline v0::net {

/// Takes the bytes after a head and gives those of the body (RFC 9112, sections 6 and 7).
///
/// Refused, as protocol errors: a chunk's size that is not plain hexadecimal digits below 2^60, space around it,
/// extensions that are no list of names and values, anything but CRLF after a chunk's data, trailer fields that are
/// none, a chunk's line or the trailer over 16 KiB.
class BodyFraming {
public:
    explicit BodyFraming(ResponseHead const& head);

    /// Appends to `body` what `bytes` hold of it; the count of bytes used, which is less than all only when done.
    Result<std::size_t> feed(std::string_view bytes, std::string& body);

    /// Says that the connection has ended. Errors: incomplete, when the body had not.
    Result<void> end();

    /// The body is whole; further bytes are not its own.
    bool done() const noexcept { return part_ == Part::nothing; }

private:
    /// What comes next.
    enum class Part { data, all_that_comes, chunk_line, chunk_data, chunk_end, trailer, nothing };

    void take_data(std::string_view& bytes, std::string& body);
    Result<void> take_line(std::string_view& bytes);
    Result<void> begin_chunk(std::string_view line);

    Part part_ = Part::nothing;
    std::uint64_t left_ = 0;     // bytes of data still to come
    std::size_t line_size_ = 0;  // of the chunk's line or the trailer, so far
    StrictLine lines_;
};

}  // namespace aikit::inline v0::net

#endif  // AIKIT_SRC_NET_FRAMING_HPP
