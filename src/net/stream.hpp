// SPDX-License-Identifier: MIT
// net/stream.hpp - a connection as bytes, with or without TLS.
#ifndef AIKIT_SRC_NET_STREAM_HPP
#define AIKIT_SRC_NET_STREAM_HPP

#include <aikit/core/result.hpp>

#include <cstdint>
#include <string_view>

namespace aikit::inline v0::net {

/// Waiting and taking are apart, so that a stream that waits holds no large buffer.
///
/// Thread-safety: shared objects: unsafe; one operation at a time. Its operations may be awaited on any executor that
/// runs one thing at a time, a different one for each operation.
class Stream {
public:
    Stream() = default;
    virtual ~Stream() = default;
    Stream(Stream const&) = delete;
    Stream& operator=(Stream const&) = delete;

    /// Sends some of `first`, then of `second`, and says how many bytes it took of both together; at least one. The
    /// caller keeps both alive until then.
    ///
    /// Cancellation: terminal. Errors: connection, cancelled (also when close() was called meanwhile).
    virtual Task<std::size_t> write_some(std::string_view first, std::string_view second) = 0;

    /// Sends what the system takes without waiting, as write_some; 0 when it takes nothing now, or when this stream
    /// cannot tell. Errors: connection.
    virtual Result<std::size_t> write_ready(std::string_view /*first*/, std::string_view /*second*/) { return 0; }

    /// Waits until take() may have something. Cancellation and errors: as write_some.
    virtual Task<void> wait() = 0;

    /// Takes what is there, without waiting; 0 when there is nothing now, or never more (ended).
    /// Errors: connection; incomplete (the peer ended TCP but not TLS).
    virtual Result<std::size_t> take(char* into, std::size_t size) = 0;

    /// The peer has properly ended its side, and all of it was taken.
    virtual bool ended() const noexcept = 0;

    /// Open, with nothing to be taken: fit for another exchange.
    virtual bool quiet() noexcept = 0;

    /// Bytes the system has taken so far.
    virtual std::uint64_t sent() const noexcept = 0;

    /// Ends it at once; whoever waits gets cancelled.
    virtual void close() noexcept = 0;
};

}  // namespace aikit::inline v0::net

#endif  // AIKIT_SRC_NET_STREAM_HPP
