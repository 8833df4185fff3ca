// SPDX-License-Identifier: MIT
// net/sse.cpp - Server-Sent Events and NDJSON.
#include "net/sse.hpp"

#include <utility>

namespace aikit::inline v0::net {
namespace {

/// True for a comment and for the fields the standard knows.
bool is_field(std::string_view line) noexcept {
    if (line.front() == ':') return true;
    std::string_view const name = line.substr(0, line.find(':'));
    return name == "data" || name == "event" || name == "id" || name == "retry";
}

template <class T>
std::optional<T> take_first(std::vector<T>& queue, std::size_t& taken) {
    if (taken == queue.size()) return std::nullopt;
    std::optional<T> first(std::move(queue[taken++]));
    if (taken == queue.size()) {
        queue.clear();
        taken = 0;
    }
    return first;
}

}  // namespace

Result<void> SseDecoder::feed(std::string_view bytes) {
    if (error_) return *error_;
    if (finished_) return fail(Errc::invalid_state, "net: an event stream was fed after its end");
    if (!lines_.feed(bytes, [this](std::string_view line) { return take_line(line); })) return refuse();
    return ok();
}

std::optional<SseEvent> SseDecoder::next() {
    return take_first(events_, taken_);
}

Result<void> SseDecoder::finish() {
    if (error_) return *error_;
    if (finished_) return ok();
    finished_ = true;
    if (!lines_.finish([this](std::string_view line) { return take_line(line); })) return refuse();
    dispatch();
    return ok();
}

bool SseDecoder::take_line(std::string_view line) {
    if (line.empty()) {
        dispatch();
        return true;
    }
    if (raw_) {
        if (!is_field(line)) return append_data(line);
        dispatch();
    } else if (line.front() == '{') {
        dispatch();
        raw_ = true;
        event_.type = "raw";
        return append_data(line);
    }
    std::size_t const colon = line.find(':');
    std::string_view const name = line.substr(0, colon);
    std::string_view value;
    if (colon != std::string_view::npos) value = line.substr(colon + 1);
    if (!value.empty() && value.front() == ' ') value.remove_prefix(1);
    if (name == "data") return append_data(value);
    if (name == "event") event_.type = value;
    return true;  // comments, "id", "retry" and unknown fields
}

bool SseDecoder::append_data(std::string_view line) {
    if (has_data_) {
        if (event_.data.size() + 1 + line.size() > max_line) return false;
        event_.data += '\n';
    }
    event_.data.append(line);
    has_data_ = true;
    return true;
}

void SseDecoder::dispatch() {
    if (has_data_) {
        events_.push_back(std::move(event_));
        has_data_ = false;
    }
    raw_ = false;
    event_.type.clear();
    event_.data.clear();
}

Result<void> SseDecoder::refuse() {
    error_ = std::make_unique<Error const>(
        fail(Errc::protocol,
             "net: a line or event of the event stream is longer than 16 MiB; the peer does not speak "
             "Server-Sent Events"));
    return *error_;
}

Result<void> NdjsonDecoder::feed(std::string_view bytes) {
    if (error_) return *error_;
    if (finished_) return fail(Errc::invalid_state, "net: a stream of JSON lines was fed after its end");
    if (!lines_.feed(bytes, [this](std::string_view line) { return take_line(line); })) return refuse();
    return ok();
}

std::optional<std::string> NdjsonDecoder::next() {
    return take_first(documents_, taken_);
}

Result<void> NdjsonDecoder::finish() {
    if (error_) return *error_;
    if (finished_) return ok();
    finished_ = true;
    if (!lines_.finish([this](std::string_view line) { return take_line(line); })) return refuse();
    return ok();
}

bool NdjsonDecoder::take_line(std::string_view line) {
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    if (line.find_first_not_of(" \t\r") != std::string_view::npos) documents_.emplace_back(line);
    return true;
}

Result<void> NdjsonDecoder::refuse() {
    error_ =
        fail(Errc::protocol, "net: a line of the JSON stream is longer than 16 MiB; the peer does not speak NDJSON");
    return *error_;
}

}  // namespace aikit::inline v0::net
