// SPDX-License-Identifier: MIT
// net/framing.hpp - where a body begins and ends on the wire.
#ifndef AIKIT_SRC_NET_FRAMING_HPP
#define AIKIT_SRC_NET_FRAMING_HPP

#include "net/head.hpp"

#include <memory>

namespace aikit::inline v0::net {

/// Takes the bytes after a head and gives those of the body.
class BodyFraming {
public:
    explicit BodyFraming(ResponseHead const& head);
    ~BodyFraming();
    BodyFraming(BodyFraming&&) noexcept;
    BodyFraming& operator=(BodyFraming&&) noexcept;

    /// Appends to `body` what `bytes` hold of it, and says how many bytes were used; the rest has to be fed again
    /// together with what follows, unless done(). Errors: protocol.
    Result<std::size_t> feed(std::string_view bytes, std::string& body);

    /// Says that the connection has ended. Errors: incomplete, when the body had not.
    Result<void> end();

    /// The body is whole; further bytes are not its own.
    bool done() const noexcept;

private:
    class Parser;
    std::unique_ptr<Parser> parser_;  // null when there is no body
};

}  // namespace aikit::inline v0::net

#endif  // AIKIT_SRC_NET_FRAMING_HPP
