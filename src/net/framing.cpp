// SPDX-License-Identifier: MIT
// net/framing.cpp - lengths and chunks.
//
// Written by hand: Beast 1.81 ends the process by an assertion when a body of no chunks is cut after "0 CR LF".
#include "net/framing.hpp"

#include "net/ascii.hpp"

#include <algorithm>
#include <charconv>

namespace aikit::inline v0::net {
namespace {

/// A chunk's line, or the trailer; anything longer is no honest one.
constexpr std::size_t max_line_size = 16 * 1024;

Error bad_chunk(char const* what) {
    return fail(Errc::protocol, std::string("net: the response's body is not framed as HTTP/1.1 asks: ") + what);
}

/// Takes a token off the front; false when there is none.
bool take_token(std::string_view& text) {
    std::size_t size = 0;
    while (size < text.size() && is_token_char(text[size])) ++size;
    text.remove_prefix(size);
    return size > 0;
}

/// Takes a quoted string off the front; its opening quote is there.
bool take_quoted(std::string_view& text) {
    for (std::size_t i = 1; i < text.size(); ++i) {
        if (text[i] == '\\') {
            ++i;
        } else if (text[i] == '"') {
            text.remove_prefix(i + 1);
            return true;
        }
    }
    return false;
}

/// *( ";" name [ "=" value ] )
bool are_extensions(std::string_view text) {
    while (!text.empty()) {
        if (text.front() != ';') return false;
        text.remove_prefix(1);
        if (!take_token(text)) return false;
        if (!text.starts_with('=')) continue;
        text.remove_prefix(1);
        bool const fine = text.starts_with('"') ? take_quoted(text) : take_token(text);
        if (!fine) return false;
    }
    return true;
}

bool is_field_line(std::string_view line) {
    std::size_t const colon = line.find(':');
    return colon != std::string_view::npos && is_token(line.substr(0, colon));
}

}  // namespace

BodyFraming::BodyFraming(ResponseHead const& head) {
    switch (head.framing) {
        case Framing::none: break;
        case Framing::length:
            left_ = head.length;
            if (left_ > 0) part_ = Part::data;
            break;
        case Framing::chunked: part_ = Part::chunk_line; break;
        case Framing::until_close: part_ = Part::all_that_comes; break;
    }
}

Result<std::size_t> BodyFraming::feed(std::string_view bytes, std::string& body) {
    std::size_t const given = bytes.size();
    while (!bytes.empty() && !done()) {
        switch (part_) {
            case Part::nothing: break;
            case Part::all_that_comes:
                body.append(bytes);
                bytes = {};
                break;
            case Part::data:
            case Part::chunk_data: take_data(bytes, body); break;
            case Part::chunk_line:
            case Part::chunk_end:
            case Part::trailer:
                if (Result<void> taken = take_line(bytes); !taken) return taken.error();
                break;
        }
    }
    return given - bytes.size();
}

void BodyFraming::take_data(std::string_view& bytes, std::string& body) {
    auto const size = static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size()));
    body.append(bytes.substr(0, size));
    bytes.remove_prefix(size);
    left_ -= size;
    if (left_ > 0) return;
    part_ = part_ == Part::data ? Part::nothing : Part::chunk_end;
}

Result<void> BodyFraming::take_line(std::string_view& bytes) {
    std::size_t const before = bytes.size();
    // What follows a chunk's data is two bytes, not a line of any length.
    if (part_ == Part::chunk_end && bytes.front() != '\r' && bytes.front() != '\n') {
        return bad_chunk("a chunk longer than its size says");
    }
    std::optional<std::string_view> line;
    if (char const* const wrong = lines_.take(bytes, line)) return bad_chunk(wrong);
    line_size_ += before - bytes.size();
    if (line_size_ > max_line_size) return bad_chunk("a chunk's line or trailer over 16 KiB");
    if (!line) return ok();
    if (part_ == Part::chunk_line) {
        line_size_ = 0;
        return begin_chunk(*line);
    }
    if (part_ == Part::chunk_end) {
        line_size_ = 0;
        part_ = Part::chunk_line;
    } else if (line->empty()) {
        part_ = Part::nothing;
    } else if (!is_field_line(*line)) {
        return bad_chunk("a trailer that is no field");
    }
    return ok();
}

Result<void> BodyFraming::begin_chunk(std::string_view line) {
    auto const [end, failed] = std::from_chars(line.data(), line.data() + line.size(), left_, 16);
    bool const digits = !line.empty() && line.front() != '-' && failed == std::errc();
    if (!digits || left_ >> 60 != 0) return bad_chunk("a chunk's size that is no hexadecimal number");
    if (!are_extensions(line.substr(static_cast<std::size_t>(end - line.data())))) {
        return bad_chunk("a chunk's size with something odd behind it");
    }
    part_ = left_ > 0 ? Part::chunk_data : Part::trailer;
    return ok();
}

Result<void> BodyFraming::end() {
    if (part_ == Part::all_that_comes) part_ = Part::nothing;
    if (!done()) return fail(Errc::incomplete, "net: the connection ended before the response did");
    return ok();
}

}  // namespace aikit::inline v0::net
