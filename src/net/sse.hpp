// SPDX-License-Identifier: MIT
// net/sse.hpp - Server-Sent Events (WHATWG HTML, section 9.2.6) and NDJSON, as pure decoders.
#ifndef AIKIT_SRC_NET_SSE_HPP
#define AIKIT_SRC_NET_SSE_HPP

#include "net/lines.hpp"

#include <aikit/core/result.hpp>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace aikit::inline v0::net {

struct SseEvent {
    SseEvent() = default;

    std::string type;  ///< The event's name; empty when none was given.
    std::string data;  ///< Lines joined by LF.
};

/// Bytes in, events out. LF, CRLF and CR end a line, also when cut between two feeds; comments vanish; a byte order
/// mark at the start is skipped; linear in the bytes fed. Copies nothing but the events and a line cut by a piece's
/// end.
///
/// Unlike a browser it hands over what stands at the end without a blank line: call finish() at the body's end.
/// Lines that are no field of SSE but begin with '{', and those that continue such a line (some servers send a bare
/// JSON error), come as an event of type "raw"; a blank line, a field or the end of the body ends it.
class SseDecoder {
public:
    /// Takes the next bytes. Events that were whole before an error are still to be had from next().
    /// Errors: protocol (a line or event over max_line), invalid_state (after finish); afterwards every call repeats
    /// it.
    Result<void> feed(std::string_view bytes);

    /// The next whole event, if there is one.
    std::optional<SseEvent> next();

    /// Says that no more bytes will come; a last event without its blank line is then available from next().
    Result<void> finish();

private:
    bool take_line(std::string_view line);
    bool append_data(std::string_view line);
    void dispatch();
    Result<void> refuse();

    LineSplitter lines_{LineSplitter::Ends::any};
    std::vector<SseEvent> events_;  // whole ones, of which taken_ were handed out
    std::size_t taken_ = 0;
    SseEvent event_;         // the event being read
    bool has_data_ = false;  // it holds at least one line of data
    bool raw_ = false;       // it is bare JSON
    bool finished_ = false;
    std::unique_ptr<Error const> error_;
};

/// Bytes in, lines out: one JSON document a line, blank lines skipped. LF ends a line, a CR before it is dropped.
class NdjsonDecoder {
public:
    /// Errors: as SseDecoder::feed.
    Result<void> feed(std::string_view bytes);

    /// The next whole line, if there is one.
    std::optional<std::string> next();

    /// Says that no more bytes will come; a last line without its end is then available from next().
    Result<void> finish();

private:
    bool take_line(std::string_view line);
    Result<void> refuse();

    LineSplitter lines_{LineSplitter::Ends::lf};
    std::vector<std::string> documents_;  // whole ones, of which taken_ were handed out
    std::size_t taken_ = 0;
    bool finished_ = false;
    std::optional<Error> error_;
};

}  // namespace aikit::inline v0::net

#endif  // AIKIT_SRC_NET_SSE_HPP
