// SPDX-License-Identifier: MIT
// net/sse.hpp - Server-Sent Events (WHATWG HTML, section 9.2.6) and NDJSON, as pure decoders.
#ifndef AIKIT_SRC_NET_SSE_HPP
#define AIKIT_SRC_NET_SSE_HPP

#include <aikit/core/result.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace aikit::inline v0::net {

/// The longest line, and the longest event, a decoder takes.
inline constexpr std::size_t max_line = 16 * 1024 * 1024;

struct SseEvent {
    SseEvent() = default;

    std::string type;  ///< The event's name; empty when none was given.
    std::string data;  ///< Lines joined by LF.
};

/// Bytes in, events out. LF, CRLF and CR end a line, also when cut between two feeds; comments vanish; a byte order
/// mark at the start is skipped; linear in the bytes fed. Copies nothing but the events.
///
/// Unlike a browser it hands over what stands at the end without a blank line: call finish() at the body's end.
/// Raw lines that are no field of SSE but begin with '{' or continue such a line (some servers send a bare JSON error)
/// come as an event of type "raw".
class SseDecoder {
public:
    /// Takes the next bytes. Errors: protocol (a line or event over max_line); afterwards every call repeats it.
    Result<void> feed(std::string_view bytes);

    /// The next whole event, if there is one.
    std::optional<SseEvent> next();

    /// Says that no more bytes will come; a last event without its blank line is then available from next().
    Result<void> finish();

private:
    void take_line(std::string_view line);
    void dispatch();

    std::string buffer_;         // bytes not yet made into lines
    std::size_t scanned_ = 0;    // how far buffer_ was searched for a line's end
    std::size_t consumed_ = 0;   // how far buffer_ was used
    SseEvent event_;             // the event being read
    bool has_data_ = false;
    bool started_ = false;       // past the byte order mark
    std::optional<Error> error_;
};

/// Bytes in, lines out: one JSON document a line, blank lines skipped.
class NdjsonDecoder {
public:
    Result<void> feed(std::string_view bytes);
    std::optional<std::string> next();
    Result<void> finish();

private:
    std::string buffer_;
    std::size_t scanned_ = 0;
    std::size_t consumed_ = 0;
    bool finished_ = false;
    std::optional<Error> error_;
};

}  // namespace aikit::inline v0::net

#endif  // AIKIT_SRC_NET_SSE_HPP
