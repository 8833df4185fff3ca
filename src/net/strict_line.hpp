// SPDX-License-Identifier: MIT
// net/strict_line.hpp - lines of HTTP: ended by CRLF, holding no control characters, however their bytes are cut.
#ifndef AIKIT_SRC_NET_STRICT_LINE_HPP
#define AIKIT_SRC_NET_STRICT_LINE_HPP

#include <optional>
#include <string>
#include <string_view>

namespace aikit::inline v0::net {

class StrictLine {
public:
    /// Takes bytes off the front of `bytes`, up to a line's end at most. Gives what is wrong with them (static text) or
    /// null; `line` is set when a line is whole, without its end, and lives until the next call or that of `bytes`.
    char const* take(std::string_view& bytes, std::optional<std::string_view>& line);

private:
    std::string partial_;   // a line without its end
    bool used_up_ = false;  // partial_ is the line that was given out last
};

}  // namespace aikit::inline v0::net

#endif  // AIKIT_SRC_NET_STRICT_LINE_HPP
