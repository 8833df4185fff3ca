// SPDX-License-Identifier: MIT
// net/response_decoder.hpp - bytes of a connection in, head and decoded body out: all of HTTP but the socket.
#ifndef AIKIT_SRC_NET_RESPONSE_DECODER_HPP
#define AIKIT_SRC_NET_RESPONSE_DECODER_HPP

#include "net/framing.hpp"
#include "net/head.hpp"
#include "net/inflate.hpp"

#include <optional>

namespace aikit::inline v0::net {

struct DecoderLimits {
    DecoderLimits() = default;

    std::size_t head = 64 * 1024;
    std::int64_t body = 0;  ///< Decoded bytes; 0: no limit.
    bool gzip = true;
};

/// Reads one response, informational ones before it skipped. After an error only destruction is allowed.
class ResponseDecoder {
public:
    ResponseDecoder(std::string_view method, DecoderLimits limits);

    /// Takes bytes as they came. Errors: protocol.
    Result<void> feed(std::string_view bytes);

    /// Says that the connection ended. Errors: incomplete, when the response had not.
    Result<void> end();

    /// Any byte came.
    bool started() const noexcept { return started_; }

    bool has_head() const noexcept { return framing_.has_value(); }

    /// Only when has_head(). Content-Length and Content-Encoding are left out when the body was compressed.
    ResponseHead& head() noexcept { return head_; }

    /// The next piece of the body, decoded, at most 64 KiB beyond what one feed brought; empty when more bytes are
    /// needed or the body is over. Errors: protocol (not gzip, or over the limit).
    Result<std::string> next();

    /// Every byte of the response has come, and none after it: the connection can be used again if the head says so.
    bool received() const noexcept { return has_head() && framing_->done(); }
    bool surplus() const noexcept { return surplus_; }

    /// Everything was handed out. Errors, as end(): the compressed body was cut.
    Result<bool> over() const;

private:
    Result<void> take_head(std::string_view& bytes);
    Result<void> take_body(std::string_view bytes);
    void begin_body();

    std::string const method_;
    DecoderLimits const limits_;
    std::optional<HeadReader> reader_;
    ResponseHead head_;
    std::optional<BodyFraming> framing_;
    std::optional<Inflater> inflater_;
    std::string body_;  // unframed, not yet handed out
    std::int64_t handed_out_ = 0;
    int informational_ = 0;
    bool started_ = false;
    bool surplus_ = false;
};

}  // namespace aikit::inline v0::net

#endif  // AIKIT_SRC_NET_RESPONSE_DECODER_HPP
