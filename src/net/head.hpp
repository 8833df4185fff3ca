// SPDX-License-Identifier: MIT
// net/head.hpp - the head of an HTTP/1.1 response, read strictly: whatever two readers could understand in two ways is
// refused.
#ifndef AIKIT_SRC_NET_HEAD_HPP
#define AIKIT_SRC_NET_HEAD_HPP

#include "net/strict_line.hpp"

#include <aikit/net/transport.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace aikit::inline v0::net {

/// How the end of a body is known.
enum class Framing {
    none,         ///< There is no body.
    length,       ///< Content-Length.
    chunked,      ///< Transfer-Encoding: chunked.
    until_close,  ///< It ends with the connection.
};

struct ResponseHead {
    ResponseHead() = default;

    int status = 0;
    Headers headers;
    Framing framing = Framing::none;
    std::uint64_t length = 0;  ///< Of the body on the wire, for Framing::length.
    bool gzip = false;         ///< The body is compressed.
    bool keep_alive = false;   ///< The connection may carry another exchange after the body.
};

/// Reads one head, however its bytes are cut (RFC 9112, sections 2 to 6).
///
/// Refused, as protocol errors: a bare CR or LF, NUL and other control characters, a folded line, space before a colon,
/// an empty or odd name, a status line that is not "HTTP/1.0 or 1.1, three digits from 100 to 599, text", more than one
/// Content-Length even when equal, one that is no plain number, Transfer-Encoding that is not "chunked" alone, either
/// of them beside the other, Transfer-Encoding in HTTP/1.0 or with a status that has no body, a compression that was
/// not asked for, more than `limit` bytes or 1,000 fields.
class HeadReader {
public:
    /// `method` is the request's, "CONNECT" included; its answers have no body. With `gzip` false a compressed body is
    /// left as it is.
    HeadReader(std::string_view method, std::size_t limit, bool gzip);

    /// Takes bytes up to the head's end, and says how many of them it took. After an error or the end nothing more may
    /// be fed.
    Result<std::size_t> feed(std::string_view bytes);

    bool done() const noexcept { return done_; }

    /// The head; only when done.
    ResponseHead& head() noexcept { return head_; }

private:
    Result<void> take_line(std::string_view line);
    Result<void> take_status_line(std::string_view line);
    Result<void> take_field(std::string_view line);
    Result<void> take_length(std::string_view value);
    void take_connection(std::string_view value);
    Result<void> finish();
    Result<void> find_framing();
    Result<void> find_compression();

    bool const no_body_;  // by the request's method
    bool const connect_;
    bool const gzip_;
    std::size_t const limit_;
    std::size_t size_ = 0;  // bytes taken so far
    StrictLine lines_;
    bool done_ = false;
    bool http_1_0_ = false;
    bool close_ = false;
    bool stay_ = false;
    int lengths_ = 0;    // Content-Length fields seen
    int encodings_ = 0;  // Transfer-Encoding fields seen
    ResponseHead head_;
};

}  // namespace aikit::inline v0::net

#endif  // AIKIT_SRC_NET_HEAD_HPP
