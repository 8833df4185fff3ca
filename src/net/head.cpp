// SPDX-License-Identifier: MIT
// net/head.cpp - the strict reading of a response's head.
#include "net/head.hpp"

#include "net/ascii.hpp"

#include <charconv>

namespace aikit::inline v0::net {
namespace {

constexpr std::size_t max_fields = 1'000;

Error bad(char const* what) {
    return fail(Errc::protocol, std::string("net: the response's head is not valid HTTP/1.1: ") + what);
}

/// Calls `take` with each element of a comma-separated list.
template <class Take>
void for_each_element(std::string_view list, Take&& take) {
    for (;;) {
        std::size_t const comma = list.find(',');
        take(trim(list.substr(0, comma)));
        if (comma == std::string_view::npos) return;
        list.remove_prefix(comma + 1);
    }
}

}  // namespace

HeadReader::HeadReader(std::string_view method, std::size_t limit, bool gzip)
    : no_body_(method == "HEAD"), connect_(method == "CONNECT"), gzip_(gzip), limit_(limit) {}

Result<std::size_t> HeadReader::feed(std::string_view bytes) {
    std::size_t const given = bytes.size();
    while (!bytes.empty() && !done_) {
        std::size_t const before = bytes.size();
        std::optional<std::string_view> line;
        if (char const* const wrong = lines_.take(bytes, line)) return bad(wrong);
        size_ += before - bytes.size();
        if (size_ > limit_) {
            return fail(Errc::protocol,
                        "net: the response's head is longer than " + std::to_string(limit_) + " bytes (max_head)");
        }
        if (!line) break;
        if (Result<void> fine = take_line(*line); !fine) return fine.error();
    }
    return given - bytes.size();
}

Result<void> HeadReader::take_line(std::string_view line) {
    if (head_.status == 0) return take_status_line(line);
    if (line.empty()) return finish();
    return take_field(line);
}

Result<void> HeadReader::take_status_line(std::string_view line) {
    if (!line.starts_with("HTTP/1.1 ") && !line.starts_with("HTTP/1.0 ")) {
        return bad("it does not begin with HTTP/1.1 or HTTP/1.0; is this the right port and scheme?");
    }
    http_1_0_ = line[7] == '0';
    line.remove_prefix(9);
    if (line.size() < 3 || !is_digit(line[0]) || !is_digit(line[1]) || !is_digit(line[2]) ||
        (line.size() > 3 && line[3] != ' ')) {
        return bad("the status is not three digits");
    }
    head_.status = (line[0] - '0') * 100 + (line[1] - '0') * 10 + (line[2] - '0');
    if (head_.status < 100 || head_.status > 599) return bad("the status is not in 100..599");
    return ok();
}

Result<void> HeadReader::take_field(std::string_view line) {
    if (line.front() == ' ' || line.front() == '\t') return bad("a folded line");
    std::size_t const colon = line.find(':');
    if (colon == std::string_view::npos) return bad("a line without a colon");
    std::string_view const name = line.substr(0, colon);
    if (!is_token(name)) return bad("a field's name is empty or holds a character no name may hold");
    std::string_view const value = trim(line.substr(colon + 1));
    if (head_.headers.fields().size() == max_fields) return bad("more than 1,000 fields");
    if (equals_ignoring_case(name, "content-length")) {
        if (Result<void> fine = take_length(value); !fine) return fine.error();
    } else if (equals_ignoring_case(name, "transfer-encoding")) {
        ++encodings_;
        if (!equals_ignoring_case(value, "chunked")) return bad("a Transfer-Encoding that is not chunked alone");
    } else if (equals_ignoring_case(name, "connection")) {
        take_connection(value);
    }
    head_.headers.add(name, value);
    return ok();
}

Result<void> HeadReader::take_length(std::string_view value) {
    ++lengths_;
    // 18 digits are the most that surely fit; from_chars alone would take a sign.
    bool digits = !value.empty() && value.size() <= 18;
    for (char const c : value) digits = digits && is_digit(c);
    if (!digits) return bad("a Content-Length that is no plain number");
    std::from_chars(value.data(), value.data() + value.size(), head_.length);
    return ok();
}

void HeadReader::take_connection(std::string_view value) {
    for_each_element(value, [this](std::string_view option) {
        if (equals_ignoring_case(option, "close")) close_ = true;
        if (equals_ignoring_case(option, "keep-alive")) stay_ = true;
    });
}

Result<void> HeadReader::finish() {
    done_ = true;
    head_.keep_alive = !close_ && (!http_1_0_ || stay_);
    if (Result<void> fine = find_framing(); !fine) return fine.error();
    return find_compression();
}

Result<void> HeadReader::find_framing() {
    if (lengths_ > 1) return bad("more than one Content-Length");
    if (encodings_ > 1) return bad("more than one Transfer-Encoding");
    if (lengths_ + encodings_ > 1) return bad("both Content-Length and Transfer-Encoding");
    if (http_1_0_ && encodings_ > 0) return bad("Transfer-Encoding in HTTP/1.0");
    bool const never = head_.status < 200 || head_.status == 204;
    if (never && (encodings_ > 0 || head_.length > 0)) return bad("a body with a status that has none");
    bool const tunnel = connect_ && head_.status / 100 == 2;
    if (never || tunnel || no_body_ || head_.status == 304) {
        head_.framing = Framing::none;
    } else if (encodings_ > 0) {
        head_.framing = Framing::chunked;
    } else if (lengths_ > 0) {
        head_.framing = Framing::length;
    } else {
        head_.framing = Framing::until_close;
        head_.keep_alive = false;
    }
    return ok();
}

Result<void> HeadReader::find_compression() {
    if (!gzip_ || head_.framing == Framing::none) return ok();
    int codings = 0;
    bool known = true;
    for (auto const& [name, value] : head_.headers.fields()) {
        if (!equals_ignoring_case(name, "content-encoding")) continue;
        for_each_element(value, [&](std::string_view coding) {
            if (coding.empty() || equals_ignoring_case(coding, "identity")) return;
            ++codings;
            known = known && (equals_ignoring_case(coding, "gzip") || equals_ignoring_case(coding, "x-gzip"));
        });
    }
    if (codings > 1 || !known) return bad("a Content-Encoding that was not asked for");
    head_.gzip = codings == 1;
    return ok();
}

}  // namespace aikit::inline v0::net
